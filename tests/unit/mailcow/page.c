#include "page.h"

#include "cowkey/mailcow/factor.h"

static void expect_factor(const struct ck_page *page, size_t i, uint64_t id, const char *label)
{
    assert_true(i < page->factors_count);
    assert_int_equal(page->factors[i].id, id);
    assert_string_equal(page->factors[i].label, label);
}

static void test_login_page(void **state)
{
    struct ck_page page = parse(PAGE("", "", "<form>a login form</form>", ""));

    (void)state;
    assert_true(page.is_mailcow);
    assert_false(page.logged_in);
    assert_null(page.account);
    assert_string_equal(page.csrf, TOKEN);
    assert_false(page.confirm_factor || page.setup_factor || page.change_password);
    assert_int_equal(page.factors_state, CK_LIST_ABSENT);
    assert_int_equal(page.passkeys_state, CK_LIST_ABSENT);
    assert_int_equal(page.alerts_count, 0);
    ck_page_clear(&page);
}

static void test_factor_page_of_each_role(void **state)
{
    static const struct {
        const char *html;
        enum ck_role role;
    } pages[] = {
        {PAGE("user", HEAD_OF("a@b.test"), FACTORS("") PASSKEYS(""), ""), CK_ROLE_MAILBOX},
        {PAGE("domainadmin", HEAD_OF("a@b.test"), FACTORS("") PASSKEYS(""), ""),
         CK_ROLE_DOMAIN_ADMIN},
        {PAGE("admin", HEAD_OF("a@b.test"), FACTORS("") PASSKEYS(""), ""), CK_ROLE_ADMIN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct ck_page page = parse(pages[i].html);
        assert_true(page.is_mailcow && page.logged_in);
        assert_int_equal(page.role, pages[i].role);
        assert_string_equal(page.account, "a@b.test");
        assert_int_equal(page.factors_state, CK_LIST_PRESENT);
        assert_int_equal(page.factors_count, 0);
        assert_int_equal(page.passkeys_state, CK_LIST_PRESENT);
        assert_int_equal(page.passkeys_count, 0);
        assert_int_equal(page.marks_current, pages[i].role != CK_ROLE_DOMAIN_ADMIN);
        ck_page_clear(&page);
    }
}

static void test_factors_in_their_order(void **state)
{
    struct ck_page page =
        parse(PAGE("user", HEAD_OF("a@b.test"),
                   FACTORS(ROW("231", "my phone") ROW_AS("7", "the other", "bg-success")), ""));

    (void)state;
    assert_int_equal(page.factors_count, 2);
    expect_factor(&page, 0, 231, "my phone");
    expect_factor(&page, 1, 7, "the other");
    assert_false(page.factors[0].current);
    assert_true(page.factors[1].current);
    assert_int_equal(page.factors[0].method, CK_METHOD_UNKNOWN);
    assert_ptr_equal(ck_page_find_factor(&page, 7), &page.factors[1]);
    assert_null(ck_page_find_factor(&page, 23));
    ck_page_clear(&page);
}

/* Without the list's element nothing is known: what an outside directory's accounts get. */
static void test_absent_list_is_not_an_empty_one(void **state)
{
    struct ck_page page =
        parse(PAGE("user", HEAD_OF("a@b.test"), "<select id=\"selectTFA\"></select>", ""));

    (void)state;
    assert_true(page.logged_in);
    assert_int_equal(page.factors_state, CK_LIST_ABSENT);
    assert_int_equal(page.passkeys_state, CK_LIST_ABSENT);
    ck_page_clear(&page);

    page = parse(PAGE("user", HEAD_OF("a@b.test"), FACTORS(""), ""));
    assert_int_equal(page.factors_state, CK_LIST_PRESENT);
    assert_int_equal(page.passkeys_state, CK_LIST_ABSENT);
    ck_page_clear(&page);
}

static void test_labels_as_they_were_given(void **state)
{
    struct ck_page page =
        parse(PAGE("user", HEAD_OF("a@b.test"),
                   FACTORS(ROW("1", "My &quot;key&quot; &lt;1&gt; &amp;amp; &#039;x&#039;")
                               ROW("2", "  two  spaces   inside  ") ROW("3", "")
                                   ROW("4", "🔑 ü 日本") ROW("5", "[Remove]")),
                   ""));

    (void)state;
    assert_int_equal(page.factors_count, 5);
    expect_factor(&page, 0, 1, "My \"key\" <1> &amp; 'x'");
    expect_factor(&page, 1, 2, "two  spaces   inside");
    expect_factor(&page, 2, 3, "");
    expect_factor(&page, 3, 4, "🔑 ü 日本");
    expect_factor(&page, 4, 5, "[Remove]");
    ck_page_clear(&page);
}

static char *put_character(char *out, unsigned point)
{
    if (point >= 0x10000)
        *out++ = (char)(0xf0 | point >> 18);
    if (point >= 0x800)
        *out++ = (char)(point >= 0x10000 ? 0x80 | (point >> 12 & 0x3f) : 0xe0 | point >> 12);
    if (point >= 0x80)
        *out++ = (char)(point >= 0x800 ? 0x80 | (point >> 6 & 0x3f) : 0xc0 | point >> 6);
    *out++ = (char)(point >= 0x80 ? 0x80 | (point & 0x3f) : point);
    *out = '\0';
    return out;
}

/* Whether a label with these characters is read as it stands in the page. */
static bool is_kept(const char *label)
{
    char html[9000];
    struct ck_page page;

    snprintf(html, sizeof(html), "%s%s%s",
             "<div id=\"tfa_keys\"><form><input name=\"unset_tfa_key\" value=\"1\">"
             "<span class=\"badge\">\n ",
             label, "\n <a>x</a></span></form></div><script>\n" TOKEN_LINE "</script>");
    page = parse(html);
    bool kept = page.factors_count == 1 && strcmp(page.factors[0].label, label) == 0;
    ck_page_clear(&page);
    return kept;
}

/* Labels that the check lets pass are found again: each character, 1024 in a page. */
static void test_labels_that_are_found_again(void **state)
{
    struct ck_error err;

    (void)state;
    for (unsigned start = 0xa0; start < 0x110000; start += 1024) {
        char label[8192] = "a";
        char *end = label + 1;
        for (unsigned point = start; point < start + 1024 && point < 0x110000; point++) {
            char one[8];
            put_character(one, point);
            if (ck_factor_label_check(one, &err) == CK_OK)
                end = put_character(end, point);
            else
                assert_true(point >= 0xd800 && point < 0xe000);
        }
        if (!is_kept(label))
            fail_msg("a label with U+%04X .. is not", start);
    }
}

/* The server escapes labels, so that marks in them are text; and text counts for nothing. */
static void test_labels_fake_no_marks(void **state)
{
    struct ck_page page = parse(
        PAGE("", "",
             CONFIRM(OFFER("totp", "5",
                           "&lt;div id=&quot;SetupTFAModal&quot;&gt; id=\"ChangePWModal\" "
                           "&lt;input name=&quot;unset_tfa_key&quot; value=&quot;6&quot;&gt;")
                         OFFER("totp", "6",
                               "\n var mailcow_cc_role = 'admin';\n  $('&lt;input type=\"hidden\" "
                               "value=\"" CID_A "\"&gt;').attr('name', 'csrf_token')\n"
                               "mailcow_alert_box('x', 'success');")
                             OFFER("totp", "7", "&lt;/script&gt;&lt;/html&gt;")),
             ""));

    (void)state;
    assert_true(page.confirm_factor);
    assert_false(page.setup_factor || page.change_password || page.logged_in);
    assert_int_equal(page.factors_count, 3);
    assert_string_equal(page.factors[2].label, "</script></html>");
    assert_string_equal(page.csrf, TOKEN);
    assert_int_equal(page.alerts_count, 0);
    assert_null(page.account);
    ck_page_clear(&page);
}

/* Names of marks in the script are not marks. */
static void test_script_holds_no_elements(void **state)
{
    struct ck_page page =
        parse(PAGE("", "", "",
                   "    document.getElementById(\"ConfirmTFAModal\");\n"
                   "    x = '<div id=\"ConfirmTFAModal\"><div id=\"tfa_keys\"></div></div>';\n"));

    (void)state;
    assert_false(page.confirm_factor);
    assert_int_equal(page.factors_state, CK_LIST_ABSENT);
    ck_page_clear(&page);
}

static void test_account_in_the_head(void **state)
{
    struct ck_page page = parse(
        PAGE("user", HEAD_OF("\n o&#039;hara@b.test <span class=\"text-info\">(admin)</span> "),
             FACTORS(""), LINK_OF("somebody%40else.test")));

    (void)state;
    assert_string_equal(page.account, "o'hara@b.test");
    ck_page_clear(&page);
}

/* A held login's page has no head; not logged in, the script's link names "null". */
static void test_account_in_the_script(void **state)
{
    struct ck_page page = parse(
        PAGE("user", "", "<div id=\"SetupTFAModal\"></div>", LINK_OF("o%27hara%2Bx%40b.test")));

    (void)state;
    assert_string_equal(page.account, "o'hara+x@b.test");
    assert_true(page.setup_factor && page.logged_in);
    assert_false(page.change_password);
    ck_page_clear(&page);

    page = parse(PAGE("", "", "", LINK_OF("null")));
    assert_null(page.account);
    ck_page_clear(&page);

    page = parse(PAGE("user", "", "", LINK_OF("bad%zz")));
    assert_null(page.account);
    ck_page_clear(&page);
}

static void test_held_pages(void **state)
{
    struct ck_page page =
        parse(PAGE("admin", "", "<div id=\"ChangePWModal\"></div>", LINK_OF("admin")));

    (void)state;
    assert_true(page.change_password);
    assert_false(page.setup_factor);
    ck_page_clear(&page);

    page = parse(
        PAGE("admin", "", "<div id=\"SetupTFAModal\"></div><div id=\"ChangePWModal\"></div>", ""));
    assert_true(page.change_password && page.setup_factor);
    ck_page_clear(&page);
}

static void test_pending_login(void **state)
{
    struct ck_page page = parse(PAGE(
        "", "",
        CONFIRM(OFFER("webauthn", "35", "stick &quot;1&quot;") OFFER("totp", "231", "my phone")),
        ""));

    (void)state;
    assert_true(page.confirm_factor);
    assert_int_equal(page.factors_state, CK_LIST_PRESENT);
    assert_int_equal(page.factors_count, 2);
    expect_factor(&page, 0, 35, "stick \"1\"");
    expect_factor(&page, 1, 231, "my phone");
    assert_int_equal(page.factors[0].method, CK_METHOD_WEBAUTHN);
    assert_int_equal(page.factors[1].method, CK_METHOD_TOTP);
    assert_false(page.yubiotp_offered);
    assert_false(page.marks_current);
    ck_page_clear(&page);
}

static void test_pending_login_without_rows(void **state)
{
    struct ck_page page =
        parse(PAGE("", "", CONFIRM("<a id=\"pending_tfa_tab_yubi_otp\">Yubi OTP</a>"), ""));

    (void)state;
    assert_true(page.confirm_factor && page.yubiotp_offered);
    assert_int_equal(page.factors_count, 0);
    ck_page_clear(&page);

    /* Old U2F rows; the comment is in the real page too. */
    page = parse(PAGE("", "",
                      CONFIRM("<a href=\"#tfa_tab_u2f\">U2F</a>"
                              "<!-- <a id=\"pending_tfa_tab_yubi_otp\">HOTP</a> -->"),
                      ""));
    assert_true(page.confirm_factor);
    assert_false(page.yubiotp_offered);
    assert_int_equal(page.factors_state, CK_LIST_PRESENT);
    assert_int_equal(page.factors_count, 0);
    ck_page_clear(&page);
}

/*
 * data-subject: "Unknown (2026-11-23 08:21:24)", "Example Key Batch 1", and one digit off a date.
 */
#define SUBJECT_DATE "VW5rbm93biAoMjAyNi0xMS0yMyAwODoyMToyNCk="
#define SUBJECT_NAME "RXhhbXBsZSBLZXkgQmF0Y2ggMQ=="
#define SUBJECT_ODD "VW5rbm93biAoMjAyNi0xMS0yMyAwODoyMToyeCk="

static void test_passkeys(void **state)
{
    struct ck_page page = parse(
        PAGE("user", HEAD_OF("a@b.test"),
             FACTORS("") PASSKEYS(PASSKEY(CID_A, "", "Unknown (2026-11-23 08:21:24)", SUBJECT_DATE)
                                      PASSKEY(CID_B, "<i class=\"bi bi-unlock-fill\"></i>",
                                              "blue &lt;key&gt;", SUBJECT_DATE)),
             ""));

    (void)state;
    assert_int_equal(page.passkeys_state, CK_LIST_PRESENT);
    assert_int_equal(page.passkeys_count, 2);
    assert_string_equal(page.passkeys[0].cid, CID_A);
    assert_string_equal(page.passkeys[0].label, "Unknown (2026-11-23 08:21:24)");
    assert_string_equal(page.passkeys[0].created, "2026-11-23 08:21:24");
    assert_false(page.passkeys[0].current);
    assert_string_equal(page.passkeys[1].cid, CID_B);
    assert_string_equal(page.passkeys[1].label, "blue <key>");
    assert_string_equal(page.passkeys[1].created, "2026-11-23 08:21:24");
    assert_true(page.passkeys[1].current);
    ck_page_clear(&page);
}

static void test_passkeys_without_a_date(void **state)
{
    static const char *const pages[] = {
        PAGE("user", "", PASSKEYS(PASSKEY(CID_A, "", "Example Key Batch 1", SUBJECT_NAME)), ""),
        PAGE("user", "", PASSKEYS(PASSKEY(CID_A, "", "Unknown (x)", SUBJECT_ODD)), ""),
        PAGE("user", "", PASSKEYS(PASSKEY(CID_A, "", "x", "not base64!")), ""),
        PAGE("user", "", PASSKEYS(PASSKEY(CID_A, "", "x", "")), ""),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct ck_page page = parse(pages[i]);
        assert_int_equal(page.passkeys_count, 1);
        assert_null(page.passkeys[0].created);
        ck_page_clear(&page);
    }
}

static void test_alerts(void **state)
{
    struct ck_page page = parse(PAGE(
        "", "", "",
        "    mailcow_alert_box('Logged\\u0020in\\u0020as\\u0020a\\u0040b.test', 'success');\n"
        "      mailcow_alert_box(lang_fido2.failed, \"danger\");\n"
        "    mailcow_alert_box('Login\\x20failed\\u003Chr\\u0020class\\u003D\\u0022alert\\u002Dhr"
        "\\u0022\\u003ETwice', 'danger');\n"));

    (void)state;
    assert_int_equal(page.alerts_count, 2);
    assert_string_equal(page.alerts[0].type, "success");
    assert_string_equal(page.alerts[0].text, "Logged in as a@b.test");
    assert_string_equal(ck_page_alert(&page, "danger"), "Login failed; Twice");
    assert_string_equal(ck_page_alert(&page, NULL), "Logged in as a@b.test");
    assert_null(ck_page_alert(&page, "warning"));
    ck_page_clear(&page);
}

static void test_clear_of_nothing(void **state)
{
    struct ck_page page = {0};

    (void)state;
    ck_page_clear(&page);
    ck_page_clear(&page);
    assert_null(ck_page_find_factor(&page, 1));
    assert_null(ck_page_alert(&page, NULL));
}

static void test_method_names(void **state)
{
    (void)state;
    assert_string_equal(ck_method_name(CK_METHOD_TOTP), "totp");
    assert_string_equal(ck_method_name(CK_METHOD_WEBAUTHN), "webauthn");
    assert_string_equal(ck_method_name(CK_METHOD_YUBIOTP), "yubiotp");
    assert_string_equal(ck_method_name(CK_METHOD_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_page),
        cmocka_unit_test(test_factor_page_of_each_role),
        cmocka_unit_test(test_factors_in_their_order),
        cmocka_unit_test(test_absent_list_is_not_an_empty_one),
        cmocka_unit_test(test_labels_as_they_were_given),
        cmocka_unit_test(test_labels_that_are_found_again),
        cmocka_unit_test(test_labels_fake_no_marks),
        cmocka_unit_test(test_script_holds_no_elements),
        cmocka_unit_test(test_account_in_the_head),
        cmocka_unit_test(test_account_in_the_script),
        cmocka_unit_test(test_held_pages),
        cmocka_unit_test(test_pending_login),
        cmocka_unit_test(test_pending_login_without_rows),
        cmocka_unit_test(test_passkeys),
        cmocka_unit_test(test_passkeys_without_a_date),
        cmocka_unit_test(test_alerts),
        cmocka_unit_test(test_clear_of_nothing),
        cmocka_unit_test(test_method_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
