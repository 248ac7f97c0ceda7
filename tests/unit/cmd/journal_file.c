/* Which journal is opened for writing, and who is written down. */
#include "src/cmd/journal_file.h"

#include "tests/unit/journal/sample.h"

/* Has no option but, perhaps, --journal. */
static struct options *options_with(const char *journal)
{
    struct options *options = options_new();
    struct ck_error err;

    assert_non_null(options);
    if (journal != NULL)
        assert_int_equal(option_set_default(options, OPTION_JOURNAL, journal, &err), CK_OK);
    return options;
}

static void assert_opens(const char *journal, const char *path)
{
    CK_CLEANUP(options_free) struct options *options = options_with(journal);
    CK_CLEANUP(ck_journal_close) struct ck_journal *opened = NULL;
    struct ck_error err;
    struct stat status;

    assert_int_equal(journal_open(options, &opened, &err), CK_OK);
    assert_non_null(opened);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void test_opens(void **state)
{
    char home[64], under_home[96];

    (void)state;
    snprintf(home, sizeof(home), "%s/home", directory);
    snprintf(under_home, sizeof(under_home), "%s/state", home);
    setenv("HOME", home, 1);
    unsetenv("XDG_STATE_HOME");
    assert_opens(NULL, "home/.local/state/cowkey/journal.jsonl");
    setenv("XDG_STATE_HOME", "relative", 1); /* the specification has it ignored */
    assert_opens(NULL, "home/.local/state/cowkey/journal.jsonl");
    setenv("XDG_STATE_HOME", under_home, 1);
    assert_opens(NULL, "home/state/cowkey/journal.jsonl");
    assert_opens("mine", "mine");
}

static void assert_refused(const char *journal, const char *part)
{
    CK_CLEANUP(options_free) struct options *options = options_with(journal);
    struct ck_journal *opened = (struct ck_journal *)UNTOUCHED;
    struct ck_error err;

    assert_int_equal(journal_open(options, &opened, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(opened, UNTOUCHED);
}

static void test_refuses(void **state)
{
    (void)state;
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    assert_refused(NULL, "without --journal");
    assert_refused(".", "can't be made or opened");
}

/* As id(1) and the kernel name them. */
static void test_user(void **state)
{
    char expected[512], host[256];

    (void)state;
    unsetenv("SUDO_USER");
    CK_CLEANUP(ck_free_p) char *name = printed_by("id -un");
    assert_int_equal(gethostname(host, sizeof(host)), 0);
    snprintf(expected, sizeof(expected), "%s@%s", name, host);
    CK_CLEANUP(ck_free_p) char *user = journal_user();
    assert_string_equal(user, expected);
    setenv("SUDO_USER", "alice", 1);
    CK_CLEANUP(ck_free_p) char *by_sudo = journal_user();
    if (getuid() == 0)
        strcat(expected, " (sudo: alice)");
    assert_string_equal(by_sudo, expected);
    unsetenv("SUDO_USER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(test_opens),
        FILE_TEST(test_refuses),
        FILE_TEST(test_user),
    };

    setlinebuf(stdout);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
