/*
 * What is wrong with an account, judged from what was seen of it: pure, and without a guess. What
 * was not seen is a finding of its own, never fine.
 *
 * Levels: critical is what lets somebody in now, with a password alone as admin or domain admin, or
 * past a deactivation; warning is what is weaker than it could be, or holds only as long as nobody
 * uses it; info is worth knowing and opens nothing.
 */
#ifndef COWKEY_ADMIN_FINDING_H
#define COWKEY_ADMIN_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/admin/exceptions.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/mailcow/admin.h"

/* How bad a finding is; ordered. */
enum ck_level { CK_LEVEL_INFO, CK_LEVEL_WARNING, CK_LEVEL_CRITICAL, CK_LEVELS_COUNT };

const char *ck_level_name(enum ck_level level); /* "info", "warning", "critical" */

enum ck_second_factor {
    CK_SECOND_FACTOR_PRESENT,
    CK_SECOND_FACTOR_ABSENT,   /* none, or (where only the API was asked) all switched off */
    CK_SECOND_FACTOR_DISABLED, /* there are some, switched off until the next login */
    CK_SECOND_FACTOR_NOT_VISIBLE,
    CK_SECOND_FACTORS_COUNT
};

const char *ck_second_factor_name(enum ck_second_factor state); /* "not-visible" */

/* What was seen of an account; a count of -1 was not. */
struct ck_facts {
    enum ck_role role;
    bool active;
    enum ck_authsource authsource;
    int tfa_active;    /* as in struct ck_record */
    int force_tfa;     /* 1, 0, -1: not seen */
    int factors;       /* second factors that its page lists */
    int passkeys;      /* likewise */
    int security_keys; /* second factors that are security keys, also switched off ones */
    int app_passwords; /* active ones, of a mailbox */
    enum ck_exception_state excepted;
};

/* In the order in which they are told. CK_FINDING_RELEASE is about a server, not an account. */
enum ck_finding {
    CK_FINDING_PASSKEY_ON_DEACTIVATED,
    CK_FINDING_NO_FACTOR,
    CK_FINDING_DISABLED,
    CK_FINDING_NOT_ENROLLED,
    CK_FINDING_NOT_FORCED,
    CK_FINDING_NOT_ENFORCEABLE,
    CK_FINDING_PASSKEY_PAST_FACTOR,
    CK_FINDING_TOTP_ONLY,
    CK_FINDING_ONE_FACTOR,
    CK_FINDING_MAIL_PROGRAMS,
    CK_FINDING_EXCEPTION_EXPIRED,
    CK_FINDING_NOT_VISIBLE,
    CK_FINDING_PASSKEYS_NOT_VISIBLE,
    CK_FINDING_RELEASE,
    CK_FINDINGS_COUNT
};

/* What a finding is called in scripts, what it says in a sentence, and what to do. */
struct ck_finding_about {
    const char *name;
    const char *sentence;
    const char *cure;
};
const struct ck_finding_about *ck_finding_about(enum ck_finding finding);

/* How bad it is for an account of this role. */
enum ck_level ck_finding_level(enum ck_finding finding, enum ck_role role);

enum ck_second_factor ck_facts_second_factor(const struct ck_facts *facts);
/* Whether mailcow itself can insist on a second factor: not where somebody else's login is used. */
bool ck_facts_enforceable(const struct ck_facts *facts);
/* The findings, each as bit 1 << finding. */
uint32_t ck_facts_judge(const struct ck_facts *facts);

#endif
