/*
 * The journal: what cowkey did for others, in a file that is only ever appended to and whose lines
 * are chained by hashes.
 *
 * Each line is one JSON object in ASCII, ended by a line feed (LF), with these members in this
 * order:
 *
 *   n           number of the line, from 1
 *   prev        SHA-256 of the line before, with its LF, in lower-case hex; 64 zeros in the first.
 *               So "sed -n 7p FILE | sha256sum" prints what prev of line 8 has to be.
 *   after_torn  true, and only there, where the line before is no entry: a write that was cut off
 *   time        "2026-11-23T08:21:24Z"
 *   event       "intent", before the act, or "outcome", after it
 *   id          32 hex digits, the same in an intent and its outcome
 *   of an intent:   operator user server account role action method aaguid serial detail
 *   of an outcome:  outcome ("done", "failed", "unknown") evidence aaguid serial detail
 *
 * The last are texts or null. The head of a journal is the hash of its last whole line, what "tail
 * -n 1 FILE | sha256sum" prints. A chain shows that lines before its head were changed, removed,
 * inserted or moved; that its end was cut off, or all of it written anew, shows only to who kept a
 * head elsewhere.
 *
 * A write that a crash cut off leaves a line without LF. The next writer keeps those bytes, puts an
 * LF behind them and chains to that line like to any other; if it is no entry, after_torn says so.
 *
 * Writers exclude each other by flock(2) on the file, and readers take the same lock for the moment
 * in which they ask how long it is.
 */
#ifndef COWKEY_JOURNAL_JOURNAL_H
#define COWKEY_JOURNAL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"

enum {
    CK_JOURNAL_ID_SIZE = 32,         /* characters: 128 random bits in hex */
    CK_JOURNAL_HASH_SIZE = 64,       /* characters: SHA-256 in hex */
    CK_JOURNAL_TEXT_MAX = 512,       /* bytes of one text; a longer one is cut and ends in "…" */
    CK_JOURNAL_LINE_MAX = 32 * 1024, /* bytes of one line, with its LF */
    CK_JOURNAL_OPEN_MAX = 10000,     /* intents that have no outcome yet, while one reads */
    CK_JOURNAL_LISTED_MAX = 100,     /* faults of a kind that a verdict names; it counts all */
    CK_JOURNAL_LOCK_WAIT_MS = 30 * 1000, /* for the lock, until it is given up */
};

/* --- writing --- */

struct ck_journal; /* an open journal file; several threads may use one */

/* All borrowed, UTF-8 (other bytes are written as \xNN), never a secret; NULL: does not apply. */
struct ck_journal_deed {
    const char *operator; /* who logged in for it: "admin", or "API key" */
    const char *user;     /* of this machine: name@host */
    const char *server;   /* origin */
    const char *account;  /* whose account is changed */
    const char *role;     /* that account's */
    const char *action;   /* "set-password", "enroll", "enforce", ... */
    const char *method;   /* "passkey", "totp", ... */
    const char *aaguid, *serial;
    const char *detail; /* one short sentence */
};

enum ck_journal_outcome {
    CK_JOURNAL_DONE,
    CK_JOURNAL_FAILED, /* nothing changed */
    CK_JOURNAL_UNKNOWN,
};

/*
 * Opens the journal at path. A missing file is made, with mode 0600, and so are missing directories
 * above it, with mode 0700; they are on disk when this returns. A link, what is no file, a file of
 * somebody else and one that others may write are refused, as is a place where none can be made:
 * CK_ERR_USAGE.
 *
 * now_s: seconds since 1970 UTC, asked for each entry.
 */
enum ck_err ck_journal_open(const char *path, int64_t (*now_s)(void), struct ck_journal **ret,
                            struct ck_error *err);
void ck_journal_close(struct ck_journal **journal);

/*
 * From now on each line also goes to the system's log (syslog(3), authpriv.notice, "cowkey"), if
 * there is one: nobody is told when there is none. An outcome goes there even if the file does not
 * take it.
 */
void ck_journal_tell_system(struct ck_journal *journal);

/*
 * For who does one act after the other: from now on an outcome waits for the next entry, or
 * ck_journal_settle, to bring it to disk. When the power fails meanwhile, its act stands in the
 * journal as not concluded. An intent never waits.
 */
void ck_journal_let_outcomes_wait(struct ck_journal *journal);

/* Brings outcomes that wait to disk, and ends that; else some may be missing: CK_ERR_UNKNOWN. */
enum ck_err ck_journal_settle(struct ck_journal *journal, struct ck_error *err);

/*
 * Writes down what is about to be done; it is on disk when this returns, and *ret_id names it. Any
 * error (CK_ERR_UNCHANGED: disk full, lock not given, journal removed meanwhile, ...) means that
 * the act must not begin: nothing of the entry is left in the file, or the error says so.
 */
enum ck_err ck_journal_intend(struct ck_journal *journal, const struct ck_journal_deed *deed,
                              char ret_id[CK_JOURNAL_ID_SIZE + 1], struct ck_error *err);

/*
 * Writes down what became of it. evidence: how it is known ("read back", "login", ...); aaguid and
 * serial as known by now; each may be NULL, as may detail. When it can't be written, the act stands
 * in the journal as not concluded: CK_ERR_UNKNOWN.
 */
enum ck_err ck_journal_conclude(struct ck_journal *journal, const char *id,
                                enum ck_journal_outcome outcome, const char *evidence,
                                const char *aaguid, const char *serial, const char *detail,
                                struct ck_error *err);

/* "done", "failed", "unknown" */
const char *ck_journal_outcome_name(enum ck_journal_outcome outcome);

/* --- reading --- */

/* An intent with its outcome; all borrowed, and valid during the visit only. */
struct ck_journal_record {
    uint64_t line; /* of the intent; 0 when the file has none for this outcome, and deed is empty */
    const char *id, *time;
    struct ck_journal_deed deed; /* aaguid and serial: of the outcome, if it has them */
    uint64_t outcome_line;       /* 0: not concluded, and what follows does not apply */
    const char *outcome_time;
    enum ck_journal_outcome outcome;
    const char *evidence, *outcome_detail;
};

/* An error ends the walk. */
typedef enum ck_err ck_journal_visitor(void *data, const struct ck_journal_record *record,
                                       struct ck_error *err);

struct ck_journal_break {
    uint64_t line;   /* the one that does not fit what is before it */
    const char *why; /* a clause; static */
};

struct ck_journal_verdict {
    uint64_t lines;   /* ended by LF */
    uint64_t entries; /* those that are entries */
    char head[CK_JOURNAL_HASH_SIZE + 1];
    uint64_t breaks; /* 0: the chain is intact */
    struct ck_journal_break broken[CK_JOURNAL_LISTED_MAX];
    uint64_t torn_count; /* lines that a crash cut off, which is no break */
    uint64_t torn[CK_JOURNAL_LISTED_MAX];
    uint64_t not_concluded; /* intents without an outcome: interrupted, or still under way */
    bool head_found;        /* the hash that was asked for is in the chain, */
    uint64_t since;         /* and so many entries stand behind it */
};

/*
 * Reads a journal from its beginning to where its end was when this began, in memory that does not
 * depend on its length, and judges the chain. visit (NULL: nobody) gets each record when its
 * outcome comes, and in the end, in the order of their lines, those that are not concluded. head: a
 * hash that was kept elsewhere, 64 hex digits of either case (64 zeros for an empty journal), or
 * NULL.
 *
 * A file that can't be read, more than CK_JOURNAL_OPEN_MAX intents without an outcome, and a head
 * that is no hash, are CK_ERR_USAGE. A broken chain is no error.
 */
enum ck_err ck_journal_walk(const char *path, const char *head, ck_journal_visitor *visit,
                            void *data, struct ck_journal_verdict *ret_verdict,
                            struct ck_error *err);

#endif
