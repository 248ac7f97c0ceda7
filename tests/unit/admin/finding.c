/* Tests of what is judged from what was seen of an account. */
#include "cowkey/admin/finding.h"

#include "tests/unit/base/expect.h"

#define F(name) (1U << CK_FINDING_##name)

/* An active account in order, of which everything was seen. */
static struct ck_facts in_order(enum ck_role role)
{
    return (struct ck_facts){.role = role,
                             .active = true,
                             .authsource = CK_AUTHSOURCE_MAILCOW,
                             .tfa_active = role == CK_ROLE_MAILBOX ? -1 : 1,
                             .force_tfa = 1,
                             .factors = 2,
                             .passkeys = 0,
                             .security_keys = 1,
                             .app_passwords = role == CK_ROLE_MAILBOX ? 1 : -1};
}

static const enum ck_role roles[] = {CK_ROLE_MAILBOX, CK_ROLE_DOMAIN_ADMIN, CK_ROLE_ADMIN};
enum { ROLES_COUNT = sizeof(roles) / sizeof(*roles) };

static void test_nothing_is_found_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROLES_COUNT; i++) {
        struct ck_facts facts = in_order(roles[i]);
        assert_int_equal(ck_facts_judge(&facts), 0);
        assert_int_equal(ck_facts_second_factor(&facts), CK_SECOND_FACTOR_PRESENT);
    }
}

/* One thing is different from an account in order. */
static const struct {
    const char *what;
    enum ck_role role;
    struct {
        int tfa_active, force_tfa, factors, passkeys, security_keys, app_passwords;
    } seen;
    uint32_t found;
} cases[] = {
    {"a mailbox without", CK_ROLE_MAILBOX, {-1, 0, 0, 0, 0, 1}, F(NO_FACTOR) | F(NOT_FORCED)},
    {"forced, none yet", CK_ROLE_MAILBOX, {-1, 1, 0, 0, 0, 1}, F(NOT_ENROLLED)},
    {"and without an app password",
     CK_ROLE_MAILBOX,
     {-1, 1, 0, 0, 0, 0},
     F(NOT_ENROLLED) | F(MAIL_PROGRAMS)},
    {"none, not forced, no app password",
     CK_ROLE_MAILBOX,
     {-1, 0, 0, 0, 0, 0},
     F(NO_FACTOR) | F(NOT_FORCED)},
    {"not forced", CK_ROLE_MAILBOX, {-1, 0, 2, 0, 0, 1}, F(NOT_FORCED)},
    {"no app password", CK_ROLE_MAILBOX, {-1, 1, 2, 0, 0, 0}, F(MAIL_PROGRAMS)},
    {"one factor", CK_ROLE_MAILBOX, {-1, 1, 1, 0, 0, 1}, F(ONE_FACTOR)},
    {"one factor and a passkey", CK_ROLE_MAILBOX, {-1, 1, 1, 1, 0, 1}, F(PASSKEY_PAST_FACTOR)},
    {"a passkey, not forced", CK_ROLE_MAILBOX, {-1, 0, 2, 1, 0, 1}, F(NOT_FORCED)},
    {"an older release", CK_ROLE_MAILBOX, {-1, -1, 2, 0, 0, 1}, 0},
    {"a mailbox with codes only", CK_ROLE_MAILBOX, {-1, 1, 2, 0, 0, 1}, 0},
    {"nothing seen of a mailbox",
     CK_ROLE_MAILBOX,
     {-1, 1, -1, -1, -1, -1},
     F(NOT_VISIBLE) | F(PASSKEYS_NOT_VISIBLE)},
    {"a mailbox by its record, not forced",
     CK_ROLE_MAILBOX,
     {-1, 0, -1, -1, -1, -1},
     F(NOT_VISIBLE) | F(PASSKEYS_NOT_VISIBLE) | F(NOT_FORCED)},

    {"an admin by the API", CK_ROLE_ADMIN, {1, 1, -1, -1, -1, -1}, F(PASSKEYS_NOT_VISIBLE)},
    {"an admin without, by the API",
     CK_ROLE_ADMIN,
     {0, 0, -1, -1, -1, -1},
     F(NO_FACTOR) | F(NOT_FORCED) | F(PASSKEYS_NOT_VISIBLE)},
    {"an admin with codes only", CK_ROLE_ADMIN, {1, 1, 2, 0, 0, -1}, F(TOTP_ONLY)},
    {"an admin whose keys were not counted", CK_ROLE_ADMIN, {1, 1, 2, 0, -1, -1}, 0},
    {"a domain admin, switched off", CK_ROLE_DOMAIN_ADMIN, {0, 1, 0, 0, 1, -1}, F(DISABLED)},
    {"switched off, not forced",
     CK_ROLE_DOMAIN_ADMIN,
     {0, 0, 0, 0, 1, -1},
     F(DISABLED) | F(NOT_FORCED)},
    {"the page has the last word", CK_ROLE_DOMAIN_ADMIN, {1, 1, 0, 0, 0, -1}, F(NOT_ENROLLED)},
    {"in both directions", CK_ROLE_DOMAIN_ADMIN, {0, 1, 2, 0, 1, -1}, 0},
};

static void test_each_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct ck_facts facts = in_order(cases[i].role);
        facts.tfa_active = cases[i].seen.tfa_active;
        facts.force_tfa = cases[i].seen.force_tfa;
        facts.factors = cases[i].seen.factors;
        facts.passkeys = cases[i].seen.passkeys;
        facts.security_keys = cases[i].seen.security_keys;
        facts.app_passwords = cases[i].seen.app_passwords;
        if (ck_facts_judge(&facts) != cases[i].found)
            fail_msg("%s: %#x instead of %#x", cases[i].what, ck_facts_judge(&facts),
                     cases[i].found);
    }
}

static void test_passkey_of_a_deactivated_account(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROLES_COUNT; i++) {
        struct ck_facts facts = in_order(roles[i]);
        facts.active = false;
        assert_int_equal(ck_facts_judge(&facts), 0);
        facts.passkeys = 1;
        assert_int_equal(ck_facts_judge(&facts), F(PASSKEY_ON_DEACTIVATED));
        assert_int_equal(ck_finding_level(CK_FINDING_PASSKEY_ON_DEACTIVATED, roles[i]),
                         CK_LEVEL_CRITICAL);
    }
}

/* Its password logs nobody in, so that it needs no factor; unseen passkeys may. */
static void test_deactivated_account_needs_no_factor(void **state)
{
    (void)state;
    struct ck_facts facts = in_order(CK_ROLE_MAILBOX);
    facts.active = false;
    facts.force_tfa = 0;
    facts.factors = 0;
    assert_int_equal(ck_facts_judge(&facts), 0);
    facts.passkeys = -1;
    assert_int_equal(ck_facts_judge(&facts), F(PASSKEYS_NOT_VISIBLE));
}

static void test_accounts_of_identity_providers(void **state)
{
    static const enum ck_authsource outside[] = {CK_AUTHSOURCE_KEYCLOAK, CK_AUTHSOURCE_OIDC,
                                                 CK_AUTHSOURCE_OTHER};
    const uint32_t unseen = F(NOT_VISIBLE) | F(PASSKEYS_NOT_VISIBLE);
    struct ck_facts facts = in_order(CK_ROLE_MAILBOX);

    (void)state;
    facts.factors = facts.passkeys = facts.app_passwords = -1;
    facts.force_tfa = 0;
    for (size_t i = 0; i < sizeof(outside) / sizeof(*outside); i++) {
        facts.authsource = outside[i];
        assert_int_equal(ck_facts_judge(&facts), F(NOT_ENFORCEABLE) | unseen);
    }
    facts.authsource = CK_AUTHSOURCE_LDAP; /* logs in here, and can be held */
    assert_int_equal(ck_facts_judge(&facts), F(NOT_FORCED) | unseen);
}

static void test_expired_exception(void **state)
{
    (void)state;
    struct ck_facts facts = in_order(CK_ROLE_ADMIN);
    facts.excepted = CK_EXCEPTION_ACTIVE;
    assert_int_equal(ck_facts_judge(&facts), 0);
    facts.excepted = CK_EXCEPTION_EXPIRED;
    assert_int_equal(ck_facts_judge(&facts), F(EXCEPTION_EXPIRED));
}

/* --- of whatever may be seen --- */

struct range {
    int *value;
    int from, to;
};

/* The next combination of values; false after the last. */
static bool advance(struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (++*ranges[i].value <= ranges[i].to)
            return true;
        *ranges[i].value = ranges[i].from;
    }
    return false;
}

static void check(const struct ck_facts *facts)
{
    uint32_t found = ck_facts_judge(facts);
    enum ck_second_factor seen = ck_facts_second_factor(facts);
    bool forced = facts->force_tfa == 1, nothing_seen = facts->factors < 0 && facts->tfa_active < 0;
    bool password_is_enough = seen == CK_SECOND_FACTOR_ABSENT || seen == CK_SECOND_FACTOR_DISABLED;

    /* What was not seen is never fine, and what was seen is never called unseen. */
    assert_true((seen == CK_SECOND_FACTOR_NOT_VISIBLE) == nothing_seen);
    assert_true(((found & F(NOT_VISIBLE)) != 0) == nothing_seen);
    assert_true(((found & F(PASSKEYS_NOT_VISIBLE)) != 0) == (facts->passkeys < 0));
    /* Whoever gets in with a password alone is told of, once. */
    assert_int_equal(__builtin_popcount(found & (F(NO_FACTOR) | F(DISABLED) | F(NOT_ENROLLED))),
                     facts->active && password_is_enough ? 1 : 0);
    assert_true((found & F(NO_FACTOR)) == 0 || !forced);
    assert_true((found & F(NOT_ENROLLED)) == 0 || forced);
    /* Passkeys get past a deactivation and past a forced factor, and only those. */
    assert_true(((found & F(PASSKEY_ON_DEACTIVATED)) != 0) ==
                (!facts->active && facts->passkeys > 0));
    assert_true(((found & F(PASSKEY_PAST_FACTOR)) != 0) ==
                (facts->active && forced && facts->passkeys > 0));
    /* Policy is told of where it was read. */
    assert_true((found & (F(NOT_FORCED) | F(NOT_ENFORCEABLE))) == 0 || facts->active);
    assert_true((found & F(NOT_FORCED)) == 0 || facts->force_tfa == 0);
    assert_false((found & F(NOT_FORCED)) != 0 && (found & F(NOT_ENFORCEABLE)) != 0);
    /* What is only of some roles. */
    assert_true((found & F(TOTP_ONLY)) == 0 || facts->role != CK_ROLE_MAILBOX);
    assert_true((found & F(MAIL_PROGRAMS)) == 0 || facts->role == CK_ROLE_MAILBOX);
    assert_true((found & F(MAIL_PROGRAMS)) == 0 || facts->app_passwords == 0);
    assert_true((found & F(RELEASE)) == 0);
    /* Nothing is found where nothing is wrong. */
    if (facts->active && forced && facts->factors == 2 && facts->passkeys == 0 &&
        facts->security_keys == 1 && facts->app_passwords == 1 &&
        facts->authsource == CK_AUTHSOURCE_MAILCOW && facts->excepted != CK_EXCEPTION_EXPIRED)
        assert_int_equal(found, 0);
}

static void test_every_combination(void **state)
{
    struct ck_facts facts = {.tfa_active = -1};
    int role = 0, active = 0, source = 0, excepted = 0;
    size_t checked = 0;
    struct range ranges[] = {
        {&role, 0, CK_ROLE_ADMIN},         {&active, 0, 1},
        {&source, 0, CK_AUTHSOURCE_OTHER}, {&excepted, 0, CK_EXCEPTION_EXPIRED},
        {&facts.tfa_active, -1, 1},        {&facts.force_tfa, -1, 1},
        {&facts.factors, -1, 2},           {&facts.passkeys, -1, 1},
        {&facts.security_keys, -1, 1},     {&facts.app_passwords, -1, 1},
    };

    (void)state;
    facts.force_tfa = facts.factors = facts.passkeys = -1;
    facts.security_keys = facts.app_passwords = -1;
    do {
        facts.role = (enum ck_role)role;
        facts.active = active != 0;
        facts.authsource = (enum ck_authsource)source;
        facts.excepted = (enum ck_exception_state)excepted;
        check(&facts);
        checked++;
    } while (advance(ranges, sizeof(ranges) / sizeof(*ranges)));
    assert_int_equal(checked, 3 * 2 * 5 * 3 * 3 * 3 * 4 * 3 * 3 * 3);
}

static void test_every_finding_can_be_told(void **state)
{
    (void)state;
    for (int i = 0; i < CK_FINDINGS_COUNT; i++) {
        const struct ck_finding_about *about = ck_finding_about((enum ck_finding)i);
        size_t length = strlen(about->sentence);

        assert_true(*about->name != '\0');
        assert_int_equal(strspn(about->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(about->name));
        assert_int_equal(about->sentence[length - 1], '.');
        assert_int_equal(about->cure[strlen(about->cure) - 1], '.');
        for (int j = 0; j < i; j++)
            assert_string_not_equal(about->name, ck_finding_about((enum ck_finding)j)->name);
        /* Who has more power is not judged more mildly. */
        assert_true(ck_finding_level((enum ck_finding)i, CK_ROLE_ADMIN) >=
                    ck_finding_level((enum ck_finding)i, CK_ROLE_DOMAIN_ADMIN));
        assert_true(ck_finding_level((enum ck_finding)i, CK_ROLE_DOMAIN_ADMIN) >=
                    ck_finding_level((enum ck_finding)i, CK_ROLE_MAILBOX));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(ck_level_name(CK_LEVEL_INFO), "info");
    assert_string_equal(ck_level_name(CK_LEVEL_WARNING), "warning");
    assert_string_equal(ck_level_name(CK_LEVEL_CRITICAL), "critical");
    assert_string_equal(ck_second_factor_name(CK_SECOND_FACTOR_PRESENT), "present");
    assert_string_equal(ck_second_factor_name(CK_SECOND_FACTOR_ABSENT), "absent");
    assert_string_equal(ck_second_factor_name(CK_SECOND_FACTOR_DISABLED), "disabled");
    assert_string_equal(ck_second_factor_name(CK_SECOND_FACTOR_NOT_VISIBLE), "not-visible");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_found_in_order),
        cmocka_unit_test(test_each_case),
        cmocka_unit_test(test_passkey_of_a_deactivated_account),
        cmocka_unit_test(test_deactivated_account_needs_no_factor),
        cmocka_unit_test(test_accounts_of_identity_providers),
        cmocka_unit_test(test_expired_exception),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_every_finding_can_be_told),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
