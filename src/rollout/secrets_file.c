/* Files of passwords. */
#include "cowkey/rollout/secrets_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/base/utf8.h"
#include "csv_rows.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void ck_secrets_clear(struct ck_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++)
        free(secrets->rows[i].name);
    free(secrets->rows);
    ck_secret_free(&secrets->passwords);
    *secrets = (struct ck_secrets){0};
}

/* --- rows --- */

struct reading {
    struct ck_secrets *secrets;
    size_t used; /* of passwords */
    struct ck_complaints *complaints;
};

static enum ck_err append(struct ck_secrets *secrets, const struct ck_secret_row *row,
                          struct ck_error *err)
{
    enum { ROWS_STEP = 256 };
    struct ck_secret_row *rows = secrets->rows;

    if (row->name == NULL)
        return ck_error_no_memory(err);
    if (secrets->count % ROWS_STEP == 0)
        rows = reallocarray(rows, secrets->count + ROWS_STEP, sizeof(*rows));
    if (rows == NULL) {
        free(row->name);
        return ck_error_no_memory(err);
    }
    secrets->rows = rows;
    rows[secrets->count++] = *row;
    return CK_OK;
}

/* What is wrong with it, or NULL. */
static const char *check_row(const struct csv_cell *cells, size_t count)
{
    if (count != 2)
        return "is not NAME,PASSWORD: a password with a comma or a quote stands in quotes";
    if (cells[0].size == 0)
        return "has no name";
    if (cells[0].size >= CK_SECRET_NAME_MAX)
        return "has a name that is too long";
    if (!ck_utf8_valid(cells[0].text, cells[0].size) ||
        ck_ascii_has_control(cells[0].text, cells[0].size))
        return "has a name that holds control characters or is not UTF-8";
    if (cells[1].size == 0)
        return "has no password";
    if (cells[1].size > CK_SECRET_INPUT_MAX)
        return "has a password that is too long";
    if (ck_ascii_has_control(cells[1].text, cells[1].size))
        return "has a password that holds control characters";
    return NULL;
}

static enum ck_err take_row(void *data, size_t line, const struct csv_cell *cells, size_t count,
                            struct ck_error *err)
{
    struct reading *reading = data;
    const char *wrong = check_row(cells, count);

    if (wrong != NULL)
        return ck_complaints_add(reading->complaints, line, err, "%s", wrong);
    const struct ck_secret_row row = {
        .name = strdup(cells[0].text), .line = line, .at = reading->used, .size = cells[1].size};
    enum ck_err r = append(reading->secrets, &row, err);
    if (r != CK_OK)
        return r;
    memcpy(ck_secret_bytes(reading->secrets->passwords) + reading->used, cells[1].text,
           cells[1].size);
    reading->used += cells[1].size;
    return CK_OK;
}

static enum ck_err take_bad(void *data, size_t line, const char *why, struct ck_error *err)
{
    struct reading *reading = data;

    return ck_complaints_add(reading->complaints, line, err, "%s", why);
}

/* --- the file --- */

static int compare_rows(const void *a, const void *b)
{
    const struct ck_secret_row *one = a, *other = b;
    int order = strcmp(one->name, other->name);

    return order != 0 ? order : (one->line > other->line) - (one->line < other->line);
}

static enum ck_err check_twice(const struct ck_secrets *secrets, struct ck_complaints *complaints,
                               struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 1; i < secrets->count && r == CK_OK; i++) {
        const struct ck_secret_row *row = &secrets->rows[i], *before = &secrets->rows[i - 1];
        if (strcmp(row->name, before->name) == 0)
            r = ck_complaints_add(complaints, row->line, err, "has the name of line %zu",
                                  before->line);
    }
    return r;
}

enum ck_err ck_secrets_parse(const struct ck_secret *text, struct ck_secrets *ret_secrets,
                             struct ck_complaints *complaints, struct ck_error *err)
{
    CK_CLEANUP(ck_secrets_clear) struct ck_secrets secrets = {0};
    struct reading reading = {.secrets = &secrets, .complaints = complaints};
    const struct csv_taker taker = {.data = &reading, .row = take_row, .bad = take_bad};

    const char *bytes = ck_secret_bytes(text);
    size_t size = ck_secret_size(text), mark = strlen(byte_order_mark);

    if (size >= mark && memcmp(bytes, byte_order_mark, mark) == 0) {
        bytes += mark;
        size -= mark;
    }
    /* What is unquoted is no longer than it was. */
    enum ck_err r = ck_secret_new(NULL, ck_secret_size(text), &secrets.passwords, err);
    if (r == CK_OK)
        r = csv_read(bytes, size, &taker, err);
    if (r == CK_OK && secrets.count > 0)
        qsort(secrets.rows, secrets.count, sizeof(*secrets.rows), compare_rows);
    if (r == CK_OK)
        r = check_twice(&secrets, complaints, err);
    if (r != CK_OK)
        return r;
    *ret_secrets = secrets;
    secrets = (struct ck_secrets){0};
    return CK_OK;
}

static const struct ck_secret_row *find(const struct ck_secrets *secrets, const char *name)
{
    size_t from = 0, to = secrets->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, secrets->rows[middle].name);
        if (order == 0)
            return &secrets->rows[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

bool ck_secrets_has(const struct ck_secrets *secrets, const char *name)
{
    return find(secrets, name) != NULL;
}

enum ck_err ck_secrets_get(const struct ck_secrets *secrets, const char *name,
                           struct ck_secret **ret_password, struct ck_error *err)
{
    const struct ck_secret_row *row = find(secrets, name);

    if (row == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the secrets file has no entry of that name");
    return ck_secret_new(ck_secret_bytes(secrets->passwords) + row->at, row->size, ret_password,
                         err);
}

/* --- private files --- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum ck_err check_private(int fd, const char *path, const char *what, struct ck_error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s '%.200s' could not be looked at: %m", what,
                            path);
    if (!S_ISREG(status.st_mode))
        return ck_error_set(err, CK_ERR_USAGE, "%s '%.200s' is no plain file", what, path);
    if (status.st_uid != geteuid()) {
        ck_error_set(err, CK_ERR_USAGE, "%s '%.200s' belongs to somebody else", what, path);
        return ck_error_hint(err, "Make a copy of your own, readable by you only.");
    }
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        ck_error_set(err, CK_ERR_USAGE, "others may read or write %s '%.200s'", what, path);
        return ck_error_hint(err, "Make it private: chmod 600. Passwords that others have read "
                                  "want to be changed.");
    }
    return CK_OK;
}

enum ck_err ck_private_file_read(const char *path, size_t size_max, const char *what,
                                 struct ck_secret **ret_bytes, struct ck_error *err)
{
    /* Not to wait for somebody who writes into a pipe. */
    CK_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s '%.200s' could not be opened: %m", what, path);
    enum ck_err r = check_private(fd, path, what, err);
    return r == CK_OK ? ck_file_read_fd(fd, size_max, what, ret_bytes, err) : r;
}

enum ck_err ck_secrets_load(const char *path, struct ck_secrets *ret_secrets,
                            struct ck_complaints *complaints, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    enum ck_err r = ck_private_file_read(path, CK_SECRETS_FILE_MAX, "the secrets file", &text, err);

    return r == CK_OK ? ck_secrets_parse(text, ret_secrets, complaints, err) : r;
}

enum ck_err ck_password_file_read(const char *path, struct ck_secret **ret_password,
                                  struct ck_error *err)
{
    static const char what[] = "the password file";
    CK_CLEANUP(ck_secret_free) struct ck_secret *password = NULL;
    enum ck_err r = ck_private_file_read(path, CK_SECRET_INPUT_MAX, what, &password, err);

    if (r != CK_OK)
        return r;
    ck_secret_chomp(password);
    if (ck_secret_size(password) == 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s '%.200s' is empty", what, path);
    if (strlen(ck_secret_bytes(password)) != ck_secret_size(password))
        return ck_error_set(err, CK_ERR_USAGE, "%s '%.200s' holds a NUL byte", what, path);
    *ret_password = CK_TAKE(password);
    return CK_OK;
}
