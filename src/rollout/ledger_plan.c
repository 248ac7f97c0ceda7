/* What a ledger is made of: its tables, and the plan that goes into them. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

/* --- tables --- */

/* The statements of all files have these as numbers. */
static_assert(CK_STEP_PLANNED == 0 && CK_STEP_PREPARED == 1 && CK_STEP_SUBMITTED == 2 &&
                  CK_STEP_RECORDED == 3 && CK_STEP_PROVED == 4 && CK_STEP_FAILED == 5 &&
                  CK_STEP_UNKNOWN == 6 && CK_STEP_SKIPPED == 7 && CK_STEP_UNDOING == 8 &&
                  CK_STEP_STATES == 9 && CK_PASSWORD_KEPT == 0 && CK_PASSWORD_IN_FORCE == 2,
              "ledgers keep these numbers");

/*
 * left of an item, and apps_left and keys_left of a person, are what the states say, kept so that
 * the next person is found by an index. gone: not in the plan any more, but begun.
 */
#define PERSON_HAS_APPS_LEFT "(apps_left > 0 OR (password = 2 AND keys_left = 0))"
static const char tables[] =
    "CREATE TABLE rollout (id INTEGER PRIMARY KEY CHECK (id = 1), server TEXT NOT NULL,"
    " name TEXT NOT NULL, plan BLOB NOT NULL, details BLOB NOT NULL, turn INTEGER NOT NULL,"
    " refusals INTEGER NOT NULL DEFAULT 0, begun_s INTEGER NOT NULL DEFAULT 0,"
    " changed_s INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL, role INTEGER NOT NULL,"
    " display_name TEXT, route INTEGER NOT NULL, password_kind INTEGER NOT NULL, password_name "
    "TEXT, grp TEXT NOT "
    "NULL,"
    " password INTEGER NOT NULL DEFAULT 0, app_password_id INTEGER,"
    " apps_left INTEGER NOT NULL DEFAULT 0 CHECK (apps_left >= 0),"
    " keys_left INTEGER NOT NULL DEFAULT 0 CHECK (keys_left >= 0),"
    " turn INTEGER NOT NULL, UNIQUE (name, role)) STRICT;"
    "CREATE INDEX person_apps ON person (id) WHERE " PERSON_HAS_APPS_LEFT ";"
    "CREATE INDEX person_keys ON person (id) WHERE keys_left > 0;"
    "CREATE TABLE item (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person,"
    " line INTEGER NOT NULL, method INTEGER NOT NULL, n INTEGER NOT NULL, pattern TEXT NOT NULL,"
    " state INTEGER NOT NULL DEFAULT 0, wants_proof INTEGER NOT NULL, left INTEGER NOT NULL,"
    " gone INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
    " submitted_s INTEGER, changed_s INTEGER, label TEXT, factor_id INTEGER, cid TEXT,"
    " before BLOB, credential BLOB, cause INTEGER, cause_text TEXT, cause_hint TEXT,"
    " UNIQUE (person, n, method, pattern)) STRICT;"
    "CREATE INDEX item_credential ON item (id) WHERE credential IS NOT NULL;"
    "CREATE TABLE key (person INTEGER NOT NULL REFERENCES person, n INTEGER NOT NULL, aaguid TEXT,"
    " serial TEXT, firmware TEXT, reset INTEGER NOT NULL, pin INTEGER NOT NULL, begun_s INTEGER,"
    " done_s INTEGER, own_ms INTEGER, PRIMARY KEY (person, n)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE sheet (person INTEGER NOT NULL REFERENCES person, kind INTEGER NOT NULL,"
    " name TEXT NOT NULL, n INTEGER NOT NULL, sealed INTEGER NOT NULL, made_s INTEGER,"
    " deleted_s INTEGER, PRIMARY KEY (person, kind, name)) STRICT, WITHOUT ROWID;";

enum ck_err ledger_make_tables(struct ck_ledger *ledger, const char *server, struct ck_error *err)
{
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *insert = NULL;
    char pragmas[128];

    snprintf(pragmas, sizeof(pragmas), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             LEDGER_APPLICATION, CK_LEDGER_VERSION);
    if (ledger_exec(ledger, tables, err) != CK_OK || ledger_exec(ledger, pragmas, err) != CK_OK ||
        ledger_sql_once(ledger,
                        "INSERT INTO rollout (id, server, name, plan, details, turn) "
                        "VALUES (1, ?, lower(hex(randomblob(16))), x'', x'', 0)",
                        &insert, err) != CK_OK ||
        ledger_bind_text(ledger, insert, 1, server, LEDGER_SERVER_MAX, err) != CK_OK)
        return err->code;
    return ledger_run(ledger, insert, err);
}

/* --- taking a plan --- */

struct taking {
    struct ck_ledger *ledger;
    int64_t turn;        /* what is in the plan has this one; what has an older one is gone */
    size_t rows;         /* that were put; the last of them is */
    int64_t last_person; /* this one's */
};

/* A password_ref may stand in one of an account's rows only. */
static enum ck_err put_person(struct taking *taking, const struct ck_plan_item *item,
                              int64_t *ret_id, struct ck_error *err)
{
    static const char put[] =
        "INSERT INTO person (name, role, route, password_kind, password_name, grp, turn, "
        "display_name)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (name, role) DO UPDATE SET route = ?3,"
        " password_name = CASE WHEN ?4 = 0 AND turn = ?7 THEN password_name ELSE ?5 END,"
        " password_kind = CASE WHEN ?4 = 0 AND turn = ?7 THEN password_kind ELSE ?4 END,"
        " grp = ?6, turn = ?7, display_name = coalesce(?8, display_name)"
        " RETURNING id";
    struct ck_ledger *ledger = taking->ledger;
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql(ledger, put, &statement, err);

    if (r == CK_OK)
        r = ledger_bind_text(ledger, statement, 1, item->account.name, CK_ACCOUNT_NAME_MAX, err);
    if (r == CK_OK)
        r = ledger_bind_text(ledger, statement, 6, item->group, CK_GROUP_NAME_MAX, err);
    if (r == CK_OK && item->password_name != NULL)
        r = ledger_bind_text(ledger, statement, 5, item->password_name, CK_PASSWORD_REF_MAX, err);
    if (r == CK_OK && item->display_name != NULL)
        r = ledger_bind_text(ledger, statement, 8, item->display_name, CK_DISPLAY_NAME_MAX, err);
    if (r != CK_OK)
        return r;
    sqlite3_bind_int(statement, 2, (int)item->account.role);
    sqlite3_bind_int(statement, 3, (int)item->route);
    sqlite3_bind_int(statement, 4, (int)item->password_kind);
    sqlite3_bind_int64(statement, 7, taking->turn);
    r = ledger_fetch(ledger, statement, &found, err);
    if (r == CK_OK)
        *ret_id = sqlite3_column_int64(statement, 0);
    return r;
}

/* left follows later, for all of them at once. */
static enum ck_err put_item(struct taking *taking, const struct ledger_wish *wish, int64_t person,
                            struct ck_error *err)
{
    static const char put[] =
        "INSERT INTO item (person, line, method, n, pattern, wants_proof, left, turn)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)"
        " ON CONFLICT (person, n, method, pattern)"
        " DO UPDATE SET line = ?2, wants_proof = ?6, gone = 0, turn = ?7";
    struct ck_ledger *ledger = taking->ledger;
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    enum ck_err r = ledger_sql(ledger, put, &statement, err);

    if (r == CK_OK)
        r = ledger_bind_text(ledger, statement, 5, wish->pattern, CK_FACTOR_LABEL_MAX, err);
    if (r != CK_OK)
        return r;
    sqlite3_bind_int64(statement, 1, person);
    sqlite3_bind_int64(statement, 2, (int64_t)wish->item->line);
    sqlite3_bind_int(statement, 3, (int)wish->item->method);
    sqlite3_bind_int(statement, 4, (int)wish->n);
    sqlite3_bind_int(statement, 6, wish->group->proof == CK_ROLLOUT_PROOF_LOGIN);
    sqlite3_bind_int64(statement, 7, taking->turn);
    return ledger_run(ledger, statement, err);
}

/* Several of one row come together. Rows of one line may be of several people: a CR ends them, too. */
static enum ck_err put_wish(void *data, const struct ledger_wish *wish, struct ck_error *err)
{
    struct taking *taking = data;
    enum ck_err r = CK_OK;

    if (taking->rows <= wish->row)
        r = put_person(taking, wish->item, &taking->last_person, err);
    taking->rows = wish->row + 1;
    return r == CK_OK ? put_item(taking, wish, taking->last_person, err) : r;
}

/* --- what is not in the plan any more --- */

/*
 * What the server may know of stays. What was only prepared is passed over: nobody wants it now.
 * Groups that the new policy does not have would be asked for their rules.
 */
static enum ck_err drop_gone(struct ck_ledger *ledger, const struct ck_rollout *rollout,
                             size_t *ret_kept, struct ck_error *err)
{
    static const char skip[] = "UPDATE item SET state = 7, cause = 3, cause_hint = '',"
                               " cause_text = 'its row is not in the plan any more'"
                               " WHERE state = 1 AND turn <> (SELECT turn FROM rollout)";
    static const char drop[] =
        "DELETE FROM item WHERE state = 0 AND turn <> (SELECT turn FROM rollout);"
        "UPDATE item SET gone = 1 WHERE turn <> (SELECT turn FROM rollout);"
        "DELETE FROM person WHERE turn <> (SELECT turn FROM rollout) AND password = 0"
        " AND NOT EXISTS (SELECT 1 FROM item WHERE item.person = person.id)"
        " AND NOT EXISTS (SELECT 1 FROM key WHERE key.person = person.id)"
        " AND NOT EXISTS (SELECT 1 FROM sheet WHERE sheet.person = person.id)";
    static const char regroup[] = "UPDATE person SET grp = 'default' WHERE id = ?";
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *people = NULL;
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *update = NULL;
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *count = NULL;
    bool found = true;

    if (ledger_exec(ledger, skip, err) != CK_OK || ledger_exec(ledger, drop, err) != CK_OK ||
        ledger_sql_once(ledger,
                        "SELECT id, grp FROM person WHERE turn <> (SELECT turn FROM rollout)",
                        &people, err) != CK_OK ||
        ledger_sql_once(ledger, regroup, &update, err) != CK_OK ||
        ledger_sql_once(ledger, "SELECT count(*) FROM item WHERE gone = 1", &count, err) != CK_OK)
        return err->code;
    enum ck_err r = ledger_fetch(ledger, people, &found, err);
    while (r == CK_OK && found) {
        const char *group = (const char *)sqlite3_column_text(people, 1);
        sqlite3_bind_int64(update, 1, sqlite3_column_int64(people, 0));
        if (group == NULL || ck_policy_find(rollout->policy, group) == NULL)
            r = ledger_run(ledger, update, err);
        if (r == CK_OK)
            r = ledger_fetch(ledger, people, &found, err);
    }
    if (r == CK_OK)
        r = ledger_fetch(ledger, count, &found, err);
    if (r == CK_OK)
        *ret_kept = (size_t)sqlite3_column_int64(count, 0);
    return r;
}

/* --- what is left to do --- */

/* As ck_step_is_left has it. */
#define IS_LEFT "(state IN (0, 1, 2, 8) OR (state = 3 AND wants_proof = 1))"
static const char set_left_of_items[] =
    "UPDATE item SET left = " IS_LEFT " WHERE id > ?1 AND id <= ?2 AND left <> " IS_LEFT;
static const char set_left_of_people[] =
    "UPDATE person SET (apps_left, keys_left) ="
    " (SELECT count(*) FILTER (WHERE n = 0), count(*) FILTER (WHERE n > 0)"
    " FROM item WHERE item.person = person.id AND item.left = 1) WHERE id > ?1 AND id <= ?2";

/* SQLite holds in memory what a statement changed, until that ends: so each changes some rows only. */
#define NEXT_OF(table)                                                                             \
    "SELECT max(id) FROM (SELECT id FROM " table " WHERE id > ? ORDER BY id LIMIT 1024)"
static const char next_items[] = NEXT_OF("item");
static const char next_people[] = NEXT_OF("person");

/* *ret_last is 0 where nothing follows. */
static enum ck_err find_next(struct ck_ledger *ledger, const char *next, int64_t after,
                             int64_t *ret_last, struct ck_error *err)
{
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql(ledger, next, &statement, err);

    if (r != CK_OK)
        return r;
    sqlite3_bind_int64(statement, 1, after);
    r = ledger_fetch(ledger, statement, &found, err);
    if (r == CK_OK)
        *ret_last = sqlite3_column_int64(statement, 0);
    return r;
}

static enum ck_err set_in_steps(struct ck_ledger *ledger, const char *next, const char *set,
                                struct ck_error *err)
{
    int64_t after = 0, last = 0;
    enum ck_err r = find_next(ledger, next, after, &last, err);

    while (r == CK_OK && last > after) {
        CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
        r = ledger_sql(ledger, set, &statement, err);
        if (r != CK_OK)
            return r;
        sqlite3_bind_int64(statement, 1, after);
        sqlite3_bind_int64(statement, 2, last);
        r = ledger_run(ledger, statement, err);
        after = last;
        if (r == CK_OK)
            r = find_next(ledger, next, after, &last, err);
    }
    return r;
}

/* --- all of it --- */

static enum ck_err put_identity(struct ck_ledger *ledger, const struct ledger_identity *identity,
                                int64_t *ret_turn, struct ck_error *err)
{
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql_once(
        ledger, "UPDATE rollout SET plan = ?, details = ?, turn = turn + 1 RETURNING turn",
        &statement, err);

    if (r != CK_OK)
        return r;
    sqlite3_bind_blob(statement, 1, identity->plan, CK_SHA256_SIZE, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, identity->details, CK_SHA256_SIZE, SQLITE_STATIC);
    r = ledger_fetch(ledger, statement, &found, err);
    if (r == CK_OK && !found)
        return ledger_nonsense(ledger, "nothing to say of itself", err);
    if (r == CK_OK)
        *ret_turn = sqlite3_column_int64(statement, 0);
    return r;
}

enum ck_err ledger_take_plan(struct ck_ledger *ledger, const struct ck_rollout *rollout,
                             const struct ledger_identity *identity, size_t *ret_kept,
                             struct ck_error *err)
{
    int64_t turn = 0;
    enum ck_err r = put_identity(ledger, identity, &turn, err);

    struct taking taking = {.ledger = ledger, .turn = turn};
    if (r == CK_OK)
        r = ledger_each_wish(rollout, put_wish, &taking, err);
    if (r == CK_OK)
        r = drop_gone(ledger, rollout, ret_kept, err);
    if (r == CK_OK)
        r = set_in_steps(ledger, next_items, set_left_of_items, err);
    return r == CK_OK ? set_in_steps(ledger, next_people, set_left_of_people, err) : r;
}

/* --- names --- */

static enum ck_err put_name(struct ck_ledger *ledger, const struct ck_plan_item *item,
                            struct ck_error *err)
{
    static const char put[] = "UPDATE person SET display_name = ?1"
                              " WHERE name = ?2 AND role = ?3 AND display_name IS NOT ?1";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (ledger_sql(ledger, put, &statement, err) != CK_OK ||
        ledger_bind_text(ledger, statement, 1, item->display_name, CK_DISPLAY_NAME_MAX, err) !=
            CK_OK ||
        ledger_bind_text(ledger, statement, 2, item->account.name, CK_ACCOUNT_NAME_MAX, err) !=
            CK_OK)
        return err->code;
    sqlite3_bind_int(statement, 3, (int)item->account.role);
    return ledger_run(ledger, statement, err);
}

enum ck_err ck_ledger_note_names(struct ck_ledger *ledger, const struct ck_plan *plan,
                                 struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    enum ck_err r = ledger_begin(in, LEDGER_TO_RUN, err);

    if (r != CK_OK)
        return r;
    for (size_t i = 0; i < plan->count && r == CK_OK; i++) {
        const struct ck_plan_item item = ck_plan_item(plan, i);
        if (item.display_name != NULL)
            r = put_name(in, &item, err);
    }
    return ledger_finish(in, r, err);
}
