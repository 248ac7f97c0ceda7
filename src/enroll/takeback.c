/* Taking back exactly what was added. */
#include "takeback.h"

#include <inttypes.h>

#include "cowkey/mailcow/factor.h"

enum ck_err take_back_only(const struct ck_login *login, struct ck_session *session, uint64_t id,
                           struct ck_error *err)
{
    enum ck_err r = ck_session_visit(session, err);
    if (r != CK_OK)
        return r;
    const struct ck_page *page = ck_session_page(session);
    if (page->factors_state != CK_LIST_PRESENT || page->factors_count != 1 ||
        page->factors[0].id != id)
        return ck_error_set(err, CK_ERR_UNKNOWN,
                            "the list no longer holds just this entry, so it was not emptied");
    return ck_factor_remove_all(session, login->password, err);
}

enum ck_err ck_take_back(const struct ck_login *login, struct ck_session *session, uint64_t id,
                         bool had_others, struct ck_error *err)
{
    login->person->tell_stage(login->person->data, CK_STAGE_TAKE_BACK);
    /* By its id first, even the only one: that can't touch what somebody adds meanwhile. */
    enum ck_err r = ck_factor_remove(session, id, err);
    if (r == CK_ERR_UNCHANGED && !had_others)
        r = take_back_only(login, session, id, err);
    if (r == CK_OK)
        return CK_OK;

    struct ck_error cause = *err;
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "the new factor (ID %" PRIu64
                 ") does not log in and could not be taken back: %.300s",
                 id, cause.text);
    return ck_error_hint(err,
                         "Logins may ask for it now. An admin of the server can remove it, and "
                         "switch off an enforced second factor, which blocks removal.");
}
