/* From what was seen of an account to what is wrong with it. */
#include "cowkey/admin/finding.h"

#include <stddef.h>

struct row {
    struct ck_finding_about about;
    enum ck_level levels[CK_ROLES_COUNT]; /* of a mailbox, a domain admin, an admin */
};

static const struct row rows[CK_FINDINGS_COUNT] = {
    [CK_FINDING_PASSKEY_ON_DEACTIVATED] =
        {{"passkey-on-deactivated",
          "The account is deactivated, and its passkey still logs in: the server does not ask "
          "whether the account is active.",
          "Remove the passkey: 'cowkey recover', or delete the account."},
         {CK_LEVEL_CRITICAL, CK_LEVEL_CRITICAL, CK_LEVEL_CRITICAL}},
    [CK_FINDING_NO_FACTOR] =
        {{"no-second-factor", "No second factor is seen: the password alone logs in.",
          "Enroll a second factor, then insist on it: 'cowkey enroll', 'cowkey enforce'."},
         {CK_LEVEL_WARNING, CK_LEVEL_CRITICAL, CK_LEVEL_CRITICAL}},
    [CK_FINDING_DISABLED] =
        {{"factors-disabled",
          "All second factors are switched off: the password alone logs in once more, and that "
          "login switches them on again.",
          "Let the person log in now, or give the account a new password."},
         {CK_LEVEL_WARNING, CK_LEVEL_CRITICAL, CK_LEVEL_CRITICAL}},
    [CK_FINDING_NOT_ENROLLED] =
        {{"forced-not-enrolled",
          "A second factor is forced and none is seen: whoever logs in first with the "
          "password sets one up, and mail programs take the password alone until then.",
          "Let the person enroll now: 'cowkey enroll'."},
         {CK_LEVEL_WARNING, CK_LEVEL_WARNING, CK_LEVEL_WARNING}},
    [CK_FINDING_NOT_FORCED] =
        {{"not-forced", "The server does not insist on a second factor: the person may remove it.",
          "Insist on it: 'cowkey enforce'."},
         {CK_LEVEL_INFO, CK_LEVEL_WARNING, CK_LEVEL_WARNING}},
    [CK_FINDING_NOT_ENFORCEABLE] = {{"not-enforceable",
                                     "The login is an identity provider's, so that the server "
                                     "can't insist on a second factor.",
                                     "Insist on it at the identity provider."},
                                    {CK_LEVEL_INFO, CK_LEVEL_INFO, CK_LEVEL_INFO}},
    [CK_FINDING_PASSKEY_PAST_FACTOR] =
        {{"passkey-past-factor",
          "A passkey logs in without the second factor that is forced. It checks the person by "
          "itself, with a PIN or a finger.",
          "Make sure that the passkey is meant; else remove it."},
         {CK_LEVEL_INFO, CK_LEVEL_WARNING, CK_LEVEL_WARNING}},
    [CK_FINDING_TOTP_ONLY] =
        {{"totp-only",
          "None of the second factors is a security key: codes can be asked for by a page that "
          "looks like the server's.",
          "Enroll a security key: 'cowkey enroll webauthn'."},
         {CK_LEVEL_INFO, CK_LEVEL_INFO, CK_LEVEL_WARNING}},
    [CK_FINDING_ONE_FACTOR] = {{"one-factor-only",
                                "There is one second factor and no other way in: when it is lost, "
                                "somebody else has to help.",
                                "Enroll another one as a backup, and keep it elsewhere."},
                               {CK_LEVEL_INFO, CK_LEVEL_INFO, CK_LEVEL_WARNING}},
    [CK_FINDING_MAIL_PROGRAMS] =
        {{"mail-programs-stop",
          "With a second factor, mail programs can't use the password, and there is no app "
          "password: they stop working, or have.",
          "Make an app password: 'cowkey app-password add'."},
         {CK_LEVEL_INFO, CK_LEVEL_INFO, CK_LEVEL_INFO}},
    [CK_FINDING_EXCEPTION_EXPIRED] =
        {{"exception-expired", "The account was excepted until a day that has passed.",
          "Put the account in order, or decide on the exception anew."},
         {CK_LEVEL_WARNING, CK_LEVEL_WARNING, CK_LEVEL_WARNING}},
    [CK_FINDING_NOT_VISIBLE] =
        {{"not-visible", "Whether it has a second factor was not seen.",
          "Look with --deep, logged in as an admin. Of an identity provider's accounts only the "
          "provider knows."},
         {CK_LEVEL_INFO, CK_LEVEL_INFO, CK_LEVEL_INFO}},
    [CK_FINDING_PASSKEYS_NOT_VISIBLE] =
        {{"passkeys-not-visible",
          "Whether it has passkeys was not seen; they log in without a second factor.",
          "Look with --deep, logged in as an admin. An admin's are seen by that admin only: "
          "'cowkey list'."},
         {CK_LEVEL_INFO, CK_LEVEL_INFO, CK_LEVEL_INFO}},
    [CK_FINDING_RELEASE] =
        {{"release-too-old",
          "The server's release does not know how to insist on a second factor; it may say success "
          "when it is told to.",
          "Update the server to a release since 2026-03."},
         {CK_LEVEL_WARNING, CK_LEVEL_WARNING, CK_LEVEL_WARNING}},
};

const char *ck_level_name(enum ck_level level)
{
    static const char *const names[CK_LEVELS_COUNT] = {"info", "warning", "critical"};

    return names[level];
}

const char *ck_second_factor_name(enum ck_second_factor state)
{
    static const char *const names[CK_SECOND_FACTORS_COUNT] = {
        [CK_SECOND_FACTOR_PRESENT] = "present",
        [CK_SECOND_FACTOR_ABSENT] = "absent",
        [CK_SECOND_FACTOR_DISABLED] = "disabled",
        [CK_SECOND_FACTOR_NOT_VISIBLE] = "not-visible",
    };

    return names[state];
}

const struct ck_finding_about *ck_finding_about(enum ck_finding finding)
{
    return &rows[finding].about;
}

enum ck_level ck_finding_level(enum ck_finding finding, enum ck_role role)
{
    return rows[finding].levels[role];
}

/* The page has the last word: the API's flag is that of one row (protocol 7.2). */
enum ck_second_factor ck_facts_second_factor(const struct ck_facts *facts)
{
    if (facts->factors > 0)
        return CK_SECOND_FACTOR_PRESENT;
    if (facts->factors == 0)
        return facts->security_keys > 0 ? CK_SECOND_FACTOR_DISABLED : CK_SECOND_FACTOR_ABSENT;
    if (facts->tfa_active < 0)
        return CK_SECOND_FACTOR_NOT_VISIBLE;
    return facts->tfa_active > 0 ? CK_SECOND_FACTOR_PRESENT : CK_SECOND_FACTOR_ABSENT;
}

bool ck_facts_enforceable(const struct ck_facts *facts)
{
    return facts->authsource == CK_AUTHSOURCE_MAILCOW || facts->authsource == CK_AUTHSOURCE_LDAP;
}

/* Of logins with a password, which a deactivated account does not have. */
static uint32_t judge_logins(const struct ck_facts *facts, enum ck_second_factor state)
{
    bool forced = facts->force_tfa > 0;
    bool present = state == CK_SECOND_FACTOR_PRESENT;
    uint32_t found = 0;

    if (state == CK_SECOND_FACTOR_ABSENT)
        found |= 1U << (forced ? CK_FINDING_NOT_ENROLLED : CK_FINDING_NO_FACTOR);
    if (state == CK_SECOND_FACTOR_DISABLED)
        found |= 1U << CK_FINDING_DISABLED;
    if (!ck_facts_enforceable(facts))
        found |= 1U << CK_FINDING_NOT_ENFORCEABLE;
    else if (facts->force_tfa == 0)
        found |= 1U << CK_FINDING_NOT_FORCED;
    if (forced && facts->passkeys > 0)
        found |= 1U << CK_FINDING_PASSKEY_PAST_FACTOR;
    if (present && facts->role != CK_ROLE_MAILBOX && facts->security_keys == 0)
        found |= 1U << CK_FINDING_TOTP_ONLY;
    if (facts->factors == 1 && facts->passkeys <= 0)
        found |= 1U << CK_FINDING_ONE_FACTOR;
    if (facts->role == CK_ROLE_MAILBOX && facts->app_passwords == 0 &&
        (forced || present || state == CK_SECOND_FACTOR_DISABLED))
        found |= 1U << CK_FINDING_MAIL_PROGRAMS;
    return found;
}

uint32_t ck_facts_judge(const struct ck_facts *facts)
{
    enum ck_second_factor state = ck_facts_second_factor(facts);
    uint32_t found = facts->active ? judge_logins(facts, state) : 0;

    if (!facts->active && facts->passkeys > 0)
        found |= 1U << CK_FINDING_PASSKEY_ON_DEACTIVATED;
    if (facts->excepted == CK_EXCEPTION_EXPIRED)
        found |= 1U << CK_FINDING_EXCEPTION_EXPIRED;
    if (state == CK_SECOND_FACTOR_NOT_VISIBLE)
        found |= 1U << CK_FINDING_NOT_VISIBLE;
    if (facts->passkeys < 0)
        found |= 1U << CK_FINDING_PASSKEYS_NOT_VISIBLE;
    return found;
}
