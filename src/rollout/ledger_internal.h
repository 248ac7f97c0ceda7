/* The ledger within: its connection, statements and rows. */
#ifndef ROLLOUT_LEDGER_INTERNAL_H
#define ROLLOUT_LEDGER_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "cowkey/base/hash.h"
#include "cowkey/rollout/ledger.h"

enum {
    LEDGER_APPLICATION = 0x434b4c67, /* "CKLg": application_id of the file */
    LEDGER_STATEMENTS_MAX = 48,
    LEDGER_SERVER_MAX = 1024,  /* bytes of an origin, with NUL */
    LEDGER_BEFORE_MAX = 10000, /* rows of an account that a server can list */
    LEDGER_BUSY_MS = 5 * 1000, /* for a hand-out that is being noted by another process */
};

enum ledger_use { LEDGER_TO_READ, LEDGER_TO_NOTE, LEDGER_TO_RUN };

struct ck_ledger {
    char *path;
    dev_t device; /* of the file that was opened, */
    ino_t inode;  /* and its number */
    enum ledger_use use;
    int lock; /* flock; -1: none */
    int log;  /* SQLite's write-ahead log, to bring it to disk; -1: not to run */
    char *server;
    int64_t (*now_s)(void);
    pthread_mutex_t mutex; /* recursive: calls ask others; guards what follows */
    sqlite3 *db;
    bool may_wait;     /* what is committed now needs no disk of its own */
    int64_t changed_s; /* what the ledger says of its last change, as far as is known */
    struct {
        const char *text; /* static: found again by its address */
        sqlite3_stmt *statement;
    } kept[LEDGER_STATEMENTS_MAX];
};

/* --- one at a time --- */

struct ck_ledger *ledger_enter(struct ck_ledger *ledger);
void ledger_leave(struct ck_ledger **ledger); /* CK_CLEANUP of what ledger_enter gave */

/* --- statements --- */

/* What SQLite said, in words. */
enum ck_err ledger_failed(struct ck_ledger *ledger, int rc, struct ck_error *err);

/* A statement that is kept for the next time; text is static. Release it. */
enum ck_err ledger_sql(struct ck_ledger *ledger, const char *text, sqlite3_stmt **ret_statement,
                       struct ck_error *err);
void ledger_release(sqlite3_stmt **statement);

/* One that is not kept. */
enum ck_err ledger_sql_once(struct ck_ledger *ledger, const char *text,
                            sqlite3_stmt **ret_statement, struct ck_error *err);
void ledger_finalize(sqlite3_stmt **statement);

/* The next row, if there is one. */
enum ck_err ledger_fetch(struct ck_ledger *ledger, sqlite3_stmt *statement, bool *ret_found,
                         struct ck_error *err);
/* Runs one that has no rows to give. */
enum ck_err ledger_run(struct ck_ledger *ledger, sqlite3_stmt *statement, struct ck_error *err);
/* Statements without parameters and rows, of a static text. */
enum ck_err ledger_exec(struct ck_ledger *ledger, const char *text, struct ck_error *err);

/* Borrowed until the statement is released. Text that is no UTF-8, or too long: CK_ERR_USAGE. */
enum ck_err ledger_bind_text(struct ck_ledger *ledger, sqlite3_stmt *statement, int at,
                             const char *text, size_t size_max, struct ck_error *err);
/* NULL where value is 0. */
void ledger_bind_id(sqlite3_stmt *statement, int at, int64_t value);

/* --- transactions --- */

/* Begins a change; a ledger that was not opened for it (use) is refused. */
enum ck_err ledger_begin(struct ck_ledger *ledger, enum ledger_use use, struct ck_error *err);
/*
 * The same for a change of a run that is not on disk once it is committed, but only by
 * ledger_to_disk or the next one. A kill loses nothing.
 */
enum ck_err ledger_begin_to_wait(struct ck_ledger *ledger, struct ck_error *err);
/* Brings what was committed to disk. Not for who is in the ledger: others go on meanwhile. */
enum ck_err ledger_to_disk(const struct ck_ledger *ledger, struct ck_error *err);
/* Commits when r is CK_OK, and else takes all back; returns r, or the commit's error. */
enum ck_err ledger_finish(struct ck_ledger *ledger, enum ck_err r, struct ck_error *err);
/* The same for what is a change of the roll-out, whose moment is noted. */
enum ck_err ledger_end(struct ck_ledger *ledger, enum ck_err r, struct ck_error *err);

/* --- rows --- */

/* Columns are read one behind the other; the first that makes no sense is kept in bad. */
struct ledger_row {
    struct ck_ledger *ledger;
    sqlite3_stmt *statement;
    int column;
    const char *bad;
};

int64_t ledger_row_int(struct ledger_row *row, const char *what, int64_t min, int64_t max);
bool ledger_row_bool(struct ledger_row *row, const char *what);
/* "" where it makes no sense. */
void ledger_row_text(struct ledger_row *row, const char *what, char *ret_text, size_t size);
/* Borrowed until the next row; *ret_bytes is NULL where there is none, never for an empty one. */
void ledger_row_bytes(struct ledger_row *row, const char *what, size_t size_max,
                      const void **ret_bytes, size_t *ret_size);
/* Whether all of them made sense. */
enum ck_err ledger_row_end(const struct ledger_row *row, struct ck_error *err);
enum ck_err ledger_nonsense(struct ck_ledger *ledger, const char *what, struct ck_error *err);

/* The columns that follow, of the tables person, item and key. */
#define LEDGER_PERSON_COLUMNS                                                                      \
    "person.id, person.name, person.role, person.display_name, person.route, "                     \
    "person.password_kind, "                                                                       \
    "person.password_name, person.grp, person.password, person.app_password_id"
#define LEDGER_ITEM_COLUMNS                                                                        \
    "item.id, item.person, item.line, item.method, item.n, item.pattern, item.label, item.state, " \
    "item.wants_proof, item.factor_id, item.cid, item.cause, item.cause_text, item.cause_hint, "   \
    "item.submitted_s, item.changed_s, item.tries"
#define LEDGER_KEY_COLUMNS                                                                         \
    "key.person, key.n, key.aaguid, key.serial, key.firmware, key.reset, key.pin, key.begun_s, "   \
    "key.done_s, key.own_ms"
void ledger_row_person(struct ledger_row *row, struct ck_ledger_person *ret_person);
void ledger_row_item(struct ledger_row *row, struct ck_ledger_item *ret_item);
void ledger_row_key(struct ledger_row *row, struct ck_ledger_key *ret_key);

/* --- the file --- */

/* The path without links above the file, in memory of its own; a link itself is refused. */
enum ck_err ledger_resolve(const char *path, char **ret_path, bool *ret_exists,
                           struct ck_error *err);
/* Refuses what is no file of ours. */
enum ck_err ledger_check_ours(const char *path, struct ck_error *err);
/* Whether path still is the file that was opened. */
enum ck_err ledger_check_there(const struct ck_ledger *ledger, struct ck_error *err);
/* Makes it, empty, mode 0600, and on disk. */
enum ck_err ledger_make(const char *path, struct ck_error *err);
enum ck_err ledger_lock(const char *path, int *ret_fd, struct ck_error *err);
/* Who has it; as ck_ledger_runner. */
int64_t ledger_locker(const char *path);
/* The write-ahead log of the ledger at path, which is open: for ledger_to_disk. */
enum ck_err ledger_open_log(const char *path, int *ret_fd, struct ck_error *err);

/* --- people and keys --- */

/* The next row, of LEDGER_PERSON_COLUMNS. */
enum ck_err ledger_fetch_person(struct ck_ledger *ledger, sqlite3_stmt *statement,
                                struct ck_ledger_person *ret_person, bool *ret_found,
                                struct ck_error *err);
enum ck_err ledger_no_person(const struct ck_ledger *ledger, int64_t id, struct ck_error *err);
enum ck_err ledger_find_key(struct ck_ledger *ledger, int64_t person, unsigned n,
                            struct ck_ledger_key *ret_key, bool *ret_found, struct ck_error *err);

/* --- what it is made of --- */

/* One factor: of a row that wants a key there is one for each. */
struct ledger_wish {
    const struct ck_plan_item *item;
    size_t row; /* its index */
    const struct ck_policy_group *group;
    const char *pattern;
    unsigned n;
};
typedef enum ck_err ledger_wish_taker(void *data, const struct ledger_wish *wish,
                                      struct ck_error *err);
/* In the order of the plan. */
enum ck_err ledger_each_wish(const struct ck_rollout *rollout, ledger_wish_taker *take, void *data,
                             struct ck_error *err);

/* The tables, in an open transaction. */
enum ck_err ledger_make_tables(struct ck_ledger *ledger, const char *server, struct ck_error *err);

struct ledger_identity {
    uint8_t plan[CK_SHA256_SIZE];    /* of its items, and the server */
    uint8_t details[CK_SHA256_SIZE]; /* of what may change in them: lines, proofs */
};
enum ck_err ledger_identify(const struct ck_rollout *rollout, const char *server,
                            struct ledger_identity *ret_identity, struct ck_error *err);

/*
 * Takes the plan, in an open transaction: what is not there is added, and what is there and not in
 * the plan goes, or stays where it was begun: *ret_kept.
 */
enum ck_err ledger_take_plan(struct ck_ledger *ledger, const struct ck_rollout *rollout,
                             const struct ledger_identity *identity, size_t *ret_kept,
                             struct ck_error *err);

#endif
