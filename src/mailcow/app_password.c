/* Counting the app passwords of the own mailbox. */
#include <string.h>

#include "answer.h"
#include "cowkey/base/cleanup.h"
#include "session_internal.h"

enum ck_err ck_session_count_app_passwords(struct ck_session *session, int *ret_count,
                                           struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};

    if (session->account.role != CK_ROLE_MAILBOX || session->state == CK_SESSION_ASKS_FACTOR) {
        *ret_count = -1;
        return CK_OK;
    }
    enum ck_err r = ck_session_get(session, "/api/v1/get/app-passwd/all", &response, err);
    if (r != CK_OK)
        return r;
    *ret_count = -1;
    if (response.status == 200)
        *ret_count =
            ck_answer_count_app_passwords(response.body, response.size, session->account.name);
    return CK_OK;
}
