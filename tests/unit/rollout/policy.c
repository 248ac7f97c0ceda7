#include "cowkey/rollout/policy.h"

#include "complaints.h"
#include "cowkey/base/cleanup.h"

static struct ck_policy parse(const char *text, struct ck_complaints *complaints)
{
    struct ck_policy policy = {0};
    struct ck_error err;

    assert_int_equal(ck_policy_parse(text, strlen(text), &policy, complaints, &err), CK_OK);
    return policy;
}

static struct ck_policy parse_good(const char *text)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_policy policy = parse(text, &complaints);

    assert_none(&complaints);
    return policy;
}

static void expect_bad(const char *text, size_t line, const char *part)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_policy_clear) struct ck_policy policy = parse(text, &complaints);

    assert_complaint(&complaints, 0, line, part);
    assert_int_equal(complaints.count, 1);
    assert_true(policy.count > 0);
}

static void assert_built_in(const struct ck_policy_group *group)
{
    assert_string_equal(group->name, "default");
    assert_int_equal(group->keys, 2);
    assert_int_equal(group->aaguids_count, 0);
    assert_int_equal(group->firmware_min, 0);
    assert_false(group->attestation);
    assert_string_equal(group->roots_path, "");
    assert_null(group->roots);
    assert_int_equal(group->pin, CK_PIN_TYPED);
    assert_false(group->reset);
    assert_int_equal(group->proof, CK_ROLLOUT_PROOF_LOGIN);
    assert_string_equal(group->label, "cowkey {serial}");
    assert_string_equal(group->app_password, "");
}

static void test_without_a_file(void **state)
{
    CK_CLEANUP(ck_policy_clear) struct ck_policy policy = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_policy_default(&policy, &err), CK_OK);
    assert_int_equal(policy.count, 1);
    assert_built_in(ck_policy_find(&policy, ""));
    assert_built_in(ck_policy_find(&policy, "default"));
    assert_null(ck_policy_find(&policy, "staff"));
}

static void test_empty_files(void **state)
{
    static const char *const texts[] = {"", "# nothing\n; nothing\n\n  \t\n", "\xef\xbb\xbf",
                                        "[default]"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        CK_CLEANUP(ck_policy_clear) struct ck_policy policy = parse_good(texts[i]);
        assert_int_equal(policy.count, 1);
        assert_built_in(&policy.groups[0]);
    }
}

static void test_values(void **state)
{
    CK_CLEANUP(ck_policy_clear)
    struct ck_policy policy = parse_good("\xef\xbb\xbf[staff]\r\n"
                                         "keys = 3\r\n"
                                         "aaguids=2FC0579F-8113-47EA-B116-BB5A8DB9202A,\t"
                                         "00000000-0000-0000-0000-000000000001\n"
                                         "firmware = 5.4\n"
                                         "attestation = required\n"
                                         "attestation-roots = /etc/the makers.pem\n"
                                         "pin = random\n"
                                         "pin-length = 12\n"
                                         "pin-change = no\n"
                                         "reset = yes\n"
                                         "proof = recorded\n"
                                         "label = {account}: {n} = {serial}  ö # x\n"
                                         "app-password = mail programs\n");
    const struct ck_policy_group *group = ck_policy_find(&policy, "staff");

    (void)state;
    assert_int_equal(group->keys, 3);
    assert_int_equal(group->aaguids_count, 2);
    assert_string_equal(group->aaguids[0], "2fc0579f-8113-47ea-b116-bb5a8db9202a");
    assert_string_equal(group->aaguids[1], "00000000-0000-0000-0000-000000000001");
    assert_int_equal(group->firmware_min, 0x050400);
    assert_true(group->attestation);
    assert_string_equal(group->roots_path, "/etc/the makers.pem");
    assert_int_equal(group->roots_line, 6);
    assert_int_equal(group->pin, CK_PIN_RANDOM);
    assert_int_equal(group->pin_length, 12);
    assert_false(group->pin_change);
    assert_true(group->reset);
    assert_int_equal(group->proof, CK_ROLLOUT_PROOF_RECORDED);
    assert_string_equal(group->label, "{account}: {n} = {serial}  ö # x");
    assert_string_equal(group->app_password, "mail programs");
    assert_built_in(ck_policy_find(&policy, "default"));
}

static void test_groups_have_what_the_default_one_has(void **state)
{
    CK_CLEANUP(ck_policy_clear)
    struct ck_policy policy =
        parse_good("[a]\nkeys = 1\n[b]\n[default]\nkeys = 5\npin-length = 9\nfirmware = 255.0.1\n"
                   "aaguids = 00000000-0000-0000-0000-000000000001\n[c]\npin = random\n");
    const struct ck_policy_group *a = ck_policy_find(&policy, "a"),
                                 *b = ck_policy_find(&policy, "b");

    (void)state;
    assert_int_equal(a->keys, 1);
    assert_int_equal(b->keys, 5);
    assert_int_equal(b->aaguids_count, 1);
    assert_ptr_not_equal(b->aaguids, a->aaguids);
    assert_int_equal(a->firmware_min, 0xff0001);
    assert_int_equal(ck_policy_find(&policy, "c")->pin_length, 9);
}

/* A certificate of nobody, whose key is not kept. */
static struct ck_trust *some_roots(void)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
                              "MIIBhjCCAS2gAwIBAgIULKbx/Lk9IEFbbUkVIzx1QnV/ujswCgYIKoZIzj0EAwIw\n"
                              "GDEWMBQGA1UEAwwNTWFkZS11cCBtYWtlcjAgFw0yNjExMjgxOTA1NTVaGA8yMTI2\n"
                              "MTEwNDE5MDU1NVowGDEWMBQGA1UEAwwNTWFkZS11cCBtYWtlcjBZMBMGByqGSM49\n"
                              "AgEGCCqGSM49AwEHA0IABFMDiomH6QyIcO1+ZJSuqeujUitsUZGyG/f+vLHlfoBE\n"
                              "Xnc8rOsOIgXW/EvFSnvdBauddNLJvDUot7JnwMrMCNyjUzBRMB0GA1UdDgQWBBTA\n"
                              "XsWfAjJluUZrZ1HzRo211C1WwTAfBgNVHSMEGDAWgBTAXsWfAjJluUZrZ1HzRo21\n"
                              "1C1WwTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCICr+U5R8JaYR\n"
                              "Z/XZoCtdi/4jUprsmg16A2eO5Bnp9WwTAiATYHnUK+V3ffQYbYJe1u789+PcP4j3\n"
                              "Y79BNDlqN2FHhw==\n"
                              "-----END CERTIFICATE-----\n";
    struct ck_trust *roots = NULL;
    struct ck_error err;

    if (ck_trust_parse(pem, strlen(pem), &roots, &err) != CK_OK)
        fail_msg("%s", err.text);
    return roots;
}

static void test_roots(void **state)
{
    CK_CLEANUP(ck_policy_clear)
    struct ck_policy policy =
        parse_good("[a]\nattestation = required\n[default]\nattestation-roots = x.pem\n"
                   "[b]\nattestation = required\nattestation-roots = y.pem\n"
                   "[c]\nattestation = required\nattestation-roots = no\n[d]\nkeys = 1\n");
    const struct ck_policy_group *a = ck_policy_find(&policy, "a"),
                                 *b = ck_policy_find(&policy, "b"),
                                 *c = ck_policy_find(&policy, "c");
    struct ck_trust *x = some_roots(), *y = some_roots();
    struct ck_trust *was_x = x, *was_y = y;
    struct ck_error err;

    (void)state;
    assert_string_equal(a->roots_path, "x.pem");
    assert_int_equal(a->roots_line, 4);
    assert_string_equal(b->roots_path, "y.pem");
    assert_int_equal(b->roots_line, 7);
    assert_string_equal(c->roots_path, "");
    assert_false(ck_policy_find(&policy, "d")->attestation);
    assert_int_equal(ck_policy_give_roots(&policy, "x.pem", &x, &err), CK_OK);
    assert_int_equal(ck_policy_give_roots(&policy, "y.pem", &y, &err), CK_OK);
    assert_null(x);
    assert_ptr_equal(a->roots, was_x);
    assert_ptr_equal(b->roots, was_y);
    assert_ptr_equal(ck_policy_find(&policy, "d")->roots, was_x);
    assert_null(c->roots);
}

static void test_bad_lines(void **state)
{
    (void)state;
    expect_bad("keys = 2\n", 1, "before the first");
    expect_bad("[default]\nkees = 2\n", 2, "no group has a key 'kees'");
    expect_bad("[default]\nKeys = 2\n", 2, "no group has a key");
    expect_bad("[default]\nkeys = 2\n\nkeys = 2\n", 4, "in line 2");
    expect_bad("[default]\n[a]\n#\n[default]\n", 4, "twice, first in line 1");
    expect_bad("[a\n", 1, "no ']'");
    expect_bad("[]\n", 1, "no name of a group");
    expect_bad("[a] b\n", 1, "no ']'");
    expect_bad("[a]b]\n", 1, "no name of a group");
    expect_bad("[a]\nkeys\n", 2, "neither");
    expect_bad("[a]\n  keys = 2\n", 2, "begins with a blank");
    expect_bad("[a]\nlabel = x ;y\n", 2, "comment");
    expect_bad("[a]\nlabel = \xff\n", 2, "UTF-8");
    expect_bad("[a]\nlabel =\n", 2, "empty");
    expect_bad("[a]\nlabel = {x}\n", 2, "brace");
    expect_bad("[a]\napp-password = 0\n", 2, "app password");
    expect_bad("[a]\napp-password =\n", 2, "app password");
    expect_bad("[a]\nkeys = 0\n", 2, "1 to 8");
    expect_bad("[a]\nkeys = 9\n", 2, "1 to 8");
    expect_bad("[a]\nkeys = -1\n", 2, "1 to 8");
    expect_bad("[a]\nkeys = 0x2\n", 2, "1 to 8");
    expect_bad("[a]\nkeys = 9999999999\n", 2, "1 to 8");
    expect_bad("[a]\naaguids = 2fc0579f-8113-47ea-b116-bb5a8db9202\n", 2, "takes AAGUIDs");
    expect_bad("[a]\naaguids = 2fc0579f-8113-47ea-b116-bb5a8db9202g\n", 2, "takes AAGUIDs");
    expect_bad("[a]\naaguids = ,\n", 2, "no AAGUID");
    expect_bad("[a]\nfirmware = 5.\n", 2, "version");
    expect_bad("[a]\nfirmware = .5\n", 2, "version");
    expect_bad("[a]\nfirmware = 5.4.3.2\n", 2, "version");
    expect_bad("[a]\nfirmware = 256\n", 2, "version");
    expect_bad("[a]\nfirmware =\n", 2, "version");
    expect_bad("[a]\npin = Random\n", 2, "typed or random");
    expect_bad("[a]\npin = random\npin-length = 64\n", 3, "4 to 63");
    expect_bad("[a]\npin-length = 8\n", 2, "for 'pin = random'");
    expect_bad("[default]\npin-change = no\n", 2, "for 'pin = random'");
    expect_bad("[default]\nattestation-roots = x.pem\n", 2, "for 'attestation = required'");
    expect_bad("[a]\nattestation-roots = x.pem\n[b]\nattestation = required\n", 2,
               "for 'attestation = required'");
    expect_bad("[a]\nattestation = required\nattestation-roots =\n", 3, "takes a file");
}

static void test_nul_bytes(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_policy_clear) struct ck_policy policy = {0};
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_policy_parse("[a]\nkeys = 2\0\n", 14, &policy, &complaints, &err), CK_OK);
    assert_complaint(&complaints, 0, 2, "NUL");
}

static void test_all_bad_lines_are_told(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_policy_clear)
    struct ck_policy policy =
        parse("[a]\nkeys = x\nreset = x\n[b\nkeys = x\n[c]\n x\n", &complaints);

    (void)state;
    assert_int_equal(policy.count, 3);
    assert_int_equal(complaints.count, 4);
    assert_complaint(&complaints, 0, 2, "keys");
    assert_complaint(&complaints, 1, 3, "reset");
    assert_complaint(&complaints, 2, 4, "]");
    assert_complaint(&complaints, 3, 7, "blank");
}

static void test_bounds(void **state)
{
    char text[16 * 1024] = "[a]\nlabel = ";
    size_t head = strlen("[a]\n"), used = strlen(text);

    (void)state;
    memset(text + used, 'x', CK_POLICY_LINE_MAX + 1 - (used - head));
    text[head + CK_POLICY_LINE_MAX + 1] = '\0';
    expect_bad(text, 2, "longer than 197");
    text[head + CK_POLICY_LINE_MAX] = '\0';
    CK_CLEANUP(ck_policy_clear) struct ck_policy longest = parse_good(text);
    assert_int_equal(strlen(ck_policy_find(&longest, "a")->label), CK_POLICY_LINE_MAX - 8);

    used = 0;
    for (int i = 0; i < CK_POLICY_GROUPS_MAX; i++)
        used += (size_t)sprintf(text + used, "[group%d]\n", i);
    expect_bad(text, CK_POLICY_GROUPS_MAX, "more than 256 groups");

    CK_CLEANUP(ck_free_p) char *large = calloc(1, CK_POLICY_FILE_MAX + 1);
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_policy policy = {.count = 77};
    struct ck_error err;
    memset(large, '\n', CK_POLICY_FILE_MAX + 1);
    assert_int_equal(ck_policy_parse(large, CK_POLICY_FILE_MAX + 1, &policy, &complaints, &err),
                     CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "262144 bytes");
    assert_int_equal(policy.count, 77);
    assert_int_equal(ck_policy_parse(large, CK_POLICY_FILE_MAX, &policy, &complaints, &err), CK_OK);
    ck_policy_clear(&policy);
}

static void expect_label(const char *pattern, const char *serial, const char *wanted)
{
    char label[CK_FACTOR_LABEL_MAX];

    assert_null(ck_label_check(pattern));
    assert_true(ck_label_fill(pattern, "alice@example.test", serial, 2, label));
    assert_string_equal(label, wanted);
}

static void test_labels(void **state)
{
    char long_pattern[CK_FACTOR_LABEL_MAX + 1], label[CK_FACTOR_LABEL_MAX] = "untouched";

    (void)state;
    expect_label("", NULL, "");
    expect_label("plain } text", NULL, "plain } text");
    expect_label("{account} {serial} {n}", "12345", "alice@example.test 12345 2");
    expect_label("{account} {serial} {n}", NULL, "alice@example.test 2 2");
    expect_label("{serial}", "{n}", "{n}");
    expect_label("{serial}", "123456789012345678901234567890123",
                 "12345678901234567890123456789012");
    assert_non_null(ck_label_check("{"));
    assert_non_null(ck_label_check("{N}"));
    assert_non_null(ck_label_check("{n"));
    assert_non_null(ck_label_check("a\tb"));
    assert_non_null(ck_label_check("\x7f"));
    assert_non_null(ck_label_check("\xc3"));
    memset(long_pattern, 'x', CK_FACTOR_LABEL_MAX);
    long_pattern[CK_FACTOR_LABEL_MAX] = '\0';
    assert_non_null(ck_label_check(long_pattern));
    assert_false(ck_label_fill(long_pattern, "a", NULL, 1, label));
    long_pattern[CK_FACTOR_LABEL_MAX - 1] = '\0';
    assert_null(ck_label_check(long_pattern));
    assert_true(ck_label_fill(long_pattern, "a", NULL, 1, label));
    assert_string_equal(label, long_pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_file),
        cmocka_unit_test(test_empty_files),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_groups_have_what_the_default_one_has),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_all_bad_lines_are_told),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
