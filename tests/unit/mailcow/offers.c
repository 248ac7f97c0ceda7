#include "src/mailcow/offers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct ck_factor login_rows[] = {{.id = 231, .method = CK_METHOD_WEBAUTHN},
                                        {.id = 233, .method = CK_METHOD_TOTP}};
static struct ck_factor page_rows[4];
static struct ck_offers offers;
static struct ck_page page;

static int set_up(void **state)
{
    const struct ck_page login = {.factors = login_rows, .factors_count = 2};

    (void)state;
    ck_offers_note(&offers, &login);
    for (size_t i = 0; i < 4; i++)
        page_rows[i] = (struct ck_factor){.id = 231 + i};
    page = (struct ck_page){
        .factors = page_rows, .factors_count = 3, .factors_state = CK_LIST_PRESENT};
    return 0;
}

static void assert_methods(enum ck_method a, enum ck_method b, enum ck_method c)
{
    assert_int_equal(page_rows[0].method, a);
    assert_int_equal(page_rows[1].method, b);
    assert_int_equal(page_rows[2].method, c);
}

static void test_methods_of_what_was_offered(void **state)
{
    (void)state;
    ck_offers_tell(&offers, &page);
    assert_methods(CK_METHOD_WEBAUTHN, CK_METHOD_UNKNOWN, CK_METHOD_TOTP);
    assert_false(page.marks_current);
}

static void test_the_others_are_yubico_keys_where_those_were_offered(void **state)
{
    (void)state;
    offers.yubiotp = true;
    ck_offers_tell(&offers, &page);
    assert_methods(CK_METHOD_WEBAUTHN, CK_METHOD_YUBIOTP, CK_METHOD_TOTP);
}

static void test_what_came_later_is_no_yubico_key(void **state)
{
    (void)state;
    offers.yubiotp = true;
    ck_offers_tell(&offers, &page);
    page.factors_count = 4;
    ck_offers_tell(&offers, &page);
    assert_methods(CK_METHOD_WEBAUTHN, CK_METHOD_YUBIOTP, CK_METHOD_TOTP);
    assert_int_equal(page_rows[3].method, CK_METHOD_UNKNOWN);
}

static void test_the_row_that_answered_is_current(void **state)
{
    (void)state;
    offers.answered_id = 233;
    ck_offers_tell(&offers, &page);
    assert_true(page.marks_current);
    assert_true(page_rows[2].current && !page_rows[0].current && !page_rows[1].current);
}

static void test_the_page_s_own_mark_counts_more(void **state)
{
    (void)state;
    offers.answered_id = 233;
    page.marks_current = page_rows[0].current = true;
    ck_offers_tell(&offers, &page);
    assert_true(page_rows[0].current && !page_rows[2].current);
}

static void test_without_an_offer_nothing_is_known(void **state)
{
    (void)state;
    offers = (struct ck_offers){0};
    page_rows[0].method = CK_METHOD_TOTP;
    ck_offers_tell(&offers, &page);
    assert_methods(CK_METHOD_TOTP, CK_METHOD_UNKNOWN, CK_METHOD_UNKNOWN);
}

static void test_a_list_that_is_hidden_stays_so(void **state)
{
    (void)state;
    offers.answered_id = 233;
    page.factors_state = CK_LIST_ABSENT;
    ck_offers_tell(&offers, &page);
    assert_methods(CK_METHOD_UNKNOWN, CK_METHOD_UNKNOWN, CK_METHOD_UNKNOWN);
    assert_false(page.marks_current);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_methods_of_what_was_offered),
        TEST(test_the_others_are_yubico_keys_where_those_were_offered),
        TEST(test_what_came_later_is_no_yubico_key),
        TEST(test_the_row_that_answered_is_current),
        TEST(test_the_page_s_own_mark_counts_more),
        TEST(test_without_an_offer_nothing_is_known),
        TEST(test_a_list_that_is_hidden_stays_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
