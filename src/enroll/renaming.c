/* A new name for a passkey. */
#include "cowkey/enroll/renaming.h"

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/webauthn.h"
#include "login_internal.h"

/* The server has no request that renames a second factor. */
static enum ck_err is_factor(const struct ck_entry *entry, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_USAGE,
                 "'%.200s' is a second factor, and the server can rename passkeys only",
                 entry->factor->label);
    return ck_error_hint(err, "Enroll it again with the new --label and --replace the old one.");
}

static enum ck_err pick(const struct ck_page *page, const char *what, struct ck_entry *ret_entry,
                        struct ck_error *err)
{
    struct ck_error ignored;
    enum ck_err r = ck_entry_pick(page, what, CK_ENTRY_PASSKEYS, ret_entry, err);

    if (r != CK_OK && ck_entry_pick(page, what, CK_ENTRY_ANY, ret_entry, &ignored) == CK_OK &&
        ret_entry->factor != NULL)
        return is_factor(ret_entry, err);
    return r;
}

enum ck_err ck_renaming_run(struct ck_login *login, const char *what, const char *label,
                            struct ck_renaming *ret_renaming, struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    struct ck_entry entry = {0};

    *ret_renaming = (struct ck_renaming){.result = CK_CHANGE_FAILED};
    enum ck_err r = ck_login_open(login, &session, err);
    if (r == CK_OK)
        r = ck_login_check_not_held(login, session, err);
    if (r == CK_OK)
        r = pick(ck_session_page(session), what, &entry, err);
    if (r == CK_OK)
        r = ck_listed_copy(ck_session_page(session), &entry, &ret_renaming->passkey, err);
    if (r != CK_OK)
        return r;
    r = ck_passkey_rename(session, ret_renaming->passkey.cid, label, err);
    ret_renaming->submitted = r != CK_ERR_USAGE; /* a label that can't be sent */
    ret_renaming->result = ck_change_result_of(r);
    return r;
}

void ck_renaming_clear(struct ck_renaming *renaming)
{
    ck_listed_clear(&renaming->passkey);
}
