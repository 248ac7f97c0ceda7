/* The ledger's statements, transactions, and what SQLite says in words. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "ledger_internal.h"

/* --- one at a time --- */

struct ck_ledger *ledger_enter(struct ck_ledger *ledger)
{
    pthread_mutex_lock(&ledger->mutex);
    return ledger;
}

void ledger_leave(struct ck_ledger **ledger)
{
    if (*ledger != NULL)
        pthread_mutex_unlock(&(*ledger)->mutex);
    *ledger = NULL;
}

/* --- errors --- */

static const char goes_on[] = "then give the same command again: it goes on where it stopped.";

static enum ck_err disk_full(const struct ck_ledger *ledger, int cause, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the ledger '%.200s' could not be written: %s, and nothing of the last change is "
                 "in it",
                 ledger->path, strerror(cause));
    return ck_error_hint(err, "Make room for it, %s", goes_on);
}

static enum ck_err damaged(const struct ck_ledger *ledger, const char *how, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' is damaged: %s", ledger->path, how);
    return ck_error_hint(err, "What was done is no longer known from it. Take a copy of it that is "
                              "whole; else look at the accounts with 'cowkey audit' before you "
                              "begin anew with another file for --ledger.");
}

static enum ck_err read_only(const struct ck_ledger *ledger, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' may not be written", ledger->path);
    return ck_error_hint(err,
                         "A run writes down each step before it takes it. Make the file, and the "
                         "directory it lies in, writable for you, %s",
                         goes_on);
}

static enum ck_err not_opened(const struct ck_ledger *ledger, struct ck_error *err)
{
    int cause = sqlite3_system_errno(ledger->db);

    if (ledger->use != LEDGER_TO_READ && (cause == EACCES || cause == EPERM || cause == EROFS))
        return read_only(ledger, err);
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' could not be opened%s%s", ledger->path,
                 cause != 0 ? ": " : "", cause != 0 ? strerror(cause) : "");
    return ck_error_hint(err, "Even to look at it, SQLite keeps two files beside it ('-wal' and "
                              "'-shm'). Where none can be made, copy it, with the '-wal' if there "
                              "is one, to a directory where you may write.");
}

static enum ck_err input_output(const struct ck_ledger *ledger, int rc, struct ck_error *err)
{
    int cause = sqlite3_system_errno(ledger->db);

    if (cause == 0) /* it does not always note that */
        cause = errno;
    if (rc == SQLITE_IOERR_NOMEM)
        return ck_error_no_memory(err);
    if (cause == EFBIG || cause == EDQUOT || cause == ENOSPC)
        return disk_full(ledger, cause, err);
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' could not be read or written: %s",
                 ledger->path, cause != 0 ? strerror(cause) : sqlite3_errstr(rc));
    return ck_error_hint(err, "See to its disk, %s", goes_on);
}

enum ck_err ledger_failed(struct ck_ledger *ledger, int rc, struct ck_error *err)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return ck_error_no_memory(err);
    case SQLITE_FULL:
        return disk_full(ledger, ENOSPC, err);
    case SQLITE_IOERR:
        return input_output(ledger, rc, err);
    case SQLITE_READONLY:
        return ledger->use == LEDGER_TO_READ ? not_opened(ledger, err) : read_only(ledger, err);
    case SQLITE_CANTOPEN:
        return not_opened(ledger, err);
    case SQLITE_NOTADB:
        ck_error_set(err, CK_ERR_UNCHANGED, "'%.200s' is no ledger", ledger->path);
        return ck_error_hint(err,
                             "It was left as it is. Name the ledger of the roll-out, or a file "
                             "that is yet to be made, with --ledger.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "another process has kept the ledger '%.200s' to itself for %d seconds",
                     ledger->path, LEDGER_BUSY_MS / 1000);
        return ck_error_hint(err, "fuser(1) says which one it is. Let it end, %s", goes_on);
    default:
        return damaged(ledger, sqlite3_errmsg(ledger->db), err);
    }
}

/* --- statements --- */

static enum ck_err prepare(struct ck_ledger *ledger, const char *text, unsigned flags,
                           sqlite3_stmt **ret_statement, struct ck_error *err)
{
    int rc = sqlite3_prepare_v3(ledger->db, text, -1, flags, ret_statement, NULL);

    return rc == SQLITE_OK ? CK_OK : ledger_failed(ledger, rc, err);
}

enum ck_err ledger_sql(struct ck_ledger *ledger, const char *text, sqlite3_stmt **ret_statement,
                       struct ck_error *err)
{
    size_t at = 0;

    while (at < LEDGER_STATEMENTS_MAX && ledger->kept[at].text != text &&
           ledger->kept[at].text != NULL)
        at++;
    if (at == LEDGER_STATEMENTS_MAX)
        return ck_error_no_memory(err);
    if (ledger->kept[at].text == NULL) {
        if (prepare(ledger, text, SQLITE_PREPARE_PERSISTENT, &ledger->kept[at].statement, err) !=
            CK_OK)
            return err->code;
        ledger->kept[at].text = text;
    }
    *ret_statement = ledger->kept[at].statement;
    return CK_OK;
}

void ledger_release(sqlite3_stmt **statement)
{
    if (*statement == NULL)
        return;
    sqlite3_reset(*statement);
    sqlite3_clear_bindings(*statement);
    *statement = NULL;
}

enum ck_err ledger_sql_once(struct ck_ledger *ledger, const char *text,
                            sqlite3_stmt **ret_statement, struct ck_error *err)
{
    return prepare(ledger, text, 0, ret_statement, err);
}

void ledger_finalize(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
    *statement = NULL;
}

enum ck_err ledger_fetch(struct ck_ledger *ledger, sqlite3_stmt *statement, bool *ret_found,
                         struct ck_error *err)
{
    errno = 0;
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return ledger_failed(ledger, rc, err);
    *ret_found = rc == SQLITE_ROW;
    return CK_OK;
}

enum ck_err ledger_run(struct ck_ledger *ledger, sqlite3_stmt *statement, struct ck_error *err)
{
    errno = 0;
    int rc = sqlite3_step(statement);
    enum ck_err r = rc == SQLITE_DONE || rc == SQLITE_ROW ? CK_OK : ledger_failed(ledger, rc, err);
    sqlite3_reset(statement);
    return r;
}

enum ck_err ledger_exec(struct ck_ledger *ledger, const char *text, struct ck_error *err)
{
    errno = 0;
    int rc = sqlite3_exec(ledger->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? CK_OK : ledger_failed(ledger, rc, err);
}

enum ck_err ledger_bind_text(struct ck_ledger *ledger, sqlite3_stmt *statement, int at,
                             const char *text, size_t size_max, struct ck_error *err)
{
    size_t size = strlen(text);

    if (size >= size_max || !ck_utf8_valid(text, size))
        return ck_error_set(err, CK_ERR_USAGE,
                            "a text for the ledger '%.200s' is too long, or not in UTF-8",
                            ledger->path);
    int rc = sqlite3_bind_text(statement, at, text, (int)size, SQLITE_STATIC);
    return rc == SQLITE_OK ? CK_OK : ledger_failed(ledger, rc, err);
}

void ledger_bind_id(sqlite3_stmt *statement, int at, int64_t value)
{
    if (value != 0)
        sqlite3_bind_int64(statement, at, value);
    else
        sqlite3_bind_null(statement, at);
}

/* --- transactions --- */

/* Before the change begins: what has to be on disk is never committed without it, whatever fails. */
static enum ck_err need_disk(struct ck_ledger *ledger, bool may_wait, struct ck_error *err)
{
    if (ledger->may_wait == may_wait)
        return CK_OK;
    enum ck_err r = ledger_exec(
        ledger, may_wait ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", err);
    if (r == CK_OK)
        ledger->may_wait = may_wait;
    return r;
}

static enum ck_err begin_change(struct ck_ledger *ledger, enum ledger_use use, bool may_wait,
                                struct ck_error *err)
{
    static const char begin[] = "BEGIN IMMEDIATE";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (ledger->use < use) {
        ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' was opened to look at it only",
                     ledger->path);
        return CK_ERR_UNCHANGED;
    }
    if (ledger_check_there(ledger, err) != CK_OK || need_disk(ledger, may_wait, err) != CK_OK ||
        ledger_sql(ledger, begin, &statement, err) != CK_OK)
        return err->code;
    return ledger_run(ledger, statement, err);
}

enum ck_err ledger_begin(struct ck_ledger *ledger, enum ledger_use use, struct ck_error *err)
{
    return begin_change(ledger, use, false, err);
}

enum ck_err ledger_begin_to_wait(struct ck_ledger *ledger, struct ck_error *err)
{
    return begin_change(ledger, LEDGER_TO_RUN, true, err);
}

/*
 * What SQLite has moved on into the database meanwhile, and overwrites in the log, it has brought to
 * disk itself.
 */
enum ck_err ledger_to_disk(const struct ck_ledger *ledger, struct ck_error *err)
{
    if (fdatasync(ledger->log) == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' could not be brought to disk: %m",
                 ledger->path);
    return ck_error_hint(err, "See to its disk, %s", goes_on);
}

enum ck_err ledger_finish(struct ck_ledger *ledger, enum ck_err r, struct ck_error *err)
{
    static const char commit[] = "COMMIT", rollback[] = "ROLLBACK";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    CK_CLEANUP(ledger_release) sqlite3_stmt *back = NULL;
    struct ck_error unused;

    if (r == CK_OK)
        r = ledger_sql(ledger, commit, &statement, err);
    if (r == CK_OK)
        r = ledger_run(ledger, statement, err);
    /* Where this goes wrong, too, SQLite takes it back when it next opens the file. */
    if (r != CK_OK && sqlite3_get_autocommit(ledger->db) == 0 &&
        ledger_sql(ledger, rollback, &back, &unused) == CK_OK)
        ledger_run(ledger, back, &unused);
    return r;
}

/* One a second is enough. */
static enum ck_err note_moment(struct ck_ledger *ledger, int64_t now_s, struct ck_error *err)
{
    static const char note[] = "UPDATE rollout SET changed_s = max(changed_s, ?1),"
                               " begun_s = iif(begun_s = 0, ?1, begun_s)";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (now_s == ledger->changed_s)
        return CK_OK;
    if (ledger_sql(ledger, note, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, now_s);
    return ledger_run(ledger, statement, err);
}

enum ck_err ledger_end(struct ck_ledger *ledger, enum ck_err r, struct ck_error *err)
{
    int64_t now_s = ledger->now_s();

    if (r == CK_OK)
        r = note_moment(ledger, now_s, err);
    r = ledger_finish(ledger, r, err);
    if (r == CK_OK)
        ledger->changed_s = now_s;
    return r;
}
