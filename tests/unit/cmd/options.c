/* The option table: what is taken, what is refused, and what beats what. */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "src/cmd/command.h"
#include "src/cmd/options.h"

enum { WORDS_MAX = 16 };

static const enum option_id enroll_options[] = {OPTION_LABEL, OPTION_OUT, OPTION_COUNT};
static const struct command enroll = {.words = "enroll totp", .options = enroll_options};
static const struct command list = {.words = "list"};

static struct options *options;
static const char *words[WORDS_MAX];
static int words_count;
static struct ck_error err;
static char config_path[] = "/tmp/cowkey-test-config-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    options = options_new();
    unsetenv("COWKEY_SERVER");
    unsetenv("COWKEY_CONFIG");
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    return options != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    options_free(&options);
    return 0;
}

/* Parses a command line given as one string of words. */
static enum ck_err parse(const char *line)
{
    static char copy[512];
    char *argv[WORDS_MAX + 1] = {(char *)"cowkey"};
    int argc = 1;

    snprintf(copy, sizeof(copy), "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    optind = 0; /* glibc: start afresh */
    return options_parse(options, argc, argv, words, &words_count, &err);
}

static void assert_value(enum option_id option, const char *value)
{
    assert_non_null(option_value(options, option));
    assert_string_equal(option_value(options, option), value);
}

static void test_options_and_words_in_any_order(void **state)
{
    (void)state;
    assert_int_equal(parse("--server=a.test enroll --json totp --label x -y -- --more"), CK_OK);
    assert_value(OPTION_SERVER, "a.test");
    assert_value(OPTION_LABEL, "x");
    assert_true(option_given(options, OPTION_JSON));
    assert_true(option_given(options, OPTION_YES));
    assert_false(option_given(options, OPTION_QUIET));
    assert_int_equal(words_count, 3);
    assert_string_equal(words[0], "enroll");
    assert_string_equal(words[2], "--more");
}

static void test_what_is_refused(void **state)
{
    (void)state;
    const char *const bad[] = {
        "--no-such-option",
        "--serv a.test",
        "--serv=a.test",
        "--server",
        "--json=yes",
        "-z",
        "--server a --server b",
        "--password-file a --password-fd 3",
        "--secret-command a --secret-file b",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        options_free(&options);
        options = options_new();
        if (parse(bad[i]) != CK_ERR_USAGE)
            fail_msg("'%s' was taken", bad[i]);
        assert_string_not_equal(err.text, "");
    }
}

static void test_a_command_takes_its_own_options_only(void **state)
{
    (void)state;
    assert_int_equal(parse("--label x --server a.test"), CK_OK);
    assert_int_equal(options_check_command(options, &enroll, &err), CK_OK);
    assert_int_equal(options_check_command(options, &list, &err), CK_ERR_USAGE);
}

static void write_config(const char *text)
{
    strcpy(strrchr(config_path, '-'), "-XXXXXX");
    int fd = mkstemp(config_path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    setenv("COWKEY_CONFIG", config_path, 1);
}

static enum ck_err complete(void)
{
    enum ck_err r = options_complete(options, &err);

    unlink(config_path);
    return r;
}

static void test_flag_beats_environment_beats_profile(void **state)
{
    (void)state;
    write_config("[default]\nserver = profile.test\naccount = profile\nrole = admin\n"
                 "[other]\nserver = other.test\n");
    setenv("COWKEY_SERVER", "environment.test", 1);
    assert_int_equal(parse("--role mailbox"), CK_OK);
    assert_int_equal(complete(), CK_OK);
    assert_value(OPTION_ROLE, "mailbox");
    assert_value(OPTION_SERVER, "environment.test");
    assert_value(OPTION_ACCOUNT, "profile");
}

static void test_one_source_of_a_secret_beats_another_of_the_profile(void **state)
{
    (void)state;
    write_config("[default]\npassword-file = profile\nlogin-secret-command = profile\n");
    assert_int_equal(parse("--password-fd 3"), CK_OK);
    assert_int_equal(complete(), CK_OK);
    assert_value(OPTION_PASSWORD_FD, "3");
    assert_false(option_given(options, OPTION_PASSWORD_FILE));
    assert_value(OPTION_LOGIN_SECRET_COMMAND, "profile");
}

static void test_bad_profiles(void **state)
{
    (void)state;
    const struct {
        const char *config, *line;
    } bad[] = {
        {"[default]\nno-such-key = 1\n", ""},
        {"[default]\njson = 1\n", ""},
        {"[default]\nnonsense\n", ""},
        {"[default]\nserver = a\n  account = b\n", ""},
        {"[default]\npassword-command = true ; false\n", ""},
        {"[default]\nserver = a\nserver = b\n", ""},
        {"[default]\nserver = "
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaa"
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
         "aaaa"
         "aaaaaaaaaa\n",
         ""},
        {"[default]\nserver = a\n", "--profile other"},
        {"", "--config /nonexistent/config"},
        {"", "--config /"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        options_free(&options);
        options = options_new();
        write_config(bad[i].config);
        assert_int_equal(parse(bad[i].line), CK_OK);
        if (complete() != CK_ERR_USAGE)
            fail_msg("'%s' was taken", bad[i].config);
    }
}

static void test_no_secret_comes_from_the_environment(void **state)
{
    (void)state;
    setenv("COWKEY_PASSWORD_FILE", "x", 1);
    setenv("COWKEY_PASSWORD", "x", 1);
    assert_int_equal(parse(""), CK_OK);
    assert_int_equal(complete(), CK_OK);
    assert_false(option_given(options, OPTION_PASSWORD_FILE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_and_words_in_any_order),
        TEST(what_is_refused),
        TEST(a_command_takes_its_own_options_only),
        TEST(flag_beats_environment_beats_profile),
        TEST(one_source_of_a_secret_beats_another_of_the_profile),
        TEST(bad_profiles),
        TEST(no_secret_comes_from_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
