/* A ledger as a whole: refusals, counts, and walks through all of it. */
#include <stdlib.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

/* --- refusals --- */

static enum ck_err ask_refusals(struct ck_ledger *ledger, const char *sql, unsigned *ret_total,
                                struct ck_error *err)
{
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = ledger};
    bool found = false;

    if (ledger_sql(ledger, sql, &statement, err) != CK_OK ||
        ledger_fetch(ledger, statement, &found, err) != CK_OK)
        return err->code;
    if (!found)
        return ledger_nonsense(ledger, "nothing to say of itself", err);
    row.statement = statement;
    unsigned total = (unsigned)ledger_row_int(&row, "a count of refusals", 0, INT32_MAX);
    enum ck_err r = ledger_row_end(&row, err);
    if (r == CK_OK)
        *ret_total = total;
    return r;
}

enum ck_err ck_ledger_refusals(struct ck_ledger *ledger, unsigned *ret_total, struct ck_error *err)
{
    static const char read[] = "SELECT refusals FROM rollout WHERE id = 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);

    return ask_refusals(in, read, ret_total, err);
}

enum ck_err ck_ledger_add_refusal(struct ck_ledger *ledger, unsigned *ret_total,
                                  struct ck_error *err)
{
    static const char add[] =
        "UPDATE rollout SET refusals = refusals + 1 WHERE id = 1 RETURNING refusals";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    unsigned total = 0;
    enum ck_err r = ledger_begin(in, LEDGER_TO_RUN, err);

    if (r == CK_OK)
        r = ledger_end(in, ask_refusals(in, add, &total, err), err);
    if (r == CK_OK)
        *ret_total = total;
    return r;
}

/* --- counts --- */

/* One statement, so that all is of one moment. The states follow, in the order of their enum. */
static const char count_all[] =
    "SELECT people, persons_apps, persons_keys, apps_left, keys_left,"
    " (SELECT count(*) FROM (SELECT DISTINCT person, n FROM item WHERE n > 0)),"
    " (SELECT count(*) FROM key WHERE done_s > 0), begun_s, changed_s,"
    " s0, s1, s2, s3, s4, s5, s6, s7, s8 FROM rollout,"
    " (SELECT count(*) AS people,"
    "  count(*) FILTER (WHERE apps_left > 0 OR (password = 2 AND keys_left = 0)) AS persons_apps,"
    "  count(*) FILTER (WHERE keys_left > 0) AS persons_keys,"
    "  coalesce(sum(apps_left), 0) AS apps_left, coalesce(sum(keys_left), 0) AS keys_left FROM "
    "person),"
    " (SELECT count(*) FILTER (WHERE state = 0) AS s0, count(*) FILTER (WHERE state = 1) AS s1,"
    "  count(*) FILTER (WHERE state = 2) AS s2, count(*) FILTER (WHERE state = 3) AS s3,"
    "  count(*) FILTER (WHERE state = 4) AS s4, count(*) FILTER (WHERE state = 5) AS s5,"
    "  count(*) FILTER (WHERE state = 6) AS s6, count(*) FILTER (WHERE state = 7) AS s7,"
    "  count(*) FILTER (WHERE state = 8) AS s8 FROM item) WHERE rollout.id = 1";

static size_t row_count(struct ledger_row *row)
{
    return (size_t)ledger_row_int(row, "a count", 0, INT64_MAX);
}

static void row_counts(struct ledger_row *row, struct ck_ledger_counts *counts)
{
    counts->people = row_count(row);
    counts->people_left[CK_LEDGER_APPS] = row_count(row);
    counts->people_left[CK_LEDGER_KEYS] = row_count(row);
    counts->apps_left = row_count(row);
    counts->keys_left = row_count(row);
    counts->keys = row_count(row);
    counts->keys_done = row_count(row);
    counts->begun_s = ledger_row_int(row, "a moment", 0, INT64_MAX);
    counts->changed_s = ledger_row_int(row, "a moment", 0, INT64_MAX);
    for (size_t i = 0; i < CK_STEP_STATES; i++) {
        counts->states[i] = row_count(row);
        counts->items += counts->states[i];
    }
}

enum ck_err ck_ledger_count(struct ck_ledger *ledger, struct ck_ledger_counts *ret_counts,
                            struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};
    struct ck_ledger_counts counts = {0};
    bool found = false;

    if (ledger_sql(in, count_all, &statement, err) != CK_OK ||
        ledger_fetch(in, statement, &found, err) != CK_OK)
        return err->code;
    if (!found)
        return ledger_nonsense(in, "nothing to say of itself", err);
    row.statement = statement;
    row_counts(&row, &counts);
    enum ck_err r = ledger_row_end(&row, err);
    if (r == CK_OK)
        *ret_counts = counts;
    return r;
}

/* --- walks --- */

/*
 * Other threads wait for the end of a walk; its visitor may ask the ledger for more. The statement
 * is the walk's own, as a walk within one needs another.
 */
typedef enum ck_err row_taker(struct ledger_row *row, void *walk, struct ck_error *err);

static enum ck_err walk_rows(struct ck_ledger *ledger, const char *sql, int64_t id, row_taker *take,
                             void *walk, struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_finalize) sqlite3_stmt *statement = NULL;
    bool found = true;
    enum ck_err r = ledger_sql_once(in, sql, &statement, err);

    if (r == CK_OK && id != 0)
        sqlite3_bind_int64(statement, 1, id);
    while (r == CK_OK) {
        struct ledger_row row = {.ledger = in, .statement = statement};
        r = ledger_fetch(in, statement, &found, err);
        if (r != CK_OK || !found)
            break;
        r = take(&row, walk, err);
    }
    return r;
}

struct item_walk {
    ck_ledger_visitor *visitor;
    void *data;
};

static enum ck_err take_item(struct ledger_row *row, void *data, struct ck_error *err)
{
    const struct item_walk *walk = data;
    struct ck_ledger_person person;
    struct ck_ledger_item item;
    struct ck_ledger_key key;
    bool has_key = false;

    ledger_row_person(row, &person);
    ledger_row_item(row, &item);
    if (sqlite3_column_type(row->statement, row->column) != SQLITE_NULL) {
        has_key = true;
        ledger_row_key(row, &key);
    }
    enum ck_err r = ledger_row_end(row, err);
    return r == CK_OK ? walk->visitor(walk->data, &person, &item, has_key ? &key : NULL, err) : r;
}

enum ck_err ck_ledger_walk(struct ck_ledger *ledger, ck_ledger_visitor *visitor, void *data,
                           struct ck_error *err)
{
    struct item_walk walk = {.visitor = visitor, .data = data};

    return walk_rows(ledger,
                     "SELECT " LEDGER_PERSON_COLUMNS ", " LEDGER_ITEM_COLUMNS
                     ", " LEDGER_KEY_COLUMNS " FROM person"
                     " CROSS JOIN item ON item.person = person.id"
                     " LEFT JOIN key ON item.n > 0 AND key.person = item.person AND key.n = item.n"
                     " ORDER BY person.id, item.id",
                     0, take_item, &walk, err);
}

struct credential_walk {
    ck_ledger_credential_visitor *visitor;
    void *data;
};

static enum ck_err take_owner(struct ledger_row *row, void *data, struct ck_error *err)
{
    const struct credential_walk *walk = data;
    struct ck_ledger_person person;
    struct ck_ledger_item item;
    struct ck_bytes credential = {0};
    const void *bytes = NULL;
    size_t size = 0;

    ledger_row_person(row, &person);
    ledger_row_item(row, &item);
    ledger_row_bytes(row, "a credential", CK_LEDGER_CREDENTIAL_MAX, &bytes, &size);
    enum ck_err r = ledger_row_end(row, err);
    if (r == CK_OK)
        r = ck_bytes_copy(bytes, size, &credential, err);
    if (r == CK_OK)
        r = walk->visitor(walk->data, &item, &person, &credential, err);
    ck_bytes_clear(&credential);
    return r;
}

enum ck_err ck_ledger_walk_credentials(struct ck_ledger *ledger,
                                       ck_ledger_credential_visitor *visitor, void *data,
                                       struct ck_error *err)
{
    struct credential_walk walk = {.visitor = visitor, .data = data};

    return walk_rows(ledger,
                     "SELECT " LEDGER_PERSON_COLUMNS ", " LEDGER_ITEM_COLUMNS ", item.credential"
                     " FROM item INDEXED BY item_credential"
                     " CROSS JOIN person ON person.id = item.person"
                     " WHERE item.credential IS NOT NULL AND item.state NOT IN (5, 7)"
                     " ORDER BY item.id",
                     0, take_owner, &walk, err);
}

struct pace_walk {
    ck_ledger_pace_visitor *visitor;
    void *data;
};

static enum ck_err take_hour(struct ledger_row *row, void *data, struct ck_error *err)
{
    const struct pace_walk *walk = data;
    int64_t hour_begin_s = ledger_row_int(row, "a moment", 0, INT64_MAX);
    size_t count = row_count(row);
    enum ck_err r = ledger_row_end(row, err);

    return r == CK_OK ? walk->visitor(walk->data, hour_begin_s, count, err) : r;
}

enum ck_err ck_ledger_walk_pace(struct ck_ledger *ledger, ck_ledger_pace_visitor *visitor,
                                void *data, struct ck_error *err)
{
    struct pace_walk walk = {.visitor = visitor, .data = data};

    return walk_rows(ledger,
                     "SELECT changed_s / 3600 * 3600 AS hour, count(*) FROM item"
                     " WHERE state IN (3, 4) GROUP BY hour ORDER BY hour",
                     0, take_hour, &walk, err);
}
