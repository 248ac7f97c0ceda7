/* Opening a ledger: whose it is, of what plan, and that only one run has it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

/* --- the connection --- */

static struct ck_ledger *new_ledger(enum ledger_use use, int64_t (*now_s)(void))
{
    struct ck_ledger *ledger = calloc(1, sizeof(*ledger));
    pthread_mutexattr_t recursive;

    if (ledger == NULL)
        return NULL;
    ledger->use = use;
    ledger->now_s = now_s;
    ledger->lock = ledger->log = -1;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&ledger->mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    return ledger;
}

static void close_database(struct ck_ledger *ledger)
{
    for (size_t i = 0; i < LEDGER_STATEMENTS_MAX; i++) {
        sqlite3_finalize(ledger->kept[i].statement);
        ledger->kept[i].statement = NULL;
        ledger->kept[i].text = NULL;
    }
    sqlite3_close(ledger->db);
    ledger->db = NULL;
}

void ck_ledger_close(struct ck_ledger **ledger)
{
    if (*ledger == NULL)
        return;
    close_database(*ledger);
    if ((*ledger)->log >= 0)
        close((*ledger)->log);
    if ((*ledger)->lock >= 0)
        close((*ledger)->lock);
    pthread_mutex_destroy(&(*ledger)->mutex);
    free((*ledger)->server);
    free((*ledger)->path);
    free(*ledger);
    *ledger = NULL;
}

const char *ck_ledger_server(const struct ck_ledger *ledger)
{
    return ledger->server;
}

/*
 * Nothing of what stands in the file is run: no functions of its schema, no writes into it. Who only
 * looks opens it to write, too, if he may: else SQLite's files beside it would be left behind.
 */
static enum ck_err connect(struct ck_ledger *ledger, struct ck_error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    struct stat status;
    int rc = sqlite3_open_v2(ledger->path, &ledger->db, flags, NULL);

    if (ledger->db == NULL)
        return ck_error_no_memory(err);
    if (rc != SQLITE_OK)
        return ledger_failed(ledger, rc, err);
    if (lstat(ledger->path, &status) == 0) {
        ledger->device = status.st_dev;
        ledger->inode = status.st_ino;
    }
    sqlite3_extended_result_codes(ledger->db, 1);
    sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MS);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_limit(ledger->db, SQLITE_LIMIT_LENGTH, 1024 * 1024);
    if (ledger->use == LEDGER_TO_READ &&
        ledger_exec(ledger, "PRAGMA query_only = ON", err) != CK_OK)
        return err->code;
    return ledger_exec(ledger,
                       "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; "
                       "PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY; "
                       "PRAGMA journal_size_limit = 8388608; PRAGMA cell_size_check = ON",
                       err);
}

static enum ck_err ask_int(struct ck_ledger *ledger, const char *sql, int64_t *ret_value,
                           struct ck_error *err)
{
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql_once(ledger, sql, &statement, err);

    if (r == CK_OK)
        r = ledger_fetch(ledger, statement, &found, err);
    if (r == CK_OK)
        *ret_value = found ? sqlite3_column_int64(statement, 0) : 0;
    return r;
}

/* --- whether it is a ledger, and of this version --- */

/* A file that was made, and nothing was written into it yet. */
static enum ck_err check_kind(struct ck_ledger *ledger, bool *ret_empty, struct ck_error *err)
{
    int64_t application = 0, version = 0, tables = 0;

    if (ask_int(ledger, "PRAGMA application_id", &application, err) != CK_OK ||
        ask_int(ledger, "PRAGMA user_version", &version, err) != CK_OK ||
        ask_int(ledger, "SELECT count(*) FROM sqlite_schema", &tables, err) != CK_OK)
        return err->code;
    *ret_empty = application == 0 && version == 0 && tables == 0;
    if (*ret_empty)
        return CK_OK;
    if (application != LEDGER_APPLICATION) {
        ck_error_set(err, CK_ERR_UNCHANGED, "'%.200s' is no ledger, but another program's database",
                     ledger->path);
        return ck_error_hint(err,
                             "It was left as it is. Name the ledger of the roll-out, or a file "
                             "that is yet to be made, with --ledger.");
    }
    if (version > CK_LEDGER_VERSION) {
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "the ledger '%.200s' was made by a newer cowkey (version %lld of ledgers; "
                     "this one knows %d)",
                     ledger->path, (long long)version, CK_LEDGER_VERSION);
        return ck_error_hint(err, "Go on with that cowkey. This one left the ledger as it is.");
    }
    if (version < 1)
        return ledger_nonsense(ledger, "a version", err);
    return CK_OK;
}

/* --- what it says of itself --- */

static enum ck_err read_self(struct ck_ledger *ledger, struct ledger_identity *ret_identity,
                             struct ck_error *err)
{
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = ledger};
    const void *plan = NULL, *details = NULL;
    size_t plan_size = 0, details_size = 0;
    char server[LEDGER_SERVER_MAX];
    bool found = false;
    enum ck_err r =
        ledger_sql_once(ledger, "SELECT server, plan, details, changed_s FROM rollout WHERE id = 1",
                        &statement, err);

    if (r == CK_OK)
        r = ledger_fetch(ledger, statement, &found, err);
    if (r != CK_OK)
        return r;
    if (!found)
        return ledger_nonsense(ledger, "nothing to say of itself", err);
    row.statement = statement;
    ledger_row_text(&row, "a server", server, sizeof(server));
    ledger_row_bytes(&row, "a plan", CK_SHA256_SIZE, &plan, &plan_size);
    ledger_row_bytes(&row, "a plan", CK_SHA256_SIZE, &details, &details_size);
    ledger->changed_s = ledger_row_int(&row, "a moment", 0, INT64_MAX);
    if (ledger_row_end(&row, err) != CK_OK)
        return err->code;
    if (plan_size != CK_SHA256_SIZE || details_size != CK_SHA256_SIZE || server[0] == '\0')
        return ledger_nonsense(ledger, "a plan", err);
    memcpy(ret_identity->plan, plan, CK_SHA256_SIZE);
    memcpy(ret_identity->details, details, CK_SHA256_SIZE);
    ledger->server = strdup(server);
    return ledger->server != NULL ? CK_OK : ck_error_no_memory(err);
}

/* --- for a run --- */

static enum ck_err go_to_wal(struct ck_ledger *ledger, struct ck_error *err)
{
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql_once(ledger, "PRAGMA journal_mode = WAL", &statement, err);

    if (r == CK_OK)
        r = ledger_fetch(ledger, statement, &found, err);
    if (r != CK_OK)
        return r;
    const char *mode = found ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (mode != NULL && strcmp(mode, "wal") == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the file system of the ledger '%.200s' does not do what "
                 "SQLite needs (shared memory)",
                 ledger->path);
    return ck_error_hint(err, "Choose a place on a disk of this computer with --ledger: shares of "
                              "a network are none.");
}

static enum ck_err check_whole(struct ck_ledger *ledger, struct ck_error *err)
{
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql_once(ledger, "PRAGMA quick_check(1)", &statement, err);

    if (r == CK_OK)
        r = ledger_fetch(ledger, statement, &found, err);
    if (r != CK_OK)
        return r;
    const char *says = found ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    return says != NULL && strcmp(says, "ok") == 0 ? CK_OK
                                                   : ledger_nonsense(ledger, "contents", err);
}

static enum ck_err refuse_server(struct ck_ledger *ledger, const char *server, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the ledger '%.150s' is of another server: %.100s, not %.100s", ledger->path,
                 ledger->server, server);
    return ck_error_hint(err, "What it says was done was done there. Give another file with "
                              "--ledger, or the server that it is of.");
}

static enum ck_err refuse_plan(struct ck_ledger *ledger, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' is of another plan", ledger->path);
    return ck_error_hint(err,
                         "If it is the same roll-out and you changed the plan (its rows, or the "
                         "keys or labels of a group), say --new-plan: what was done stays. "
                         "For another roll-out give another file with --ledger.");
}

static enum ck_err take(struct ck_ledger *ledger, const struct ck_rollout *rollout,
                        const struct ledger_identity *identity, bool is_new, size_t *ret_kept,
                        struct ck_error *err)
{
    enum ck_err r = ledger_begin(ledger, LEDGER_TO_RUN, err);

    if (r != CK_OK)
        return r;
    if (is_new)
        r = ledger_make_tables(ledger, ledger->server, err);
    if (r == CK_OK)
        r = ledger_take_plan(ledger, rollout, identity, ret_kept, err);
    return ledger_finish(ledger, r, err);
}

static enum ck_err open_database(struct ck_ledger *ledger, const struct ck_rollout *rollout,
                                 const char *server, enum ck_ledger_plan_rule rule,
                                 size_t *ret_kept, struct ck_error *err)
{
    struct ledger_identity here = {0}, there = {0};
    bool is_new = false;

    if (connect(ledger, err) != CK_OK || check_kind(ledger, &is_new, err) != CK_OK)
        return err->code;
    if (sqlite3_db_readonly(ledger->db, "main") == 1)
        return ledger_failed(ledger, SQLITE_READONLY, err);
    if (go_to_wal(ledger, err) != CK_OK || ledger_identify(rollout, server, &here, err) != CK_OK)
        return err->code;
    if (is_new) {
        ledger->server = strdup(server);
        return ledger->server != NULL ? take(ledger, rollout, &here, true, ret_kept, err)
                                      : ck_error_no_memory(err);
    }
    if (check_whole(ledger, err) != CK_OK || read_self(ledger, &there, err) != CK_OK)
        return err->code;
    if (strcmp(ledger->server, server) != 0)
        return refuse_server(ledger, server, err);
    bool is_same = memcmp(here.plan, there.plan, sizeof(here.plan)) == 0;
    if (!is_same && rule == CK_LEDGER_SAME_PLAN)
        return refuse_plan(ledger, err);
    if (is_same && memcmp(here.details, there.details, sizeof(here.details)) == 0)
        return CK_OK;
    size_t kept = 0;
    enum ck_err r = take(ledger, rollout, &here, false, &kept, err);
    if (r == CK_OK && !is_same)
        *ret_kept = kept;
    return r;
}

/* What was made for nothing. */
static void remove_files(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        CK_CLEANUP(ck_free_p) char *name = NULL;
        if (asprintf(&name, "%s%s", path, endings[i]) >= 0)
            unlink(name);
    }
}

enum ck_err ck_ledger_open(const char *path, const struct ck_rollout *rollout, const char *server,
                           enum ck_ledger_plan_rule rule, int64_t (*now_s)(void),
                           struct ck_ledger **ret_ledger, size_t *ret_kept, struct ck_error *err)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = new_ledger(LEDGER_TO_RUN, now_s);
    bool exists = false;
    size_t kept = 0;

    if (ledger == NULL)
        return ck_error_no_memory(err);
    if (ledger_resolve(path, &ledger->path, &exists, err) != CK_OK ||
        (exists && ledger_check_ours(ledger->path, err) != CK_OK) ||
        ledger_lock(ledger->path, &ledger->lock, err) != CK_OK)
        return err->code;
    /* A run that ended just before the lock was ours may have made it. */
    if (!exists)
        exists = faccessat(AT_FDCWD, ledger->path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists ? ledger_check_ours(ledger->path, err) != CK_OK
               : ledger_make(ledger->path, err) != CK_OK)
        return err->code;
    if (open_database(ledger, rollout, server, rule, &kept, err) != CK_OK ||
        ledger_open_log(ledger->path, &ledger->log, err) != CK_OK) {
        close_database(ledger);
        if (!exists)
            remove_files(ledger->path);
        return err->code;
    }
    *ret_kept = kept;
    *ret_ledger = CK_TAKE(ledger);
    return CK_OK;
}

/* --- beside a run --- */

static enum ck_err open_beside(const char *path, enum ledger_use use, int64_t (*now_s)(void),
                               struct ck_ledger **ret_ledger, struct ck_error *err)
{
    CK_CLEANUP(ck_ledger_close) struct ck_ledger *ledger = new_ledger(use, now_s);
    struct ledger_identity identity;
    bool exists = false, is_empty = false;

    if (ledger == NULL)
        return ck_error_no_memory(err);
    if (ledger_resolve(path, &ledger->path, &exists, err) != CK_OK)
        return err->code;
    if (!exists) {
        ck_error_set(err, CK_ERR_USAGE, "there is no ledger '%.200s'", path);
        return ck_error_hint(err, "'cowkey rollout run' makes one. Name that with --ledger.");
    }
    if ((use == LEDGER_TO_NOTE && ledger_check_ours(ledger->path, err) != CK_OK) ||
        connect(ledger, err) != CK_OK || check_kind(ledger, &is_empty, err) != CK_OK)
        return err->code;
    if (is_empty) {
        ck_error_set(err, CK_ERR_UNCHANGED, "the ledger '%.200s' is empty", path);
        return ck_error_hint(err, "A run that made it has not begun, or was ended before it did: "
                                  "nothing was done. Give 'cowkey rollout run' again.");
    }
    if (read_self(ledger, &identity, err) != CK_OK)
        return err->code;
    *ret_ledger = CK_TAKE(ledger);
    return CK_OK;
}

enum ck_err ck_ledger_open_to_read(const char *path, struct ck_ledger **ret_ledger,
                                   struct ck_error *err)
{
    return open_beside(path, LEDGER_TO_READ, NULL, ret_ledger, err);
}

enum ck_err ck_ledger_open_to_note(const char *path, int64_t (*now_s)(void),
                                   struct ck_ledger **ret_ledger, struct ck_error *err)
{
    return open_beside(path, LEDGER_TO_NOTE, now_s, ret_ledger, err);
}
