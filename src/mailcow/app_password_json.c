/* The JSON form of app passwords (protocol 15). */
#include "app_password_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"

static const struct {
    const char *name;
    const char *member;
} protocols_told[CK_PROTOCOLS_COUNT] = {
    {"imap", "imap_access"}, {"smtp", "smtp_access"}, {"dav", "dav_access"},
    {"eas", "eas_access"},   {"pop3", "pop3_access"}, {"sieve", "sieve_access"},
};

const char *ck_protocol_name(size_t index)
{
    return protocols_told[index].name;
}

/* What PHP's htmlspecialchars() makes of the five characters that it knows. */
static const struct {
    char plain;
    const char *escaped;
} entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#039;"}};
enum { ENTITIES_COUNT = sizeof(entities) / sizeof(*entities) };

size_t ck_app_password_stored_length(const char *label)
{
    size_t length = 0;

    for (const char *c = label; *c != '\0'; c++) {
        size_t size = ((unsigned char)*c & 0xc0) != 0x80; /* a character's first byte */
        for (size_t i = 0; i < ENTITIES_COUNT; i++) {
            if (*c == entities[i].plain)
                size = strlen(entities[i].escaped);
        }
        length += size;
    }
    return length;
}

/* One layer, in place. */
static void unescape(char *text)
{
    char *out = text;

    while (*text != '\0') {
        char plain = *text;
        size_t size = 1;
        for (size_t i = 0; i < ENTITIES_COUNT; i++) {
            size_t length = strlen(entities[i].escaped);
            if (strncmp(text, entities[i].escaped, length) == 0) {
                plain = entities[i].plain;
                size = length;
                break;
            }
        }
        *out++ = plain;
        text += size;
    }
    *out = '\0';
}

/* A number, also as text; -1 for anything else. */
static json_int_t number_of(const json_t *value)
{
    const char *text = json_string_value(value);
    char *end;

    if (json_is_integer(value))
        return json_integer_value(value);
    if (text == NULL || *text < '0' || *text > '9')
        return -1;
    json_int_t number = strtoll(text, &end, 10);
    return *end == '\0' ? number : -1;
}

static void read_created(const json_t *row, char created[20])
{
    const char *text = json_string_value(json_object_get(row, "created"));

    if (text != NULL && strlen(text) == 19 && strspn(text, "0123456789-: ") == 19)
        memcpy(created, text, 20);
}

static enum ck_err not_understood(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNREACHABLE,
                        "the server's list of app passwords is not understood");
}

static enum ck_err read_row(const json_t *row, const char *mailbox, struct ck_app_password *ret_row,
                            struct ck_error *err)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const char *owner = json_string_value(json_object_get(row, "mailbox"));
    json_int_t id = number_of(json_object_get(row, "id"));
    json_int_t active = number_of(json_object_get(row, "active"));
    struct ck_app_password read = {.id = (uint64_t)id, .active = active == 1};

    if (id <= 0 || active < 0 || active > 1 || name == NULL || owner == NULL ||
        strcasecmp(owner, mailbox) != 0)
        return not_understood(err);
    for (size_t i = 0; i < CK_PROTOCOLS_COUNT; i++) {
        json_int_t allowed = number_of(json_object_get(row, protocols_told[i].member));
        if (allowed < 0 || allowed > 1)
            return not_understood(err);
        read.protocols |= (unsigned)allowed << i;
    }
    read_created(row, read.created);
    read.label = strdup(name);
    if (read.label == NULL)
        return ck_error_no_memory(err);
    unescape(read.label);
    unescape(read.label);
    *ret_row = read;
    return CK_OK;
}

enum ck_err ck_app_passwords_parse(const char *json, size_t size, const char *mailbox,
                                   struct ck_app_passwords *ret_list, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords list = {0};

    if (ck_json_parse(json, size, "the server's answer", CK_ERR_UNREACHABLE, &answer, err) != CK_OK)
        return err->code;
    bool none = json_is_object(answer) && json_object_size(answer) == 0;
    if (!none && (!json_is_array(answer) || json_array_size(answer) > CK_APP_PASSWORDS_MAX))
        return not_understood(err);
    list.rows = calloc(json_array_size(answer) + 1, sizeof(list.rows[0]));
    if (list.rows == NULL)
        return ck_error_no_memory(err);
    for (; list.count < json_array_size(answer); list.count++) {
        enum ck_err r =
            read_row(json_array_get(answer, list.count), mailbox, &list.rows[list.count], err);
        if (r != CK_OK)
            return r;
    }
    *ret_list = list;
    list = (struct ck_app_passwords){0};
    return CK_OK;
}

void ck_app_passwords_clear(struct ck_app_passwords *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->rows[i].label);
    free(list->rows);
    *list = (struct ck_app_passwords){0};
}

static json_t *protocols_json(unsigned protocols)
{
    json_t *list = json_array();

    for (size_t i = 0; i < CK_PROTOCOLS_COUNT; i++) {
        if (protocols & (1u << i))
            json_array_append_new(list, json_string(protocols_told[i].member));
    }
    return list;
}

enum ck_err ck_app_password_make_body(const char *label, unsigned protocols,
                                      const struct ck_secret *password, struct ck_secret **ret_body,
                                      struct ck_error *err)
{
    CK_CLEANUP(ck_json_free)
    json_t *body =
        json_pack("{s:s, s:o, s:o, s:s, s:o}", "app_name", label, "app_passwd",
                  json_stringn(ck_secret_bytes(password), ck_secret_size(password)), "app_passwd2",
                  json_stringn(ck_secret_bytes(password), ck_secret_size(password)), "active", "1",
                  "protocols", protocols_json(protocols));

    if (body == NULL)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the label or the password is not UTF-8, or memory is short");
    return ck_json_dump(body, JSON_COMPACT, ret_body, err);
}
