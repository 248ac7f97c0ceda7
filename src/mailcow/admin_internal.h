/* What this room's files share about an admin; everybody else sees cowkey/mailcow/admin.h. */
#ifndef MAILCOW_ADMIN_INTERNAL_H
#define MAILCOW_ADMIN_INTERNAL_H

#include "cowkey/mailcow/admin.h"

/* Either of the two clients; never both. */
struct ck_admin {
    const struct ck_http_settings *settings; /* with an API key; borrowed */
    enum ck_dialect dialect;                 /* likewise */
    struct ck_http *http;                    /* likewise */
    struct ck_session *session;              /* borrowed */
};

/*
 * One exchange. What comes out was answered with status 200 and is not empty.
 * - CK_ERR_REFUSED: the API key is wrong, may not be used from here, or may only read.
 * - CK_ERR_UNREACHABLE (a post: CK_ERR_UNKNOWN): another answer than the API's.
 * - CK_ERR_UNCHANGED of a post: the server had ended the login.
 */
enum ck_err ck_admin_get(struct ck_admin *admin, const char *path, size_t body_max,
                         struct ck_response *ret_response, struct ck_error *err);
/* The same piece by piece (ck_http_get_piecewise): where all was taken the response has no body. */
enum ck_err ck_admin_get_piecewise(struct ck_admin *admin, const char *path, size_t size_max,
                                   const struct ck_http_taker *taker,
                                   struct ck_response *ret_response, struct ck_error *err);
enum ck_err ck_admin_post(struct ck_admin *admin, const char *path, const struct ck_secret *json,
                          struct ck_response *ret_response, struct ck_error *err);

/* An account that this admin does not manage is CK_ERR_UNCHANGED. */
enum ck_err ck_admin_check_manages(const struct ck_admin *admin, enum ck_role role,
                                   struct ck_error *err);

#endif
