/* Moving factors on. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "cowkey/base/utf8.h"
#include "ledger_internal.h"

/* What the ledger has of an item, as far as a step asks. */
struct now {
    int64_t person;
    enum ck_step_state state;
    bool wants_proof, left, gone;
    bool is_key;
};

static enum ck_err read_now(struct ck_ledger *ledger, int64_t item, struct now *ret_now,
                            struct ck_error *err)
{
    static const char read[] =
        "SELECT person, state, wants_proof, left, gone, n FROM item WHERE id = ?";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = ledger};
    const char *what = "a factor";
    bool found = false;
    enum ck_err r = ledger_sql(ledger, read, &statement, err);

    if (r != CK_OK)
        return r;
    sqlite3_bind_int64(statement, 1, item);
    r = ledger_fetch(ledger, statement, &found, err);
    if (r != CK_OK)
        return r;
    if (!found)
        return ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' has no factor %lld",
                            ledger->path, (long long)item);
    row.statement = statement;
    ret_now->person = ledger_row_int(&row, what, 1, INT64_MAX);
    ret_now->state = (enum ck_step_state)ledger_row_int(&row, what, 0, CK_STEP_STATES - 1);
    ret_now->wants_proof = ledger_row_bool(&row, what);
    ret_now->left = ledger_row_bool(&row, what);
    ret_now->gone = ledger_row_bool(&row, what);
    ret_now->is_key = ledger_row_int(&row, what, 0, CK_POLICY_KEYS_MAX) > 0;
    return ledger_row_end(&row, err);
}

/* --- facts --- */

/* As the server's ids are numbers of its rows, they never get near to what SQLite can't keep. */
static enum ck_err check_facts(const struct ck_ledger *ledger, const struct ck_ledger_facts *facts,
                               struct ck_error *err)
{
    bool fits = facts->factor_id <= INT64_MAX &&
                (!facts->before_known || facts->before_count <= LEDGER_BEFORE_MAX) &&
                (facts->credential == NULL || facts->credential->size <= CK_LEDGER_CREDENTIAL_MAX);

    for (size_t i = 0; fits && facts->before_known && i < facts->before_count; i++)
        fits = facts->before[i] <= INT64_MAX;
    return fits ? CK_OK
                : ck_error_set(err, CK_ERR_USAGE,
                               "the ledger '%.200s' can't keep so much of a "
                               "factor",
                               ledger->path);
}

/* Numbers of eight bytes, the highest first. */
static enum ck_err bind_before(struct ck_ledger *ledger, sqlite3_stmt *statement, int at,
                               const struct ck_ledger_facts *facts, struct ck_error *err)
{
    size_t size = facts->before_count * sizeof(uint64_t);
    uint8_t *bytes = malloc(size + 1);

    if (bytes == NULL)
        return ck_error_no_memory(err);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(facts->before[i / 8] >> (56 - 8 * (i % 8)));
    int rc = sqlite3_bind_blob(statement, at, bytes, (int)size, free);
    return rc == SQLITE_OK ? CK_OK : ledger_failed(ledger, rc, err);
}

/* Its text may quote what a server or a key said. */
static enum ck_err bind_foreign(struct ck_ledger *ledger, sqlite3_stmt *statement, int at,
                                const char *text, struct ck_error *err)
{
    char *escaped = ck_utf8_valid(text, strlen(text)) ? strdup(text) : ck_escape_terminal(text);

    if (escaped == NULL)
        return ck_error_no_memory(err);
    if (strlen(escaped) >= CK_LEDGER_CAUSE_MAX) {
        struct ck_error cut;
        ck_error_set(&cut, CK_OK, "%s", escaped);
        strcpy(escaped, cut.text);
    }
    int rc = sqlite3_bind_text(statement, at, escaped, -1, free);
    return rc == SQLITE_OK ? CK_OK : ledger_failed(ledger, rc, err);
}

static enum ck_err bind_cause(struct ck_ledger *ledger, sqlite3_stmt *statement, int at,
                              const struct ck_error *cause, struct ck_error *err)
{
    sqlite3_bind_int(statement, at, (int)cause->code);
    if (bind_foreign(ledger, statement, at + 1, cause->text, err) != CK_OK)
        return err->code;
    return bind_foreign(ledger, statement, at + 2, cause->hint, err);
}

/*
 * What is planned anew has nothing of what it was (6), but for its credential: that may still be on
 * the key.
 */
enum {
    AT_ITEM = 1,
    AT_STATE,
    AT_LEFT,
    AT_NOW,
    AT_SUBMITS,
    AT_ANEW,
    AT_LABEL,
    AT_FACTOR,
    AT_CID,
    AT_KNOWN,
    AT_BEFORE,
    AT_CREDENTIAL,
    AT_CAUSED,
    AT_CAUSE,
    AT_TEXT,
    AT_HINT
};
static const char write_item[] =
    "UPDATE item SET state = ?2, left = ?3, changed_s = ?4,"
    " submitted_s = iif(?5, ?4, submitted_s), tries = tries + ?5,"
    " label = coalesce(?7, iif(?6, NULL, label)),"
    " factor_id = coalesce(?8, iif(?6, NULL, factor_id)),"
    " cid = coalesce(?9, iif(?6, NULL, cid)),"
    " before = iif(?10, ?11, iif(?6, NULL, before)),"
    " credential = coalesce(?12, credential),"
    " cause = iif(?13, ?14, cause), cause_text = iif(?13, ?15, cause_text),"
    " cause_hint = iif(?13, ?16, cause_hint)"
    " WHERE id = ?1";

/* The cause of an earlier end goes with the event that begins anew or settles it. */
static bool clears_cause(enum ck_step_event event)
{
    return event == CK_STEP_PREPARE || event == CK_STEP_SUBMIT || event == CK_STEP_ACCEPT ||
           event == CK_STEP_RETRY || event == CK_STEP_GONE;
}

static bool is_given(const char *text)
{
    return text != NULL && *text != '\0';
}

static enum ck_err bind_facts(struct ck_ledger *ledger, sqlite3_stmt *statement,
                              const struct ck_ledger_facts *facts, struct ck_error *err)
{
    enum ck_err r = check_facts(ledger, facts, err);

    if (r == CK_OK && is_given(facts->label))
        r = ledger_bind_text(ledger, statement, AT_LABEL, facts->label, CK_FACTOR_LABEL_MAX, err);
    if (r == CK_OK && is_given(facts->cid))
        r = ledger_bind_text(ledger, statement, AT_CID, facts->cid, CK_PAGE_CID_SIZE + 1, err);
    if (r == CK_OK && facts->before_known)
        r = bind_before(ledger, statement, AT_BEFORE, facts, err);
    if (r == CK_OK && facts->cause != NULL && facts->cause->code != CK_OK)
        r = bind_cause(ledger, statement, AT_CAUSE, facts->cause, err);
    if (r != CK_OK)
        return r;
    ledger_bind_id(statement, AT_FACTOR, (int64_t)facts->factor_id);
    sqlite3_bind_int(statement, AT_KNOWN, facts->before_known);
    if (facts->credential != NULL)
        sqlite3_bind_blob(statement, AT_CREDENTIAL, facts->credential->data,
                          (int)facts->credential->size, SQLITE_STATIC);
    return CK_OK;
}

/* --- a step --- */

static enum ck_err add_left(struct ck_ledger *ledger, const struct now *now, int more,
                            struct ck_error *err)
{
    static const char add_app[] = "UPDATE person SET apps_left = apps_left + ?2 WHERE id = ?1";
    static const char add_key[] = "UPDATE person SET keys_left = keys_left + ?2 WHERE id = ?1";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (more == 0)
        return CK_OK;
    if (ledger_sql(ledger, now->is_key ? add_key : add_app, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, now->person);
    sqlite3_bind_int(statement, 2, more);
    return ledger_run(ledger, statement, err);
}

static enum ck_err refuse_event(const struct ck_ledger *ledger, int64_t item,
                                enum ck_step_state state, enum ck_step_event event,
                                struct ck_error *err)
{
    const char *name = ck_step_event_name(event);

    ck_error_set(
        err, CK_ERR_UNCHANGED,
        "the ledger '%.200s' says that factor %lld is %s: the event '%s' may not happen then",
        ledger->path, (long long)item, ck_step_state_name(state), name != NULL ? name : "?");
    return ck_error_hint(err, "Something else worked on that account meanwhile. See what it has "
                              "with 'cowkey rollout status'.");
}

/* What is not in the plan any more is finished, but never begun again. */
static bool find_next(const struct now *now, enum ck_step_event event,
                      enum ck_step_state *ret_state)
{
    if (!ck_step_next(now->state, event, ret_state))
        return false;
    if (now->gone && ck_step_action(*ret_state) == CK_STEP_DO_ENROLL)
        *ret_state = CK_STEP_SKIPPED;
    return true;
}

/* In an open transaction; *ret_now is the item before it. */
static enum ck_err step(struct ck_ledger *ledger, int64_t item, enum ck_step_event event,
                        const struct ck_ledger_facts *facts, struct now *ret_now,
                        enum ck_step_state *ret_state, struct ck_error *err)
{
    const struct ck_ledger_facts none = {0};
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    enum ck_step_state state;
    struct now now = {0};

    if (facts == NULL)
        facts = &none;
    if (read_now(ledger, item, &now, err) != CK_OK)
        return err->code;
    if (!find_next(&now, event, &state))
        return refuse_event(ledger, item, now.state, event, err);
    bool left = ck_step_is_left(state, now.wants_proof);
    if (ledger_sql(ledger, write_item, &statement, err) != CK_OK ||
        bind_facts(ledger, statement, facts, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, AT_ITEM, item);
    sqlite3_bind_int(statement, AT_STATE, (int)state);
    sqlite3_bind_int(statement, AT_LEFT, left);
    sqlite3_bind_int64(statement, AT_NOW, ledger->now_s());
    sqlite3_bind_int(statement, AT_SUBMITS, event == CK_STEP_SUBMIT);
    sqlite3_bind_int(statement, AT_ANEW, state == CK_STEP_PLANNED);
    sqlite3_bind_int(statement, AT_CAUSED, facts->cause != NULL || clears_cause(event));
    enum ck_err r = ledger_run(ledger, statement, err);
    if (r == CK_OK)
        r = add_left(ledger, &now, (int)left - (int)now.left, err);
    if (r == CK_OK) {
        *ret_now = now;
        *ret_state = state;
    }
    return r;
}

/* Commits it, but does not wait for the disk. */
static enum ck_err take_step(struct ck_ledger *ledger, int64_t item, enum ck_step_event event,
                             const struct ck_ledger_facts *facts, struct now *ret_now,
                             enum ck_step_state *ret_state, struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    enum ck_err r = ledger_begin_to_wait(in, err);

    return r == CK_OK ? ledger_end(in, step(in, item, event, facts, ret_now, ret_state, err), err)
                      : r;
}

enum ck_err ck_ledger_step(struct ck_ledger *ledger, int64_t item, enum ck_step_event event,
                           const struct ck_ledger_facts *facts, enum ck_step_state *ret_state,
                           struct ck_error *err)
{
    enum ck_step_state state;
    struct now now;
    enum ck_err r = take_step(ledger, item, event, facts, &now, &state, err);

    /* A key's does not: the person may have left with it before it is asked for again. */
    bool may_wait = r == CK_OK && !now.is_key && ck_step_may_wait(event, now.wants_proof);
    if (r == CK_OK && !may_wait)
        r = ledger_to_disk(ledger, err);
    if (r == CK_OK && ret_state != NULL)
        *ret_state = state;
    return r;
}

/* --- another try --- */

/* What is not in the plan any more, and is not on the server, is left alone. */
static enum ck_err retry_all(struct ck_ledger *ledger, size_t *ret_count, struct ck_error *err)
{
    static const char next[] = "SELECT id FROM item WHERE id > ? AND (state = 6 OR (state IN (5, 7)"
                               " AND gone = 0)) ORDER BY id LIMIT 1";
    enum ck_step_state state;
    struct now before;
    int64_t item = 0;
    bool found = true;
    enum ck_err r = CK_OK;

    for (size_t count = 0; r == CK_OK; count++) {
        CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
        r = ledger_sql(ledger, next, &statement, err);
        if (r != CK_OK)
            break;
        sqlite3_bind_int64(statement, 1, item);
        r = ledger_fetch(ledger, statement, &found, err);
        if (r != CK_OK)
            break;
        if (!found) {
            *ret_count = count;
            break;
        }
        item = sqlite3_column_int64(statement, 0);
        r = step(ledger, item, CK_STEP_RETRY, NULL, &before, &state, err);
    }
    return r;
}

enum ck_err ck_ledger_retry(struct ck_ledger *ledger, size_t *ret_count, struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    size_t count = 0;
    enum ck_err r = ledger_begin(in, LEDGER_TO_RUN, err);

    if (r == CK_OK)
        r = ledger_end(in, retry_all(in, &count, err), err);
    if (r == CK_OK)
        *ret_count = count;
    return r;
}
