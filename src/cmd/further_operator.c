/* Another one like the one who acts. */
#include "further_operator.h"

enum ck_err further_operator_open(const struct acting *acting, enum further_asks asks,
                                  struct own_operator *ret_operator, struct ck_error *err)
{
    const struct admin_target *who = &acting->who;
    struct own_operator operator= {.by = acting->by};
    enum ck_err r = CK_OK;

    if (who->logs_in)
        r = further_login_open(who, asks, &operator.session, err);
    if (r == CK_OK)
        r = who->api_key != NULL
                ? ck_admin_open_key(&who->target.settings, who->target.login.dialect, who->api_key,
                                    &operator.admin, err)
                : ck_admin_open_session(operator.session, &operator.admin, err);
    if (r != CK_OK) {
        own_operator_clear(&operator);
        return r;
    }
    operator.by.session = operator.session;
    operator.by.admin = operator.admin;
    *ret_operator = operator;
    return CK_OK;
}
