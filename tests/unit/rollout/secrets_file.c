#include "cowkey/rollout/secrets_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complaints.h"
#include "cowkey/base/cleanup.h"

static struct ck_secrets parse(const char *text, struct ck_complaints *complaints)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *file = secret_of(text);
    struct ck_secrets secrets = {0};
    struct ck_error err;

    assert_int_equal(ck_secrets_parse(file, &secrets, complaints, &err), CK_OK);
    return secrets;
}

static void expect_password(const struct ck_secrets *secrets, const char *name, const char *wanted)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *password = NULL;
    struct ck_error err;

    assert_true(ck_secrets_has(secrets, name));
    assert_int_equal(ck_secrets_get(secrets, name, &password, &err), CK_OK);
    assert_secret(password, wanted);
}

static void test_entries(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_secrets_clear)
    struct ck_secrets secrets = parse("\xef\xbb\xbf"
                                      "carol, blanks \r\n\nalice,\"a,\"\"b\"\"\"\nbob,=x|ü",
                                      &complaints);
    struct ck_secret *untouched = UNTOUCHED;
    struct ck_error err;

    (void)state;
    assert_none(&complaints);
    assert_int_equal(secrets.count, 3);
    expect_password(&secrets, "alice", "a,\"b\"");
    expect_password(&secrets, "bob", "=x|ü");
    expect_password(&secrets, "carol", " blanks ");
    assert_false(ck_secrets_has(&secrets, "Carol"));
    assert_false(ck_secrets_has(&secrets, ""));
    assert_int_equal(ck_secrets_get(&secrets, "dave", &untouched, &err), CK_ERR_USAGE);
    assert_ptr_equal(untouched, UNTOUCHED);
}

static void test_none(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_secrets_clear) struct ck_secrets secrets = parse("", &complaints);

    (void)state;
    assert_int_equal(secrets.count, 0);
    assert_false(ck_secrets_has(&secrets, "a"));
}

static void test_bad_lines_and_no_word_of_them(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_secrets_clear)
    struct ck_secrets secrets =
        parse("hunter2\na,hunter2,hunter2\n,hunter2\nb,\nc,hun\x01ter2\n"
              "d\x7f,hunter2\ne,hun\"ter2\nf,hunter2\ng,hunter2\nf,hunter2\n",
              &complaints);
    static const char *const parts[] = {
        "NAME,PASSWORD",         "NAME,PASSWORD",     "no name", "no password",
        "a password that holds", "a name that holds", "quote"};

    (void)state;
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        assert_complaint(&complaints, i, i + 1, parts[i]);
    assert_complaint(&complaints, 7, 10, "the name of line 8");
    assert_int_equal(complaints.count, 8);
    for (size_t i = 0; i < complaints.count; i++)
        assert_null(strstr(complaints.rows[i].text, "hun"));
    expect_password(&secrets, "g", "hunter2");
}

/* --- private files --- */

static const char path[] = "rollout-secret.tmp";

static void write_file(const char *text, size_t size, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void expect_file_refused(const char *name, const char *part)
{
    struct ck_secret *password = UNTOUCHED;
    struct ck_error err = {0};

    assert_int_equal(ck_password_file_read(name, &password, &err), CK_ERR_USAGE);
    assert_ptr_equal(password, UNTOUCHED);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_null(strstr(err.text, "hunter2"));
}

static void test_private_files(void **state)
{
    static const mode_t open_modes[] = {0640, 0620, 0604, 0602, 0666};
    struct ck_error err;

    (void)state;
    write_file("hunter2 \r\n", 10, 0600);
    CK_CLEANUP(ck_secret_free) struct ck_secret *password = NULL;
    assert_int_equal(ck_password_file_read(path, &password, &err), CK_OK);
    assert_secret(password, "hunter2 ");
    for (size_t i = 0; i < sizeof(open_modes) / sizeof(*open_modes); i++) {
        write_file("hunter2", 7, open_modes[i]);
        expect_file_refused(path, "others may read or write");
    }
    write_file("\n", 1, 0400);
    expect_file_refused(path, "is empty");
    unlink(path);
    write_file("hunter2\0x", 9, 0600);
    expect_file_refused(path, "NUL");
    unlink(path);
    expect_file_refused(path, "could not be opened");
    expect_file_refused("/dev/null", "no plain file");
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_file_refused(path, "no plain file");
    unlink(path);
}

static void test_a_secrets_file(void **state)
{
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    CK_CLEANUP(ck_secrets_clear) struct ck_secrets secrets = {0};
    struct ck_error err = {0};

    (void)state;
    write_file("a,hunter2\n", 10, 0644);
    assert_int_equal(ck_secrets_load(path, &secrets, &complaints, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, "others may");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(ck_secrets_load(path, &secrets, &complaints, &err), CK_OK);
    unlink(path);
    expect_password(&secrets, "a", "hunter2");
}

static void test_somebody_elses(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    write_file("hunter2", 7, 0600);
    assert_int_equal(chown(path, 65534, 65534), 0);
    expect_file_refused(path, "belongs to somebody else");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_bad_lines_and_no_word_of_them),
        cmocka_unit_test(test_private_files),
        cmocka_unit_test(test_a_secrets_file),
        cmocka_unit_test(test_somebody_elses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
