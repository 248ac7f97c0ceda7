#include "cowkey/otp/otpauth.h"

#include <stdio.h>

#include "../base/allocation.h"

#define KEY_TEXT "JBSWY3DPEHPK3PXP"
static const char key_bytes[] = "Hello!\xde\xad\xbe\xef";

static void assert_parses(const char *uri, const char *issuer, const char *account,
                          struct ck_totp_params params)
{
    struct ck_secret *text = secret_of(uri);
    struct ck_otpauth otpauth;
    struct ck_error err;

    if (ck_otpauth_parse(text, &otpauth, &err) != CK_OK)
        fail_msg("%s: %s", uri, err.text);
    assert_string_equal(otpauth.issuer, issuer);
    assert_string_equal(otpauth.account, account);
    assert_memory_equal(&otpauth.params, &params, sizeof(params));
    assert_secret(otpauth.key, key_bytes);
    ck_otpauth_clear(&otpauth);
    ck_secret_free(&text);
}

static void assert_refused_by(enum ck_err (*parse)(const struct ck_secret *, struct ck_otpauth *,
                                                   struct ck_error *),
                              const char *uri, size_t size, const char *part)
{
    struct ck_secret *text = secret_of_bytes(uri, size);
    struct ck_otpauth otpauth, untouched;
    struct ck_error err;

    memset(&otpauth, 0x5a, sizeof(otpauth));
    untouched = otpauth;
    if (parse(text, &otpauth, &err) == CK_OK)
        fail_msg("%s was read", uri);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_memory_equal(&otpauth, &untouched, sizeof(otpauth));
    assert_null(strstr(err.text, KEY_TEXT));
    assert_null(strstr(err.hint, KEY_TEXT));
    ck_secret_free(&text);
}

static void assert_refused(const char *uri, const char *part)
{
    assert_refused_by(ck_otpauth_parse, uri, strlen(uri), part);
}

static void test_parse(void **state)
{
    const struct ck_totp_params usual = ck_totp_default;

    (void)state;
    assert_parses("otpauth://totp/mail.example.org:alice@example.org?secret=" KEY_TEXT
                  "&issuer=mail.example.org",
                  "mail.example.org", "alice@example.org", usual);
    assert_parses("otpauth://totp/alice?secret=" KEY_TEXT, "", "alice", usual);
    assert_parses("otpauth://totp/Big%20Corp:al%20ice?secret=" KEY_TEXT "&issuer=Big%20Corp",
                  "Big Corp", "al ice", usual);
    assert_parses("otpauth://totp/Big%20Corp%3a%20alice?secret=" KEY_TEXT, "Big Corp", "alice",
                  usual);
    assert_parses("otpauth://totp/Big:%20%20alice?secret=" KEY_TEXT, "Big", "alice", usual);
    assert_parses("otpauth://totp/Big:  alice?secret=" KEY_TEXT, "Big", "alice", usual);
    assert_parses("otpauth://totp/%20alice?secret=" KEY_TEXT, "", "alice", usual);
    assert_parses("otpauth://totp/:alice?secret=" KEY_TEXT, "", "alice", usual);
    assert_parses("otpauth://totp/J%C3%BCrgen:ä/€?secret=" KEY_TEXT, "Jürgen", "ä/€", usual);
    assert_parses("otpauth://totp/a+b?secret=" KEY_TEXT "&issuer=c+d", "c+d", "a+b", usual);
}

static void test_parse_ignores_case_where_it_may(void **state)
{
    (void)state;
    assert_parses("OtpAuth://TOTP/Alice?secret=jbswy3dpehpk3pxp", "", "Alice", ck_totp_default);
    assert_refused("otpauth://totp/alice?SECRET=" KEY_TEXT, "no secret");
}

static void test_parse_params(void **state)
{
    (void)state;
    assert_parses("otpauth://totp/a?secret=" KEY_TEXT "&algorithm=SHA1&digits=6&period=30", "", "a",
                  ck_totp_default);
    assert_parses("otpauth://totp/a?algorithm=sha256&digits=7&period=1&secret=" KEY_TEXT, "", "a",
                  (struct ck_totp_params){CK_TOTP_SHA256, 7, 1});
    assert_parses("otpauth://totp/a?digits=8&secret=" KEY_TEXT "&period=3600&algorithm=Sha512", "",
                  "a", (struct ck_totp_params){CK_TOTP_SHA512, 8, 3600});
    assert_parses("otpauth://totp/a?period=0060&secret=" KEY_TEXT, "", "a",
                  (struct ck_totp_params){CK_TOTP_SHA1, 6, 60});
}

static void test_parse_ignores_unknown(void **state)
{
    (void)state;
    assert_parses("otpauth://totp/a?image=https%3A%2F%2Fx%2Fy.png&secret=" KEY_TEXT
                  "&x&x=&=y&&counter=7&",
                  "", "a", ck_totp_default);
}

static void test_parse_line_end(void **state)
{
    (void)state;
    assert_parses("otpauth://totp/a?secret=" KEY_TEXT "\n", "", "a", ck_totp_default);
    assert_parses("otpauth://totp/a?secret=" KEY_TEXT "\r\n", "", "a", ck_totp_default);
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "\n\n", "control character");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "\r", "control character");
    assert_refused("\notpauth://totp/a?secret=" KEY_TEXT, "control character");
    assert_refused("\n", "no otpauth URI");
    assert_refused("\r\n", "no otpauth URI");
}

static void test_parse_issuer_parameter_wins(void **state)
{
    (void)state;
    assert_parses("otpauth://totp/Label:a?issuer=Parameter&secret=" KEY_TEXT, "Parameter", "a",
                  ck_totp_default);
    assert_parses("otpauth://totp/LongerLabel:a?issuer=P&secret=" KEY_TEXT, "P", "a",
                  ck_totp_default);
    assert_parses("otpauth://totp/a?issuer=Parameter&secret=" KEY_TEXT, "Parameter", "a",
                  ck_totp_default);
    assert_parses("otpauth://totp/Label:a?issuer=&secret=" KEY_TEXT, "Label", "a", ck_totp_default);
}

static void test_parse_refuses_other_schemes(void **state)
{
    (void)state;
    assert_refused("", "no otpauth URI");
    assert_refused("otpauth:", "no otpauth URI");
    assert_refused("otpauth:/totp/a?secret=" KEY_TEXT, "no otpauth URI");
    assert_refused("otpaut://totp/a?secret=" KEY_TEXT, "no otpauth URI");
    assert_refused("https://totp/a?secret=" KEY_TEXT, "no otpauth URI");
    assert_refused(" otpauth://totp/a?secret=" KEY_TEXT, "no otpauth URI");
    assert_refused(KEY_TEXT, "no otpauth URI");
    assert_refused("otpauth://hotp/a?counter=0&secret=" KEY_TEXT, "type totp");
    assert_refused("otpauth://totp?secret=" KEY_TEXT, "type totp");
    assert_refused("otpauth://totpx/a?secret=" KEY_TEXT, "type totp");
    assert_refused("otpauth://", "type totp");
    assert_refused("otpauth:///a?secret=" KEY_TEXT, "type totp");
}

static void test_parse_refuses_labels(void **state)
{
    (void)state;
    assert_refused("otpauth://totp/?secret=" KEY_TEXT, "no name");
    assert_refused("otpauth://totp/%20?secret=" KEY_TEXT, "no name");
    assert_refused("otpauth://totp/Issuer:?secret=" KEY_TEXT, "no name");
    assert_refused("otpauth://totp/Issuer:%20?secret=" KEY_TEXT, "no name");
    assert_refused("otpauth://totp/a:b:c?secret=" KEY_TEXT, "':'");
    assert_refused("otpauth://totp/a%3Ab%3ac?secret=" KEY_TEXT, "':'");
    assert_refused("otpauth://totp/a?issuer=b%3Ac&secret=" KEY_TEXT, "':'");
    assert_refused("otpauth://totp/a%?secret=" KEY_TEXT, "'%'");
    assert_refused("otpauth://totp/a%2?secret=" KEY_TEXT, "'%'");
    assert_refused("otpauth://totp/a%00b?secret=" KEY_TEXT, "NUL");
    assert_refused("otpauth://totp/a%0Ab?secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/a%7Fb?secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/%FF?secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/\xc3?secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/%ED%A0%80?secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/a?issuer=%80&secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/%80:a?secret=" KEY_TEXT, "plain UTF-8");
    assert_refused("otpauth://totp/%80:a?issuer=b&secret=" KEY_TEXT, "plain UTF-8");
}

static void test_parse_refuses_parameters(void **state)
{
    (void)state;
    assert_refused("otpauth://totp/a", "no secret");
    assert_refused("otpauth://totp/a?", "no secret");
    assert_refused("otpauth://totp/a?issuer=b", "no secret");
    assert_refused("otpauth://totp/a&secret=" KEY_TEXT, "no secret");
    assert_refused("otpauth://totp/a?secret", "empty");
    assert_refused("otpauth://totp/a?secret=", "empty");
    assert_refused("otpauth://totp/a?secret=A", "1 base32");
    assert_refused("otpauth://totp/a?secret=MZXW6YT1", "character 8");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "?", "character 17");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "%", "'%'");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&%", "'%'");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "#x", "'#'");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&algorithm=MD5", "algorithm");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&algorithm=SHA-1", "algorithm");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&algorithm=SHA11", "algorithm");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&algorithm=", "algorithm");
}

static void test_parse_refuses_numbers(void **state)
{
    static const char *const digits[] = {
        "", "5", "9", "0", "-6", "+6", " 6", "6 ", "6x", "0x6", "6.0", "٦", "18446744073709551622"};
    static const char *const periods[] = {
        "", "0", "3601", "-30", "+30", "30s", "00030", "4294967326", "18446744073709551646"};
    char uri[128];

    (void)state;
    for (size_t i = 0; i < sizeof(digits) / sizeof(digits)[0]; i++) {
        snprintf(uri, sizeof(uri), "otpauth://totp/a?secret=" KEY_TEXT "&digits=%s", digits[i]);
        assert_refused(uri, "'digits' is not a number from 6 to 8");
    }
    for (size_t i = 0; i < sizeof(periods) / sizeof(periods)[0]; i++) {
        snprintf(uri, sizeof(uri), "otpauth://totp/a?secret=" KEY_TEXT "&period=%s", periods[i]);
        assert_refused(uri, "'period' is not a number from 1 to 3600");
    }
}

static void test_parse_refuses_what_is_given_twice(void **state)
{
    (void)state;
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&secret=" KEY_TEXT, "'secret' twice");
    assert_refused("otpauth://totp/a?secret=" KEY_TEXT "&s%65cret=" KEY_TEXT, "'secret' twice");
    assert_refused("otpauth://totp/a?secret=&secret=" KEY_TEXT, "'secret' twice");
    assert_refused("otpauth://totp/a?issuer=b&issuer=b&secret=" KEY_TEXT, "'issuer' twice");
    assert_refused("otpauth://totp/a?digits=6&digits=6&secret=" KEY_TEXT, "'digits' twice");
    assert_refused("otpauth://totp/a?period=30&period=30&secret=" KEY_TEXT, "'period' twice");
    assert_refused("otpauth://totp/a?algorithm=SHA1&algorithm=SHA1&secret=" KEY_TEXT,
                   "'algorithm' twice");
}

static void test_parse_refuses_nul(void **state)
{
    static const char uri[] = "otpauth://totp/a?secret=" KEY_TEXT "\0&digits=8";

    (void)state;
    assert_refused_by(ck_otpauth_parse, uri, sizeof(uri) - 1, "control character");
}

static void test_uri_bound(void **state)
{
    static const char start[] = "otpauth://totp/a?secret=" KEY_TEXT "&x=";
    char uri[CK_OTPAUTH_URI_MAX + 3];

    (void)state;
    memset(uri, 'x', sizeof(uri));
    memcpy(uri, start, strlen(start));
    uri[CK_OTPAUTH_URI_MAX] = '\0';
    assert_parses(uri, "", "a", ck_totp_default);
    strcpy(uri + CK_OTPAUTH_URI_MAX, "\r\n");
    assert_parses(uri, "", "a", ck_totp_default);
    strcpy(uri + CK_OTPAUTH_URI_MAX, "x");
    assert_refused(uri, "more than 2048");
}

static void test_name_bounds(void **state)
{
    char uri[1024], name[CK_OTPAUTH_NAME_MAX + 1];

    (void)state;
    memset(name, 'n', sizeof(name));
    name[CK_OTPAUTH_NAME_MAX - 1] = '\0';
    snprintf(uri, sizeof(uri), "otpauth://totp/%s:%s?secret=" KEY_TEXT, name, name);
    assert_parses(uri, name, name, ck_totp_default);
    snprintf(uri, sizeof(uri), "otpauth://totp/a?issuer=%s&secret=" KEY_TEXT, name);
    assert_parses(uri, name, "a", ck_totp_default);

    strcpy(name + CK_OTPAUTH_NAME_MAX - 1, "n");
    snprintf(uri, sizeof(uri), "otpauth://totp/%s?secret=" KEY_TEXT, name);
    assert_refused(uri, "more than 255");
    snprintf(uri, sizeof(uri), "otpauth://totp/%s:a?secret=" KEY_TEXT, name);
    assert_refused(uri, "more than 255");
    snprintf(uri, sizeof(uri), "otpauth://totp/a?issuer=%s&secret=" KEY_TEXT, name);
    assert_refused(uri, "more than 255");
}

/* Each prefix of a URI, and the URI with each character left out: never a wrong key. */
static void test_parse_of_damaged_uris(void **state)
{
    static const char uri[] = "otpauth://totp/I:a?secret=" KEY_TEXT;
    size_t size = strlen(uri);

    (void)state;
    for (size_t i = 0; i < size; i++) {
        char damaged[64];
        struct ck_secret *text;
        struct ck_otpauth otpauth;
        struct ck_error err;

        for (int prefix = 0; prefix < 2; prefix++) {
            memcpy(damaged, uri, size + 1);
            if (prefix)
                damaged[i] = '\0';
            else
                memmove(damaged + i, damaged + i + 1, size - i);
            text = secret_of(damaged);
            if (ck_otpauth_parse(text, &otpauth, &err) == CK_OK) {
                /*
                 * Base32 shows a loss only by an impossible length: 16 characters less 1 is none.
                 */
                assert_int_equal(ck_secret_size(otpauth.key) == 10,
                                 strstr(damaged, KEY_TEXT) != NULL);
                ck_otpauth_clear(&otpauth);
            }
            ck_secret_free(&text);
        }
    }
}

/* --- bare keys --- */

static void test_parse_any(void **state)
{
    static const char *const texts[] = {KEY_TEXT, KEY_TEXT "\n", "jbsw y3dp ehpk 3pxp\r\n",
                                        "JBSW-Y3DP-EHPK-3PXP"};
    struct ck_otpauth otpauth;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts)[0]; i++) {
        struct ck_secret *text = secret_of(texts[i]);
        assert_int_equal(ck_otpauth_parse_any(text, &otpauth, &err), CK_OK);
        assert_string_equal(otpauth.issuer, "");
        assert_string_equal(otpauth.account, "");
        assert_memory_equal(&otpauth.params, &ck_totp_default, sizeof(ck_totp_default));
        assert_secret(otpauth.key, key_bytes);
        ck_otpauth_clear(&otpauth);
        ck_secret_free(&text);
    }

    struct ck_secret *uri = secret_of("OTPAUTH://totp/I:a?digits=8&secret=" KEY_TEXT "\n");
    assert_int_equal(ck_otpauth_parse_any(uri, &otpauth, &err), CK_OK);
    assert_string_equal(otpauth.issuer, "I");
    assert_string_equal(otpauth.account, "a");
    assert_int_equal(otpauth.params.digits, 8);
    ck_otpauth_clear(&otpauth);
    ck_secret_free(&uri);
}

static void assert_any_refused(const char *text, const char *part)
{
    assert_refused_by(ck_otpauth_parse_any, text, strlen(text), part);
}

static void test_parse_any_refuses(void **state)
{
    (void)state;
    assert_any_refused("", "empty");
    assert_any_refused("\n", "empty");
    assert_any_refused("A", "1 base32");
    assert_any_refused("MZXW6YT8", "character 8");
    assert_any_refused("otpauth://hotp/a?secret=" KEY_TEXT, "type totp");
    assert_any_refused("otpauth:" KEY_TEXT, "no otpauth URI");
    assert_any_refused("otpauth-migration://offline?data=abc", "several secrets");
    assert_any_refused("https://example.org/", "base32");
}

/* --- counters --- */

static void assert_hotp(const char *text, const char *account, struct ck_totp_params params,
                        int64_t counter)
{
    struct ck_secret *secret = secret_of(text);
    struct ck_otpauth otpauth;
    struct ck_error err;

    if (ck_otpauth_parse_any_hotp(secret, &otpauth, &err) != CK_OK)
        fail_msg("%s: %s", text, err.text);
    assert_int_equal(otpauth.type, CK_OTPAUTH_HOTP);
    assert_string_equal(otpauth.account, account);
    assert_memory_equal(&otpauth.params, &params, sizeof(params));
    assert_true(otpauth.counter == counter);
    assert_secret(otpauth.key, key_bytes);
    ck_otpauth_clear(&otpauth);
    ck_secret_free(&secret);
}

static void assert_hotp_refused(const char *text, const char *part)
{
    assert_refused_by(ck_otpauth_parse_any_hotp, text, strlen(text), part);
}

static void test_parse_hotp(void **state)
{
    (void)state;
    assert_hotp("otpauth://hotp/I:a?secret=" KEY_TEXT "&counter=0", "a", ck_totp_default, 0);
    assert_hotp("otpauth://HOTP/a?counter=0071&secret=" KEY_TEXT "\n", "a", ck_totp_default, 71);
    assert_hotp("otpauth://hotp/a?digits=8&algorithm=SHA512&counter=12345678901&secret=" KEY_TEXT,
                "a", (struct ck_totp_params){CK_TOTP_SHA512, 8, 30}, 12345678901);
    assert_hotp("otpauth://hotp/a?secret=" KEY_TEXT "&counter=9223372036854774806", "a",
                ck_totp_default, INT64_MAX - 1001);
    assert_hotp("otpauth://hotp/a?secret=" KEY_TEXT, "a", ck_totp_default, -1);
    assert_hotp("otpauth://hotp/a?secret=" KEY_TEXT "&period=0", "a", ck_totp_default, -1);
    assert_hotp(KEY_TEXT "\n", "", ck_totp_default, -1);
}

static void test_parse_hotp_refuses(void **state)
{
    static const char *const counters[] = {"",
                                           "-1",
                                           "+1",
                                           " 1",
                                           "1 ",
                                           "1x",
                                           "0x1",
                                           "1.0",
                                           "9223372036854774807",
                                           "9223372036854775808",
                                           "18446744073709551616",
                                           "99999999999999999999",
                                           "000000000000000000000"};
    char uri[128];

    (void)state;
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters)[0]; i++) {
        snprintf(uri, sizeof(uri), "otpauth://hotp/a?secret=" KEY_TEXT "&counter=%s", counters[i]);
        assert_hotp_refused(uri, "'counter' is not a number from 0 to");
    }
    assert_hotp_refused("otpauth://hotp/a?counter=1&secret=" KEY_TEXT "&counter=1",
                        "'counter' twice");
    assert_hotp_refused("otpauth://hotp/a?counter=1&digits=9&secret=" KEY_TEXT, "'digits'");
    assert_hotp_refused("otpauth://hotp/a?counter=1", "no secret");
    assert_hotp_refused("otpauth://totp/a?secret=" KEY_TEXT, "type hotp");
    assert_hotp_refused("otpauth://motp/a?secret=" KEY_TEXT, "type hotp");
    assert_hotp_refused("otpauth-migration://offline?data=abc", "several secrets");
    assert_hotp_refused("MZXW6YT8", "character 8");
}

/* Who brought the wrong kind is told which command takes it; nonsense gets no such advice. */
static void test_other_type_names_its_command(void **state)
{
    struct ck_secret *hotp = secret_of("otpauth://hotp/a?secret=" KEY_TEXT),
                     *totp = secret_of("otpauth://totp/a?secret=" KEY_TEXT),
                     *neither = secret_of("otpauth://x/a?secret=" KEY_TEXT);
    struct ck_otpauth otpauth;
    struct ck_error err;

    (void)state;
    assert_int_equal(ck_otpauth_parse_any(hotp, &otpauth, &err), CK_ERR_USAGE);
    assert_non_null(strstr(err.hint, "verify hotp"));
    assert_int_equal(ck_otpauth_parse_any_hotp(totp, &otpauth, &err), CK_ERR_USAGE);
    assert_non_null(strstr(err.hint, "verify totp"));
    assert_int_equal(ck_otpauth_parse_any(neither, &otpauth, &err), CK_ERR_USAGE);
    assert_string_equal(err.hint, "");
    ck_secret_free(&hotp);
    ck_secret_free(&totp);
    ck_secret_free(&neither);
}

/* --- writing --- */

static struct ck_otpauth given(const char *issuer, const char *account)
{
    struct ck_otpauth otpauth = {.params = ck_totp_default, .key = secret_of(key_bytes)};

    strcpy(otpauth.issuer, issuer);
    strcpy(otpauth.account, account);
    return otpauth;
}

static void assert_formats(struct ck_otpauth otpauth, const char *uri)
{
    struct ck_secret *text = NULL;
    struct ck_otpauth again;
    struct ck_error err;

    if (ck_otpauth_format(&otpauth, &text, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_secret(text, uri);
    assert_int_equal(ck_otpauth_parse(text, &again, &err), CK_OK);
    assert_string_equal(again.issuer, otpauth.issuer);
    assert_string_equal(again.account, otpauth.account);
    assert_memory_equal(&again.params, &otpauth.params, sizeof(again.params));
    assert_true(ck_secret_equal(again.key, otpauth.key));
    ck_otpauth_clear(&again);
    ck_otpauth_clear(&otpauth);
    ck_secret_free(&text);
}

static void test_format(void **state)
{
    struct ck_otpauth otpauth;

    (void)state;
    assert_formats(given("mail.example.org", "alice@example.org"),
                   "otpauth://totp/mail.example.org:alice%40example.org?secret=" KEY_TEXT
                   "&issuer=mail.example.org");
    assert_formats(given("", "alice"), "otpauth://totp/alice?secret=" KEY_TEXT);
    assert_formats(given("Jürgen & Söhne", "a+b c/?#%"),
                   "otpauth://totp/J%C3%BCrgen%20%26%20S%C3%B6hne:a%2Bb%20c%2F%3F%23%25"
                   "?secret=" KEY_TEXT "&issuer=J%C3%BCrgen%20%26%20S%C3%B6hne");
    otpauth = given("I", "a");
    otpauth.params = (struct ck_totp_params){CK_TOTP_SHA256, 8, 60};
    assert_formats(otpauth, "otpauth://totp/I:a?secret=" KEY_TEXT
                            "&issuer=I&algorithm=SHA256&digits=8&period=60");
    otpauth = given("I", "a");
    otpauth.params.algorithm = CK_TOTP_SHA512;
    assert_formats(otpauth, "otpauth://totp/I:a?secret=" KEY_TEXT "&issuer=I&algorithm=SHA512");
}

static void assert_not_formatted(struct ck_otpauth otpauth, const char *part)
{
    struct ck_secret *text = UNTOUCHED;
    struct ck_error err;

    assert_int_equal(ck_otpauth_format(&otpauth, &text, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(text, UNTOUCHED);
    ck_otpauth_clear(&otpauth);
}

static void test_format_refuses(void **state)
{
    struct ck_otpauth otpauth;

    (void)state;
    assert_not_formatted(given("I", ""), "no name");
    assert_not_formatted(given("I", " a"), "space");
    assert_not_formatted(given("I:", "a"), "':'");
    assert_not_formatted(given("I", "a:b"), "':'");
    assert_not_formatted(given("I", "a\nb"), "plain UTF-8");
    assert_not_formatted(given("\xff", "a"), "plain UTF-8");
    otpauth = given("I", "a");
    otpauth.params.digits = 9;
    assert_not_formatted(otpauth, "digits");
    otpauth = given("I", "a");
    otpauth.params.algorithm = (enum ck_totp_algorithm)3;
    assert_not_formatted(otpauth, "SHA1");
    otpauth = given("I", "a");
    memset(otpauth.account, 'a', sizeof(otpauth.account)); /* without NUL */
    assert_not_formatted(otpauth, "more than 255");
    otpauth = given("I", "a");
    ck_secret_truncate(otpauth.key, 0);
    assert_not_formatted(otpauth, "160 bytes");
}

/* Encoded, names of 255 bytes are three times as long, and the issuer comes twice. */
static void test_format_uri_bound(void **state)
{
    const size_t fixed = strlen("otpauth://totp/" KEY_TEXT ":?secret=&issuer=");
    struct ck_otpauth otpauth = given("", "");
    struct ck_secret *text = NULL;
    struct ck_error err;

    (void)state;
    memset(otpauth.issuer, '+', 255); /* 2 * 3 * 255 bytes */
    memset(otpauth.account, 'a', CK_OTPAUTH_URI_MAX - 1530 - fixed - 2 * 120);
    memset(otpauth.account, '+', 120);
    assert_int_equal(ck_otpauth_format(&otpauth, &text, &err), CK_OK);
    assert_int_equal(ck_secret_size(text), CK_OTPAUTH_URI_MAX);
    ck_secret_free(&text);
    strcat(otpauth.account, "a");
    assert_not_formatted(otpauth, "too long");
}

static void test_format_hotp(void **state)
{
    struct ck_otpauth otpauth = given("I", "a");
    struct ck_secret *uri = NULL;
    struct ck_error err;

    (void)state;
    otpauth.type = CK_OTPAUTH_HOTP;
    otpauth.counter = INT64_MAX - 1001;
    otpauth.params.period_s = 60; /* not HOTP's business */
    otpauth.params.digits = 8;
    assert_int_equal(ck_otpauth_format(&otpauth, &uri, &err), CK_OK);
    assert_secret(uri, "otpauth://hotp/I:a?secret=" KEY_TEXT
                       "&issuer=I&digits=8&counter=9223372036854774806");
    ck_secret_free(&uri);
    otpauth.counter++;
    assert_int_equal(ck_otpauth_format(&otpauth, &uri, &err), CK_ERR_USAGE);
    otpauth.counter = -1;
    assert_int_equal(ck_otpauth_format(&otpauth, &uri, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "counter");
    ck_otpauth_clear(&otpauth);
}

static void test_clear(void **state)
{
    static const struct ck_otpauth zero;
    struct ck_otpauth otpauth = given("I", "a");

    (void)state;
    ck_otpauth_clear(&otpauth);
    assert_memory_equal(&otpauth, &zero, sizeof(zero));
    ck_otpauth_clear(&otpauth);
}

static enum ck_err parse_and_format(struct ck_error *err)
{
    static const char uri[] =
        "otpauth://totp/I:a?secret=" KEY_TEXT "&issuer=J&digits=8&period=60&algorithm=SHA256";
    struct ck_secret *text = NULL, *again = UNTOUCHED;
    struct ck_otpauth otpauth = {0};
    enum ck_err r = ck_secret_new(uri, strlen(uri), &text, err);

    if (r == CK_OK)
        r = ck_otpauth_parse(text, &otpauth, err);
    ck_secret_free(&text);
    if (r != CK_OK) {
        assert_null(otpauth.key);
        assert_string_equal(otpauth.account, "");
        return r;
    }
    r = ck_otpauth_format(&otpauth, &again, err);
    ck_otpauth_clear(&otpauth);
    if (r != CK_OK)
        assert_ptr_equal(again, UNTOUCHED);
    else
        ck_secret_free(&again);
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(parse_and_format, 15);
}

static enum ck_err parse_bare(struct ck_error *err)
{
    struct ck_secret *text = NULL;
    struct ck_otpauth otpauth = {0};
    enum ck_err r = ck_secret_new(KEY_TEXT, strlen(KEY_TEXT), &text, err);

    if (r == CK_OK)
        r = ck_otpauth_parse_any(text, &otpauth, err);
    ck_secret_free(&text);
    assert_int_equal(otpauth.key != NULL, r == CK_OK);
    ck_otpauth_clear(&otpauth);
    return r;
}

static void test_allocations_fail_for_a_bare_key(void **state)
{
    (void)state;
    fail_each_allocation(parse_bare, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_ignores_case_where_it_may),
        cmocka_unit_test(test_parse_params),
        cmocka_unit_test(test_parse_ignores_unknown),
        cmocka_unit_test(test_parse_line_end),
        cmocka_unit_test(test_parse_issuer_parameter_wins),
        cmocka_unit_test(test_parse_refuses_other_schemes),
        cmocka_unit_test(test_parse_refuses_labels),
        cmocka_unit_test(test_parse_refuses_parameters),
        cmocka_unit_test(test_parse_refuses_numbers),
        cmocka_unit_test(test_parse_refuses_what_is_given_twice),
        cmocka_unit_test(test_parse_refuses_nul),
        cmocka_unit_test(test_uri_bound),
        cmocka_unit_test(test_name_bounds),
        cmocka_unit_test(test_parse_of_damaged_uris),
        cmocka_unit_test(test_parse_any),
        cmocka_unit_test(test_parse_any_refuses),
        cmocka_unit_test(test_parse_hotp),
        cmocka_unit_test(test_parse_hotp_refuses),
        cmocka_unit_test(test_other_type_names_its_command),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_hotp),
        cmocka_unit_test(test_format_refuses),
        cmocka_unit_test(test_format_uri_bound),
        cmocka_unit_test(test_clear),
        cmocka_unit_test(test_allocations_fail),
        cmocka_unit_test(test_allocations_fail_for_a_bare_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
