#include "cowkey/base/host.h"

#include <locale.h>
#include <stdio.h>

#include "allocation.h"

struct reading {
    const char *text, *name, *origin;
    uint16_t port;
    bool is_ip;
};

static void assert_reads(const struct reading *expected)
{
    struct ck_host host;
    struct ck_error err;

    if (ck_host_parse(expected->text, &host, &err) != CK_OK)
        fail_msg("%s: %s", expected->text, err.text);
    assert_string_equal(host.name, expected->name);
    assert_string_equal(host.origin, expected->origin);
    assert_int_equal(host.port, expected->port);
    assert_int_equal(host.is_ip, expected->is_ip);
}

static void assert_refused(const char *text, const char *part)
{
    struct ck_host host, untouched;
    struct ck_error err;

    memset(&host, 0x5a, sizeof(host));
    untouched = host;
    if (ck_host_parse(text, &host, &err) == CK_OK)
        fail_msg("%s was read as %s", text, host.name);
    assert_memory_equal(&host, &untouched, sizeof(host));
    assert_error(&err, CK_ERR_USAGE, part);
    assert_true(err.hint[0] != '\0');
}

static const struct reading readings[] = {
    {"mail.example.org", "mail.example.org", "https://mail.example.org", 443, false},
    {"MAIL.Example.ORG", "mail.example.org", "https://mail.example.org", 443, false},
    {"mail.example.org.", "mail.example.org", "https://mail.example.org", 443, false},
    {"localhost", "localhost", "https://localhost", 443, false},
    {"a", "a", "https://a", 443, false},
    {"1a.2b", "1a.2b", "https://1a.2b", 443, false},
    {"mail.example.org:8443", "mail.example.org", "https://mail.example.org:8443", 8443, false},
    {"mail.example.org.:8443", "mail.example.org", "https://mail.example.org:8443", 8443, false},
    {"mail.example.org:443", "mail.example.org", "https://mail.example.org", 443, false},
    {"mail.example.org:1", "mail.example.org", "https://mail.example.org:1", 1, false},
    {"mail.example.org:65535", "mail.example.org", "https://mail.example.org:65535", 65535, false},
    {"https://mail.example.org", "mail.example.org", "https://mail.example.org", 443, false},
    {"HTTPS://mail.example.org/", "mail.example.org", "https://mail.example.org", 443, false},
    {"https://mail.example.org:8443/", "mail.example.org", "https://mail.example.org:8443", 8443,
     false},
    {"bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example", 443, false},
    {"BÜCHER.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example", 443, false},
    {"bu\xcc\x88"
     "cher.example", /* u and a combining diaeresis: NFC makes one character of them */
     "xn--bcher-kva.example", "https://xn--bcher-kva.example", 443, false},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example", 443, false},
    {"XN--BCHER-KVA.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example", 443, false},
    {"faß.example", "xn--fa-hia.example", "https://xn--fa-hia.example", 443, false},
    {"例え。テスト", "xn--r8jz45g.xn--zckzah", "https://xn--r8jz45g.xn--zckzah", 443, false},
    {"127.0.0.1", "127.0.0.1", "https://127.0.0.1", 443, true},
    {"127.0.0.1.", "127.0.0.1", "https://127.0.0.1", 443, true},
    {"https://192.0.2.1:8443/", "192.0.2.1", "https://192.0.2.1:8443", 8443, true},
    {"１２７.0.0.1", "127.0.0.1", "https://127.0.0.1", 443, true},
    {"[::1]", "::1", "https://[::1]", 443, true},
    {"[::1]:8443", "::1", "https://[::1]:8443", 8443, true},
    {"https://[2001:DB8:0:0:0:0:0:1]/", "2001:db8::1", "https://[2001:db8::1]", 443, true},
    {"[::ffff:192.0.2.1]", "::ffff:192.0.2.1", "https://[::ffff:192.0.2.1]", 443, true},
};

static void test_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
        assert_reads(&readings[i]);
}

static void test_reads_in_any_locale(void **state)
{
    static const char *const locales[] = {"C", "C.UTF-8", ""};

    for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
        setlocale(LC_ALL, locales[i]);
        test_reads(state);
    }
    setlocale(LC_ALL, "C");
}

/* What is read gives an origin that reads as the same again. */
static void test_origin_reads_back(void **state)
{
    struct ck_host host, again;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        assert_int_equal(ck_host_parse(readings[i].text, &host, &err), CK_OK);
        assert_int_equal(ck_host_parse(host.origin, &again, &err), CK_OK);
        assert_memory_equal(&host, &again, sizeof(host));
    }
}

static void test_refuses_other_forms(void **state)
{
    (void)state;
    assert_refused("http://mail.example.org", "https://");
    assert_refused("ftp://mail.example.org", "https://");
    assert_refused("https:/mail.example.org", "path");
    assert_refused("https://https://mail.example.org", "path");
    assert_refused("mail.example.org/", "path");
    assert_refused("https://mail.example.org//", "path");
    assert_refused("https://mail.example.org/admin", "path");
    assert_refused("https://mail.example.org?x", "path");
    assert_refused("https://mail.example.org#x", "path");
    assert_refused("https://mail.example.org\\x", "path");
    assert_refused("alice@mail.example.org", "user");
    assert_refused("https://alice:pw@mail.example.org/", "user");
}

/* A URL's other parts may be secret. */
static void test_refusal_quotes_no_secret(void **state)
{
    static const char *const texts[] = {
        "https://alice:hunter2@mail.example.org",  "http://alice:hunter2@mail.example.org",
        "alice:hunter2@mail.example.org",          "alice:hunter2",
        "https://mail.example.org/?token=hunter2", "http://mail.example.org/?token=hunter2",
        "https://mail.example.org/#hunter2",
    };
    struct ck_host host;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(ck_host_parse(texts[i], &host, &err), CK_ERR_USAGE);
        assert_null(strstr(err.text, "hunter2"));
        assert_null(strstr(err.hint, "hunter2"));
    }
}

static void test_refuses_names(void **state)
{
    (void)state;
    assert_refused("", "1 to 253");
    assert_refused("https://", "empty");
    assert_refused("https:///", "empty");
    assert_refused(":443", "empty");
    assert_refused(".", "empty");
    assert_refused("a..b", "empty");
    assert_refused(".a", "empty");
    assert_refused("a.b..", "empty");
    assert_refused("my_mail.example.org", "'_'");
    assert_refused("bücher_.example", "'_'");
    assert_refused("a b.example", "letters");
    assert_refused(" a.example", "letters");
    assert_refused("a.example\n", "letters");
    assert_refused("a%20b.example", "letters");
    assert_refused("a,b.example", "letters");
    assert_refused("*.example", "letters");
    assert_refused("-a.example", "-");
    assert_refused("a-.example", "-");
    assert_refused("ab--cd.example", ":");
    assert_refused("xn--a.example", ":");
    assert_refused("xn--zz.example", ":");
    assert_refused("☃.example", ":");
    assert_refused("a\xe2\x80\x8d.example", ":"); /* zero width joiner out of place */
    assert_refused("a\xff.example", "UTF-8");
}

/* Characters that are mapped to what separates the parts of a URL. */
static void test_refuses_mapped_separators(void **state)
{
    (void)state;
    assert_refused("a／b.example", "letters");
    assert_refused("a：8443", "letters");
    assert_refused("a＠b.example", "letters");
    assert_refused("a．．b", "empty");
    assert_refused("a＿b.example", "'_'");
    assert_refused("℀.example", "letters"); /* a/c */
}

/* Forms that some programs take for an address, and others for a name. */
static void test_refuses_loose_addresses(void **state)
{
    static const char *const texts[] = {"127.1",      "2130706433", "0x7f000001", "0x7F.1",
                                        "1.2.3.4.5",  "256.0.0.1",  "1.2.3",      "example.123",
                                        "127.0.0.01", "0x",         "a.0xff",     "01.2.3.4"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_refused(texts[i], "neither");
    assert_reads(&(struct reading){"a.0xfg", "a.0xfg", "https://a.0xfg", 443, false});
}

static void test_refuses_ip6(void **state)
{
    (void)state;
    assert_refused("::1", "brackets");
    assert_refused("2001:db8::1", "brackets");
    assert_refused("[::1", "IPv6");
    assert_refused("[::1]8443", "IPv6");
    assert_refused("[::1].", "IPv6");
    assert_refused("[]", "IPv6");
    assert_refused("[::g]", "IPv6");
    assert_refused("[fe80::1%eth0]", "IPv6");
    assert_refused("[127.0.0.1]", "IPv6");
    assert_refused("[mail.example.org]", "IPv6");
    assert_refused("a[::1]", "brackets");
}

static void test_refuses_ports(void **state)
{
    static const char *const ports[] = {"",      "0",    "65536", "99999", "100000", "-1",   "+1",
                                        "8443x", " 443", "0x1bb", "443 ",  "00000",  "https"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
        snprintf(text, sizeof(text), "mail.example.org:%s", ports[i]);
        assert_refused(text, "port");
        snprintf(text, sizeof(text), "[::1]:%s", ports[i]);
        assert_refused(text, "port");
    }
}

static void test_label_bound(void **state)
{
    char text[128];

    (void)state;
    memset(text, 'a', 63);
    strcpy(text + 63, ".example");
    struct ck_host host;
    struct ck_error err;
    assert_int_equal(ck_host_parse(text, &host, &err), CK_OK);
    assert_string_equal(host.name, text);
    memset(text, 'a', 64);
    strcpy(text + 64, ".example");
    assert_refused(text, "");
}

/* A name of 253 characters; with a 254th it is refused, unless that is the dot at the end. */
static void test_name_bound(void **state)
{
    char text[300] = "";
    struct ck_host host;
    struct ck_error err;

    (void)state;
    for (size_t i = 0; i < 253; i++)
        text[i] = i % 50 == 49 ? '.' : 'a';
    assert_int_equal(ck_host_parse(text, &host, &err), CK_OK);
    assert_string_equal(host.name, text);
    text[253] = '.';
    assert_int_equal(ck_host_parse(text, &host, &err), CK_OK);
    assert_int_equal(strlen(host.name), 253);
    strcpy(text + 253, ":65535");
    assert_int_equal(ck_host_parse(text, &host, &err), CK_OK);
    assert_int_equal(strlen(host.origin), 8 + 253 + 6);
    strcpy(text + 253, "a");
    assert_refused(text, "");
}

static void test_text_bound(void **state)
{
    char text[2000];

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t size = 1020; size <= 1030; size++) {
        text[size] = '\0';
        assert_refused(text, "");
        text[size] = 'a';
    }
    /* Soft hyphens vanish: a long text may be a short name. */
    text[0] = '\0';
    for (int i = 0; i < 100; i++)
        strcat(text, "\xc2\xad");
    strcat(text, "a");
    assert_reads(&(struct reading){text, "a", "https://a", 443, false});
}

static enum ck_err parse_one(struct ck_error *err)
{
    struct ck_host host = {0};
    enum ck_err r = ck_host_parse("bücher.example", &host, err);

    assert_string_equal(host.name, r == CK_OK ? "xn--bcher-kva.example" : "");
    return r;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(parse_one, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads),
        cmocka_unit_test(test_reads_in_any_locale),
        cmocka_unit_test(test_origin_reads_back),
        cmocka_unit_test(test_refuses_other_forms),
        cmocka_unit_test(test_refusal_quotes_no_secret),
        cmocka_unit_test(test_refuses_names),
        cmocka_unit_test(test_refuses_mapped_separators),
        cmocka_unit_test(test_refuses_loose_addresses),
        cmocka_unit_test(test_refuses_ip6),
        cmocka_unit_test(test_refuses_ports),
        cmocka_unit_test(test_label_bound),
        cmocka_unit_test(test_name_bound),
        cmocka_unit_test(test_text_bound),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
