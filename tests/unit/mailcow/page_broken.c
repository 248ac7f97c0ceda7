#include <time.h>

#include "page.h"
#include "src/mailcow/html.h"

static void expect_not_understood(const char *html)
{
    struct ck_page page = {.factors_count = 77};
    struct ck_error err = {0};

    assert_int_equal(ck_page_parse(html, strlen(html), &page, &err), CK_ERR_UNREACHABLE);
    assert_int_equal(err.code, CK_ERR_UNREACHABLE);
    assert_true(*err.text);
    assert_int_equal(page.factors_count, 77);
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
    /* A row in a row is one, and not also that which is elsewhere. */
    expect_not_understood(
        PAGE("user", "",
             PASSKEYS("<tr>" PASSKEY(CID_A, "", "x",
                                     "")) "<input name=\"unset_fido2_key\" value=\"" CID_B "\">",
             ""));
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

/* Elements in each other, as deep as asked; malloced. */
static char *nested(unsigned depth)
{
    static const char tail[] = "<script>\n" TOKEN_LINE "</script>";
    char *html = malloc((size_t)depth * 3 + sizeof(tail));
    char *end = html;

    for (unsigned i = 0; i < depth; i++)
        end = stpcpy(end, "<p>");
    strcpy(end, tail);
    return html;
}

static void test_depth_at_its_bound(void **state)
{
    char *html = nested(CK_HTML_DEPTH_MAX - 1); /* the script is one more */
    struct ck_page page = parse(html);

    (void)state;
    assert_string_equal(page.csrf, TOKEN);
    ck_page_clear(&page);
    free(html);

    html = nested(CK_HTML_DEPTH_MAX);
    expect_not_understood(html);
    free(html);
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
                                         " a=b",
                                         "<a/",
                                         "<a a='\"",
                                         "<!-",
                                         "--",
                                         "<!--<script>",
                                         "<script><!--",
                                         "</script",
                                         "<title></",
                                         "<td></div>",
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

static void expect_failure_told(enum failure failure, unsigned countdown)
{
    struct ck_page page = {0};
    struct ck_error err;

    allocation_.failure = failure;
    allocation_.countdown = countdown;
    allocation_.fired = false;
    allocation_.armed = true;
    enum ck_err r = ck_page_parse(full, sizeof(full) - 1, &page, &err);
    allocation_.armed = false;
    assert_int_equal(r, allocation_.fired ? CK_ERR_UNCHANGED : CK_OK);
    ck_page_clear(&page);
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    if (!allocations_can_fail())
        skip();
    for (enum failure failure = FAIL_ONCE; failure <= FAIL_FOR_EVER; failure++) {
        unsigned countdown = 0;
        do
            expect_failure_told(failure, countdown++);
        while (allocation_.fired);
        assert_true(countdown > 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broken_factor_lists),
        cmocka_unit_test(test_broken_other_lists),
        cmocka_unit_test(test_roles_that_are_unclear),
        cmocka_unit_test(test_pages_of_others),
        cmocka_unit_test(test_token_has_to_be_one),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_spoilt_at_every_byte),
        cmocka_unit_test(test_rows_at_their_bound),
        cmocka_unit_test(test_size_at_its_bound),
        cmocka_unit_test(test_depth_at_its_bound),
        cmocka_unit_test(test_hostile_markup),
        cmocka_unit_test(test_each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
