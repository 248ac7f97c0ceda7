/* Rows of the ledger, each value of which is held against what may stand there. */
#include <string.h>

#include "cowkey/base/utf8.h"
#include "ledger_internal.h"

enum ck_err ledger_nonsense(struct ck_ledger *ledger, const char *what, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the ledger '%.200s' is damaged: it has %s that cowkey never wrote", ledger->path,
                 what);
    return ck_error_hint(err, "Somebody or something else changed it, and what was done is no "
                              "longer known from it. Take a copy of it that is whole; else look at "
                              "the accounts with 'cowkey audit' before you begin anew with another "
                              "file for --ledger.");
}

static void is_bad(struct ledger_row *row, const char *what)
{
    if (row->bad == NULL)
        row->bad = what;
}

int64_t ledger_row_int(struct ledger_row *row, const char *what, int64_t min, int64_t max)
{
    int column = row->column++;
    int type = sqlite3_column_type(row->statement, column);
    int64_t value = type == SQLITE_INTEGER ? sqlite3_column_int64(row->statement, column) : 0;

    if ((type == SQLITE_INTEGER || (type == SQLITE_NULL && min <= 0)) && value >= min &&
        value <= max)
        return value;
    is_bad(row, what);
    return min;
}

bool ledger_row_bool(struct ledger_row *row, const char *what)
{
    return ledger_row_int(row, what, 0, 1) == 1;
}

void ledger_row_text(struct ledger_row *row, const char *what, char *ret_text, size_t size)
{
    int column = row->column++;

    ret_text[0] = '\0';
    switch (sqlite3_column_type(row->statement, column)) {
    case SQLITE_NULL:
        return;
    case SQLITE_TEXT:
        break;
    default:
        is_bad(row, what);
        return;
    }
    const char *text = (const char *)sqlite3_column_text(row->statement, column);
    size_t bytes = (size_t)sqlite3_column_bytes(row->statement, column);
    if (text == NULL || bytes >= size || memchr(text, '\0', bytes) != NULL ||
        !ck_utf8_valid(text, bytes)) {
        is_bad(row, what);
        return;
    }
    memcpy(ret_text, text, bytes);
    ret_text[bytes] = '\0';
}

void ledger_row_bytes(struct ledger_row *row, const char *what, size_t size_max,
                      const void **ret_bytes, size_t *ret_size)
{
    int column = row->column++;
    int type = sqlite3_column_type(row->statement, column);
    const void *bytes = type == SQLITE_BLOB ? sqlite3_column_blob(row->statement, column) : NULL;
    size_t size = type == SQLITE_BLOB ? (size_t)sqlite3_column_bytes(row->statement, column) : 0;

    *ret_bytes = NULL;
    *ret_size = 0;
    if ((type != SQLITE_BLOB && type != SQLITE_NULL) || size > size_max ||
        (bytes == NULL && size > 0)) {
        is_bad(row, what);
        return;
    }
    *ret_bytes = type == SQLITE_NULL ? NULL : bytes != NULL ? bytes : "";
    *ret_size = size;
}

enum ck_err ledger_row_end(const struct ledger_row *row, struct ck_error *err)
{
    return row->bad == NULL ? CK_OK : ledger_nonsense(row->ledger, row->bad, err);
}

/* --- nouns --- */

void ledger_row_person(struct ledger_row *row, struct ck_ledger_person *ret_person)
{
    struct ck_ledger_person person = {0};
    const char *what = "a person";

    person.id = ledger_row_int(row, what, 1, INT64_MAX);
    ledger_row_text(row, what, person.account.name, sizeof(person.account.name));
    if (person.account.name[0] == '\0')
        is_bad(row, what);
    person.account.role = (enum ck_role)ledger_row_int(row, what, 0, CK_ROLES_COUNT - 1);
    ledger_row_text(row, what, person.display_name, sizeof(person.display_name));
    person.route = (enum ck_rollout_route)ledger_row_int(row, what, 0, CK_ROUTES - 1);
    person.password_kind =
        (enum ck_password_kind)ledger_row_int(row, what, CK_PASSWORD_NONE, CK_PASSWORD_SECRET);
    ledger_row_text(row, what, person.password_name, sizeof(person.password_name));
    ledger_row_text(row, what, person.group, sizeof(person.group));
    person.password = (enum ck_password_state)ledger_row_int(row, what, 0, CK_PASSWORD_STATES - 1);
    person.app_password_id = ledger_row_int(row, what, 0, INT64_MAX);
    *ret_person = person;
}

static void read_cause(struct ledger_row *row, struct ck_error *ret_cause)
{
    const char *what = "the cause of a failure";
    int64_t code = ledger_row_int(row, what, CK_OK, CK_ERR_INTERRUPTED);

    ck_error_set(ret_cause, CK_OK, "%s", "");
    ledger_row_text(row, what, ret_cause->text, sizeof(ret_cause->text));
    ledger_row_text(row, what, ret_cause->hint, sizeof(ret_cause->hint));
    if (code == 1 || (code > CK_ERR_KEY && code < CK_ERR_INTERRUPTED))
        is_bad(row, what);
    ret_cause->code = (enum ck_err)code;
}

void ledger_row_item(struct ledger_row *row, struct ck_ledger_item *ret_item)
{
    struct ck_ledger_item item = {0};
    const char *what = "a factor";

    item.id = ledger_row_int(row, what, 1, INT64_MAX);
    item.person = ledger_row_int(row, what, 1, INT64_MAX);
    item.line = (size_t)ledger_row_int(row, what, 0, INT64_MAX);
    item.method = (enum ck_rollout_method)ledger_row_int(row, what, 0, CK_ROLLOUT_METHODS - 1);
    item.n = (unsigned)ledger_row_int(row, what, 0, CK_POLICY_KEYS_MAX);
    if ((item.n == 0) != (item.method == CK_ROLLOUT_TOTP))
        is_bad(row, what);
    ledger_row_text(row, what, item.pattern, sizeof(item.pattern));
    ledger_row_text(row, what, item.label, sizeof(item.label));
    item.state = (enum ck_step_state)ledger_row_int(row, what, 0, CK_STEP_STATES - 1);
    item.wants_proof = ledger_row_bool(row, what);
    item.factor_id = (uint64_t)ledger_row_int(row, what, 0, INT64_MAX);
    ledger_row_text(row, what, item.cid, sizeof(item.cid));
    read_cause(row, &item.cause);
    item.submitted_s = ledger_row_int(row, what, 0, INT64_MAX);
    item.changed_s = ledger_row_int(row, what, 0, INT64_MAX);
    item.tries = (unsigned)ledger_row_int(row, what, 0, INT32_MAX);
    *ret_item = item;
}

void ledger_row_key(struct ledger_row *row, struct ck_ledger_key *ret_key)
{
    struct ck_ledger_key key = {0};
    const char *what = "a security key";

    key.person = ledger_row_int(row, what, 1, INT64_MAX);
    key.n = (unsigned)ledger_row_int(row, what, 1, CK_POLICY_KEYS_MAX);
    ledger_row_text(row, what, key.aaguid, sizeof(key.aaguid));
    ledger_row_text(row, what, key.serial, sizeof(key.serial));
    ledger_row_text(row, what, key.firmware, sizeof(key.firmware));
    key.reset = ledger_row_bool(row, what);
    key.pin = (enum ck_key_pin_state)ledger_row_int(row, what, 0, CK_KEY_PIN_STATES - 1);
    key.begun_s = ledger_row_int(row, what, 0, INT64_MAX);
    key.done_s = ledger_row_int(row, what, 0, INT64_MAX);
    key.own_ms = ledger_row_int(row, what, 0, INT64_MAX);
    *ret_key = key;
}
