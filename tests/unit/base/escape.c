#include "cowkey/base/escape.h"
#include "cowkey/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocation.h"

struct pair {
    const char *text, *expected;
};

static void assert_escaped(char *(*escape)(const char *), const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *escaped = escape(pairs[i].text);
        assert_non_null(escaped);
        assert_string_equal(escaped, pairs[i].expected);
        free(escaped);
    }
}

#define ASSERT_ESCAPED(escape, pairs)                                                              \
    assert_escaped(escape, pairs, sizeof(pairs) / sizeof(pairs[0]))

/* Boundaries out of RFC 3629 section 4; the neighbours on the wrong side are below. */
static void test_terminal(void **state)
{
    static const struct pair pairs[] = {
        {"", ""},
        {"plain text, ä € 😀", "plain text, ä € 😀"},
        {"a\nb\tc\rd", "a\\nb\\tc\\x0dd"},
        {"\033[31mred\a\b", "\\x1b[31mred\\x07\\x08"},
        {"\x01\x1f ~\x7f", "\\x01\\x1f ~\\x7f"},
        {"\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", "\\u{0080}\\u{009b}\\u{009f}\xc2\xa0"},
        {"\x9b\xff\xc3(", "\\x9b\\xff\\xc3("},
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
        {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
        {"C:\\n", "C:\\n"},
    };

    (void)state;
    ASSERT_ESCAPED(ck_escape_terminal, pairs);
}

static void encode_utf8(uint32_t c, char text[5])
{
    char *to = text;

    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    *to = '\0';
}

/* Every character there is: exactly those that the header lists are escaped. */
static void test_terminal_of_all_characters(void **state)
{
    static const uint32_t bidirectional[] = {0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c,
                                             0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069};

    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        bool control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
        char text[5];

        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        for (size_t i = 0; i < sizeof(bidirectional) / sizeof(bidirectional[0]); i++)
            control = control || c == bidirectional[i];
        encode_utf8(c, text);
        assert_true(ck_utf8_valid(text, strlen(text)));
        char *escaped = ck_escape_terminal(text);
        assert_int_equal(strcmp(escaped, text) != 0, control);
        if (control)
            assert_int_equal(escaped[0], '\\');
        free(escaped);
    }
}

static bool is_harmless(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    }
    return true;
}

/* Bytes of any kind, weighted towards those that mean something: what comes out is text. */
static void test_any_bytes(void **state)
{
    static const char alphabet[] = "a'\\$\n\033\x7f\x80\x9b\xa8\xae\xc2\xc3\xe2\xed\xf0\xff";

    (void)state;
    srand(1);
    for (int round = 0; round < 20000; round++) {
        char text[12] = "";
        for (int i = rand() % 11; i > 0; i--)
            text[i - 1] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];

        char *terminal = ck_escape_terminal(text);
        assert_true(ck_utf8_valid(terminal, strlen(terminal)));
        assert_true(is_harmless(terminal));
        char *shell = ck_escape_shell(text);
        assert_true(ck_utf8_valid(shell, strlen(shell)));
        assert_true(is_harmless(shell));
        char *again = ck_escape_terminal(shell);
        assert_string_equal(again, shell);
        free(terminal);
        free(shell);
        free(again);
    }
}

static void test_shell(void **state)
{
    static const struct pair pairs[] = {
        {"", "''"},
        {"mail.example.org", "mail.example.org"},
        {"alice@example.org", "alice@example.org"},
        {"/tmp/a-b_c+d,e:f%1=2", "/tmp/a-b_c+d,e:f%1=2"},
        {"=ls", "'=ls'"},
        {"a b", "'a b'"},
        {"~", "'~'"},
        {"$HOME", "'$HOME'"},
        {"`id`;rm *", "'`id`;rm *'"},
        {"it's", "'it'\\''s'"},
        {"'", "''\\'''"},
        {"a\\b!", "'a\\b!'"},
        {"ä", "'ä'"},
        {"a\nb", "$'a\\012b'"},
        {"\033[0m'\\", "$'\\033[0m\\'\\\\'"},
        {"\xff", "$'\\377'"},
        {"\xe2\x80\xae", "$'\\342\\200\\256'"},
    };

    (void)state;
    ASSERT_ESCAPED(ck_escape_shell, pairs);
}

/* The longest that each form gets, which is what the buffers are made for; a checker looks. */
static void test_growth(void **state)
{
    static const char *const units[] = {"\xff", "\x01", "\xc2\x80", "\xe2\x80\xa8",
                                        "'",    "\\",   "€'"};

    (void)state;
    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        char text[128] = "";
        for (int i = 0; i < 16; i++) {
            strcat(text, units[u]);
            free(ck_escape_terminal(text));
            free(ck_escape_shell(text));
        }
    }
}

/*
 * What bash prints when its script says: printf %s word. The script comes by a pipe: sh does not
 * see it.
 */
static void ask_bash(const char *word, char *ret_text, size_t size_max)
{
    int script[2], answer[2];
    int status;

    assert_int_equal(pipe(script) | pipe(answer), 0);
    pid_t bash = fork();
    assert_true(bash >= 0);
    if (bash == 0) {
        dup2(script[0], STDIN_FILENO);
        dup2(answer[1], STDOUT_FILENO);
        close(script[1]);
        setenv("LC_ALL", "C", 1);
        execlp("bash", "bash", (char *)NULL);
        _exit(127);
    }
    close(script[0]);
    close(answer[1]);
    dprintf(script[1], "printf %%s %s", word);
    close(script[1]);
    FILE *from = fdopen(answer[0], "r");
    ret_text[fread(ret_text, 1, size_max - 1, from)] = '\0';
    fclose(from);
    assert_int_equal(waitpid(bash, &status, 0), bash);
    assert_int_equal(status, 0);
}

static void test_shell_reads_it_back(void **state)
{
    static const char *const texts[] = {
        "plain",
        "a b  c",
        "it's $HOME `id` \"x\" \\ !!",
        "*?[a]{b,c}~#&|;<>()",
        "-n",
        "=ls",
        "ä€😀",
        "tab\tnewline\nend\n",
        "\033[31m'\\",
        ("\001"
         "23"),
        "\xff\xfe",
        "\xe2\x80\xae evil",
        "%s%n\\n",
        "",
    };
    char answer[256];

    (void)state;
    if (access("/bin/bash", X_OK) != 0)
        skip();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *word = ck_escape_shell(texts[i]);
        ask_bash(word, answer, sizeof(answer));
        assert_string_equal(answer, texts[i]);
        free(word);
    }
}

static enum ck_err escape_both(struct ck_error *err)
{
    char *terminal = ck_escape_terminal("a\n");
    char *shell = ck_escape_shell("a b");
    bool short_of_memory = terminal == NULL || shell == NULL;

    free(terminal);
    free(shell);
    return short_of_memory ? ck_error_no_memory(err) : CK_OK;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(escape_both, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal),         cmocka_unit_test(test_terminal_of_all_characters),
        cmocka_unit_test(test_any_bytes),        cmocka_unit_test(test_shell),
        cmocka_unit_test(test_growth),           cmocka_unit_test(test_shell_reads_it_back),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
