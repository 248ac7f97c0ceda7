/* What a ledger is made of: its tables, and the plan that goes into them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"
#include "order.h"

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

/* --- items of a plan --- */

/* One factor: of a row that wants a key there is one for each. */
struct wish {
    const struct ck_plan_item *item;
    const struct ck_policy_group *group;
    const char *pattern;
    unsigned n;
};

typedef enum ck_err wish_taker(void *data, const struct wish *wish, struct ck_error *err);

static enum ck_err each_wish(const struct ck_rollout *rollout, wish_taker *take, void *data,
                             struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < rollout->plan->count && r == CK_OK; i++) {
        const struct ck_plan_item *item = &rollout->plan->items[i];
        bool is_key = ck_plan_item_takes_key(item);
        struct wish wish = {
            .item = item,
            .group = ck_policy_find(rollout->policy, item->group),
            .pattern = ck_rollout_label(rollout, item),
            .n = is_key ? 1 : 0,
        };
        unsigned last = is_key ? wish.group->keys : 0;
        for (; wish.n <= last && r == CK_OK; wish.n++)
            r = take(data, &wish, err);
    }
    return r;
}

/* --- whose ledger it is --- */

struct hashing {
    uint8_t (*hashes)[CK_SHA256_SIZE];
    size_t count, room;
    bool with_details;
};

/* No line end stands in any of them. */
static enum ck_err hash_wish(void *data, const struct wish *wish, struct ck_error *err)
{
    struct hashing *hashing = data;
    const struct ck_plan_item *item = wish->item;
    char text[CK_ACCOUNT_NAME_MAX + CK_FACTOR_LABEL_MAX + CK_PASSWORD_REF_MAX + CK_GROUP_NAME_MAX +
              256];

    if (hashing->count == hashing->room) {
        size_t room = hashing->room + hashing->room / 2 + 1024;
        uint8_t(*hashes)[CK_SHA256_SIZE] = reallocarray(hashing->hashes, room, sizeof(*hashes));
        if (hashes == NULL)
            return ck_error_no_memory(err);
        hashing->hashes = hashes;
        hashing->room = room;
    }
    int size = snprintf(text, sizeof(text), "%s\n%s\n%s\n%u\n%s\n%s\n%d\n%s\n%s\n",
                        ck_role_name(item->account.role), item->account.name,
                        ck_rollout_method_name(item->method), wish->n, wish->pattern,
                        ck_rollout_route_name(item->route), (int)item->password_kind,
                        item->password_name != NULL ? item->password_name : "", item->group);
    if (hashing->with_details && size > 0 && (size_t)size < sizeof(text))
        size += snprintf(text + size, sizeof(text) - (size_t)size, "%zu\n%d\n", item->line,
                         (int)wish->group->proof);
    return ck_sha256(text, (size_t)size, hashing->hashes[hashing->count++], err);
}

static int compare_hashes(const void *one, const void *other)
{
    return memcmp(one, other, CK_SHA256_SIZE);
}

/* The order of the rows does not matter: the hash is one of sorted hashes. */
static enum ck_err hash_plan(const struct ck_rollout *rollout, const char *server,
                             bool with_details, uint8_t ret_hash[CK_SHA256_SIZE],
                             struct ck_error *err)
{
    struct hashing hashing = {.with_details = with_details, .room = 1, .count = 1};
    CK_CLEANUP(ck_free_p) void *hashes = NULL;

    hashing.hashes = calloc(1, sizeof(*hashing.hashes));
    enum ck_err r = hashing.hashes != NULL ? CK_OK : ck_error_no_memory(err);
    if (r == CK_OK)
        r = ck_sha256(server, strlen(server), hashing.hashes[0], err);
    if (r == CK_OK)
        r = each_wish(rollout, hash_wish, &hashing, err);
    hashes = hashing.hashes;
    if (r != CK_OK)
        return r;
    qsort(hashing.hashes[1], hashing.count - 1, sizeof(*hashing.hashes), compare_hashes);
    return ck_sha256(hashing.hashes, hashing.count * sizeof(*hashing.hashes), ret_hash, err);
}

enum ck_err ledger_identify(const struct ck_rollout *rollout, const char *server,
                            struct ledger_identity *ret_identity, struct ck_error *err)
{
    struct ledger_identity identity;

    if (hash_plan(rollout, server, false, identity.plan, err) != CK_OK ||
        hash_plan(rollout, server, true, identity.details, err) != CK_OK)
        return err->code;
    *ret_identity = identity;
    return CK_OK;
}

/* --- taking a plan --- */

struct taking {
    struct ck_ledger *ledger;
    const struct ck_rollout *rollout;
    int64_t turn;        /* what is in the plan has this one; what has an older one is gone */
    int64_t *people;     /* by the index of an item: of its account; 0: not yet */
    const size_t *first; /* the index of the account's first item */
    const struct ck_plan_item **password; /* by the same: the account's row with a password_ref */
};

/* A password_ref may stand in one of an account's rows only. */
static enum ck_err put_person(struct taking *taking, const struct ck_plan_item *item,
                              const struct ck_plan_item *password, int64_t *ret_id,
                              struct ck_error *err)
{
    static const char put[] =
        "INSERT INTO person (name, role, route, password_kind, password_name, grp, turn, "
        "display_name)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (name, role) DO UPDATE SET route = ?3, password_kind = ?4,"
        " password_name = ?5, grp = ?6, turn = ?7, display_name = coalesce(?8, display_name)"
        " RETURNING id";
    struct ck_ledger *ledger = taking->ledger;
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    bool found = false;
    enum ck_err r = ledger_sql(ledger, put, &statement, err);

    if (r == CK_OK)
        r = ledger_bind_text(ledger, statement, 1, item->account.name, CK_ACCOUNT_NAME_MAX, err);
    if (r == CK_OK)
        r = ledger_bind_text(ledger, statement, 6, item->group, CK_GROUP_NAME_MAX, err);
    if (r == CK_OK && password->password_name != NULL)
        r = ledger_bind_text(ledger, statement, 5, password->password_name, CK_PASSWORD_REF_MAX,
                             err);
    if (r == CK_OK && item->display_name != NULL)
        r = ledger_bind_text(ledger, statement, 8, item->display_name, CK_DISPLAY_NAME_MAX, err);
    if (r != CK_OK)
        return r;
    sqlite3_bind_int(statement, 2, (int)item->account.role);
    sqlite3_bind_int(statement, 3, (int)item->route);
    sqlite3_bind_int(statement, 4, (int)password->password_kind);
    sqlite3_bind_int64(statement, 7, taking->turn);
    r = ledger_fetch(ledger, statement, &found, err);
    if (r == CK_OK)
        *ret_id = sqlite3_column_int64(statement, 0);
    return r;
}

/* left follows later, for all of them at once. */
static enum ck_err put_item(struct taking *taking, const struct wish *wish, int64_t person,
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

static enum ck_err put_wish(void *data, const struct wish *wish, struct ck_error *err)
{
    struct taking *taking = data;
    size_t first = taking->first[wish->item - taking->rollout->plan->items];
    const struct ck_plan_item *password = taking->password[first];
    enum ck_err r = CK_OK;

    if (taking->people[first] == 0)
        r = put_person(taking, wish->item, password != NULL ? password : wish->item,
                       &taking->people[first], err);
    return r == CK_OK ? put_item(taking, wish, taking->people[first], err) : r;
}

/* Which rows are one account's, by their indexes. */
static void find_accounts(const struct ck_plan *plan, const struct ck_plan_item *const *sorted,
                          size_t *first, const struct ck_plan_item **password)
{
    for (size_t i = 0, run; i < plan->count; i += run) {
        run = order_run(&sorted[i], plan->count - i);
        size_t begin = (size_t)(sorted[i] - plan->items);
        for (size_t j = i; j < i + run; j++) {
            first[sorted[j] - plan->items] = begin;
            if (password[begin] == NULL && sorted[j]->password_kind != CK_PASSWORD_NONE)
                password[begin] = sorted[j];
        }
    }
}

static enum ck_err put_plan(struct ck_ledger *ledger, const struct ck_rollout *rollout,
                            int64_t turn, struct ck_error *err)
{
    const struct ck_plan *plan = rollout->plan;
    CK_CLEANUP(ck_free_p) const struct ck_plan_item **sorted = order_items(plan);
    CK_CLEANUP(ck_free_p) size_t *first = calloc(plan->count + 1, sizeof(*first));
    CK_CLEANUP(ck_free_p) int64_t *people = calloc(plan->count + 1, sizeof(*people));
    CK_CLEANUP(ck_free_p)
    const struct ck_plan_item **password = calloc(plan->count + 1, sizeof(*password));
    struct taking taking = {.ledger = ledger,
                            .rollout = rollout,
                            .turn = turn,
                            .people = people,
                            .first = first,
                            .password = password};

    if (sorted == NULL || first == NULL || people == NULL || password == NULL)
        return ck_error_no_memory(err);
    find_accounts(plan, sorted, first, password);
    return each_wish(rollout, put_wish, &taking, err);
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

/* --- all of it --- */

/* As ck_step_is_left has it. */
static const char set_left[] =
    "UPDATE item SET left = state IN (0, 1, 2, 8) OR (state = 3 AND wants_proof = 1)"
    " WHERE left <> (state IN (0, 1, 2, 8) OR (state = 3 AND wants_proof = 1));"
    "UPDATE person SET (apps_left, keys_left) ="
    " (SELECT count(*) FILTER (WHERE n = 0), count(*) FILTER (WHERE n > 0)"
    " FROM item WHERE item.person = person.id AND item.left = 1)";

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

    if (r == CK_OK)
        r = put_plan(ledger, rollout, turn, err);
    if (r == CK_OK)
        r = drop_gone(ledger, rollout, ret_kept, err);
    return r == CK_OK ? ledger_exec(ledger, set_left, err) : r;
}
