/* The file of exceptions. */
#include "cowkey/admin/exceptions.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

enum { DAY_S = 24 * 60 * 60, LAST_DAY_SIZE = sizeof("2027-01-31") - 1 };

/* A piece of the text, which has no NUL behind it. */
struct piece {
    const char *at;
    size_t size;
};

void ck_exceptions_clear(struct ck_exceptions *exceptions)
{
    for (size_t i = 0; i < exceptions->count; i++)
        free(exceptions->rows[i].reason);
    free(exceptions->rows);
    *exceptions = (struct ck_exceptions){0};
}

/* --- reading --- */

/* What goes wrong line by line: the first is told, the others are counted. */
struct complaints {
    struct ck_error *err;
    size_t count;
};

static void complain(struct complaints *complaints, size_t line, const char *what)
{
    if (complaints->count++ == 0)
        ck_error_set(complaints->err, CK_ERR_USAGE, "line %zu of the exceptions %s", line, what);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct piece *rest)
{
    while (rest->size > 0 && is_blank(*rest->at)) {
        rest->at++;
        rest->size--;
    }
}

/* The line without its end and the blanks around it; *text is moved behind it. */
static struct piece take_line(struct piece *text)
{
    const char *end = memchr(text->at, '\n', text->size);
    size_t size = end != NULL ? (size_t)(end - text->at) : text->size;
    struct piece line = {text->at, size};

    text->at += size + (end != NULL);
    text->size -= size + (end != NULL);
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    while (line.size > 0 && is_blank(line.at[line.size - 1]))
        line.size--;
    skip_blanks(&line);
    return line;
}

static struct piece take_word(struct piece *line)
{
    struct piece word = {line->at, 0};

    while (word.size < line->size && !is_blank(line->at[word.size]))
        word.size++;
    line->at += word.size;
    line->size -= word.size;
    skip_blanks(line);
    return word;
}

static int digits(const char *text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* timegm makes a March of the 31st of February; then it is not what was written. */
static bool parse_day(struct piece word, int64_t *ret_ends_s)
{
    static const char shape[] = "0000-00-00";

    if (word.size != LAST_DAY_SIZE)
        return false;
    for (size_t i = 0; i < LAST_DAY_SIZE; i++) {
        bool is_digit = word.at[i] >= '0' && word.at[i] <= '9';
        if (shape[i] == '0' ? !is_digit : word.at[i] != shape[i])
            return false;
    }
    struct tm written = {
        .tm_year = digits(word.at, 4) - 1900,
        .tm_mon = digits(word.at + 5, 2) - 1,
        .tm_mday = digits(word.at + 8, 2),
    };
    struct tm again = written;
    int64_t day_s = timegm(&again);

    *ret_ends_s = day_s + DAY_S;
    return day_s >= 0 && again.tm_mon == written.tm_mon && again.tm_mday == written.tm_mday;
}

/* NULL, or what is wrong with the line; then *row holds nothing. */
static const char *parse_row(struct piece line, struct ck_exception *row)
{
    if (!ck_utf8_valid(line.at, line.size))
        return "is not text in UTF-8";
    struct piece pattern = take_word(&line);
    struct piece last_day = take_word(&line);

    if (pattern.size >= sizeof(row->pattern))
        return "has a name that is too long";
    if (last_day.size == 0)
        return "names no last day and no reason";
    if (!parse_day(last_day, &row->ends_s))
        return "has no last day behind the name, such as 2027-01-31";
    if (line.size == 0)
        return "gives no reason";
    if (line.size >= CK_EXCEPTION_REASON_MAX)
        return "has a reason that is too long";
    if (ck_ascii_has_control(pattern.at, pattern.size) || ck_ascii_has_control(line.at, line.size))
        return "holds control characters";

    for (size_t i = 0; i < pattern.size; i++)
        row->pattern[i] = ck_ascii_lower(pattern.at[i]);
    row->pattern[pattern.size] = '\0';
    memcpy(row->last_day, last_day.at, LAST_DAY_SIZE);
    row->last_day[LAST_DAY_SIZE] = '\0';
    row->reason = strndup(line.at, line.size);
    return NULL;
}

static const struct ck_exception *find_pattern(const struct ck_exceptions *exceptions,
                                               const char *pattern)
{
    for (size_t i = 0; i < exceptions->count; i++) {
        if (strcmp(exceptions->rows[i].pattern, pattern) == 0)
            return &exceptions->rows[i];
    }
    return NULL;
}

/* Takes the row over. */
static enum ck_err append(struct ck_exceptions *exceptions, struct ck_exception *row,
                          struct ck_error *err)
{
    enum { ROWS_STEP = 64 };
    struct ck_exception *rows = exceptions->rows;

    if (row->reason == NULL)
        return ck_error_no_memory(err);
    if (exceptions->count % ROWS_STEP == 0)
        rows = reallocarray(rows, exceptions->count + ROWS_STEP, sizeof(*rows));
    if (rows == NULL) {
        free(row->reason);
        return ck_error_no_memory(err);
    }
    exceptions->rows = rows;
    rows[exceptions->count++] = *row;
    return CK_OK;
}

static enum ck_err take_row(struct piece line, size_t number, struct ck_exceptions *exceptions,
                            struct complaints *complaints, struct ck_error *err)
{
    struct ck_exception row = {.line = number};
    const char *wrong = parse_row(line, &row);

    if (wrong != NULL) {
        complain(complaints, number, wrong);
        return CK_OK;
    }
    const struct ck_exception *earlier = find_pattern(exceptions, row.pattern);
    if (earlier != NULL) {
        char what[64];
        snprintf(what, sizeof(what), "repeats the name of line %zu", earlier->line);
        complain(complaints, number, what);
        free(row.reason);
        return CK_OK;
    }
    return append(exceptions, &row, err);
}

static enum ck_err tell_complaints(const struct complaints *complaints, struct ck_error *err)
{
    size_t more = complaints->count - 1;

    if (more > 0)
        ck_error_set(err, CK_ERR_USAGE, "%s; %zu more %s wrong, too", complaints->err->text, more,
                     more == 1 ? "line is" : "lines are");
    else
        *err = *complaints->err;
    return ck_error_hint(err, "Each line is a name or pattern, the last day of the exception, and "
                              "a reason: alice@example.test 2027-01-31 broken phone. A '#' begins "
                              "a comment.");
}

enum ck_err ck_exceptions_parse(const char *text, size_t size, struct ck_exceptions *ret_exceptions,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_exceptions_clear) struct ck_exceptions exceptions = {0};
    struct piece rest = {text, size};
    struct ck_error first;
    struct complaints complaints = {.err = &first};

    if (size > CK_EXCEPTIONS_FILE_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the file of exceptions holds more than %d bytes",
                            CK_EXCEPTIONS_FILE_MAX);
    if (size >= strlen(byte_order_mark) &&
        memcmp(text, byte_order_mark, strlen(byte_order_mark)) == 0) {
        rest.at += strlen(byte_order_mark);
        rest.size -= strlen(byte_order_mark);
    }
    for (size_t number = 1; rest.size > 0; number++) {
        struct piece line = take_line(&rest);
        if (line.size == 0 || *line.at == '#')
            continue;
        if (exceptions.count == CK_EXCEPTIONS_MAX)
            return ck_error_set(err, CK_ERR_USAGE,
                                "the file of exceptions has more than %d of them",
                                CK_EXCEPTIONS_MAX);
        if (take_row(line, number, &exceptions, &complaints, err) != CK_OK)
            return err->code;
    }
    if (complaints.count > 0)
        return tell_complaints(&complaints, err);
    *ret_exceptions = exceptions;
    exceptions = (struct ck_exceptions){0};
    return CK_OK;
}

static void close_file(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

enum ck_err ck_exceptions_load(const char *path, struct ck_exceptions *ret_exceptions,
                               struct ck_error *err)
{
    CK_CLEANUP(close_file) FILE *file = fopen(path, "re");
    CK_CLEANUP(ck_free_p) char *text = malloc(CK_EXCEPTIONS_FILE_MAX + 1);

    if (text == NULL)
        return ck_error_no_memory(err);
    if (file == NULL)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the file of exceptions '%.200s' could not be opened: %m", path);
    size_t size = fread(text, 1, CK_EXCEPTIONS_FILE_MAX + 1, file);
    if (ferror(file))
        return ck_error_set(err, CK_ERR_USAGE,
                            "the file of exceptions '%.200s' could not be read: %m", path);
    return ck_exceptions_parse(text, size, ret_exceptions, err);
}

/* --- asking --- */

enum ck_exception_state ck_exceptions_find(const struct ck_exceptions *exceptions, const char *name,
                                           int64_t now_s, const struct ck_exception **ret_exception)
{
    const struct ck_exception *best = NULL;

    for (size_t i = 0; i < exceptions->count; i++) {
        struct ck_exception *row = &exceptions->rows[i];
        bool better = best == NULL || row->ends_s > best->ends_s;
        if (!better && row->matched)
            continue;
        if (strcmp(row->pattern, name) != 0 && fnmatch(row->pattern, name, 0) != 0)
            continue;
        row->matched = true;
        if (better)
            best = row;
    }
    if (best == NULL)
        return CK_EXCEPTION_NONE;
    *ret_exception = best;
    return now_s < best->ends_s ? CK_EXCEPTION_ACTIVE : CK_EXCEPTION_EXPIRED;
}

/* A star matches '@', too, so a pattern without '@' may be about anybody. */
static bool is_in_reach(const struct ck_exception *row, const struct ck_exceptions_reach *reach)
{
    const char *at = strrchr(row->pattern, '@');
    bool is_pattern = strpbrk(row->pattern, "*?[") != NULL;
    bool all_mailboxes = reach->mailboxes && reach->domain == NULL;

    if (at != NULL)
        return all_mailboxes || (reach->mailboxes && strcmp(at + 1, reach->domain) == 0);
    return reach->domain_admins && reach->admins && (!is_pattern || all_mailboxes);
}

const struct ck_exception *ck_exceptions_next_unmatched(const struct ck_exceptions *exceptions,
                                                        const struct ck_exceptions_reach *reach,
                                                        size_t *at)
{
    while (*at < exceptions->count) {
        const struct ck_exception *row = &exceptions->rows[(*at)++];
        if (!row->matched && is_in_reach(row, reach))
            return row;
    }
    return NULL;
}

const struct ck_exception *ck_exceptions_next_expired(const struct ck_exceptions *exceptions,
                                                      int64_t now_s, size_t *at)
{
    while (*at < exceptions->count) {
        const struct ck_exception *row = &exceptions->rows[(*at)++];
        if (row->ends_s <= now_s)
            return row;
    }
    return NULL;
}
