/* Plans meet their policies, and a mailcow of a few lines. */
#include "cowkey/rollout/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "complaints.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/log_in_as.h"

#define HEAD "account,role,method,label,route,password_ref,group\n"

/* --- a mailcow --- */

struct ck_session {
    int unused;
};

static struct {
    struct ck_record records[64];
    size_t count;
    const struct ck_account *login; /* NULL: an API key */
    const char *unlisted;           /* left out of lists */
    const char *unreadable;         /* the account at which the server goes away */
    const char *list_error;         /* what becomes of a domain's list when half of it arrived */
    bool twice;                     /* a domain's list has each mailbox twice */
    int app_passwords;
    int reads, lists, app_reads;
} server;

static struct ck_record *add(const char *name, const char *role)
{
    struct ck_record *record = &server.records[server.count++];
    struct ck_error err;

    *record = (struct ck_record){.active = true, .tfa_active = -1};
    assert_int_equal(ck_account_parse(name, role, &record->account, &err), CK_OK);
    return record;
}

void ck_records_clear(struct ck_records *records)
{
    free(records->rows);
    *records = (struct ck_records){0};
}

const struct ck_account *ck_admin_account(const struct ck_admin *admin)
{
    (void)admin;
    return server.login;
}

bool ck_admin_manages(const struct ck_admin *admin, enum ck_role role)
{
    (void)admin;
    return server.login == NULL || server.login->role == CK_ROLE_ADMIN || role == CK_ROLE_MAILBOX;
}

enum ck_err ck_admin_read(struct ck_admin *admin, const struct ck_account *account,
                          struct ck_record *ret_record, struct ck_error *err)
{
    (void)admin;
    server.reads++;
    if (server.unreadable != NULL && strcmp(server.unreadable, account->name) == 0)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "gone");
    for (size_t i = 0; i < server.count; i++) {
        if (server.records[i].account.role == account->role &&
            strcmp(server.records[i].account.name, account->name) == 0) {
            *ret_record = server.records[i];
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_USAGE, "not there");
}

static bool is_listed(const struct ck_record *record, enum ck_role role, const char *domain)
{
    const struct ck_account *account = &record->account;

    if (account->role != role ||
        (domain != NULL && strcmp(strchr(account->name, '@') + 1, domain) != 0))
        return false;
    return server.unlisted == NULL || strcmp(server.unlisted, account->name) != 0;
}

enum ck_err ck_admin_list(struct ck_admin *admin, enum ck_role role, struct ck_records *ret_records,
                          struct ck_error *err)
{
    (void)admin;
    (void)err;
    server.lists++;
    ret_records->rows = calloc(server.count + 1, sizeof(*ret_records->rows));
    for (size_t i = server.count; i-- > 0;) { /* in no order */
        if (is_listed(&server.records[i], role, NULL))
            ret_records->rows[ret_records->count++] = server.records[i];
    }
    return CK_OK;
}

enum ck_err ck_admin_walk_mailboxes(struct ck_admin *admin, const char *domain,
                                    ck_record_visitor *visit, void *data, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    (void)admin;
    if (strcmp(domain, "nowhere.test") == 0)
        return ck_error_set(err, CK_ERR_USAGE, "no such domain");
    server.lists++;
    for (size_t i = server.count; i-- > 0 && r == CK_OK;) {
        if (server.list_error != NULL && i == server.count / 2)
            return ck_error_set(err, CK_ERR_UNREACHABLE, "%s", server.list_error);
        for (int j = 0; j < 1 + server.twice && r == CK_OK; j++) {
            if (is_listed(&server.records[i], CK_ROLE_MAILBOX, domain))
                r = visit(data, &server.records[i], err);
        }
    }
    return r;
}

enum ck_err ck_admin_count_app_passwords(struct ck_admin *admin, const struct ck_account *mailbox,
                                         int *ret_count, struct ck_error *err)
{
    (void)admin;
    (void)err;
    assert_int_equal(mailbox->role, CK_ROLE_MAILBOX);
    server.app_reads++;
    *ret_count = server.app_passwords;
    return CK_OK;
}

/* A check enters nobody's account. */
enum ck_err ck_admin_sign_on(struct ck_admin *admin, const struct ck_account *domain_admin,
                             struct ck_session **ret_session, struct ck_error *err)
{
    (void)admin;
    (void)domain_admin;
    (void)ret_session;
    fail();
    return err->code;
}

enum ck_err ck_session_log_in_as(struct ck_session *admin, const struct ck_account *account,
                                 struct ck_session **ret_session, struct ck_error *err)
{
    (void)admin;
    (void)account;
    (void)ret_session;
    fail();
    return err->code;
}

static enum ck_check_depth depth;

static int set_up(void **state)
{
    (void)state;
    memset(&server, 0, sizeof(server));
    depth = CK_CHECK_TO_TELL;
    return 0;
}

/* --- files --- */

struct files {
    struct ck_plan plan;
    struct ck_policy policy;
    struct ck_complaints complaints;
    struct ck_rollout rollout;
};

static void files_clear(struct files *files)
{
    ck_plan_clear(&files->plan);
    ck_policy_clear(&files->policy);
    ck_complaints_clear(&files->complaints);
}

static void read_files(struct files *files, const char *rows, const char *policy)
{
    char text[8192];
    struct ck_error err;

    *files = (struct files){
        .rollout = {.plan = &files->plan, .policy = &files->policy, .directory = "."}};
    snprintf(text, sizeof(text), HEAD "%s", rows);
    assert_int_equal(ck_plan_parse(text, strlen(text), &files->plan, &files->complaints, &err),
                     CK_OK);
    assert_int_equal(
        ck_policy_parse(policy, strlen(policy), &files->policy, &files->complaints, &err), CK_OK);
    assert_none(&files->complaints);
    assert_int_equal(ck_check_files(&files->rollout, &files->complaints, &err), CK_OK);
    ck_complaints_sort(&files->complaints);
}

static void expect_bad(const char *rows, const char *policy, size_t line, const char *part)
{
    CK_CLEANUP(files_clear) struct files files;

    read_files(&files, rows, policy);
    assert_complaint(&files.complaints, 0, line, part);
    assert_int_equal(files.complaints.count, 1);
}

static void expect_good(const char *rows, const char *policy)
{
    CK_CLEANUP(files_clear) struct files files;

    read_files(&files, rows, policy);
    assert_none(&files.complaints);
}

static void test_groups_and_labels(void **state)
{
    (void)state;
    expect_good("a@b.test,,totp,,reset-password,,\n", "");
    expect_bad("a@b.test,,totp,,reset-password,,staff\n", "", 2, "no group 'staff'");
    expect_good("a@b.test,,totp,,reset-password,,staff\n", "[staff]\n");
    expect_bad("a@b.test,,passkey,key,reset-password,,\n", "", 2, "all get the same label");
    expect_good("a@b.test,,passkey,key,reset-password,,\n", "[default]\nkeys = 1\n");
    expect_good("a@b.test,,passkey,key {n},reset-password,,\n", "");
    expect_good("a@b.test,,totp,key,reset-password,,\n", "");
    expect_bad("a@b.test,,passkey,,reset-password,,\n", "[default]\nlabel = x\n", 2, "all get");
    expect_bad("a@b.test,,totp,{account}{account}{account}{account}{account}{account}{account}"
               "{account}{account}{account}{account}{account}{account}{account}{account}{account}"
               "{account}{account}{account}{account}{account}{account}{account}{account}{account},"
               "reset-password,,\n"
               "abcdefghijklmnop@b.test,,totp,{account}{account}{account}{account}{account}"
               "{account}{account}{account}{account}{account}{account}{account},reset-password,,\n",
               "", 3, "longer than the server takes");
}

static void test_rows_of_one_account(void **state)
{
    (void)state;
    expect_bad("a@b.test,,totp,x,reset-password,,\nb@b.test,,totp,x,reset-password,,\n"
               "A@B.test,mailbox,totp,x,reset-password,,\n",
               "", 4, "same account, method and label as in line 2");
    expect_bad(
        "a@b.test,,totp,,reset-password,,\na@b.test,,totp,cowkey {serial},reset-password,,\n", "",
        3, "same account, method and label");
    expect_good("a@b.test,,totp,x,reset-password,,\na@b.test,,passkey,x {n},reset-password,,\n"
                "a@b.test,,webauthn,x {n},reset-password,,\na@b.test,,totp,y,reset-password,,\n"
                "a,admin,totp,x,reset-password,,\na,domain-admin,totp,x,reset-password,,\n",
                "");
    expect_bad("a@b.test,,totp,x,reset-password,,\na@b.test,,passkey,,log-in-as,,\n", "", 3,
               "another route into the account than line 2");
    expect_bad("a@b.test,,totp,x,reset-password,,\na@b.test,,totp,y,reset-password,,x\n", "[x]\n",
               3, "another group than line 2");
}

static void test_secrets(void **state)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = secret_of("a,hunter2\n");
    CK_CLEANUP(ck_secrets_clear) struct ck_secrets secrets = {0};
    CK_CLEANUP(files_clear) struct files files;
    struct ck_error err;

    (void)state;
    read_files(&files, "a@b.test,,totp,x,password,secret:a,\na@b.test,,totp,y,password,secret:b,\n",
               "");
    assert_complaint(&files.complaints, 0, 2, "none was given");
    assert_complaint(&files.complaints, 1, 3, "none was given");
    assert_complaint(&files.complaints, 2, 3, "another password_ref");
    ck_complaints_clear(&files.complaints);
    assert_int_equal(ck_secrets_parse(text, &secrets, &files.complaints, &err), CK_OK);
    files.rollout.secrets = &secrets;
    assert_int_equal(ck_check_files(&files.rollout, &files.complaints, &err), CK_OK);
    assert_complaint(&files.complaints, 0, 3, "no entry");
    assert_int_equal(files.complaints.count, 2);
}

static void test_password_files(void **state)
{
    (void)state;
    expect_bad("a@b.test,,totp,,password,file:rollout-none.tmp,\n", "", 2, "could not be opened");
    FILE *file = fopen("rollout-check.tmp", "we");
    assert_non_null(file);
    fputs("hunter2\n", file);
    fclose(file);
    assert_int_equal(chmod("rollout-check.tmp", 0644), 0);
    expect_bad("a@b.test,,totp,,password,file:rollout-check.tmp,\n", "", 2, "others may read");
    assert_int_equal(chmod("rollout-check.tmp", 0600), 0);
    expect_good("a@b.test,,totp,,password,file:rollout-check.tmp,\n", "");
    unlink("rollout-check.tmp");
}

static void test_counts(void **state)
{
    CK_CLEANUP(files_clear) struct files files;
    struct ck_check_counts counts;
    struct ck_error err;

    (void)state;
    read_files(&files,
               "a@b.test,,totp,app {serial},reset-password,,\n"
               "a@b.test,,webauthn,,reset-password,,\n"
               "a@b.test,,passkey,p {n},reset-password,,\n"
               "b@b.test,,totp,,reset-password,,staff\n"
               "c@b.test,,passkey,,log-in-as,,staff\n",
               "[default]\nreset = yes\n[staff]\nkeys = 3\nproof = recorded\nreset = no\n");
    assert_none(&files.complaints);
    assert_int_equal(ck_check_count(&files.rollout, &counts, &err), CK_OK);
    assert_int_equal(counts.accounts, 3);
    assert_int_equal(counts.factors, 1 + 2 + 2 + 1 + 3);
    assert_int_equal(counts.methods[CK_ROLLOUT_TOTP], 2);
    assert_int_equal(counts.methods[CK_ROLLOUT_WEBAUTHN], 2);
    assert_int_equal(counts.methods[CK_ROLLOUT_PASSKEY], 5);
    assert_int_equal(counts.routes[CK_ROUTE_RESET_PASSWORD], 4);
    assert_int_equal(counts.routes[CK_ROUTE_LOG_IN_AS], 1);
    assert_int_equal(counts.resets, 2);
    assert_int_equal(counts.registrations, 7);
    assert_int_equal(counts.proofs, 4);
    assert_int_equal(counts.serial_keys, 2 + 3);
    assert_int_equal(counts.serial_apps, 1);
}

/* --- the server --- */

static const struct ck_account admin = {"admin", CK_ROLE_ADMIN};
static const struct ck_account domain_admin = {"da1", CK_ROLE_DOMAIN_ADMIN};

static enum ck_err check(const char *rows, const struct ck_account *login,
                         struct ck_check_found *found, struct ck_error *err)
{
    CK_CLEANUP(files_clear) struct files files;
    struct ck_session session;
    const struct ck_operator by = {.session = login != NULL ? &session : NULL, .account = login};

    server.login = login;
    read_files(&files, rows, "");
    return ck_check_server(&files.plan, NULL, 0, &by, depth, NULL, NULL, found, err);
}

static void expect_problem(const char *row, const struct ck_account *login, const char *part)
{
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    assert_int_equal(check(row, login, &found, &err), CK_OK);
    assert_complaint(&found.problems, 0, 2, part);
    assert_int_equal(found.problems.count, 1);
    assert_int_equal(found.mail_programs_count, 0);
}

static void expect_runs(const char *row, const struct ck_account *login)
{
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    assert_int_equal(check(row, login, &found, &err), CK_OK);
    assert_none(&found.problems);
}

static const char reset_a[] = "a@b.test,,totp,,reset-password,,\n";
static const char passkey_a[] = "a@b.test,,passkey,,log-in-as,,\n";
static const char passkey_da1[] = "da1,domain-admin,passkey,,sign-on,,\n";

static void test_accounts(void **state)
{
    (void)state;
    expect_problem(reset_a, NULL, "no such account");
    struct ck_record *a = add("a@b.test", NULL);
    expect_runs(reset_a, NULL);
    expect_runs(reset_a, &admin);
    expect_runs(reset_a, &domain_admin);
    a->active = false;
    expect_problem(reset_a, NULL, "deactivated");
    expect_problem(passkey_a, &admin, "deactivated");
}

static void test_routes(void **state)
{
    (void)state;
    add("a@b.test", NULL);
    add("da1", "domain-admin");
    expect_problem(passkey_a, NULL, "needs the login");
    expect_runs(passkey_a, &admin);
    expect_runs(passkey_a, &domain_admin);
    expect_runs(passkey_da1, NULL);
    expect_problem(passkey_da1, &admin, "needs an API key");
    expect_problem(passkey_da1, &domain_admin, "the account that you log in with");
    expect_problem("da2,domain-admin,totp,,reset-password,,\n", &domain_admin,
                   "a domain admin manages mailboxes");
    expect_problem("admin,,totp,,reset-password,,\n", &admin, "the account that you log in with");
}

static void test_what_stands_in_the_way(void **state)
{
    struct ck_record *a = add("a@b.test", NULL), *da1 = add("da1", "domain-admin");
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    (void)state;
    da1->tfa_active = 1;
    expect_problem("da1,domain-admin,totp,,reset-password,,\n", NULL, "second factor already");
    expect_runs(passkey_da1, NULL);
    static const char *const sources_rows[] = {reset_a, "a@b.test,,passkey,,log-in-as,,\n"};
    static const enum ck_authsource sources[] = {CK_AUTHSOURCE_LDAP, CK_AUTHSOURCE_KEYCLOAK,
                                                 CK_AUTHSOURCE_OIDC, CK_AUTHSOURCE_OTHER};
    for (size_t i = 0; i < 4; i++) {
        a->authsource = sources[i];
        expect_problem(sources_rows[0], &admin, "not kept by mailcow");
        expect_problem(sources_rows[1], &admin, "no passkeys");
    }
    a->authsource = CK_AUTHSOURCE_MAILCOW;
    a->force_pw_update = -1;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(found.changes_unforced, 1);
}

/* With a password, which lies in a file. */
static void test_the_route_password(void **state)
{
    static const char row[] = "a@b.test,,totp,,password,file:rollout-check.tmp,\n";
    static const char own[] = "da1,domain-admin,totp,,password,file:rollout-check.tmp,\n";
    struct ck_record *a = add("a@b.test", NULL);
    FILE *file = fopen("rollout-check.tmp", "we");

    (void)state;
    assert_non_null(file);
    fputs("hunter2\n", file);
    fclose(file);
    assert_int_equal(chmod("rollout-check.tmp", 0600), 0);
    expect_runs(row, NULL);
    a->force_pw_update = 1;
    expect_problem(row, NULL, "has to change its password");
    a->force_tfa = -1; /* a release that holds nobody */
    expect_runs(row, NULL);
    a->authsource = CK_AUTHSOURCE_LDAP;
    expect_runs(row, NULL);
    a->authsource = CK_AUTHSOURCE_KEYCLOAK;
    expect_problem(row, NULL, "no second factors");
    server.unreadable = "da1";
    expect_runs(own, &domain_admin);
    unlink("rollout-check.tmp");
}

static void test_mail_programs(void **state)
{
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    (void)state;
    add("a@b.test", NULL);
    add("b@b.test", NULL);
    add("da1", "domain-admin");
    assert_int_equal(check("a@b.test,,totp,,reset-password,,\nda1,domain-admin,totp,,"
                           "reset-password,,\nb@b.test,,passkey,,reset-password,,\n"
                           "a@b.test,,totp,y,reset-password,,\n",
                           NULL, &found, &err),
                     CK_OK);
    assert_int_equal(server.app_reads, 1);
    assert_int_equal(found.mail_programs_count, 1);
    assert_string_equal(found.mail_programs[0], "a@b.test");
    ck_check_found_clear(&found);
    server.app_passwords = 2;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(found.mail_programs_count + found.mail_programs_unknown, 0);
    server.app_passwords = -1;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(found.mail_programs_unknown, 1);
}

/* A run does not ask what only a check tells. */
static void test_mail_programs_of_a_run(void **state)
{
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    (void)state;
    add("a@b.test", NULL);
    depth = CK_CHECK_TO_RUN;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(server.app_reads, 0);
    assert_int_equal(found.mail_programs_count + found.mail_programs_unknown, 0);
}

static void test_enforcement(void **state)
{
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(found.enforceable, -1);
    ck_check_found_clear(&found);
    add("a@b.test", NULL)->force_tfa = -1;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(found.enforceable, 0);
    ck_check_found_clear(&found);
    server.records[0].force_tfa = 0;
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_OK);
    assert_int_equal(found.enforceable, 1);
}

/* count accounts of the domain, those from first on. */
static void crowd_rows(char *rows, const char *domain, int first, int count)
{
    for (int i = first; i < first + count; i++)
        sprintf(rows + strlen(rows), "m%02d@%s,,passkey,,reset-password,,\n", i, domain);
}

static void test_crowds_are_read_at_once(void **state)
{
    char rows[8192] = "", name[32];
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    (void)state;
    for (int i = 0; i < CK_CHECK_LIST_FROM; i++) {
        sprintf(name, "m%02d@b.test", i);
        add(name, NULL);
    }
    crowd_rows(rows, "b.test", 0, CK_CHECK_LIST_FROM - 1);
    assert_int_equal(check(rows, NULL, &found, &err), CK_OK);
    assert_none(&found.problems);
    assert_int_equal(server.reads, CK_CHECK_LIST_FROM - 1);
    assert_int_equal(server.lists, 0);
    ck_check_found_clear(&found);

    /* One is not in the list, and there all the same; another one is not there. */
    server.reads = 0;
    server.unlisted = "m03@b.test";
    crowd_rows(rows, "b.test", CK_CHECK_LIST_FROM - 1, 2);
    assert_int_equal(check(rows, NULL, &found, &err), CK_OK);
    assert_int_equal(server.lists, 1);
    assert_int_equal(server.reads, 2);
    assert_int_equal(found.problems.count, 1);
    assert_complaint(&found.problems, 0, 2 + CK_CHECK_LIST_FROM, "m16@b.test: ");
    ck_check_found_clear(&found);

    rows[0] = '\0';
    crowd_rows(rows, "nowhere.test", 0, CK_CHECK_LIST_FROM);
    assert_int_equal(check(rows, NULL, &found, &err), CK_OK);
    assert_int_equal(found.problems.count, CK_CHECK_LIST_FROM);
}

/* A list that breaks off proves nothing: what it told so far may be wrong, too. */
static void expect_asked_singly(const char *part)
{
    char rows[8192] = "", name[32];
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    for (int i = 0; i < CK_CHECK_LIST_FROM; i++) {
        sprintf(name, "m%02d@b.test", i);
        add(name, NULL);
    }
    crowd_rows(rows, "b.test", 0, CK_CHECK_LIST_FROM + 1);
    assert_int_equal(check(rows, NULL, &found, &err), CK_OK);
    assert_int_equal(server.lists, 1);
    assert_int_equal(server.reads, CK_CHECK_LIST_FROM + 1);
    assert_int_equal(found.asked_singly, CK_CHECK_LIST_FROM + 1);
    assert_error(&found.singly_cause, CK_ERR_UNREACHABLE, part);
    assert_int_equal(found.problems.count, 1);
    assert_complaint(&found.problems, 0, 2 + CK_CHECK_LIST_FROM, "m16@b.test: ");
}

static void test_a_list_that_is_not_to_be_had(void **state)
{
    (void)state;
    server.list_error = "too large";
    expect_asked_singly("too large");
}

static void test_a_list_with_somebody_twice(void **state)
{
    (void)state;
    server.twice = true;
    expect_asked_singly("'m15@b.test' twice");
}

static void test_the_server_goes_away_at_a_list(void **state)
{
    char rows[8192] = "";
    struct ck_check_found found = {.enforceable = 77};
    struct ck_error err;

    (void)state;
    add("m00@b.test", NULL);
    server.list_error = "too slow";
    server.unreadable = "m03@b.test";
    crowd_rows(rows, "b.test", 0, CK_CHECK_LIST_FROM);
    assert_int_equal(check(rows, NULL, &found, &err), CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, "gone");
    assert_int_equal(found.enforceable, 77);
}

static void test_some_rows_only(void **state)
{
    static const struct ck_operator by = {0};
    static const uint32_t rows[] = {2, 0};
    CK_CLEANUP(files_clear) struct files files;
    CK_CLEANUP(ck_check_found_clear) struct ck_check_found found = {0};
    struct ck_error err;

    (void)state;
    snprintf(add("c@b.test", NULL)->display_name, CK_DISPLAY_NAME_MAX, "C");
    read_files(&files,
               "a@b.test,,passkey,,reset-password,,\nb@b.test,,passkey,,reset-password,,\n"
               "c@b.test,,passkey,,reset-password,,\n",
               "");
    assert_int_equal(
        ck_check_server(&files.plan, rows, 2, &by, CK_CHECK_TO_RUN, NULL, NULL, &found, &err),
        CK_OK);
    assert_int_equal(server.reads, 2);
    assert_int_equal(found.problems.count, 1);
    assert_complaint(&found.problems, 0, 2, "a@b.test: ");
    assert_null(ck_plan_item(&files.plan, 0).display_name);
    assert_string_equal(ck_plan_item(&files.plan, 2).display_name, "C");
}

static void test_the_server_goes_away(void **state)
{
    struct ck_check_found found = {.enforceable = 77};
    struct ck_error err;

    (void)state;
    server.unreadable = "a@b.test";
    assert_int_equal(check(reset_a, NULL, &found, &err), CK_ERR_UNREACHABLE);
    assert_error(&err, CK_ERR_UNREACHABLE, "gone");
    assert_int_equal(found.enforceable, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_and_labels),
        cmocka_unit_test(test_rows_of_one_account),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_password_files),
        cmocka_unit_test(test_counts),
        cmocka_unit_test_setup(test_accounts, set_up),
        cmocka_unit_test_setup(test_routes, set_up),
        cmocka_unit_test_setup(test_what_stands_in_the_way, set_up),
        cmocka_unit_test_setup(test_the_route_password, set_up),
        cmocka_unit_test_setup(test_mail_programs, set_up),
        cmocka_unit_test_setup(test_mail_programs_of_a_run, set_up),
        cmocka_unit_test_setup(test_enforcement, set_up),
        cmocka_unit_test_setup(test_crowds_are_read_at_once, set_up),
        cmocka_unit_test_setup(test_a_list_that_is_not_to_be_had, set_up),
        cmocka_unit_test_setup(test_a_list_with_somebody_twice, set_up),
        cmocka_unit_test_setup(test_the_server_goes_away, set_up),
        cmocka_unit_test_setup(test_the_server_goes_away_at_a_list, set_up),
        cmocka_unit_test_setup(test_some_rows_only, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
