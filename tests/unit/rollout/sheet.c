#include "cowkey/rollout/sheet.h"

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "cowkey/base/cleanup.h"
#include "tests/unit/base/file.h"

#define SERVER "https://mail.example.test"
#define KEY "NOTASECRETNOTASECRETNOTASECRETAA"
#define GROUPS "NOTA SECR ETNO TASE CRET NOTA SECR ETAA"
static const char uri[] = "otpauth://totp/mail.example.test:x?secret=" KEY;
static const char other_uri[] =
    "otpauth://totp/mail.example.test:x?secret=OTHERSECRETOTHERSECRETOTHERSECRE";
static const char other_groups[] = "OTHE RSEC RETO THER SECR ETOT HERS ECRE";

static const char plan[] = "account,role,method,label,route,password_ref\n"
                           "anna@b.test,,totp,app,reset-password,\n"
                           "anna@b.test,,webauthn,key {n},reset-password,\n"
                           "\"<i>bob</i>\"\"'&@b.test\",,totp,<b>,password,secret:a\n"
                           "da1,domain-admin,passkey,key {n},sign-on,\n";
enum { ANNA = 1, BOB, DA1 };
enum { ANNA_APP = 1, ANNA_KEY_1, ANNA_KEY_2, BOB_APP, DA1_KEY_1, DA1_KEY_2 };

static int64_t now_s_ = 1795860000; /* 2026-11-28 */
static struct ck_ledger *ledger;
static struct ck_pending *pending;

static int64_t now_s(void)
{
    return now_s_;
}

/* --- a roll-out --- */

static void begin(void)
{
    CK_CLEANUP(ck_plan_clear) struct ck_plan items = {0};
    CK_CLEANUP(ck_policy_clear) struct ck_policy policy = {0};
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_rollout rollout = {.plan = &items, .policy = &policy, .directory = "."};
    struct ck_error err = {.text = ""};
    size_t kept;

    assert_int_equal(ck_policy_default(&policy, &err), CK_OK);
    if (ck_plan_parse(plan, strlen(plan), &items, &complaints, &err) != CK_OK)
        fail_msg("%s", err.text);
    if (complaints.count > 0)
        fail_msg("%s", complaints.rows[0].text);
    if (ck_ledger_open("l", &rollout, SERVER, CK_LEDGER_SAME_PLAN, now_s, &ledger, &kept, &err) !=
            CK_OK ||
        ck_pending_open("out", &pending, &err) != CK_OK)
        fail_msg("%s", err.text);
}

static void step(int64_t item, enum ck_step_event event, const char *label)
{
    struct ck_ledger_facts facts = {.label = label};
    struct ck_error err;

    if (ck_ledger_step(ledger, item, event, &facts, NULL, &err) != CK_OK)
        fail_msg("%s", err.text);
}

static void steps(int64_t item, const char *label, enum ck_step_event last)
{
    step(item, CK_STEP_PREPARE, label);
    step(item, CK_STEP_SUBMIT, NULL);
    if (last == CK_STEP_ACCEPT)
        step(item, CK_STEP_LIST, NULL);
    step(item, last, NULL);
}

static void keep(enum ck_pending_kind kind, int64_t id, unsigned n, const char *text)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = secret_of(text);
    struct ck_error err;

    if (ck_pending_put(pending, kind, id, n, secret, &err) != CK_OK)
        fail_msg("%s", err.text);
}

static bool is_kept(enum ck_pending_kind kind, int64_t id, unsigned n)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    struct ck_error err;

    assert_int_equal(ck_pending_get(pending, kind, id, n, &secret, &err), CK_OK);
    return secret != NULL;
}

static void set_password(int64_t person, enum ck_password_state last)
{
    struct ck_error err;

    for (int state = CK_PASSWORD_HANDED_OUT; state <= (int)last; state++)
        assert_int_equal(ck_ledger_password(ledger, person, (enum ck_password_state)state, &err),
                         CK_OK);
}

static void set_pin(int64_t person, unsigned n, enum ck_key_pin_state last)
{
    struct ck_ledger_key key = {.person = person, .n = n, .serial = "4711"};
    struct ck_error err;

    strcpy(key.aaguid, "2fc0579f-8113-47ea-b116-bb5a8db9202a");
    for (int state = CK_KEY_PIN_ITS_OWN; state <= (int)last; state++) {
        key.pin = (enum ck_key_pin_state)state;
        assert_int_equal(ck_ledger_put_key(ledger, &key, &err), CK_OK);
    }
}

/* Anna has all there is. */
static void enroll_anna(void)
{
    struct ck_error err;

    keep(CK_PENDING_PASSWORD, ANNA, 0, "No<t&Pass");
    keep(CK_PENDING_APP_PASSWORD, ANNA, 0, "Not-An-App-Password");
    keep(CK_PENDING_TOTP, ANNA_APP, 0, uri);
    keep(CK_PENDING_PIN, ANNA, 1, "10203040");
    keep(CK_PENDING_PIN, ANNA, 2, "50607080");
    set_password(ANNA, CK_PASSWORD_TO_CHANGE);
    assert_int_equal(ck_ledger_app_password(ledger, ANNA, 7, &err), CK_OK);
    steps(ANNA_APP, "app", CK_STEP_ACCEPT);
    steps(ANNA_KEY_1, "key 1", CK_STEP_ACCEPT);
    steps(ANNA_KEY_2, "key 2", CK_STEP_ACCEPT);
    set_pin(ANNA, 1, CK_KEY_PIN_TO_CHANGE);
    set_pin(ANNA, 2, CK_KEY_PIN_TO_CHANGE);
}

/* --- sheets --- */

static struct ck_sheets sheets_of(const struct ck_seal *seal)
{
    return (struct ck_sheets){ledger, pending, seal, now_s_};
}

static size_t make(int64_t person, const struct ck_seal *seal)
{
    const struct ck_sheets sheets = sheets_of(seal);
    struct ck_error err;
    size_t count = 77;

    if (ck_sheets_make(&sheets, person, &count, &err) != CK_OK)
        fail_msg("%s", err.text);
    return count;
}

static size_t delete_all(int64_t person)
{
    const struct ck_sheets sheets = sheets_of(NULL);
    struct ck_error err;
    size_t count = 77;

    if (ck_sheets_delete(&sheets, person, &count, &err) != CK_OK)
        fail_msg("%s", err.text);
    return count;
}

static enum ck_sheets_state look(int64_t person, const struct ck_seal *seal)
{
    const struct ck_sheets sheets = sheets_of(seal);
    struct ck_sheets_look found;
    struct ck_error err;

    if (ck_sheets_look(&sheets, person, &found, &err) != CK_OK)
        fail_msg("%s", err.text);
    return found.state;
}

static void assert_page(const char *path, const char *part, bool there)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *page = NULL;
    struct ck_error err;

    if (ck_file_read(path, CK_SECRET_MAX, "the page", &page, &err) != CK_OK)
        fail_msg("%s", err.text);
    if ((strstr(ck_secret_bytes(page), part) != NULL) != there)
        fail_msg("%s %s '%s'", path, there ? "lacks" : "has", part);
}

#define ANNAS_SHEET "out/sheets/000001-anna@b.test.html"
#define BOBS_SHEET "out/sheets/000002-_i_bob__i____@b.test.html"
#define ANNAS_FIRST_LETTER "out/letters/000001-anna@b.test-key-1.html"
#define ANNAS_OTHER_LETTER "out/letters/000001-anna@b.test-key-2.html"

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void test_all_there_is(void **state)
{
    static const char *const parts[] = {">No&lt;t&amp;Pass<",
                                        ">Not-An-App-Password<",
                                        GROUPS,
                                        "<svg",
                                        "key 1",
                                        "key 2",
                                        "serial number 4711",
                                        "YubiKey 5",
                                        "anna@b.test",
                                        "href=\"" SERVER "/\"",
                                        "Set a password of your own",
                                        "letter of its own"};
    struct stat status;

    (void)state;
    begin();
    assert_int_equal(look(ANNA, NULL), CK_SHEETS_NOTHING);
    assert_int_equal(make(ANNA, NULL), 0);
    assert_false(exists("out/sheets"));
    enroll_anna();
    assert_int_equal(look(ANNA, NULL), CK_SHEETS_READY);
    assert_int_equal(make(ANNA, NULL), 3);
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        assert_page(ANNAS_SHEET, parts[i], true);
    assert_page(ANNAS_SHEET, "10203040", false);
    assert_page(ANNAS_FIRST_LETTER, ">10203040<", true);
    assert_page(ANNAS_FIRST_LETTER, "the key refuses to work until that is done", true);
    assert_page(ANNAS_FIRST_LETTER, "key 1", true);
    assert_page(ANNAS_FIRST_LETTER, "key 2", false);
    assert_page(ANNAS_FIRST_LETTER, "50607080", false);
    assert_page(ANNAS_FIRST_LETTER, GROUPS, false);
    assert_page(ANNAS_OTHER_LETTER, ">50607080<", true);
    assert_int_equal(stat(ANNAS_SHEET, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(stat("out/letters", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(make(BOB, NULL), 0);
    assert_int_equal(make(DA1, NULL), 0);
}

static void test_hostile_names(void **state)
{
    (void)state;
    begin();
    keep(CK_PENDING_TOTP, BOB_APP, 0, uri);
    steps(BOB_APP, "<b>", CK_STEP_ACCEPT);
    assert_int_equal(make(BOB, NULL), 1);
    assert_page(BOBS_SHEET, "&lt;i&gt;bob&lt;/i&gt;&quot;&#39;&amp;", true);
    assert_page(BOBS_SHEET, "&lt;b&gt;", true);
    assert_page(BOBS_SHEET, "<i>", false);
    assert_page(BOBS_SHEET, "<b>", false);
}

static void test_mail_programs(void **state)
{
    (void)state;
    begin();
    keep(CK_PENDING_TOTP, BOB_APP, 0, uri);
    steps(BOB_APP, "app", CK_STEP_ACCEPT);
    make(BOB, NULL);
    assert_page(BOBS_SHEET, "Each needs an <strong>app password", true);
    steps(DA1_KEY_1, "key 1", CK_STEP_ACCEPT);
    make(DA1, NULL);
    assert_page("out/sheets/000003-da1.html", "Mail programs", false);
    assert_page("out/sheets/000003-da1.html", "passkey", true);
    assert_page("out/sheets/000003-da1.html", "Whoever reads this page", false);
}

/* What failed, is not begun, skipped or being removed has no place on paper. */
static void test_what_is_not_there_is_not_on_it(void **state)
{
    (void)state;
    begin();
    keep(CK_PENDING_TOTP, ANNA_APP, 0, uri);
    keep(CK_PENDING_PIN, ANNA, 1, "10203040");
    step(ANNA_APP, CK_STEP_PREPARE, "app");
    set_pin(ANNA, 1, CK_KEY_PIN_SET);
    assert_int_equal(make(ANNA, NULL), 0);
    step(ANNA_APP, CK_STEP_SUBMIT, NULL);
    step(ANNA_APP, CK_STEP_FAIL, NULL);
    assert_int_equal(make(ANNA, NULL), 0);
    steps(ANNA_KEY_2, "key 2", CK_STEP_ACCEPT);
    assert_int_equal(make(ANNA, NULL), 1);
    assert_page(ANNAS_SHEET, GROUPS, false);
    assert_page(ANNAS_SHEET, "<svg", false);
    assert_page(ANNAS_SHEET, "key 2", true);
    assert_true(is_kept(CK_PENDING_TOTP, ANNA_APP, 0));
    assert_true(is_kept(CK_PENDING_PIN, ANNA, 1));
    step(ANNA_KEY_2, CK_STEP_UNDO, NULL);
    now_s_++;
    steps(ANNA_KEY_1, "key 1", CK_STEP_ACCEPT);
    assert_int_equal(make(ANNA, NULL), 2);
    assert_page(ANNAS_SHEET, "key 2", false);
    assert_page(ANNAS_FIRST_LETTER, ">10203040<", true);
}

static void test_unknown_ones_carry_a_warning(void **state)
{
    (void)state;
    begin();
    keep(CK_PENDING_TOTP, ANNA_APP, 0, uri);
    keep(CK_PENDING_PASSWORD, ANNA, 0, "Not-A-Password");
    keep(CK_PENDING_PIN, ANNA, 1, "10203040");
    set_password(ANNA, CK_PASSWORD_HANDED_OUT);
    set_pin(ANNA, 1, CK_KEY_PIN_HANDED_OUT);
    steps(ANNA_APP, "app", CK_STEP_LOSE);
    steps(ANNA_KEY_1, "key 1", CK_STEP_LOSE);
    assert_int_equal(make(ANNA, NULL), 2);
    assert_page(ANNAS_SHEET, GROUPS, true);
    assert_page(ANNAS_SHEET, "Not-A-Password", true);
    assert_page(ANNAS_SHEET, "not certain", true);
    assert_page(ANNAS_SHEET, "key 1", false);
    assert_page(ANNAS_FIRST_LETTER, "not certain", true);
}

/* --- again --- */

static void test_a_sheet_is_replaced_while_its_secrets_are_pending(void **state)
{
    (void)state;
    begin();
    keep(CK_PENDING_TOTP, ANNA_APP, 0, uri);
    steps(ANNA_APP, "app", CK_STEP_ACCEPT);
    assert_int_equal(make(ANNA, NULL), 1);
    now_s_++;
    steps(ANNA_KEY_1, "key 1", CK_STEP_ACCEPT);
    assert_int_equal(make(ANNA, NULL), 1);
    assert_page(ANNAS_SHEET, GROUPS, true);
    assert_page(ANNAS_SHEET, "key 1", true);
    assert_false(exists("out/sheets/000001-anna@b.test-2.html"));
}

static void test_delete(void **state)
{
    (void)state;
    begin();
    enroll_anna();
    assert_int_equal(delete_all(ANNA), 0);
    make(ANNA, NULL);
    assert_int_equal(delete_all(ANNA), 3);
    assert_false(exists(ANNAS_SHEET) || exists(ANNAS_FIRST_LETTER) || exists(ANNAS_OTHER_LETTER));
    assert_false(is_kept(CK_PENDING_TOTP, ANNA_APP, 0));
    assert_false(is_kept(CK_PENDING_PASSWORD, ANNA, 0));
    assert_false(is_kept(CK_PENDING_APP_PASSWORD, ANNA, 0));
    assert_false(is_kept(CK_PENDING_PIN, ANNA, 1));
    assert_false(is_kept(CK_PENDING_PIN, ANNA, 2));
    assert_int_equal(look(ANNA, NULL), CK_SHEETS_AGAIN);
    assert_int_equal(make(ANNA, NULL), 0);
    assert_int_equal(delete_all(ANNA), 0);
}

/* A secret that was replaced after the sheet was printed is on no paper. */
static void test_delete_keeps_what_is_on_no_sheet(void **state)
{
    struct ck_error err;

    (void)state;
    begin();
    keep(CK_PENDING_TOTP, BOB_APP, 0, uri);
    steps(BOB_APP, "app", CK_STEP_ACCEPT);
    make(BOB, NULL);
    assert_int_equal(ck_pending_remove(pending, CK_PENDING_TOTP, BOB_APP, 0, &err), CK_OK);
    keep(CK_PENDING_TOTP, BOB_APP, 0, other_uri);
    assert_int_equal(delete_all(BOB), 1);
    assert_true(is_kept(CK_PENDING_TOTP, BOB_APP, 0));
    assert_int_equal(make(BOB, NULL), 1);
    assert_page("out/sheets/000002-_i_bob__i____@b.test-2.html", other_groups, true);
}

static void test_delete_keeps_what_a_run_needs(void **state)
{
    (void)state;
    begin();
    keep(CK_PENDING_TOTP, ANNA_APP, 0, uri);
    steps(ANNA_APP, "app", CK_STEP_ACCEPT);
    make(ANNA, NULL);
    assert_int_equal(delete_all(ANNA), 1);
    assert_true(is_kept(CK_PENDING_TOTP, ANNA_APP, 0));
    assert_int_equal(make(ANNA, NULL), 1);
}

static void test_one_removed_by_hand_is_made_again(void **state)
{
    (void)state;
    begin();
    steps(DA1_KEY_1, "key 1", CK_STEP_ACCEPT);
    assert_int_equal(make(DA1, NULL), 1);
    assert_int_equal(make(DA1, NULL), 0);
    assert_int_equal(unlink("out/sheets/000003-da1.html"), 0);
    assert_int_equal(make(DA1, NULL), 1);
}

static void test_another_directory(void **state)
{
    struct ck_error err;
    size_t count = 77;

    (void)state;
    begin();
    steps(BOB_APP, "app", CK_STEP_ACCEPT); /* its secret was kept elsewhere */
    const struct ck_sheets sheets = sheets_of(NULL);
    assert_int_equal(ck_sheets_make(&sheets, BOB, &count, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "not among the hand-outs");
    assert_int_equal(count, 77);
    assert_false(exists("out/sheets"));
}

/* --- sealed --- */

static EVP_PKEY *recipient;

static struct ck_seal *seal_for(void)
{
    struct ck_seal *seal = NULL;
    struct ck_error err;
    X509 *certificate = X509_new();
    FILE *to = fopen("cert.pem", "w");

    recipient = EVP_EC_gen("P-256");
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), now_s_ - 60);
    ASN1_TIME_set(X509_getm_notAfter(certificate), now_s_ + 3600);
    X509_set_pubkey(certificate, recipient);
    X509_sign(certificate, recipient, EVP_sha256());
    PEM_write_X509(to, certificate);
    fclose(to);
    X509_free(certificate);
    if (ck_seal_load("cert.pem", now_s_, &seal, &err) != CK_OK)
        fail_msg("%s", err.text);
    return seal;
}

static void assert_sealed_page(const char *path, const char *part, bool there)
{
    BIO *from = BIO_new_file(path, "r"), *to = BIO_new(BIO_s_mem());
    CMS_ContentInfo *message = from != NULL ? d2i_CMS_bio(from, NULL) : NULL;
    char *text;

    assert_non_null(message);
    assert_int_equal(CMS_decrypt(message, recipient, NULL, NULL, to, CMS_BINARY), 1);
    long size = BIO_get_mem_data(to, &text);
    if ((memmem(text, (size_t)size, part, strlen(part)) != NULL) != there)
        fail_msg("%s %s '%s'", path, there ? "lacks" : "has", part);
    CMS_ContentInfo_free(message);
    BIO_free(from);
    BIO_free(to);
}

static void test_sealed(void **state)
{
    (void)state;
    begin();
    struct ck_seal *seal = seal_for();
    enroll_anna();
    assert_int_equal(make(ANNA, seal), 3);
    assert_false(exists(ANNAS_SHEET));
    assert_sealed_page(ANNAS_SHEET ".cms", GROUPS, true);
    assert_sealed_page(ANNAS_SHEET ".cms", "Not-An-App-Password", true);
    assert_sealed_page(ANNAS_FIRST_LETTER ".cms", ">10203040<", true);
    assert_page(ANNAS_SHEET ".cms", "anna", false);
    assert_false(is_kept(CK_PENDING_TOTP, ANNA_APP, 0));
    assert_false(is_kept(CK_PENDING_PASSWORD, ANNA, 0));
    assert_false(is_kept(CK_PENDING_APP_PASSWORD, ANNA, 0));
    assert_false(is_kept(CK_PENDING_PIN, ANNA, 1));
    assert_int_equal(make(ANNA, seal), 0);
    assert_int_equal(make(ANNA, NULL), 0);
    /* News comes on a sheet of its own, beside the one that has the secrets. */
    now_s_++;
    step(ANNA_KEY_1, CK_STEP_UNDO, NULL);
    step(ANNA_KEY_1, CK_STEP_GONE, NULL);
    now_s_++;
    steps(ANNA_KEY_1, "key 1 anew", CK_STEP_ACCEPT);
    assert_int_equal(make(ANNA, NULL), 1);
    assert_page("out/sheets/000001-anna@b.test-2.html", "key 1 anew", true);
    assert_page("out/sheets/000001-anna@b.test-2.html", "earlier sheet", true);
    assert_sealed_page(ANNAS_SHEET ".cms", GROUPS, true);
    assert_int_equal(delete_all(ANNA), 4);
    assert_false(exists(ANNAS_SHEET ".cms"));
    ck_seal_free(&seal);
    EVP_PKEY_free(recipient);
}

static void test_not_sealed_before_the_run_is_done(void **state)
{
    (void)state;
    begin();
    struct ck_seal *seal = seal_for();
    keep(CK_PENDING_TOTP, ANNA_APP, 0, uri);
    steps(ANNA_APP, "app", CK_STEP_ACCEPT);
    assert_int_equal(look(ANNA, seal), CK_SHEETS_EARLY);
    assert_int_equal(make(ANNA, seal), 0);
    assert_true(is_kept(CK_PENDING_TOTP, ANNA_APP, 0));
    assert_int_equal(look(ANNA, NULL), CK_SHEETS_READY);
    ck_seal_free(&seal);
    EVP_PKEY_free(recipient);
}

static void test_unknown_ones_are_sealed_and_stay(void **state)
{
    (void)state;
    begin();
    struct ck_seal *seal = seal_for();
    keep(CK_PENDING_TOTP, BOB_APP, 0, uri);
    steps(BOB_APP, "app", CK_STEP_LOSE);
    assert_int_equal(make(BOB, seal), 1);
    assert_true(is_kept(CK_PENDING_TOTP, BOB_APP, 0));
    assert_int_equal(make(BOB, seal), 0);
    assert_int_equal(delete_all(BOB), 1);
    assert_false(is_kept(CK_PENDING_TOTP, BOB_APP, 0));
    ck_seal_free(&seal);
    EVP_PKEY_free(recipient);
}

/* --- allocations --- */

static enum ck_err make_annas(struct ck_error *err)
{
    const struct ck_sheets sheets = sheets_of(NULL);
    size_t count;

    return ck_sheets_make(&sheets, ANNA, &count, err);
}

static void test_allocations_fail(void **state)
{
    (void)state;
    begin();
    enroll_anna();
    fail_each_allocation(make_annas, 40);
    assert_int_equal(make(ANNA, NULL), 3);
    assert_page(ANNAS_SHEET, GROUPS, true);
}

static int tear_down_all(void **state)
{
    ck_pending_close(&pending);
    ck_ledger_close(&ledger);
    return tear_down(state);
}

#define SHEET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHEET_TEST(test_all_there_is),
        SHEET_TEST(test_hostile_names),
        SHEET_TEST(test_mail_programs),
        SHEET_TEST(test_what_is_not_there_is_not_on_it),
        SHEET_TEST(test_unknown_ones_carry_a_warning),
        SHEET_TEST(test_a_sheet_is_replaced_while_its_secrets_are_pending),
        SHEET_TEST(test_delete),
        SHEET_TEST(test_delete_keeps_what_is_on_no_sheet),
        SHEET_TEST(test_delete_keeps_what_a_run_needs),
        SHEET_TEST(test_one_removed_by_hand_is_made_again),
        SHEET_TEST(test_another_directory),
        SHEET_TEST(test_sealed),
        SHEET_TEST(test_not_sealed_before_the_run_is_done),
        SHEET_TEST(test_unknown_ones_are_sealed_and_stay),
        SHEET_TEST(test_allocations_fail),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
