#include "cowkey/mailcow/page.h"

#include "cowkey/mailcow/factor.h"
#include "html_sample.h"
#include "tests/unit/base/allocation.h"

#include <libxml/xmlmemory.h>
#include <time.h>

static struct ck_page parse(const char *html)
{
    struct ck_page page = {0};
    struct ck_error err = {0};
    enum ck_err e = ck_page_parse(html, strlen(html), &page, &err);

    if (e != CK_OK)
        fail_msg("%s", err.text);
    return page;
}

static void expect_not_understood(const char *html)
{
    struct ck_page page = {.factors_count = 77};
    struct ck_error err = {0};

    assert_int_equal(ck_page_parse(html, strlen(html), &page, &err), CK_ERR_UNREACHABLE);
    assert_int_equal(err.code, CK_ERR_UNREACHABLE);
    assert_true(*err.text);
    assert_int_equal(page.factors_count, 77);
}

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
                assert_true((point >= 0xd800 && point < 0xe000) || point == 0xfffe ||
                            point == 0xffff);
        }
        if (!is_kept(label))
            fail_msg("a label with U+%04X .. is not", start);
    }
    assert_int_equal(ck_factor_label_check("a\xef\xbf\xbe", &err), CK_ERR_USAGE);
    assert_int_equal(ck_factor_label_check("\xef\xbf\xbf z", &err), CK_ERR_USAGE);
    assert_false(is_kept("a\xef\xbf\xbe"));
    assert_false(is_kept("a\xef\xbf\xbf"));
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

static void test_broken_factor_lists(void **state)
{
    (void)state;
#define EXPECT_BROKEN(content) expect_not_understood(PAGE("user", HEAD_OF("a"), content, ""))
    EXPECT_BROKEN(FACTORS(ROW("0", "x")));
    EXPECT_BROKEN(FACTORS(ROW("", "x")));
    EXPECT_BROKEN(FACTORS(ROW("-1", "x")));
    EXPECT_BROKEN(FACTORS(ROW("1x", "x")));
    EXPECT_BROKEN(FACTORS(ROW(" 1", "x")));
    EXPECT_BROKEN(FACTORS(ROW("12345678901234567890", "x")));
    EXPECT_BROKEN(FACTORS(ROW("9223372036854775808", "x")));
    EXPECT_BROKEN(FACTORS(ROW("1", "x") ROW("1", "y")));
    EXPECT_BROKEN(FACTORS("<form></form>"));
    EXPECT_BROKEN(FACTORS("<form><span class=\"badge\">x</span></form>"));
    EXPECT_BROKEN(FACTORS("<form><input name=\"unset_tfa_key\" value=\"1\"></form>"));
    EXPECT_BROKEN(FACTORS("<form><input name=\"unset_tfa_key\"><span class=\"badge\">x</span>"
                          "</form>"));
    /* Rows that the list does not hold: the markup means something else than is known here. */
    EXPECT_BROKEN(FACTORS(ROW("1", "x")) ROW("2", "y"));
    EXPECT_BROKEN(FACTORS("<input name=\"unset_tfa_key\" value=\"2\">" ROW("1", "x")));
    EXPECT_BROKEN(FACTORS("") FACTORS(""));
    EXPECT_BROKEN(FACTORS(ROW("1", "x")) CONFIRM(OFFER("totp", "1", "x")));
#undef EXPECT_BROKEN
}

static void test_broken_other_lists(void **state)
{
    (void)state;
    expect_not_understood(PAGE("", "", CONFIRM(OFFER("totp", "", "x")), ""));
    expect_not_understood(
        PAGE("", "", CONFIRM(OFFER("totp", "1", "x") OFFER("webauthn", "1", "y")), ""));
    expect_not_understood(PAGE("", "", CONFIRM("") OFFER("totp", "1", "x"), ""));
    expect_not_understood(
        PAGE("", "", CONFIRM("<a class=\"totp-authenticator-selection\"><span>x</span></a>"), ""));
    expect_not_understood(PAGE(
        "", "", CONFIRM("<a class=\"totp-authenticator-selection\"><input value=\"1\"></a>"), ""));
    expect_not_understood(PAGE("", "", CONFIRM("") CONFIRM(""), ""));

    expect_not_understood(PAGE("user", "", PASSKEYS(PASSKEY("A" CID_A, "", "x", "")), ""));
    expect_not_understood(PAGE("user", "", PASSKEYS(PASSKEY("abc", "", "x", "")), ""));
    expect_not_understood(PAGE("user", "", PASSKEYS("<tr><td>x</td></tr>"), ""));
    expect_not_understood(
        PAGE("user", "", PASSKEYS("") "<input name=\"unset_fido2_key\" value=\"" CID_A "\">", ""));
    expect_not_understood(PAGE("user", "", PASSKEYS("") PASSKEYS(""), ""));
}

static void test_roles_that_are_unclear(void **state)
{
    (void)state;
    expect_not_understood(PAGE("root", "", "", ""));
    expect_not_understood(PAGE("user", "", "", "  var mailcow_cc_role = 'admin';\n"));
    expect_not_understood(PAGE("", "", "", "  var mailcow_cc_role = 'user';\n"));

    struct ck_page page = parse(PAGE("user", "", "", "  var mailcow_cc_role = 'user';\n"));
    assert_int_equal(page.role, CK_ROLE_MAILBOX);
    ck_page_clear(&page);
}

static void test_pages_of_others(void **state)
{
    static const char *const pages[] = {
        "",
        " \n",
        "\xff\xfe\x01",
        "plain text",
        "{\"type\":\"error\"}",
        "<html><body><p>var mailcow_cc_role = 'user';</p></body></html>",
        "<html><body><h1>502 Bad Gateway</h1></body></html>",
        "<script>",
        "<!--",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct ck_page page = parse(pages[i]);
        assert_false(page.is_mailcow);
        assert_false(page.logged_in);
        ck_page_clear(&page);
    }
}

static void test_token_has_to_be_one(void **state)
{
    char *html = strdup(PAGE("user", HEAD_OF("a"), "", ""));
    struct ck_page page;

    (void)state;
    *strstr(html, TOKEN) = 'g';
    page = parse(html);
    assert_string_equal(page.csrf, "");
    assert_true(page.is_mailcow);
    ck_page_clear(&page);
    free(html);
}

/* Made of a whole page, with rows to spare. */
static const char full[] =
    PAGE("user", HEAD_OF("a@b.test"),
         FACTORS(ROW("231", "my phone") ROW("7", "the other"))
             PASSKEYS(PASSKEY(CID_A, "", "one", "") PASSKEY(CID_B, "", "two", "")),
         "    mailcow_alert_box('x', 'info');\n" LINK_OF("a%40b.test"));
static const char pending[] =
    PAGE("", "", CONFIRM(OFFER("webauthn", "35", "stick") OFFER("totp", "231", "my phone")), "");

/* Bytes that something on the way cut off never make a shorter list that is believed. */
static void expect_whole_or_nothing(const char *html, size_t size, size_t factors, size_t passkeys)
{
    struct ck_page page = {0};
    struct ck_error err;

    if (ck_page_parse(html, size, &page, &err) != CK_OK)
        return;
    if (page.factors_state == CK_LIST_PRESENT)
        assert_int_equal(page.factors_count, factors);
    if (page.passkeys_state == CK_LIST_PRESENT)
        assert_int_equal(page.passkeys_count, passkeys);
    ck_page_clear(&page);
}

static void test_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(full); size++)
        expect_whole_or_nothing(full, size, 2, 2);
    for (size_t size = 0; size < sizeof(pending); size++)
        expect_whole_or_nothing(pending, size, 2, 0);
}

/* A parser that stops early at a byte that it does not like must not pass for a short page. */
static void test_spoilt_at_every_byte(void **state)
{
    static const char spoilers[] = {'\0', '<', '\x01', '\xff'};
    char spoilt[sizeof(full)];

    (void)state;
    for (size_t i = 0; i < sizeof(full) - 1; i++) {
        for (size_t k = 0; k < sizeof(spoilers); k++) {
            struct ck_page page = {0};
            struct ck_error err;
            memcpy(spoilt, full, sizeof(full));
            spoilt[i] = spoilers[k];
            /* One row may be lost only together with the belief in the list. */
            if (ck_page_parse(spoilt, sizeof(full) - 1, &page, &err) == CK_OK) {
                if (page.factors_state == CK_LIST_PRESENT && page.factors_count != 2)
                    fail_msg("%zu rows with '%c' at %zu", page.factors_count, spoilers[k], i);
                ck_page_clear(&page);
            }
        }
    }
}

static char *many_rows(unsigned count)
{
    static const char head[] = "<html><body><div id=\"tfa_keys\">";
    static const char tail[] = "</div><script>\n" TOKEN_LINE "</script></body></html>";
    char *html = malloc(sizeof(head) + sizeof(tail) + (size_t)count * 200);
    char *end = stpcpy(html, head);

    for (unsigned i = 1; i <= count; i++)
        end += sprintf(end,
                       "<form><input name=\"unset_tfa_key\" value=\"%u\"><span class=\"badge\">x"
                       "</span></form>",
                       i);
    strcpy(end, tail);
    return html;
}

static void test_rows_at_their_bound(void **state)
{
    char *html = many_rows(CK_PAGE_FACTORS_MAX);
    struct ck_page page = parse(html);

    (void)state;
    assert_int_equal(page.factors_count, CK_PAGE_FACTORS_MAX);
    ck_page_clear(&page);
    free(html);

    html = many_rows(CK_PAGE_FACTORS_MAX + 1);
    expect_not_understood(html);
    free(html);
}

static char *padded(size_t size)
{
    char *html = malloc(size + 1);

    memset(html, ' ', size);
    memcpy(html, full, sizeof(full) - 1);
    html[size] = '\0';
    return html;
}

static void test_size_at_its_bound(void **state)
{
    char *html = padded(CK_PAGE_SIZE_MAX);
    struct ck_page page = parse(html);

    (void)state;
    assert_int_equal(page.factors_count, 2);
    ck_page_clear(&page);
    free(html);

    html = padded(CK_PAGE_SIZE_MAX + 1);
    expect_not_understood(html);
    free(html);
}

/* A tag of count attributes, or of count * 100 bytes of name; malloced. */
static char *crowded(unsigned count, const char *begin, const char *attribute_end, bool long_name)
{
    char *html = malloc(200 + (size_t)count * 120);
    char *end = stpcpy(html, begin);

    for (unsigned i = 0; i < count; i++)
        end += long_name ? sprintf(end, "a%05u%094d", i, 0)
                         : sprintf(end, " a%05u%s", i, attribute_end);
    strcpy(end, ">");
    return html;
}

/* Parsing those takes the square of their number, in whatever way they hide. */
static void test_attributes_at_their_bound(void **state)
{
    static const struct {
        const char *begin, *attribute_end;
        bool long_name;
    } ways[] = {
        {"<a", "", false},
        {"<a", "=x", false},
        {"<a", "=\">\"", false},
        {"<a", " = '>'", false},
        {"<a", "=\">\"/", false},
        {"<a '", "", false},
        {"<a \"'\" x='\">\"'", "", false},
        {"<!-- \" --><a x='\">'", "", false},
        {"<!-- <b x=' --><a", "", false},
        {"<script>'<b x=\"'</script><a", "", false},
        {"<a ", "", true},
        {"<", "", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char *html = crowded(3000, ways[i].begin, ways[i].attribute_end, ways[i].long_name);
        struct ck_page page;
        struct ck_error err;
        size_t size = strlen(html) < CK_PAGE_SIZE_MAX ? strlen(html) : CK_PAGE_SIZE_MAX;
        assert_int_equal(ck_page_parse(html, size, &page, &err), CK_ERR_UNREACHABLE);
        assert_non_null(strstr(err.text, "too many attributes"));
        free(html);

        html = crowded(200, ways[i].begin, ways[i].attribute_end, ways[i].long_name);
        page = parse(html);
        ck_page_clear(&page);
        free(html);
    }
}

/* Markup that is made to be slow or deep: an answer within a second, whatever it is. */
static void test_hostile_markup(void **state)
{
    static const char *const pieces[] = {"<div>",
                                         "<a b=c",
                                         "<form>",
                                         "<script>",
                                         "</p>",
                                         "<",
                                         "&",
                                         "<table>",
                                         "<!--",
                                         "<b><p>",
                                         "<td>",
                                         "x=\"",
                                         "<select>",
                                         "<input name=unset_tfa_key>",
                                         "<script>\nmailcow_alert_box('x', 'y');\n</script>"};

    (void)state;
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t size = strlen(pieces[i]);
        char *html = malloc(CK_PAGE_SIZE_MAX);
        struct ck_page page = {0};
        struct ck_error err;
        size_t used = 0;

        while (used + size <= 512 * 1024) {
            memcpy(html + used, pieces[i], size);
            used += size;
        }
        clock_t begun = clock();
        if (ck_page_parse(html, used, &page, &err) == CK_OK)
            ck_page_clear(&page);
        double seconds = (double)(clock() - begun) / CLOCKS_PER_SEC;
        if (seconds > 1)
            print_message("'%s': %.1f s\n", pieces[i], seconds);
        assert_true(seconds < 20);
        free(html);
    }
}

/* The parser's own failures are not always told as such, but a list that is believed is whole. */
static void expect_whole_though(enum failure failure, unsigned countdown)
{
    struct ck_page page = {0};
    struct ck_error err;

    allocation_.failure = failure;
    allocation_.countdown = countdown;
    allocation_.fired = false;
    allocation_.armed = true;
    enum ck_err e = ck_page_parse(full, sizeof(full) - 1, &page, &err);
    allocation_.armed = false;
    if (e != CK_OK) {
        assert_true(e == CK_ERR_UNCHANGED || e == CK_ERR_UNREACHABLE);
        return;
    }
    if (page.factors_state == CK_LIST_PRESENT && page.factors_count != 2)
        fail_msg("%zu rows without allocation %u", page.factors_count, countdown);
    if (page.passkeys_state == CK_LIST_PRESENT && page.passkeys_count != 2)
        fail_msg("%zu passkeys without allocation %u", page.passkeys_count, countdown);
    ck_page_clear(&page);
}

/* Allocations that are spared, for the parser: what it does for ever without memory is its own. */
static void *spared_malloc(size_t size)
{
    bool armed = allocation_.armed;

    allocation_.armed = false;
    void *p = malloc(size);
    allocation_.armed = armed;
    return p;
}

static void *spared_realloc(void *p, size_t size)
{
    bool armed = allocation_.armed;

    allocation_.armed = false;
    p = realloc(p, size);
    allocation_.armed = armed;
    return p;
}

static char *spared_strdup(const char *text)
{
    char *copy = spared_malloc(strlen(text) + 1);

    return copy ? strcpy(copy, text) : NULL;
}

static void fail_each(enum failure failure, unsigned count_min)
{
    unsigned countdown = 0;

    do
        expect_whole_though(failure, countdown++);
    while (allocation_.fired);
    assert_true(countdown > count_min);
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    if (!allocations_can_fail())
        skip();
    if (!HAS_ADDRESS_SANITIZER) /* the parser's own failures leak */
        fail_each(FAIL_ONCE, 200);
    xmlMemSetup(free, spared_malloc, spared_realloc, spared_strdup);
    fail_each(FAIL_ONCE, 10);
    fail_each(FAIL_FOR_EVER, 10);
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
        cmocka_unit_test(test_broken_factor_lists),
        cmocka_unit_test(test_broken_other_lists),
        cmocka_unit_test(test_roles_that_are_unclear),
        cmocka_unit_test(test_pages_of_others),
        cmocka_unit_test(test_token_has_to_be_one),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_spoilt_at_every_byte),
        cmocka_unit_test(test_rows_at_their_bound),
        cmocka_unit_test(test_size_at_its_bound),
        cmocka_unit_test(test_attributes_at_their_bound),
        cmocka_unit_test(test_hostile_markup),
        cmocka_unit_test(test_each_allocation_may_fail),
        cmocka_unit_test(test_clear_of_nothing),
        cmocka_unit_test(test_method_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
