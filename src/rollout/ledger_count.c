/* A ledger in numbers: refusals, and how much is done and left. */
#include <string.h>
#include <unistd.h>

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

/* --- as a whole --- */

enum ck_err ck_ledger_history(struct ck_ledger *ledger, struct ck_ledger_history *ret_history,
                              struct ck_error *err)
{
    static const char read[] = "SELECT begun_s, changed_s, refusals FROM rollout WHERE id = 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};
    struct ck_ledger_history history;
    bool found = false;

    if (ledger_sql(in, read, &statement, err) != CK_OK ||
        ledger_fetch(in, statement, &found, err) != CK_OK)
        return err->code;
    if (!found)
        return ledger_nonsense(in, "nothing to say of itself", err);
    row.statement = statement;
    history.begun_s = ledger_row_int(&row, "a moment", 0, INT64_MAX);
    history.changed_s = ledger_row_int(&row, "a moment", 0, INT64_MAX);
    history.refusals = (unsigned)ledger_row_int(&row, "a count of refusals", 0, INT32_MAX);
    enum ck_err r = ledger_row_end(&row, err);
    if (r == CK_OK)
        *ret_history = history;
    return r;
}

int64_t ck_ledger_runner(const struct ck_ledger *ledger)
{
    return ledger->lock >= 0 ? getpid() : ledger_locker(ledger->path);
}

/* --- its name --- */

enum ck_err ck_ledger_name(struct ck_ledger *ledger, char ret_name[CK_LEDGER_NAME_SIZE + 1],
                           struct ck_error *err)
{
    static const char read[] = "SELECT name FROM rollout WHERE id = 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};
    char name[CK_LEDGER_NAME_SIZE + 1];
    bool found = false;
    enum ck_err r = ledger_sql(in, read, &statement, err);

    if (r == CK_OK)
        r = ledger_fetch(in, statement, &found, err);
    if (r != CK_OK)
        return r;
    if (!found)
        return ledger_nonsense(in, "nothing to say of itself", err);
    row.statement = statement;
    ledger_row_text(&row, "a name", name, sizeof(name));
    r = ledger_row_end(&row, err);
    if (r == CK_OK && strlen(name) != CK_LEDGER_NAME_SIZE)
        r = ledger_nonsense(in, "a name", err);
    if (r == CK_OK)
        memcpy(ret_name, name, sizeof(name));
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
