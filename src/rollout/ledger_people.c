/* People of a ledger: who is next, and how far their new passwords are. */
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

enum ck_err ledger_fetch_person(struct ck_ledger *ledger, sqlite3_stmt *statement,
                                struct ck_ledger_person *ret_person, bool *ret_found,
                                struct ck_error *err)
{
    struct ledger_row row = {.ledger = ledger, .statement = statement};
    struct ck_ledger_person person;
    bool found = false;

    if (ledger_fetch(ledger, statement, &found, err) != CK_OK)
        return err->code;
    if (found) {
        ledger_row_person(&row, &person);
        if (ledger_row_end(&row, err) != CK_OK)
            return err->code;
        *ret_person = person;
    }
    *ret_found = found;
    return CK_OK;
}

/* By the partial indexes, whose conditions these are to the letter. */
static const char next_of_apps[] =
    "SELECT " LEDGER_PERSON_COLUMNS " FROM person INDEXED BY person_apps WHERE id > ?"
    " AND (apps_left > 0 OR (password = 2 AND keys_left = 0)) ORDER BY id LIMIT 1";
static const char next_of_keys[] =
    "SELECT " LEDGER_PERSON_COLUMNS " FROM person INDEXED BY person_keys WHERE id > ?"
    " AND keys_left > 0 ORDER BY id LIMIT 1";

enum ck_err ck_ledger_next_person(struct ck_ledger *ledger, enum ck_ledger_kind kind, int64_t after,
                                  struct ck_ledger_person *ret_person, bool *ret_found,
                                  struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (ledger_sql(in, kind == CK_LEDGER_APPS ? next_of_apps : next_of_keys, &statement, err) !=
        CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, after);
    return ledger_fetch_person(in, statement, ret_person, ret_found, err);
}

enum ck_err ck_ledger_person(struct ck_ledger *ledger, int64_t id,
                             struct ck_ledger_person *ret_person, struct ck_error *err)
{
    static const char read[] = "SELECT " LEDGER_PERSON_COLUMNS " FROM person WHERE id = ?";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    bool found = false;

    if (ledger_sql(in, read, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, id);
    if (ledger_fetch_person(in, statement, ret_person, &found, err) != CK_OK)
        return err->code;
    return found ? CK_OK : ledger_no_person(in, id, err);
}

enum ck_err ck_ledger_find_person(struct ck_ledger *ledger, const char *account,
                                  struct ck_ledger_person *ret_person, bool *ret_found,
                                  struct ck_error *err)
{
    static const char read[] =
        "SELECT " LEDGER_PERSON_COLUMNS " FROM person WHERE name = ? ORDER BY id LIMIT 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (ledger_sql(in, read, &statement, err) != CK_OK)
        return err->code;
    int rc = sqlite3_bind_text(statement, 1, account, -1, SQLITE_STATIC);
    return rc == SQLITE_OK ? ledger_fetch_person(in, statement, ret_person, ret_found, err)
                           : ledger_failed(in, rc, err);
}

enum ck_err ledger_no_person(const struct ck_ledger *ledger, int64_t id, struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' has no person %lld", ledger->path,
                        (long long)id);
}

/* --- changes --- */

/* The state that is there already is no change, so that a step may be taken again. */
static enum ck_err set_password(struct ck_ledger *ledger, int64_t person,
                                enum ck_password_state state, struct ck_error *err)
{
    static const char write[] = "UPDATE person SET password = ?2 WHERE id = ?1";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ck_ledger_person now;

    if (ck_ledger_person(ledger, person, &now, err) != CK_OK)
        return err->code;
    if (now.password == state)
        return CK_OK;
    if (!ck_password_may_become(now.password, state)) {
        const char *name = ck_password_state_name(state);
        return ck_error_set(err, CK_ERR_UNCHANGED,
                            "the ledger '%.200s' says that the new password of %.100s is %s: it "
                            "can't be %s next",
                            ledger->path, now.account.name, ck_password_state_name(now.password),
                            name != NULL ? name : "?");
    }
    if (ledger_sql(ledger, write, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, person);
    sqlite3_bind_int(statement, 2, (int)state);
    return ledger_run(ledger, statement, err);
}

enum ck_err ck_ledger_password(struct ck_ledger *ledger, int64_t person,
                               enum ck_password_state state, struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    enum ck_err r = ledger_begin(in, LEDGER_TO_RUN, err);

    return r == CK_OK ? ledger_end(in, set_password(in, person, state, err), err) : r;
}

static enum ck_err set_app_password(struct ck_ledger *ledger, int64_t person, int64_t id,
                                    struct ck_error *err)
{
    static const char write[] = "UPDATE person SET app_password_id = ?2 WHERE id = ?1";
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (id < 0)
        return ck_error_set(err, CK_ERR_USAGE, "%lld is no app password", (long long)id);
    if (ledger_sql(ledger, write, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, person);
    ledger_bind_id(statement, 2, id);
    if (ledger_run(ledger, statement, err) != CK_OK)
        return err->code;
    return sqlite3_changes(ledger->db) == 1 ? CK_OK : ledger_no_person(ledger, person, err);
}

enum ck_err ck_ledger_app_password(struct ck_ledger *ledger, int64_t person, int64_t id,
                                   struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    enum ck_err r = ledger_begin(in, LEDGER_TO_RUN, err);

    return r == CK_OK ? ledger_end(in, set_app_password(in, person, id, err), err) : r;
}
