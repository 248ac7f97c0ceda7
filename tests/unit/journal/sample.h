/* What the tests of the journal share: a deed, a clock, and the file seen without the library. */
#ifndef COWKEY_TESTS_JOURNAL_SAMPLE_H
#define COWKEY_TESTS_JOURNAL_SAMPLE_H

#include <inttypes.h>
#include <openssl/evp.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/journal/journal.h"
#include "tests/unit/base/file.h"

#define MOMENT INT64_C(1795422084) /* 2026-11-23T08:21:24Z */
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static int64_t moment_s(void)
{
    return MOMENT;
}

static const struct ck_journal_deed sample_deed = {
    .operator= "admin",
    .user = "root@mx1",
    .server = "https://mail.example.test",
    .account = "bob@example.test",
    .role = "mailbox",
    .action = "enroll",
    .method = "passkey",
    .aaguid = "2fc0579f-8113-47ea-b116-bb5a8db9202a",
};

static struct ck_journal *open_journal(const char *path)
{
    struct ck_journal *journal = NULL;
    struct ck_error err;

    if (ck_journal_open(path, moment_s, &journal, &err) != CK_OK)
        fail_msg("%s", err.text);
    return journal;
}

__attribute__((unused)) static void intend(struct ck_journal *journal,
                                           char id[CK_JOURNAL_ID_SIZE + 1])
{
    struct ck_error err;

    if (ck_journal_intend(journal, &sample_deed, id, &err) != CK_OK)
        fail_msg("%s", err.text);
}

__attribute__((unused)) static void conclude(struct ck_journal *journal, const char *id)
{
    struct ck_error err;

    if (ck_journal_conclude(journal, id, CK_JOURNAL_DONE, "login", NULL, "12345678", NULL, &err) !=
        CK_OK)
        fail_msg("%s", err.text);
}

/* A journal of so many intents, each with its outcome behind it. */
__attribute__((unused)) static void write_deeds(const char *path, int count)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = open_journal(path);
    char id[CK_JOURNAL_ID_SIZE + 1];

    for (int i = 0; i < count; i++) {
        intend(journal, id);
        conclude(journal, id);
    }
}

__attribute__((unused)) static struct ck_journal_verdict walk(const char *path)
{
    struct ck_journal_verdict verdict;
    struct ck_error err;

    memset(&verdict, 0x55, sizeof(verdict));
    if (ck_journal_walk(path, NULL, NULL, NULL, &verdict, &err) != CK_OK)
        fail_msg("%s", err.text);
    return verdict;
}

/* The whole file; free it. */
__attribute__((unused)) static char *content_of(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(text);
    size_t size = fread(text, 1, (1 << 20) - 1, file);
    assert_true(feof(file));
    fclose(file);
    if (ret_size != NULL)
        *ret_size = size;
    return text;
}

__attribute__((unused)) static void put_bytes(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

__attribute__((unused)) static void append_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* The number'th line with its LF; free it. */
__attribute__((unused)) static char *line_of(const char *path, int number)
{
    CK_CLEANUP(ck_free_p) char *text = content_of(path, NULL);
    const char *start = text;

    while (--number > 0) {
        start = strchr(start, '\n');
        assert_non_null(start);
        start++;
    }
    const char *line_end = strchr(start, '\n');
    assert_non_null(line_end);
    return strndup(start, (size_t)(line_end + 1 - start));
}

/* SHA-256 of a text in hex; free it. */
__attribute__((unused)) static char *hash_of(const char *text)
{
    unsigned char hash[32];
    size_t size;

    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), hash, &size), 1);
    return ck_hex_encode(hash, size);
}

/* What a shell command prints, without its last line end; free it. */
__attribute__((unused)) static char *printed_by(const char *command)
{
    FILE *pipe = popen(command, "r");
    char *text = calloc(1, 4096);

    assert_non_null(pipe);
    assert_non_null(text);
    size_t size = fread(text, 1, 4095, pipe);
    assert_int_equal(pclose(pipe), 0);
    if (size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    return text;
}

#endif
