/* A line of a journal as JSON. */
#include "entry.h"

#include <string.h>
#include <time.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "cowkey/base/json.h"
#include "cowkey/base/utf8.h"

static const char ellipsis[] = "\xe2\x80\xa6";

const char entry_no_hash[CK_JOURNAL_HASH_SIZE + 1] =
    "0000000000000000000000000000000000000000000000000000000000000000";

/* --- composing --- */

/* How much of a longer text stays: whole characters. */
static size_t cut_size(const char *text)
{
    size_t size = CK_JOURNAL_TEXT_MAX - strlen(ellipsis);

    while (((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

/* A JSON string of foreign text; null for NULL. */
static json_t *text_value(const char *text)
{
    CK_CLEANUP(ck_free_p) char *escaped = NULL;
    char cut[CK_JOURNAL_TEXT_MAX + 1];

    if (text == NULL)
        return json_null();
    if (!ck_utf8_valid(text, strlen(text))) {
        escaped = ck_escape_terminal(text);
        if (escaped == NULL)
            return NULL;
        text = escaped;
    }
    if (strlen(text) <= CK_JOURNAL_TEXT_MAX)
        return json_string(text);
    size_t size = cut_size(text);
    memcpy(cut, text, size);
    strcpy(cut + size, ellipsis);
    return json_string(cut);
}

static json_t *time_value(int64_t time_s)
{
    time_t time = (time_t)time_s;
    struct tm parts;
    char text[64];

    if (gmtime_r(&time, &parts) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return json_null();
    return json_string(text);
}

struct member {
    const char *key;
    json_t *value; /* owned until it is put */
};

/* A new object of the members in their order, which are released; NULL when one is. */
static json_t *object_of(const struct member *members, size_t count)
{
    json_t *object = json_object();
    bool is_whole = object != NULL;

    for (size_t i = 0; i < count; i++)
        is_whole = json_object_set_new(object, members[i].key, members[i].value) == 0 && is_whole;
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}

json_t *entry_intent(int64_t time_s, const char *id, const struct ck_journal_deed *deed)
{
    const struct member members[] = {
        {"time", time_value(time_s)},
        {"event", json_string("intent")},
        {"id", json_string(id)},
        {"operator", text_value(deed->operator)},
        {"user", text_value(deed->user)},
        {"server", text_value(deed->server)},
        {"account", text_value(deed->account)},
        {"role", text_value(deed->role)},
        {"action", text_value(deed->action)},
        {"method", text_value(deed->method)},
        {"aaguid", text_value(deed->aaguid)},
        {"serial", text_value(deed->serial)},
        {"detail", text_value(deed->detail)},
    };

    return object_of(members, sizeof(members) / sizeof(*members));
}

json_t *entry_outcome(int64_t time_s, const char *id, enum ck_journal_outcome outcome,
                      const char *evidence, const char *aaguid, const char *serial,
                      const char *detail)
{
    const struct member members[] = {
        {"time", time_value(time_s)},
        {"event", json_string("outcome")},
        {"id", text_value(id)},
        {"outcome", json_string(ck_journal_outcome_name(outcome))},
        {"evidence", text_value(evidence)},
        {"aaguid", text_value(aaguid)},
        {"serial", text_value(serial)},
        {"detail", text_value(detail)},
    };

    return object_of(members, sizeof(members) / sizeof(*members));
}

struct writing {
    char *line;
    size_t size;
};

/* jansson leaves DEL alone, which it takes for printable ASCII. */
static int put(const char *bytes, size_t size, void *data)
{
    struct writing *writing = data;

    for (size_t i = 0; i < size; i++) {
        const char *text = bytes[i] == '\x7f' ? "\\u007f" : &bytes[i];
        size_t text_size = bytes[i] == '\x7f' ? strlen(text) : 1;
        if (text_size > CK_JOURNAL_LINE_MAX - writing->size)
            return -1;
        memcpy(writing->line + writing->size, text, text_size);
        writing->size += text_size;
    }
    return 0;
}

enum ck_err entry_compose(uint64_t n, const char *prev, bool after_torn, json_t *members,
                          char *line, size_t *ret_size, struct ck_error *err)
{
    struct writing writing = {.line = line};
    const struct member first[] = {{"n", json_integer((json_int_t)n)},
                                   {"prev", json_string(prev)},
                                   {"after_torn", json_true()}};
    CK_CLEANUP(ck_json_free) json_t *object = object_of(first, after_torn ? 3 : 2);

    if (object == NULL || json_object_update(object, members) != 0 ||
        json_dump_callback(object, put, &writing, JSON_COMPACT | JSON_ENSURE_ASCII) != 0 ||
        put("\n", 1, &writing) != 0)
        return ck_error_no_memory(err);
    *ret_size = writing.size;
    return CK_OK;
}

/* --- reading --- */

static bool is_hex(const char *text, size_t size)
{
    if (text == NULL || strlen(text) != size)
        return false;
    for (; *text != '\0'; text++) {
        if (ck_ascii_hex_value(*text) < 0 || ck_ascii_lower(*text) != *text)
            return false;
    }
    return true;
}

static bool read_event(struct entry *entry)
{
    const char *event = json_string_value(json_object_get(entry->json, "event"));

    if (event == NULL)
        return false;
    entry->event = strcmp(event, "intent") == 0 ? ENTRY_INTENT : ENTRY_OUTCOME;
    return entry->event == ENTRY_INTENT || strcmp(event, "outcome") == 0;
}

static bool read_outcome(struct entry *entry)
{
    const char *text = json_string_value(json_object_get(entry->json, "outcome"));

    if (entry->event == ENTRY_INTENT)
        return true;
    for (int i = CK_JOURNAL_DONE; text != NULL && i <= CK_JOURNAL_UNKNOWN; i++) {
        entry->outcome = (enum ck_journal_outcome)i;
        if (strcmp(text, ck_journal_outcome_name(entry->outcome)) == 0)
            return true;
    }
    return false;
}

/* A text or null, which it is also where it is missing. */
static bool read_text(const json_t *json, const char *key, const char **ret_text)
{
    const json_t *value = json_object_get(json, key);

    *ret_text = json_string_value(value);
    return value == NULL || json_is_null(value) || *ret_text != NULL;
}

static bool read_texts(struct entry *entry)
{
    const json_t *json = entry->json;
    struct ck_journal_deed *deed = &entry->deed;

    return read_text(json, "time", &entry->time) && read_text(json, "operator", &deed->operator) &&
           read_text(json, "user", &deed->user) && read_text(json, "server", &deed->server) &&
           read_text(json, "account", &deed->account) && read_text(json, "role", &deed->role) &&
           read_text(json, "action", &deed->action) && read_text(json, "method", &deed->method) &&
           read_text(json, "aaguid", &deed->aaguid) && read_text(json, "serial", &deed->serial) &&
           read_text(json, "detail", &deed->detail) &&
           read_text(json, "evidence", &entry->evidence);
}

static bool read_members(struct entry *entry)
{
    const json_t *after_torn = json_object_get(entry->json, "after_torn");
    const json_t *n = json_object_get(entry->json, "n");

    entry->prev = json_string_value(json_object_get(entry->json, "prev"));
    entry->id = json_string_value(json_object_get(entry->json, "id"));
    entry->after_torn = json_is_true(after_torn);
    if (json_integer_value(n) < 1 || json_integer_value(n) > ENTRY_N_MAX)
        return false;
    entry->n = (uint64_t)json_integer_value(n);
    return (after_torn == NULL || entry->after_torn) && is_hex(entry->prev, CK_JOURNAL_HASH_SIZE) &&
           is_hex(entry->id, CK_JOURNAL_ID_SIZE) && read_event(entry) && read_outcome(entry) &&
           read_texts(entry);
}

bool entry_read(json_t *json, struct entry *ret_entry)
{
    struct entry entry = {.json = json};
    bool is_entry = read_members(&entry);

    if (is_entry)
        *ret_entry = entry;
    return is_entry;
}

enum ck_err entry_parse(const char *line, size_t size, struct entry *entry, bool *ret_is_entry,
                        struct ck_error *err)
{
    json_t *json = NULL;
    struct ck_error no_json;

    enum ck_err r = ck_json_parse(line, size, "the line", CK_ERR_USAGE, &json, &no_json);
    if (r != CK_OK && r != CK_ERR_USAGE) {
        *err = no_json;
        return r;
    }
    *ret_is_entry = r == CK_OK && entry_read(json, entry);
    if (!*ret_is_entry)
        json_decref(json);
    return CK_OK;
}

bool entry_may_begin(const char *line, size_t size)
{
    return size == 0 || strchr("{ \t\r", *line) != NULL; /* the NUL, too */
}

void entry_clear(struct entry *entry)
{
    json_decref(entry->json);
    *entry = (struct entry){0};
}
