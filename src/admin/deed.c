/* Deeds, and outcomes that the journal did not take. */
#include "deed.h"

struct ck_journal_deed deed_of(const struct ck_journal_deed *who, const struct ck_account *account,
                               const char *action)
{
    struct ck_journal_deed deed = *who;

    deed.account = account->name;
    deed.role = ck_role_name(account->role);
    deed.action = action;
    return deed;
}

enum ck_err deed_untold(enum ck_err r, const char *done, const struct ck_error *why,
                        struct ck_error *err)
{
    struct ck_error cause = *err;

    ck_error_set(err, CK_ERR_UNKNOWN, "%.250s, but the journal could not be told: %.200s",
                 r != CK_OK ? cause.text : done, why->text);
    return ck_error_hint(err, "%s", r != CK_OK ? cause.hint : why->hint);
}
