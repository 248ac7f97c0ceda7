/* What second factors and passkeys have in common when options are asked for. */
#ifndef MAILCOW_WEBAUTHN_SESSION_H
#define MAILCOW_WEBAUTHN_SESSION_H

#include "session_internal.h"

/*
 * Asks for options. A server that is reached by its address is not asked, since a relying party is
 * a name (CK_ERR_USAGE); a session that nobody is logged in to gets nothing (CK_ERR_UNREACHABLE).
 */
enum ck_err ck_webauthn_get_options(struct ck_session *session, const char *path,
                                    struct ck_response *ret_response, struct ck_error *err);

#endif
