/* Factors of a ledger, and the keys that they are on. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

/* --- a person's factors --- */

enum ck_err ck_ledger_items(struct ck_ledger *ledger, int64_t person,
                            struct ck_ledger_item **ret_items, size_t *ret_count,
                            struct ck_error *err)
{
    static const char read[] =
        "SELECT " LEDGER_ITEM_COLUMNS " FROM item WHERE person = ? ORDER BY id";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = calloc(1, sizeof(*items));
    size_t count = 0;
    bool found = true;
    enum ck_err r = items != NULL ? ledger_sql(in, read, &statement, err) : ck_error_no_memory(err);

    if (r == CK_OK)
        sqlite3_bind_int64(statement, 1, person);
    while (r == CK_OK) {
        struct ledger_row row = {.ledger = in, .statement = statement};
        r = ledger_fetch(in, statement, &found, err);
        if (r != CK_OK || !found)
            break;
        struct ck_ledger_item *more = reallocarray(items, count + 1, sizeof(*items));
        if (more == NULL)
            return ck_error_no_memory(err);
        items = more;
        ledger_row_item(&row, &items[count++]);
        r = ledger_row_end(&row, err);
    }
    if (r != CK_OK)
        return r;
    *ret_items = CK_TAKE(items);
    *ret_count = count;
    return CK_OK;
}

/* Bytes of an item, copied by take. */
typedef enum ck_err bytes_taker(void *data, const void *bytes, size_t size, struct ck_error *err);

static enum ck_err read_bytes(struct ck_ledger *ledger, const char *sql, int64_t item,
                              const char *what, size_t size_max, bytes_taker *take, void *data,
                              struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};
    const void *bytes = NULL;
    size_t size = 0;
    bool found = false;

    if (ledger_sql(in, sql, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, item);
    if (ledger_fetch(in, statement, &found, err) != CK_OK)
        return err->code;
    if (!found)
        return ck_error_set(err, CK_ERR_USAGE, "the ledger '%.200s' has no factor %lld", in->path,
                            (long long)item);
    row.statement = statement;
    ledger_row_bytes(&row, what, size_max, &bytes, &size);
    enum ck_err r = ledger_row_end(&row, err);
    return r == CK_OK ? take(data, bytes, size, err) : r;
}

struct ids {
    struct ck_ledger *ledger;
    uint64_t *ids;
    size_t count;
};

static enum ck_err take_ids(void *data, const void *bytes, size_t size, struct ck_error *err)
{
    struct ids *ids = data;
    const uint8_t *at = bytes;

    if (at == NULL)
        return CK_OK;
    if (size % sizeof(uint64_t) != 0)
        return ledger_nonsense(ids->ledger, "a list of the rows before", err);
    ids->ids = calloc(size / sizeof(uint64_t) + 1, sizeof(uint64_t));
    if (ids->ids == NULL)
        return ck_error_no_memory(err);
    ids->count = size / sizeof(uint64_t);
    for (size_t i = 0; i < size; i++)
        ids->ids[i / 8] = ids->ids[i / 8] << 8 | at[i];
    return CK_OK;
}

enum ck_err ck_ledger_before(struct ck_ledger *ledger, int64_t item, uint64_t **ret_ids,
                             size_t *ret_count, struct ck_error *err)
{
    static const char read[] = "SELECT before FROM item WHERE id = ?";
    struct ids ids = {.ledger = ledger};
    enum ck_err r = read_bytes(ledger, read, item, "a list of the rows before",
                               LEDGER_BEFORE_MAX * sizeof(uint64_t), take_ids, &ids, err);

    if (r != CK_OK)
        return r;
    *ret_ids = ids.ids;
    *ret_count = ids.count;
    return CK_OK;
}

static enum ck_err take_credential(void *data, const void *bytes, size_t size, struct ck_error *err)
{
    struct ck_bytes *credential = data;

    return size > 0 ? ck_bytes_copy(bytes, size, credential, err) : CK_OK;
}

enum ck_err ck_ledger_credential(struct ck_ledger *ledger, int64_t item,
                                 struct ck_bytes *ret_credential, struct ck_error *err)
{
    static const char read[] = "SELECT credential FROM item WHERE id = ?";
    struct ck_bytes credential = {0};
    enum ck_err r = read_bytes(ledger, read, item, "a credential", CK_LEDGER_CREDENTIAL_MAX,
                               take_credential, &credential, err);

    if (r == CK_OK)
        *ret_credential = credential;
    return r;
}

/* --- keys --- */

enum ck_err ledger_find_key(struct ck_ledger *ledger, int64_t person, unsigned n,
                            struct ck_ledger_key *ret_key, bool *ret_found, struct ck_error *err)
{
    static const char read[] =
        "SELECT " LEDGER_KEY_COLUMNS " FROM key WHERE person = ?1 AND n = ?2";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};

    if (ledger_sql(in, read, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, person);
    sqlite3_bind_int64(statement, 2, n);
    if (ledger_fetch(in, statement, ret_found, err) != CK_OK)
        return err->code;
    row.statement = statement;
    if (*ret_found)
        ledger_row_key(&row, ret_key);
    return ledger_row_end(&row, err);
}

enum ck_err ck_ledger_key(struct ck_ledger *ledger, int64_t person, unsigned n,
                          struct ck_ledger_key *ret_key, struct ck_error *err)
{
    struct ck_ledger_key key = {.person = person, .n = n};
    bool found = false;
    enum ck_err r = ledger_find_key(ledger, person, n, &key, &found, err);

    if (r == CK_OK)
        *ret_key = key;
    return r;
}

static const char write_key[] =
    "INSERT INTO key (person, n, aaguid, serial, firmware, reset, pin, begun_s, done_s, own_ms)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    " ON CONFLICT (person, n) DO UPDATE SET aaguid = ?3, serial = ?4, firmware = ?5, reset = ?6,"
    " pin = ?7, begun_s = ?8, done_s = ?9, own_ms = ?10";

static enum ck_err bind_key(struct ck_ledger *ledger, sqlite3_stmt *statement,
                            const struct ck_ledger_key *key, struct ck_error *err)
{
    if (ledger_bind_text(ledger, statement, 3, key->aaguid, sizeof(key->aaguid), err) != CK_OK ||
        ledger_bind_text(ledger, statement, 4, key->serial, sizeof(key->serial), err) != CK_OK ||
        ledger_bind_text(ledger, statement, 5, key->firmware, sizeof(key->firmware), err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, key->person);
    sqlite3_bind_int64(statement, 2, key->n);
    sqlite3_bind_int(statement, 6, key->reset);
    sqlite3_bind_int(statement, 7, (int)key->pin);
    ledger_bind_id(statement, 8, key->begun_s);
    ledger_bind_id(statement, 9, key->done_s);
    ledger_bind_id(statement, 10, key->own_ms);
    return CK_OK;
}

static enum ck_err put_key(struct ck_ledger *ledger, const struct ck_ledger_key *key,
                           struct ck_error *err)
{
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ck_ledger_person person;
    struct ck_ledger_key now;

    if (key->n < 1 || key->n > CK_POLICY_KEYS_MAX || key->begun_s < 0 || key->done_s < 0 ||
        key->own_ms < 0)
        return ck_error_set(err, CK_ERR_USAGE, "nobody has such a key, of number %u", key->n);
    if (ck_ledger_person(ledger, key->person, &person, err) != CK_OK ||
        ck_ledger_key(ledger, key->person, key->n, &now, err) != CK_OK)
        return err->code;
    if (key->pin != now.pin && !ck_key_pin_may_become(now.pin, key->pin)) {
        const char *name = ck_key_pin_state_name(key->pin);
        return ck_error_set(err, CK_ERR_UNCHANGED,
                            "the ledger '%.200s' says that the PIN of key %u of %.100s is %s: it "
                            "can't be %s next",
                            ledger->path, key->n, person.account.name,
                            ck_key_pin_state_name(now.pin), name != NULL ? name : "?");
    }
    if (ledger_sql(ledger, write_key, &statement, err) != CK_OK ||
        bind_key(ledger, statement, key, err) != CK_OK)
        return err->code;
    return ledger_run(ledger, statement, err);
}

enum ck_err ck_ledger_put_key(struct ck_ledger *ledger, const struct ck_ledger_key *key,
                              struct ck_error *err)
{
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    enum ck_err r = ledger_begin(in, LEDGER_TO_RUN, err);

    return r == CK_OK ? ledger_end(in, put_key(in, key, err), err) : r;
}
