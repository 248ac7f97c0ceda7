/*
 * Walks through a ledger. Each step is a question of its own, so that visitors may ask and change
 * what they like, nobody waits for the end of a walk, and its length costs no memory. What changes
 * meanwhile is seen or not.
 */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

/* --- everything --- */

static enum ck_err next_person(struct ck_ledger *ledger, int64_t after,
                               struct ck_ledger_person *ret_person, bool *ret_found,
                               struct ck_error *err)
{
    static const char next[] =
        "SELECT " LEDGER_PERSON_COLUMNS " FROM person WHERE id > ? ORDER BY id LIMIT 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;

    if (ledger_sql(in, next, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, after);
    return ledger_fetch_person(in, statement, ret_person, ret_found, err);
}

enum ck_err ck_ledger_walk_people(struct ck_ledger *ledger, ck_ledger_person_visitor *visitor,
                                  void *data, struct ck_error *err)
{
    struct ck_ledger_person person = {0};
    bool found = true;
    enum ck_err r = next_person(ledger, 0, &person, &found, err);

    while (r == CK_OK && found) {
        r = visitor(data, &person, err);
        if (r == CK_OK)
            r = next_person(ledger, person.id, &person, &found, err);
    }
    return r;
}

struct item_walk {
    struct ck_ledger *ledger;
    ck_ledger_visitor *visitor;
    void *data; /* the visitor's */
};

static enum ck_err visit_items(void *data, const struct ck_ledger_person *person,
                               struct ck_error *err)
{
    const struct item_walk *walk = data;
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    size_t count = 0;
    enum ck_err r = ck_ledger_items(walk->ledger, person->id, &items, &count, err);

    for (size_t i = 0; i < count && r == CK_OK; i++) {
        struct ck_ledger_key key;
        bool is_known = false;
        if (items[i].n > 0)
            r = ledger_find_key(walk->ledger, person->id, items[i].n, &key, &is_known, err);
        if (r == CK_OK)
            r = walk->visitor(walk->data, person, &items[i], is_known ? &key : NULL, err);
    }
    return r;
}

enum ck_err ck_ledger_walk(struct ck_ledger *ledger, ck_ledger_visitor *visitor, void *data,
                           struct ck_error *err)
{
    struct item_walk walk = {.ledger = ledger, .visitor = visitor, .data = data};

    return ck_ledger_walk_people(ledger, visit_items, &walk, err);
}

/* --- credentials --- */

struct owner {
    struct ck_ledger_person person;
    struct ck_ledger_item item;
    struct ck_bytes credential;
};

static enum ck_err next_owner(struct ck_ledger *ledger, int64_t after, struct owner *ret_owner,
                              bool *ret_found, struct ck_error *err)
{
    static const char next[] =
        "SELECT " LEDGER_PERSON_COLUMNS ", " LEDGER_ITEM_COLUMNS ", item.credential"
        " FROM item INDEXED BY item_credential CROSS JOIN person ON person.id = item.person"
        " WHERE item.credential IS NOT NULL AND item.state NOT IN (5, 7) AND item.id > ?"
        " ORDER BY item.id LIMIT 1";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    struct ledger_row row = {.ledger = in};
    const void *bytes = NULL;
    size_t size = 0;

    if (ledger_sql(in, next, &statement, err) != CK_OK)
        return err->code;
    sqlite3_bind_int64(statement, 1, after);
    enum ck_err r = ledger_fetch(in, statement, ret_found, err);
    if (r != CK_OK || !*ret_found)
        return r;
    row.statement = statement;
    ledger_row_person(&row, &ret_owner->person);
    ledger_row_item(&row, &ret_owner->item);
    ledger_row_bytes(&row, "a credential", CK_LEDGER_CREDENTIAL_MAX, &bytes, &size);
    if (ledger_row_end(&row, err) != CK_OK)
        return err->code;
    return ck_bytes_copy(bytes, size, &ret_owner->credential, err);
}

enum ck_err ck_ledger_walk_credentials(struct ck_ledger *ledger,
                                       ck_ledger_credential_visitor *visitor, void *data,
                                       struct ck_error *err)
{
    enum ck_err r = CK_OK;
    int64_t after = 0;

    while (r == CK_OK) {
        struct owner owner = {0};
        bool found = false;
        r = next_owner(ledger, after, &owner, &found, err);
        if (r != CK_OK || !found)
            break;
        after = owner.item.id;
        r = visitor(data, &owner.item, &owner.person, &owner.credential, err);
        ck_bytes_clear(&owner.credential);
    }
    return r;
}

/* --- pace --- */

struct hour {
    int64_t begin_s;
    size_t count;
};

static enum ck_err read_hours(struct ck_ledger *ledger, struct hour **ret_hours, size_t *ret_count,
                              struct ck_error *err)
{
    static const char read[] = "SELECT changed_s / 3600 * 3600 AS hour, count(*) FROM item"
                               " WHERE state IN (3, 4) GROUP BY hour ORDER BY hour";
    CK_CLEANUP(ledger_leave) struct ck_ledger *in = ledger_enter(ledger);
    CK_CLEANUP(ledger_release) sqlite3_stmt *statement = NULL;
    CK_CLEANUP(ck_free_p) struct hour *hours = NULL;
    size_t count = 0;
    bool found = true;
    enum ck_err r = ledger_sql(in, read, &statement, err);

    while (r == CK_OK) {
        struct ledger_row row = {.ledger = in, .statement = statement};
        r = ledger_fetch(in, statement, &found, err);
        if (r != CK_OK || !found)
            break;
        struct hour *more = reallocarray(hours, count + 1, sizeof(*hours));
        if (more == NULL)
            return ck_error_no_memory(err);
        hours = more;
        hours[count].begin_s = ledger_row_int(&row, "a moment", 0, INT64_MAX);
        hours[count++].count = (size_t)ledger_row_int(&row, "a count", 1, INT64_MAX);
        r = ledger_row_end(&row, err);
    }
    if (r != CK_OK)
        return r;
    *ret_hours = CK_TAKE(hours);
    *ret_count = count;
    return CK_OK;
}

enum ck_err ck_ledger_walk_pace(struct ck_ledger *ledger, ck_ledger_pace_visitor *visitor,
                                void *data, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct hour *hours = NULL;
    size_t count = 0;
    enum ck_err r = read_hours(ledger, &hours, &count, err);

    for (size_t i = 0; i < count && r == CK_OK; i++)
        r = visitor(data, hours[i].begin_s, hours[i].count, err);
    return r;
}
