/* What the API tells an account about itself, and its pages do not. */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "session_internal.h"

/* Where each role may read its own record; a domain admin may not. Their shape is the same. */
static const char *const paths[] = {
    [CK_ROLE_MAILBOX] = "/api/v1/get/mailbox/",
    [CK_ROLE_DOMAIN_ADMIN] = NULL,
    [CK_ROLE_ADMIN] = "/api/v1/get/admin/",
};

enum ck_err ck_session_read_forced(struct ck_session *session, int *ret_forced,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *name = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    const char *path = paths[session->account.role];
    char whole[CK_HTTP_PATH_MAX];
    struct ck_error ignored;
    int forced = -1;

    if (session->state == CK_SESSION_HELD && session->page.setup_factor) {
        *ret_forced = 1;
        return CK_OK;
    }
    if (path == NULL || session->dialect == CK_DIALECT_SINGLE ||
        session->state == CK_SESSION_ASKS_FACTOR) {
        *ret_forced = -1;
        return CK_OK;
    }
    enum ck_err r =
        ck_percent_encode(&name, session->account.name, strlen(session->account.name), err);
    if (r != CK_OK)
        return r;
    snprintf(whole, sizeof(whole), "%s%s", path, ck_secret_bytes(name));
    r = ck_session_get(session, whole, &response, err);
    if (r != CK_OK)
        return r;
    if (response.status == 200)
        ck_answer_read_admin(response.body, response.size, session->account.name, &forced,
                             &ignored);
    *ret_forced = forced;
    return CK_OK;
}
