/* From the server's options to a registration that holds. */
#include "new_credential.h"

#include "cowkey/base/cleanup.h"

/* WebAuthn Level 3 section 7.1, as the server will do it, or should. */
static enum ck_err check(const struct ck_login *login, const struct ck_creation_options *options,
                         bool passkey, const struct ck_registration *registration,
                         struct ck_credential *ret_credential, struct ck_error *err)
{
    const struct ck_registration_terms terms = {.options = options,
                                                .origin = login->settings->host.origin,
                                                .user_verification_required = passkey};
    const char *reason = NULL;
    enum ck_err r = ck_registration_verify(registration, &terms, &reason, ret_credential, err);

    if (r != CK_OK || reason == NULL)
        return r;
    ck_error_set(err, CK_ERR_KEY,
                 "what the security key made does not hold (%s), so the server was not told",
                 reason);
    return ck_error_hint(err, "Try another key; this one may be faulty%s.",
                         passkey ? ", and may hold a passkey now that is of no use" : "");
}

enum ck_err new_credential_make(struct ck_login *login, struct ck_session *session,
                                enum ck_webauthn_kind kind,
                                struct ck_registration *ret_registration,
                                struct ck_credential *ret_credential, struct ck_error *err)
{
    CK_CLEANUP(ck_creation_options_clear) struct ck_creation_options options = {0};
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};
    bool passkey = kind == CK_WEBAUTHN_PASSKEY;

    enum ck_err r = ck_webauthn_creation_options(session, kind, &options, err);
    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_MAKE_CREDENTIAL);
    /* The key that answered is registered already; as a passkey it may well be meant. */
    r = login->key_answered && !passkey ? ck_login_need_other_key(login, err)
                                        : ck_login_need_key(login, err);
    if (r == CK_OK)
        r = ck_key_make(login->key, &options, login->settings->host.origin, passkey,
                        passkey ? CK_VERIFY_ALWAYS : CK_VERIFY_IF_NEEDED, &registration, err);
    if (r == CK_OK)
        r = check(login, &options, passkey, &registration, ret_credential, err);
    if (r != CK_OK)
        return r;
    ret_credential->resident = passkey;
    *ret_registration = registration;
    registration = (struct ck_registration){0};
    return CK_OK;
}
