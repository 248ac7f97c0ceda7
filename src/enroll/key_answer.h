/* The answer of a security key to a login that asks for a second factor. */
#ifndef ENROLL_KEY_ANSWER_H
#define ENROLL_KEY_ANSWER_H

#include "cowkey/enroll/login.h"

struct key_answer {
    uint64_t row;
    bool not_offered; /* set with CK_ERR_UNCHANGED: the server offers other credentials only */
    struct ck_assertion assertion;
};

/*
 * row: the factor's row, or 0 for whichever the key holds. credential: its id where that is known,
 * or NULL; one that the server does not offer is CK_ERR_UNCHANGED, and the only error upon which
 * ret_answer->not_offered is true. The answer goes to ck_webauthn_answer.
 */
enum ck_err key_answer_make(struct ck_login *login, struct ck_session *session, uint64_t row,
                            const struct ck_bytes *credential, struct key_answer *ret_answer,
                            struct ck_error *err);
void key_answer_clear(struct key_answer *answer);

#endif
