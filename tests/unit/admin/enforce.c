/* The plan and its carrying out meet a mailcow and a journal of a few lines. */
#include "cowkey/admin/enforce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/base/cleanup.h"

/* --- a mailcow --- */

enum habit { OBEYS, REFUSES, LIES, STOPS, FORGETS_PW_UPDATE, VANISHES };

struct fake_account {
    char name[32];
    enum ck_role role;
    int force_tfa, force_pw_update;
    enum ck_authsource authsource;
    enum habit habit;
    bool gone;
};

/* What the edit of this number does instead of what it should. */
struct fake_fault {
    int edit;
    enum ck_err r;
    bool acts;
};

static struct {
    struct fake_account accounts[256];
    size_t count;
    size_t nameless; /* in each list of mailboxes */
    bool is_domain_admin, refuses_reads_after_edits, refuses_reads;
    int hitches_after_edits; /* so many reads fail */
    int edits, reads, lists, waits;
    struct fake_fault fault;
    int not_taken; /* so many edits, from the first on, are sent away */
    bool was_not_taken;
    const char *changed_while_waiting; /* its password has to be changed since */
    volatile sig_atomic_t *cancel_with_edit;

    /* The journal: whose intent or outcome by the number in its id. */
    struct {
        char account[32], role[16], detail[64], outcome_detail[128];
        int outcome; /* -1: none */
    } deeds[1024];
    int deeds_count, intents_left, outcomes_left;
} fake;

static struct fake_account *add(const char *name, enum ck_role role, int force_tfa)
{
    struct fake_account *account = &fake.accounts[fake.count++];

    *account = (struct fake_account){.role = role, .force_tfa = force_tfa};
    snprintf(account->name, sizeof(account->name), "%s", name);
    return account;
}

static struct fake_account *find(const char *name)
{
    for (size_t i = 0; i < fake.count; i++) {
        if (strcmp(fake.accounts[i].name, name) == 0)
            return &fake.accounts[i];
    }
    return NULL;
}

static struct ck_record record_of(const struct fake_account *account)
{
    struct ck_record record = {.account.role = account->role,
                               .active = true,
                               .tfa_active = account->role == CK_ROLE_MAILBOX ? -1 : 0,
                               .force_tfa = account->force_tfa,
                               .force_pw_update = account->force_pw_update,
                               .authsource = account->authsource};

    snprintf(record.account.name, sizeof(record.account.name), "%s", account->name);
    return record;
}

static bool reads_fail(void)
{
    if (fake.edits > 0 && fake.hitches_after_edits > 0 && fake.hitches_after_edits-- > 0)
        return true;
    return fake.refuses_reads || (fake.refuses_reads_after_edits && fake.edits > 0);
}

void ck_records_clear(struct ck_records *records)
{
    free(records->rows);
    *records = (struct ck_records){0};
}

void ck_domains_clear(struct ck_domains *domains)
{
    free(domains->names);
    *domains = (struct ck_domains){0};
}

bool ck_admin_manages(const struct ck_admin *admin, enum ck_role role)
{
    (void)admin;
    return role == CK_ROLE_MAILBOX || !fake.is_domain_admin;
}

enum ck_err ck_admin_read(struct ck_admin *admin, const struct ck_account *account,
                          struct ck_record *ret_record, struct ck_error *err)
{
    const struct fake_account *found = find(account->name);

    (void)admin;
    fake.reads++;
    if (reads_fail())
        return ck_error_set(err, CK_ERR_UNREACHABLE, "no answer");
    if (found == NULL || found->gone || found->role != account->role)
        return ck_error_set(err, CK_ERR_USAGE, "no such account");
    *ret_record = record_of(found);
    return CK_OK;
}

static enum ck_err list(enum ck_role role, const char *domain, struct ck_records *ret_records,
                        struct ck_error *err)
{
    fake.lists++;
    if (reads_fail())
        return ck_error_set(err, CK_ERR_UNREACHABLE, "no answer");
    ret_records->nameless = role == CK_ROLE_MAILBOX ? fake.nameless : 0;
    ret_records->rows = calloc(fake.count + 1, sizeof(*ret_records->rows));
    for (size_t i = 0; i < fake.count; i++) {
        const struct fake_account *account = &fake.accounts[i];
        const char *at = strchr(account->name, '@');
        if (account->role == role && !account->gone &&
            (domain == NULL || strcmp(at + 1, domain) == 0))
            ret_records->rows[ret_records->count++] = record_of(account);
    }
    return CK_OK;
}

enum ck_err ck_admin_list(struct ck_admin *admin, enum ck_role role, struct ck_records *ret_records,
                          struct ck_error *err)
{
    (void)admin;
    return list(role, NULL, ret_records, err);
}

enum ck_err ck_admin_list_mailboxes(struct ck_admin *admin, const char *domain,
                                    struct ck_records *ret_records, struct ck_error *err)
{
    (void)admin;
    return list(CK_ROLE_MAILBOX, domain, ret_records, err);
}

enum ck_err ck_admin_list_domains(struct ck_admin *admin, struct ck_domains *ret_domains,
                                  struct ck_error *err)
{
    (void)admin;
    if (reads_fail())
        return ck_error_set(err, CK_ERR_UNREACHABLE, "no answer");
    ret_domains->names = calloc(2, sizeof(*ret_domains->names));
    strcpy(ret_domains->names[0], "example.test");
    strcpy(ret_domains->names[1], "example.org");
    ret_domains->count = 2;
    return CK_OK;
}

/* An intent has to be there, and no outcome yet. */
static void require_intent(const char *name)
{
    for (int i = fake.deeds_count - 1; i >= 0; i--) {
        if (strcmp(fake.deeds[i].account, name) == 0 && fake.deeds[i].outcome < 0)
            return;
    }
    fail_msg("an edit of %s without an intent", name);
}

/* false: the server ends there. */
static bool edit(struct fake_account *account, int force_tfa, int force_pw_update,
                 struct ck_said *ret_said)
{
    /* Whatever it has is sent along. */
    assert_int_equal(account->force_pw_update, force_pw_update);
    switch (account->habit) {
    case REFUSES:
        ret_said->refused = true;
        strcpy(ret_said->message, "mailbox_quota_exceeded");
        return true;
    case STOPS:
        return false;
    case LIES:
        break;
    default:
        account->force_tfa = account->authsource == CK_AUTHSOURCE_OIDC ? 0 : force_tfa;
    }
    if (account->habit == FORGETS_PW_UPDATE || account->authsource != CK_AUTHSOURCE_MAILCOW)
        account->force_pw_update = 0;
    account->gone = account->habit == VANISHES;
    ret_said->done = true;
    return true;
}

void ck_admin_wait_turn(struct ck_admin *admin)
{
    (void)admin;
    fake.waits++;
    if (fake.was_not_taken && fake.changed_while_waiting != NULL)
        find(fake.changed_while_waiting)->force_pw_update = 1;
}

bool ck_admin_not_taken(const struct ck_admin *admin)
{
    (void)admin;
    return fake.was_not_taken;
}

enum ck_err ck_admin_set_flags(struct ck_admin *admin, const struct ck_record *const *records,
                               size_t count, int force_tfa, int force_pw_update,
                               struct ck_said *ret_said, struct ck_error *err)
{
    bool faulty = ++fake.edits == fake.fault.edit;
    struct ck_said said[CK_ADMIN_EDIT_MAX] = {0};

    (void)admin;
    assert_true(count >= 1 && count <= CK_ADMIN_EDIT_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(records[i]->account.role, records[0]->account.role);
        require_intent(records[i]->account.name);
    }
    fake.was_not_taken = fake.edits <= fake.not_taken;
    if (fake.was_not_taken)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "sent away");
    if (!faulty || fake.fault.acts) {
        for (size_t i = 0; i < count; i++) {
            if (!edit(find(records[i]->account.name), force_tfa, force_pw_update, &said[i]))
                break;
        }
    }
    if (fake.cancel_with_edit != NULL)
        *fake.cancel_with_edit = 1;
    if (faulty)
        return ck_error_set(err, fake.fault.r, "the fault of the test");
    memcpy(ret_said, said, count * sizeof(*said));
    return CK_OK;
}

/* --- a journal --- */

enum ck_err ck_journal_intend(struct ck_journal *journal, const struct ck_journal_deed *deed,
                              char ret_id[CK_JOURNAL_ID_SIZE + 1], struct ck_error *err)
{
    (void)journal;
    if (fake.intents_left-- == 0)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the disk is full");
    assert_string_equal(deed->operator, "API key");
    assert_string_equal(deed->action, "enforce");
    snprintf(fake.deeds[fake.deeds_count].account, 32, "%s", deed->account);
    snprintf(fake.deeds[fake.deeds_count].role, 16, "%s", deed->role);
    snprintf(fake.deeds[fake.deeds_count].detail, 64, "%s", deed->detail);
    fake.deeds[fake.deeds_count].outcome = -1;
    snprintf(ret_id, CK_JOURNAL_ID_SIZE + 1, "%032d", fake.deeds_count++);
    return CK_OK;
}

enum ck_err ck_journal_conclude(struct ck_journal *journal, const char *id,
                                enum ck_journal_outcome outcome, const char *evidence,
                                const char *aaguid, const char *serial, const char *detail,
                                struct ck_error *err)
{
    int number = atoi(id);

    (void)journal, (void)aaguid, (void)serial;
    if (fake.outcomes_left-- == 0)
        return ck_error_set(err, CK_ERR_UNKNOWN, "the journal has no outcome");
    assert_int_equal(fake.deeds[number].outcome, -1);
    assert_true(outcome != CK_JOURNAL_DONE || strcmp(evidence, "read back") == 0);
    fake.deeds[number].outcome = (int)outcome;
    snprintf(fake.deeds[number].outcome_detail, 128, "%s", detail != NULL ? detail : "");
    return CK_OK;
}

/* The last deed of the account has this outcome; -1: there is none. */
static void expect_outcome(const char *name, int outcome)
{
    int found = -1;

    for (int i = 0; i < fake.deeds_count; i++) {
        if (strcmp(fake.deeds[i].account, name) == 0)
            found = fake.deeds[i].outcome;
    }
    assert_int_equal(found, outcome);
}

static void expect_all_concluded(void)
{
    for (int i = 0; i < fake.deeds_count; i++)
        assert_true(fake.deeds[i].outcome >= 0);
}

/* --- wishes --- */

static const struct ck_exceptions no_exceptions;

static int set_up(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake.intents_left = fake.outcomes_left = -1;
    return 0;
}

static struct ck_enforce_wish on_for(const char *const *names)
{
    return (struct ck_enforce_wish){.on = true, .names = names, .exceptions = &no_exceptions};
}

static struct ck_enforce_wish on_for_mailboxes(void)
{
    return (struct ck_enforce_wish){.on = true, .mailboxes = true, .exceptions = &no_exceptions};
}

static struct ck_enforcement plan(struct ck_enforce_wish wish)
{
    struct ck_enforcement enforcement = {0};
    struct ck_error err;

    if (ck_enforce_plan(NULL, &wish, &enforcement, &err) != CK_OK)
        fail_msg("no plan: %s", err.text);
    assert_int_equal(fake.edits, 0);
    return enforcement;
}

static void expect_no_plan(struct ck_enforce_wish wish, enum ck_err code, const char *words)
{
    struct ck_enforcement enforcement = {.count = 77};
    struct ck_error err;

    assert_int_equal(ck_enforce_plan(NULL, &wish, &enforcement, &err), code);
    assert_int_equal(enforcement.count, 77);
    assert_non_null(strstr(err.text, words));
}

static const struct ck_enforce_row *row_of(const struct ck_enforcement *enforcement,
                                           const char *name)
{
    for (size_t i = 0; i < enforcement->count; i++) {
        if (strcmp(enforcement->rows[i].record.account.name, name) == 0)
            return &enforcement->rows[i];
    }
    fail_msg("%s is not in the plan", name);
    return NULL;
}

static void expect_row(const struct ck_enforcement *enforcement, const char *name,
                       enum ck_enforce_result result, int before, int after, const char *words)
{
    const struct ck_enforce_row *row = row_of(enforcement, name);

    if (row->result != result)
        fail_msg("%s is %s: %s", name, ck_enforce_result_name(row->result), row->reason);
    assert_int_equal(row->before, before);
    assert_int_equal(row->after, after);
    if (words == NULL)
        assert_null(row->reason);
    else
        assert_non_null(strstr(row->reason, words));
}

static size_t told;

static void count_told(void *data, const struct ck_enforce_row *row)
{
    assert_ptr_equal(data, &told);
    assert_int_not_equal(row->result, CK_ENFORCE_PENDING);
    told++;
}

static enum ck_err run_with(struct ck_enforcement *enforcement, const volatile sig_atomic_t *cancel,
                            struct ck_error *err)
{
    struct ck_enforcer enforcer = {
        .deed = {.operator= "API key" }, .cancel = cancel, .data = &told, .settled = count_told};
    size_t pending = ck_enforcement_count(enforcement, CK_ENFORCE_PENDING);

    told = 0;
    enum ck_err r = ck_enforce_run(&enforcer, enforcement, err);
    assert_int_equal(ck_enforcement_count(enforcement, CK_ENFORCE_PENDING), 0);
    assert_int_equal(told, pending);
    return r;
}

static void run(struct ck_enforcement *enforcement)
{
    struct ck_error err = {0};

    if (run_with(enforcement, NULL, &err) != CK_OK)
        fail_msg("ended: %s", err.text);
    expect_all_concluded();
}

static void run_ends(struct ck_enforcement *enforcement, enum ck_err code)
{
    struct ck_error err = {0};

    assert_int_equal(run_with(enforcement, NULL, &err), code);
    assert_int_equal(err.code, code);
    assert_true(*err.text);
}

static void add_mailboxes(int count)
{
    for (int i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof(name), "u%03d@example.test", count - i);
        add(name, CK_ROLE_MAILBOX, 0);
    }
}

/* --- plans --- */

static void test_a_plan_judges_each_account(void **state)
{
    (void)state;
    static const char text[] = "c@* 2027-01-31 x\nd@* 2026-01-31 y\ne@* 2027-01-31 z\n";
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    struct ck_error err;

    assert_int_equal(ck_exceptions_parse(text, strlen(text), &exceptions, &err), CK_OK);
    add("a@example.test", CK_ROLE_MAILBOX, 0);
    add("b@example.test", CK_ROLE_MAILBOX, 1);
    add("c@example.test", CK_ROLE_MAILBOX, 0);
    add("d@example.org", CK_ROLE_MAILBOX, 0);
    add("e@example.org", CK_ROLE_MAILBOX, 1);
    add("f@example.org", CK_ROLE_MAILBOX, 0)->authsource = CK_AUTHSOURCE_OIDC;
    add("g@example.org", CK_ROLE_MAILBOX, 0)->authsource = CK_AUTHSOURCE_KEYCLOAK;
    add("da1", CK_ROLE_DOMAIN_ADMIN, 0);
    struct ck_enforce_wish wish = on_for_mailboxes();
    wish.exceptions = &exceptions;
    wish.now_s = 1798761600; /* 2027-01-01 */
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(wish);

    assert_int_equal(enforcement.count, 7);
    expect_row(&enforcement, "a@example.test", CK_ENFORCE_PENDING, 0, 0, NULL);
    expect_row(&enforcement, "b@example.test", CK_ENFORCE_ALREADY, 1, 1, NULL);
    expect_row(&enforcement, "c@example.test", CK_ENFORCE_EXCEPTED, 0, 0, NULL);
    expect_row(&enforcement, "d@example.org", CK_ENFORCE_PENDING, 0, 0, NULL);
    expect_row(&enforcement, "e@example.org", CK_ENFORCE_EXCEPTED, 1, 1, NULL);
    expect_row(&enforcement, "f@example.org", CK_ENFORCE_NOT_ENFORCEABLE, 0, 0, "OpenID");
    expect_row(&enforcement, "g@example.org", CK_ENFORCE_PENDING, 0, 0, NULL);
    assert_null(row_of(&enforcement, "a@example.test")->exception);
    assert_string_equal(row_of(&enforcement, "c@example.test")->exception->reason, "x");
    assert_string_equal(row_of(&enforcement, "d@example.org")->exception->reason, "y");
    run(&enforcement);
    expect_row(&enforcement, "c@example.test", CK_ENFORCE_EXCEPTED, 0, 0, NULL);
    expect_row(&enforcement, "d@example.org", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "f@example.org", CK_ENFORCE_NOT_ENFORCEABLE, 0, 0, "OpenID");
    expect_outcome("c@example.test", -1);
    expect_outcome("f@example.org", -1);
}

static void test_off_is_stored_for_openid_accounts(void **state)
{
    (void)state;
    add("f@example.org", CK_ROLE_MAILBOX, 1)->authsource = CK_AUTHSOURCE_OIDC;
    struct ck_enforce_wish wish = on_for_mailboxes();
    wish.on = false;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(wish);

    run(&enforcement);
    expect_row(&enforcement, "f@example.org", CK_ENFORCE_CHANGED, 1, 0, NULL);
    assert_string_equal(fake.deeds[0].detail, "insist on a second factor no longer");
}

static void test_roles_of_names_are_looked_up(void **state)
{
    (void)state;
    static const char *const names[] = {"second", "da1", "A@Example.test", "admin", "da1", NULL};
    add("a@example.test", CK_ROLE_MAILBOX, 0);
    add("da1", CK_ROLE_DOMAIN_ADMIN, 0);
    add("admin", CK_ROLE_ADMIN, 1);
    add("second", CK_ROLE_ADMIN, 0);
    struct ck_enforce_wish wish = on_for(names);
    wish.mailboxes = true; /* has one of them again */
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(wish);

    assert_int_equal(enforcement.count, 4);
    run(&enforcement);
    expect_row(&enforcement, "second", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "da1", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "a@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "admin", CK_ENFORCE_ALREADY, 1, 1, NULL);
    assert_string_equal(fake.deeds[0].role, "admin");
}

static void test_names_that_are_not_there(void **state)
{
    (void)state;
    static const char *const nobody[] = {"da2", NULL}, *const nowhere[] = {"z@example.test", NULL};
    static const char *const empty[] = {" ", NULL};

    add("da1", CK_ROLE_DOMAIN_ADMIN, 0);
    expect_no_plan(on_for(nobody), CK_ERR_USAGE, "no domain admin and no admin is called da2");
    expect_no_plan(on_for(nowhere), CK_ERR_USAGE, "no such account");
    expect_no_plan(on_for(empty), CK_ERR_USAGE, "empty");
    expect_no_plan(on_for(NULL), CK_ERR_USAGE, "no accounts were named");
    fake.refuses_reads = true;
    expect_no_plan(on_for(nobody), CK_ERR_UNREACHABLE, "no answer");
    expect_no_plan(on_for_mailboxes(), CK_ERR_UNREACHABLE, "no answer");
}

static void test_a_domain_admin_manages_mailboxes_only(void **state)
{
    (void)state;
    static const char *const names[] = {"da1", NULL}, *const admin[] = {"admin", NULL};
    struct ck_enforce_wish wish = {.on = true, .exceptions = &no_exceptions};

    fake.is_domain_admin = true;
    add("da1", CK_ROLE_DOMAIN_ADMIN, 0);
    add("admin", CK_ROLE_ADMIN, 0);
    add("a@example.test", CK_ROLE_MAILBOX, 0);
    expect_no_plan(on_for(names), CK_ERR_USAGE, "no domain admins");
    expect_no_plan(on_for(admin), CK_ERR_USAGE, "no admins");
    wish.domain_admins = true;
    expect_no_plan(wish, CK_ERR_USAGE, "no domain admins");
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());
    assert_int_equal(enforcement.count, 1);
}

static void test_one_domain(void **state)
{
    (void)state;
    add("a@example.test", CK_ROLE_MAILBOX, 0);
    add("b@example.org", CK_ROLE_MAILBOX, 0);
    struct ck_enforce_wish wish = on_for_mailboxes();
    wish.domain = "Example.ORG";
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(wish);
    assert_int_equal(enforcement.count, 1);
    expect_row(&enforcement, "b@example.org", CK_ENFORCE_PENDING, 0, 0, NULL);
    wish.domain = "example.net";
    expect_no_plan(wish, CK_ERR_USAGE, "no domain example.net");
}

static void test_a_release_that_can_not(void **state)
{
    (void)state;
    static const char *const names[] = {"a@example.test", NULL};

    add("a@example.test", CK_ROLE_MAILBOX, -1);
    add("b@example.test", CK_ROLE_MAILBOX, -1);
    expect_no_plan(on_for_mailboxes(), CK_ERR_UNCHANGED, "can't insist on second factors");
    expect_no_plan(on_for(names), CK_ERR_UNCHANGED, "can't insist on second factors");
    find("b@example.test")->force_tfa = 0; /* then it can */
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());
    run(&enforcement);
    expect_row(&enforcement, "a@example.test", CK_ENFORCE_NOT_ENFORCEABLE, -1, -1, "not tell");
    expect_row(&enforcement, "b@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
}

static void test_mailboxes_without_a_name_are_counted(void **state)
{
    (void)state;
    add_mailboxes(2);
    fake.nameless = 3;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 2);
    assert_int_equal(enforcement.nameless, 6); /* of two domains */
}

static void test_nobody_is_there(void **state)
{
    (void)state;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());
    assert_int_equal(enforcement.count, 0);
    run(&enforcement);
}

/* --- carrying out --- */

static void test_edits_are_of_50_and_read_back_by_lists(void **state)
{
    (void)state;
    add_mailboxes(120);
    add("b@example.org", CK_ROLE_MAILBOX, 0);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.lists = 0;
    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 121);
    assert_int_equal(fake.edits, 4);
    assert_int_equal(fake.deeds_count, 121);
    assert_int_equal(fake.lists, 4);
    assert_int_equal(fake.reads, 0);
    for (size_t i = 0; i < fake.count; i++)
        assert_int_equal(fake.accounts[i].force_tfa, 1);
}

static void test_few_of_many_are_read_one_by_one(void **state)
{
    (void)state;
    add_mailboxes(200);
    for (size_t i = 2; i < fake.count; i++)
        fake.accounts[i].force_tfa = 1;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.lists = 0;
    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 2);
    assert_int_equal(fake.lists, 0);
    assert_int_equal(fake.reads, 2);
}

/* The fake asserts that each is sent what it has. */
static void test_a_forced_change_of_the_password_is_sent_along(void **state)
{
    (void)state;
    add_mailboxes(4);
    fake.accounts[1].force_pw_update = fake.accounts[2].force_pw_update = 1;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 4);
    assert_int_equal(fake.edits, 2);
    assert_int_equal(fake.accounts[1].force_pw_update, 1);
    assert_int_equal(fake.accounts[0].force_pw_update, 0);
}

static void test_what_changed_meanwhile_is_seen(void **state)
{
    (void)state;
    add_mailboxes(4);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    for (size_t i = 0; i < enforcement.count; i++)
        enforcement.rows[i].read_ms -= CK_ENFORCE_FRESH_MS + 1;
    find("u001@example.test")->force_pw_update = 1; /* the fake asserts that this is sent */
    find("u002@example.test")->force_tfa = 1;
    find("u003@example.test")->gone = true;
    run(&enforcement);
    expect_row(&enforcement, "u001@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "u002@example.test", CK_ENFORCE_ALREADY, 1, 1, NULL);
    expect_row(&enforcement, "u003@example.test", CK_ENFORCE_FAILED, 0, 0, "not there");
    expect_row(&enforcement, "u004@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_outcome("u002@example.test", -1);
}

/* The results of the first edit showed it by the way. */
static void test_what_is_seen_to_be_so_is_not_sent(void **state)
{
    (void)state;
    add_mailboxes(CK_ADMIN_EDIT_MAX + 5);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    find("u002@example.test")->force_tfa = 1;
    run(&enforcement);
    expect_row(&enforcement, "u003@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "u002@example.test", CK_ENFORCE_ALREADY, 1, 1, NULL);
    expect_outcome("u002@example.test", -1);
}

static void test_what_can_not_be_read_anew_is_not_sent(void **state)
{
    (void)state;
    add_mailboxes(4);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    for (size_t i = 0; i < enforcement.count; i++)
        enforcement.rows[i].read_ms -= CK_ENFORCE_FRESH_MS + 1;
    fake.refuses_reads = true;
    run_ends(&enforcement, CK_ERR_UNREACHABLE);
    assert_int_equal(fake.edits, 0);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 4);
    assert_int_equal(fake.deeds_count, 0);
}

static void test_a_refusal_of_one_is_its_own(void **state)
{
    (void)state;
    add_mailboxes(5);
    find("u002@example.test")->habit = REFUSES;
    find("u003@example.test")->habit = LIES;
    find("u004@example.test")->habit = VANISHES;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    run(&enforcement);
    expect_row(&enforcement, "u001@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "u002@example.test", CK_ENFORCE_FAILED, 0, 0, "quota_exceeded");
    expect_row(&enforcement, "u003@example.test", CK_ENFORCE_FAILED, 0, 0, "changed nothing");
    /* The server said success, and nobody saw it. */
    expect_row(&enforcement, "u004@example.test", CK_ENFORCE_UNKNOWN, 0, -1, "not show it");
    expect_row(&enforcement, "u005@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_outcome("u001@example.test", CK_JOURNAL_DONE);
    expect_outcome("u004@example.test", CK_JOURNAL_UNKNOWN);
    expect_outcome("u002@example.test", CK_JOURNAL_FAILED);
    expect_outcome("u003@example.test", CK_JOURNAL_FAILED);
}

static void test_what_the_server_did_not_come_to_is_sent_alone(void **state)
{
    (void)state;
    add_mailboxes(5);
    find("u004@example.test")->habit = STOPS;
    find("u002@example.test")->habit = STOPS;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    run(&enforcement);
    expect_row(&enforcement, "u005@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "u004@example.test", CK_ENFORCE_FAILED, 0, 0, "said nothing");
    expect_row(&enforcement, "u003@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    expect_row(&enforcement, "u002@example.test", CK_ENFORCE_FAILED, 0, 0, "said nothing");
    expect_row(&enforcement, "u001@example.test", CK_ENFORCE_CHANGED, 0, 1, NULL);
    assert_int_equal(fake.edits, 5);
}

static void test_more_than_was_asked_for(void **state)
{
    (void)state;
    add_mailboxes(3);
    find("u001@example.test")->force_pw_update = 1;
    find("u001@example.test")->habit = FORGETS_PW_UPDATE;
    find("u002@example.test")->force_pw_update = 1; /* the server keeps none for these */
    find("u002@example.test")->authsource = CK_AUTHSOURCE_LDAP;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    expect_row(&enforcement, "u001@example.test", CK_ENFORCE_PENDING, 0, 0, NULL);
    expect_row(&enforcement, "u002@example.test", CK_ENFORCE_PENDING, 0, 0, "drops its forced");
    run(&enforcement);
    expect_row(&enforcement, "u001@example.test", CK_ENFORCE_UNKNOWN, 0, 1, "not asked for");
    expect_row(&enforcement, "u002@example.test", CK_ENFORCE_CHANGED, 0, 1, "drops its forced");
    expect_outcome("u001@example.test", CK_JOURNAL_UNKNOWN);
}

static void test_an_answer_that_was_cut(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.fault = (struct fake_fault){.edit = 1, .r = CK_ERR_UNKNOWN, .acts = true};
    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 60);
}

static void test_a_request_that_was_cut(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.fault = (struct fake_fault){.edit = 1, .r = CK_ERR_UNKNOWN};
    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 10);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_UNKNOWN), 50);
    expect_row(&enforcement, "u060@example.test", CK_ENFORCE_UNKNOWN, 0, 0, "may still be at it");
    expect_outcome("u060@example.test", CK_JOURNAL_UNKNOWN);
    expect_outcome("u001@example.test", CK_JOURNAL_DONE);
}

static void test_what_can_not_be_read_back_is_unknown(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.refuses_reads_after_edits = true;
    run_ends(&enforcement, CK_ERR_UNREACHABLE);
    assert_int_equal(fake.edits, 1);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_UNKNOWN), 50);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 10);
    expect_row(&enforcement, "u060@example.test", CK_ENFORCE_UNKNOWN, 0, -1, "read back");
    expect_row(&enforcement, "u001@example.test", CK_ENFORCE_NOT_TRIED, 0, 0, NULL);
    expect_outcome("u060@example.test", CK_JOURNAL_UNKNOWN);
    expect_outcome("u001@example.test", -1);
    expect_all_concluded();
}

static void test_one_hitch_in_reading_back(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.hitches_after_edits = 1;
    run(&enforcement);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 60);
}

/* One wrong key is counted, and no second one. */
static void test_a_refused_key_ends_it(void **state)
{
    (void)state;
    add_mailboxes(60);
    fake.accounts[3].force_pw_update = 1;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.lists = 0;
    fake.fault = (struct fake_fault){.edit = 1, .r = CK_ERR_REFUSED};
    run_ends(&enforcement, CK_ERR_REFUSED);
    assert_int_equal(fake.edits, 1);
    assert_int_equal(fake.lists + fake.reads, 0);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_FAILED), 49);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 11);
    expect_row(&enforcement, "u060@example.test", CK_ENFORCE_FAILED, 0, 0, "the fault");
    expect_outcome("u060@example.test", CK_JOURNAL_FAILED);
    expect_all_concluded();
}

static void test_a_key_that_is_refused_the_second_time(void **state)
{
    (void)state;
    add_mailboxes(3);
    fake.accounts[1].force_pw_update = 1;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.fault = (struct fake_fault){.edit = 2, .r = CK_ERR_REFUSED};
    run_ends(&enforcement, CK_ERR_REFUSED);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 2);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_FAILED), 1);
    expect_all_concluded();
}

static void test_an_edit_that_does_not_get_through(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.fault = (struct fake_fault){.edit = 2, .r = CK_ERR_UNREACHABLE};
    run_ends(&enforcement, CK_ERR_UNREACHABLE);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 50);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_FAILED), 10);
    expect_all_concluded();
}

static void test_an_edit_that_is_not_taken_at_first(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.not_taken = 3;
    run(&enforcement);
    assert_int_equal(fake.edits, 5);
    assert_true(fake.waits >= 5);
    assert_int_equal(fake.deeds_count, 60);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 60);
}

static void test_an_edit_that_is_never_taken(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.not_taken = 100;
    run_ends(&enforcement, CK_ERR_UNREACHABLE);
    assert_int_equal(fake.edits, 5);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_FAILED), 50);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 10);
    expect_row(&enforcement, "u060@example.test", CK_ENFORCE_FAILED, 0, 0, "sent away");
    expect_all_concluded();
}

/* What would be sent again is not true any more. */
static void test_what_changes_while_it_waits(void **state)
{
    (void)state;
    add_mailboxes(3);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.not_taken = 1;
    fake.changed_while_waiting = "u002@example.test";
    run_ends(&enforcement, CK_ERR_UNREACHABLE);
    assert_int_equal(fake.edits, 1);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_FAILED), 3);
    assert_int_equal(find("u002@example.test")->force_pw_update, 1);
}

static void test_nothing_is_sent_without_a_journal(void **state)
{
    (void)state;
    add_mailboxes(4);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.intents_left = 2;
    run_ends(&enforcement, CK_ERR_UNCHANGED);
    assert_int_equal(fake.edits, 0);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 4);
    assert_int_equal(fake.deeds_count, 2);
    expect_all_concluded();
}

static void test_an_outcome_that_the_journal_lacks_ends_it(void **state)
{
    (void)state;
    add_mailboxes(60);
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());

    fake.outcomes_left = 7;
    run_ends(&enforcement, CK_ERR_UNKNOWN);
    assert_int_equal(fake.edits, 1);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 50);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 10);
}

static void test_an_interrupt_ends_it_after_the_edit(void **state)
{
    (void)state;
    volatile sig_atomic_t cancel = 0;
    struct ck_error err = {0};

    add_mailboxes(60);
    fake.cancel_with_edit = &cancel;
    CK_CLEANUP(ck_enforcement_clear) struct ck_enforcement enforcement = plan(on_for_mailboxes());
    assert_int_equal(run_with(&enforcement, &cancel, &err), CK_ERR_INTERRUPTED);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_CHANGED), 50);
    assert_int_equal(ck_enforcement_count(&enforcement, CK_ENFORCE_NOT_TRIED), 10);
    expect_all_concluded();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(test_a_plan_judges_each_account),
        TEST(test_off_is_stored_for_openid_accounts),
        TEST(test_roles_of_names_are_looked_up),
        TEST(test_names_that_are_not_there),
        TEST(test_a_domain_admin_manages_mailboxes_only),
        TEST(test_one_domain),
        TEST(test_a_release_that_can_not),
        TEST(test_mailboxes_without_a_name_are_counted),
        TEST(test_nobody_is_there),
        TEST(test_edits_are_of_50_and_read_back_by_lists),
        TEST(test_few_of_many_are_read_one_by_one),
        TEST(test_a_forced_change_of_the_password_is_sent_along),
        TEST(test_what_changed_meanwhile_is_seen),
        TEST(test_what_is_seen_to_be_so_is_not_sent),
        TEST(test_what_can_not_be_read_anew_is_not_sent),
        TEST(test_a_refusal_of_one_is_its_own),
        TEST(test_what_the_server_did_not_come_to_is_sent_alone),
        TEST(test_more_than_was_asked_for),
        TEST(test_an_answer_that_was_cut),
        TEST(test_a_request_that_was_cut),
        TEST(test_what_can_not_be_read_back_is_unknown),
        TEST(test_one_hitch_in_reading_back),
        TEST(test_a_refused_key_ends_it),
        TEST(test_a_key_that_is_refused_the_second_time),
        TEST(test_an_edit_that_does_not_get_through),
        TEST(test_an_edit_that_is_not_taken_at_first),
        TEST(test_an_edit_that_is_never_taken),
        TEST(test_what_changes_while_it_waits),
        TEST(test_nothing_is_sent_without_a_journal),
        TEST(test_an_outcome_that_the_journal_lacks_ends_it),
        TEST(test_an_interrupt_ends_it_after_the_edit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
