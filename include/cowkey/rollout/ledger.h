/*
 * The ledger of a roll-out: what is to be done, what was done, and how it ended. An SQLite database
 * (WAL, synchronous FULL, mode 0600) that is made of a plan. It holds no secret.
 *
 * Each call that changes something is one transaction: when it returns CK_OK, that is on disk; but
 * for steps of apps that need none of their own (ck_step_may_wait), which the next change brings
 * there. Any error means that nothing of it is there: CK_ERR_UNCHANGED (disk full, read-only, ...;
 * the text says which), or the call's own; only a step that could not be brought to disk may yet be
 * there. Several threads may use one ledger, and need not wait for each other's disk.
 */
#ifndef COWKEY_ROLLOUT_LEDGER_H
#define COWKEY_ROLLOUT_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/enroll/enrollment.h"
#include "cowkey/rollout/check.h"
#include "cowkey/rollout/plan.h"
#include "cowkey/rollout/steps.h"

enum {
    CK_LEDGER_VERSION = 1,
    CK_LEDGER_CAUSE_MAX = 512,       /* bytes of an error's text or hint, with NUL */
    CK_LEDGER_SERIAL_MAX = 128,      /* bytes of a key's serial number, with NUL */
    CK_LEDGER_FIRMWARE_MAX = 16,     /* "5.4.3" */
    CK_LEDGER_CREDENTIAL_MAX = 1024, /* bytes of a credential id */
    CK_LEDGER_NAME_SIZE = 32,        /* hex digits of a ledger's name */
};

struct ck_ledger;

/* What to do with a ledger of another plan (other rows, groups' keys or labels, or server). */
enum ck_ledger_plan_rule {
    CK_LEDGER_SAME_PLAN, /* refuse it */
    /*
     * Take the new plan: rows are the same by account, role, method, number of the key and label.
     * New ones are added, ones that are gone and were not begun go; ones that are gone and were
     * begun stay, and are counted in *ret_kept. Another server is refused all the same.
     */
    CK_LEDGER_NEW_PLAN,
};

/*
 * Opens the ledger at path for a run, or makes it: the plan is without complaints. Another run that
 * has it open is CK_ERR_UNCHANGED, and the text says which process; so is a ledger of another plan
 * or server, or of a newer version, and a file that is no ledger; a link or somebody else's file is
 * CK_ERR_USAGE. The lock is on a file beside it (".lock"), and goes with the process however that
 * ends. now_s: seconds since 1970 UTC, asked for each change.
 */
enum ck_err ck_ledger_open(const char *path, const struct ck_rollout *rollout, const char *server,
                           enum ck_ledger_plan_rule rule, int64_t (*now_s)(void),
                           struct ck_ledger **ret_ledger, size_t *ret_kept, struct ck_error *err);

/* Opens it to look, also while a run has it open. Nothing is made or locked. */
enum ck_err ck_ledger_open_to_read(const char *path, struct ck_ledger **ret_ledger,
                                   struct ck_error *err);

/* To look, and to note what becomes of hand-outs: only ck_ledger_note_sheet; locks nothing. */
enum ck_err ck_ledger_open_to_note(const char *path, int64_t (*now_s)(void),
                                   struct ck_ledger **ret_ledger, struct ck_error *err);
void ck_ledger_close(struct ck_ledger **ledger);

const char *ck_ledger_server(const struct ck_ledger *ledger); /* origin; borrowed */

/* --- people --- */

struct ck_ledger_person {
    int64_t id; /* from 1, in the order of the plan */
    struct ck_account account;
    char display_name[CK_DISPLAY_NAME_MAX]; /* as the server told it; "" */
    enum ck_rollout_route route;
    enum ck_password_kind password_kind;
    char password_name[CK_PASSWORD_REF_MAX];
    char group[CK_GROUP_NAME_MAX];
    enum ck_password_state password; /* of the route reset-password */
    int64_t app_password_id;         /* of the one that was made on the way; 0: none */
};

/* Whose items: those of apps (totp), or of security keys. */
enum ck_ledger_kind { CK_LEDGER_APPS, CK_LEDGER_KEYS };

/*
 * The next person behind id after (0: the first) who has an item of this kind that has something
 * left to do (ck_step_action; recorded counts only where the group wants a proof), or whose new
 * password is in force and whose items have nothing left to do (apps only): *ret_found.
 */
enum ck_err ck_ledger_next_person(struct ck_ledger *ledger, enum ck_ledger_kind kind, int64_t after,
                                  struct ck_ledger_person *ret_person, bool *ret_found,
                                  struct ck_error *err);

/* One person; an id that is not there is CK_ERR_USAGE. */
enum ck_err ck_ledger_person(struct ck_ledger *ledger, int64_t id,
                             struct ck_ledger_person *ret_person, struct ck_error *err);
/* By the account's name; of several roles the first. */
enum ck_err ck_ledger_find_person(struct ck_ledger *ledger, const char *account,
                                  struct ck_ledger_person *ret_person, bool *ret_found,
                                  struct ck_error *err);

enum ck_err ck_ledger_password(struct ck_ledger *ledger, int64_t person,
                               enum ck_password_state state, struct ck_error *err);

/* --- factors --- */

struct ck_ledger_item {
    int64_t id; /* from 1, in the order of the plan */
    int64_t person;
    size_t line; /* of the plan */
    enum ck_rollout_method method;
    unsigned n;                        /* which of the person's keys, from 1; 0: an app */
    char pattern[CK_FACTOR_LABEL_MAX]; /* of the label */
    char label[CK_FACTOR_LABEL_MAX];   /* as it was filled in; "" before it is prepared */
    enum ck_step_state state;
    bool wants_proof;               /* by the group's policy */
    uint64_t factor_id;             /* row on the server; 0: not known, or a passkey */
    char cid[CK_PAGE_CID_SIZE + 1]; /* of a passkey; "" */
    struct ck_error cause; /* why it failed, is unknown or was not proved; code CK_OK: none */
    int64_t submitted_s, changed_s; /* seconds since 1970; 0: never */
    unsigned tries;                 /* how often it was submitted */
};

/* A person's, in order: a new array of *ret_count, free it. */
enum ck_err ck_ledger_items(struct ck_ledger *ledger, int64_t person,
                            struct ck_ledger_item **ret_items, size_t *ret_count,
                            struct ck_error *err);

/*
 * What an event brings along; what is NULL, "" or 0 stays as it was. What is planned again has no
 * label, row, cid, list or cause any more; its credential stays, as it may be on a key.
 */
struct ck_ledger_facts {
    const char *label;
    const uint64_t *before; /* the server's row ids before: kept for a look; with before_known */
    size_t before_count;
    bool before_known;
    const struct ck_bytes *credential; /* id */
    uint64_t factor_id;
    const char *cid;
    const struct ck_error *cause; /* of code CK_OK: none any more */
};

/*
 * Moves an item on by the table of steps, and *ret_state (may be NULL) says to where. facts: NULL
 * for none. An event that may not happen in the item's state is CK_ERR_UNCHANGED: nobody else may
 * work on it meanwhile.
 */
enum ck_err ck_ledger_step(struct ck_ledger *ledger, int64_t item, enum ck_step_event event,
                           const struct ck_ledger_facts *facts, enum ck_step_state *ret_state,
                           struct ck_error *err);

/* The rows that the server listed before: a new array, free it; NULL: it is not known. */
enum ck_err ck_ledger_before(struct ck_ledger *ledger, int64_t item, uint64_t **ret_ids,
                             size_t *ret_count, struct ck_error *err);

/* The credential of a key's item; empty when there is none. Clear it with ck_bytes_clear. */
enum ck_err ck_ledger_credential(struct ck_ledger *ledger, int64_t item,
                                 struct ck_bytes *ret_credential, struct ck_error *err);

/* Takes up again what failed, was skipped or is unknown (CK_STEP_RETRY); *ret_count of them. */
enum ck_err ck_ledger_retry(struct ck_ledger *ledger, size_t *ret_count, struct ck_error *err);

/* --- keys --- */

/* A person's security key: what it is, and how far it got. */
struct ck_ledger_key {
    int64_t person;
    unsigned n;
    char aaguid[CK_AAGUID_TEXT_SIZE + 1]; /* "" before a key was seen */
    char serial[CK_LEDGER_SERIAL_MAX];    /* "": none to read */
    char firmware[CK_LEDGER_FIRMWARE_MAX];
    bool reset; /* it was reset for this roll-out */
    enum ck_key_pin_state pin;
    int64_t begun_s, done_s; /* first asked for, and all of its items settled; 0: not yet */
    int64_t own_ms; /* of that, cowkey's own time: without touches, PINs, network, waiting */
};

/* *ret_key has only person and n where the ledger has none. */
enum ck_err ck_ledger_key(struct ck_ledger *ledger, int64_t person, unsigned n,
                          struct ck_ledger_key *ret_key, struct ck_error *err);
enum ck_err ck_ledger_put_key(struct ck_ledger *ledger, const struct ck_ledger_key *key,
                              struct ck_error *err);

/* An error of the visitor ends a walk, as its own; it may ask and change what it likes. */
typedef enum ck_err ck_ledger_credential_visitor(void *data, const struct ck_ledger_item *item,
                                                 const struct ck_ledger_person *person,
                                                 const struct ck_bytes *credential,
                                                 struct ck_error *err);
/* The credentials that may be on keys: of all items that have one and are not failed or skipped. */
enum ck_err ck_ledger_walk_credentials(struct ck_ledger *ledger,
                                       ck_ledger_credential_visitor *visitor, void *data,
                                       struct ck_error *err);

/* --- the roll-out as a whole --- */

/* Refused logins, codes and API keys so far, over all runs; adding is a change. */
enum ck_err ck_ledger_add_refusal(struct ck_ledger *ledger, unsigned *ret_total,
                                  struct ck_error *err);
enum ck_err ck_ledger_refusals(struct ck_ledger *ledger, unsigned *ret_total, struct ck_error *err);

/* What it says of its runs as a whole; times in seconds since 1970, 0: none. */
struct ck_ledger_history {
    int64_t begun_s, changed_s; /* the first and the last change */
    unsigned refusals;
};
enum ck_err ck_ledger_history(struct ck_ledger *ledger, struct ck_ledger_history *ret_history,
                              struct ck_error *err);

/*
 * The process that has it open for a run right now; 0: none. -1: there is one, whose number is not
 * told.
 */
int64_t ck_ledger_runner(const struct ck_ledger *ledger);

/*
 * Notes people's names as the server told them since the plan was taken: of the plan's rows that
 * have some.
 */
enum ck_err ck_ledger_note_names(struct ck_ledger *ledger, const struct ck_plan *plan,
                                 struct ck_error *err);

/* The random name that it was made with, which no other ledger has: see ck_pending_belong. */
enum ck_err ck_ledger_name(struct ck_ledger *ledger, char ret_name[CK_LEDGER_NAME_SIZE + 1],
                           struct ck_error *err);

struct ck_ledger_counts {
    size_t people;
    size_t items, states[CK_STEP_STATES];
    size_t apps_left, keys_left; /* items that have something left to do */
    size_t people_left[2];       /* by ck_ledger_kind */
    size_t keys, keys_done;      /* keys of people */
    int64_t begun_s, changed_s;  /* the first and the last change; 0: none */
};
enum ck_err ck_ledger_count(struct ck_ledger *ledger, struct ck_ledger_counts *ret_counts,
                            struct ck_error *err);

/* Everybody, in order: also those of whom the plan has nothing any more. */
typedef enum ck_err ck_ledger_person_visitor(void *data, const struct ck_ledger_person *person,
                                             struct ck_error *err);
enum ck_err ck_ledger_walk_people(struct ck_ledger *ledger, ck_ledger_person_visitor *visitor,
                                  void *data, struct ck_error *err);

/* Every item, by person and in order; key is NULL for apps, and for keys that were not seen. */
typedef enum ck_err ck_ledger_visitor(void *data, const struct ck_ledger_person *person,
                                      const struct ck_ledger_item *item,
                                      const struct ck_ledger_key *key, struct ck_error *err);
enum ck_err ck_ledger_walk(struct ck_ledger *ledger, ck_ledger_visitor *visitor, void *data,
                           struct ck_error *err);

/* How many items were proved (or recorded) in each hour: for the pace of a report. */
typedef enum ck_err ck_ledger_pace_visitor(void *data, int64_t hour_begin_s, size_t count,
                                           struct ck_error *err);
enum ck_err ck_ledger_walk_pace(struct ck_ledger *ledger, ck_ledger_pace_visitor *visitor,
                                void *data, struct ck_error *err);

/* --- hand-outs --- */

enum ck_sheet_kind { CK_SHEET_PERSON, CK_SHEET_PIN_LETTER };

/* A file that was made for a person; times in seconds since 1970, 0: not. */
struct ck_ledger_sheet {
    int64_t person;
    enum ck_sheet_kind kind;
    unsigned n;     /* of the key, for a PIN letter; else how often one was made, from 1 */
    char name[256]; /* of the file, within the directory of hand-outs */
    bool sealed;
    int64_t made_s, deleted_s;
};

/* Adds a sheet, or changes the one of this person, kind and name. */
enum ck_err ck_ledger_note_sheet(struct ck_ledger *ledger, const struct ck_ledger_sheet *sheet,
                                 struct ck_error *err);
typedef enum ck_err ck_ledger_sheet_visitor(void *data, const struct ck_ledger_sheet *sheet,
                                            struct ck_error *err);
/* person 0: of everybody. */
enum ck_err ck_ledger_walk_sheets(struct ck_ledger *ledger, int64_t person,
                                  ck_ledger_sheet_visitor *visitor, void *data,
                                  struct ck_error *err);

/* Notes the app password that was made for a person. */
enum ck_err ck_ledger_app_password(struct ck_ledger *ledger, int64_t person, int64_t id,
                                   struct ck_error *err);

#endif
