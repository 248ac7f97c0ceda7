/* Another session and connection of whoever acts for others: of a thread, or after a long pause. */
#ifndef CMD_FURTHER_OPERATOR_H
#define CMD_FURTHER_OPERATOR_H

#include "acting.h"
#include "further_login.h"
#include "rollout/unattended.h"

/*
 * Opens what acting has open (a login, a client with the API key) once more. Any thread may, if
 * nobody is asked. acting is borrowed; *ret_operator is to be cleared.
 */
enum ck_err further_operator_open(const struct acting *acting, enum further_asks asks,
                                  struct own_operator *ret_operator, struct ck_error *err);

#endif
