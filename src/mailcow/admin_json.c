/* Reading what the server tells of accounts (protocol 7.2). */
#include "admin_json.h"

#include <assert.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/base/json_stream.h"

static const char what[] = "the server's list";

static const struct {
    enum ck_authsource source;
    const char *told; /* by the server */
    const char *name;
} authsources[] = {
    {CK_AUTHSOURCE_MAILCOW, "mailcow", "mailcow"},
    {CK_AUTHSOURCE_LDAP, "ldap", "ldap"},
    {CK_AUTHSOURCE_KEYCLOAK, "keycloak", "keycloak"},
    {CK_AUTHSOURCE_OIDC, "generic-oidc", "oidc"},
    {CK_AUTHSOURCE_OTHER, NULL, "other"},
};
enum { AUTHSOURCES_COUNT = sizeof(authsources) / sizeof(*authsources) };

const char *ck_authsource_name(enum ck_authsource source)
{
    return authsources[source].name;
}

static enum ck_authsource read_authsource(const json_t *row)
{
    const char *told = ck_answer_text(row, "authsource");

    for (size_t i = 0; i < AUTHSOURCES_COUNT && authsources[i].told != NULL; i++) {
        if (strcmp(told, authsources[i].told) == 0)
            return authsources[i].source;
    }
    /* Releases before 2025-03 know no other place, and don't tell. */
    return *told == '\0' ? CK_AUTHSOURCE_MAILCOW : CK_AUTHSOURCE_OTHER;
}

/* 2 is a mailbox that gets mail but can't log in. */
static int read_active(const json_t *row)
{
    const json_t *value = json_object_get(row, "active");

    if (json_integer_value(value) == 2 || strcmp(ck_answer_text(row, "active"), "2") == 0)
        return 0;
    return ck_answer_flag(value);
}

static enum ck_err not_understood(const char *why, struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNREACHABLE,
                        "what the server tells of accounts is not understood: %s", why);
}

/* The row's flags: -1 where it has no such member, as in releases that don't know it. */
static enum ck_err read_flag(const json_t *row, const char *name, int *ret_flag,
                             struct ck_error *err)
{
    const json_t *value = json_object_get(json_object_get(row, "attributes"), name);

    *ret_flag = ck_answer_flag(value);
    if (*ret_flag < 0 && value != NULL)
        return not_understood("a flag is neither 0 nor 1", err);
    return CK_OK;
}

static enum ck_err read_row(const json_t *row, enum ck_role role, struct ck_record *ret_record,
                            struct ck_error *err)
{
    struct ck_record record = {.tfa_active = -1, .authsource = read_authsource(row)};
    const char *name = ck_answer_text(row, "username");
    int active = read_active(row);
    struct ck_error ignored;

    if (ck_account_parse(name, ck_role_name(role), &record.account, &ignored) != CK_OK)
        return not_understood("a row names no account", err);
    /* The role decides where an account is edited, so the name has to be one of it. */
    if ((strchr(name, '@') != NULL) != (role == CK_ROLE_MAILBOX))
        return not_understood("a row's name is not one of its role", err);
    if (role != CK_ROLE_MAILBOX) {
        record.tfa_active = ck_answer_flag(json_object_get(row, "tfa_active"));
        if (record.tfa_active < 0)
            return not_understood("a row does not tell of second factors", err);
    }
    if (active < 0)
        return not_understood("a row does not tell whether it is active", err);
    record.active = active == 1;
    if (role == CK_ROLE_MAILBOX)
        ck_answer_copy(ck_answer_text(row, "name"), record.display_name, CK_DISPLAY_NAME_MAX);
    enum ck_err r = read_flag(row, "force_tfa", &record.force_tfa, err);
    if (r == CK_OK)
        r = read_flag(row, "force_pw_update", &record.force_pw_update, err);
    if (r != CK_OK)
        return r;
    record.force_is_number =
        record.force_tfa == 1 &&
        json_is_integer(json_object_get(json_object_get(row, "attributes"), "force_tfa"));
    *ret_record = record;
    return CK_OK;
}

/* A name of null is a row that the server joined from nothing (protocol 18). */
static bool is_nobody(const json_t *answer)
{
    return json_is_object(answer) &&
           (json_object_size(answer) == 0 || json_is_null(json_object_get(answer, "username")));
}

enum ck_err ck_record_parse(const char *json, size_t size, const struct ck_account *account,
                            struct ck_record *ret_record, bool *ret_found, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    struct ck_record record;

    if (ck_json_parse(json, size, "the server's record", CK_ERR_UNREACHABLE, &answer, err) != CK_OK)
        return err->code;
    bool found = !is_nobody(answer);
    if (found && read_row(answer, account->role, &record, err) != CK_OK)
        return err->code;
    if (found && strcmp(record.account.name, account->name) != 0)
        return ck_error_set(err, CK_ERR_UNREACHABLE,
                            "the server shows the record of '%s' instead of '%s'",
                            record.account.name, account->name);
    if (found)
        *ret_record = record;
    *ret_found = found;
    return CK_OK;
}

/* --- lists --- */

/* An array that grows by one row at a time. */
struct rows {
    void *data;
    size_t size; /* of one */
    size_t count, capacity;
};

static enum ck_err add_row(struct rows *rows, const void *row, struct ck_error *err)
{
    if (rows->count == CK_ADMIN_ROWS_MAX)
        return not_understood("the list is too long", err);
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity > 0 ? 2 * rows->capacity : 64;
        void *data = reallocarray(rows->data, capacity, rows->size);
        if (data == NULL)
            return ck_error_no_memory(err);
        rows->data = data;
        rows->capacity = capacity;
    }
    memcpy((char *)rows->data + rows->count++ * rows->size, row, rows->size);
    return CK_OK;
}

static void rows_clear(struct rows *rows)
{
    free(rows->data);
    *rows = (struct rows){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static_assert(offsetof(struct ck_record, account.name) == 0, "a row begins with its name");

/* One that is there twice would be acted on twice. */
static enum ck_err check_unique(const struct rows *rows, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) const char **names = calloc(rows->count + 1, sizeof(*names));

    if (names == NULL)
        return ck_error_no_memory(err);
    for (size_t i = 0; i < rows->count; i++)
        names[i] = (const char *)rows->data + i * rows->size;
    qsort(names, rows->count, sizeof(*names), compare_names);
    for (size_t i = 1; i < rows->count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            return not_understood("a row is there twice", err);
    }
    return CK_OK;
}

bool ck_list_is_empty(const char *json, size_t size)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    struct ck_error ignored;

    return size < 16 &&
           ck_json_parse(json, size, what, CK_ERR_UNREACHABLE, &answer, &ignored) == CK_OK &&
           json_is_object(answer) && json_object_size(answer) == 0;
}

static enum ck_err read_list(const char *json, size_t size, ck_json_taker *take, void *data,
                             struct ck_error *err)
{
    struct ck_json_stream stream = {
        .what = what, .code = CK_ERR_UNREACHABLE, .take = take, .data = data};
    size_t used = 0;

    if (ck_list_is_empty(json, size))
        return CK_OK;
    enum ck_err r = ck_json_stream_take(&stream, json, size, &used, err);
    return r == CK_OK ? ck_json_stream_end(&stream, json + used, size - used, err) : r;
}

struct reading {
    struct rows rows;
    enum ck_role role;
    const char *domain; /* of mailboxes, else NULL */
    size_t foreign;     /* rows of other domains */
    size_t nameless;    /* rows of nobody */
};

static void reading_clear(struct reading *reading)
{
    rows_clear(&reading->rows);
}

enum ck_err ck_element_read(const json_t *element, enum ck_role role, const char *domain,
                            struct ck_record *ret_record, enum ck_element *ret_kind,
                            struct ck_error *err)
{
    struct ck_record record;

    if (role == CK_ROLE_MAILBOX && json_is_null(json_object_get(element, "username"))) {
        *ret_kind = CK_ELEMENT_NAMELESS;
        return CK_OK;
    }
    enum ck_err r = read_row(element, role, &record, err);
    if (r != CK_OK)
        return r;
    bool foreign = domain != NULL && (strcmp(ck_account_domain(&record.account), domain) != 0 ||
                                      strcasecmp(ck_answer_text(element, "domain"), domain) != 0);
    *ret_kind = foreign ? CK_ELEMENT_FOREIGN : CK_ELEMENT_RECORD;
    if (!foreign)
        *ret_record = record;
    return CK_OK;
}

enum ck_err ck_elements_check(size_t count, size_t foreign, const char *domain,
                              struct ck_error *err)
{
    if (foreign == 0)
        return CK_OK;
    if (count > 0)
        return not_understood("it has mailboxes of several domains", err);
    ck_error_set(err, CK_ERR_USAGE, "the server has no domain '%s'", domain);
    return ck_error_hint(err, "Or it is not one that you may manage.");
}

static enum ck_err read_account(void *data, const json_t *element, struct ck_error *err)
{
    struct reading *reading = data;
    struct ck_record record;
    enum ck_element kind;
    enum ck_err r = ck_element_read(element, reading->role, reading->domain, &record, &kind, err);

    if (r != CK_OK)
        return r;
    reading->nameless += kind == CK_ELEMENT_NAMELESS;
    reading->foreign += kind == CK_ELEMENT_FOREIGN;
    return kind == CK_ELEMENT_RECORD ? add_row(&reading->rows, &record, err) : CK_OK;
}

enum ck_err ck_records_parse(const char *json, size_t size, enum ck_role role, const char *domain,
                             struct ck_records *ret_records, struct ck_error *err)
{
    CK_CLEANUP(reading_clear)
    struct reading reading = {
        .rows.size = sizeof(struct ck_record), .role = role, .domain = domain};
    struct rows *rows = &reading.rows;
    enum ck_err r = read_list(json, size, read_account, &reading, err);

    if (r == CK_OK)
        r = check_unique(rows, err);
    if (r == CK_OK)
        r = ck_elements_check(rows->count, reading.foreign, domain, err);
    if (r != CK_OK)
        return r;
    *ret_records = (struct ck_records){
        .rows = CK_TAKE(rows->data), .count = rows->count, .nameless = reading.nameless};
    return CK_OK;
}

void ck_records_clear(struct ck_records *records)
{
    free(records->rows);
    *records = (struct ck_records){0};
}

bool ck_domain_is_valid(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size < CK_HOST_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == size;
}

static enum ck_err read_domain(void *rows, const json_t *element, struct ck_error *err)
{
    char name[CK_HOST_MAX] = "";
    const char *told = ck_answer_text(element, "domain_name");

    for (size_t i = 0; i < CK_HOST_MAX - 1 && told[i] != '\0'; i++)
        name[i] = ck_ascii_lower(told[i]);
    if (strlen(told) >= CK_HOST_MAX || !ck_domain_is_valid(name))
        return not_understood("a row names no domain", err);
    return add_row(rows, name, err);
}

enum ck_err ck_domains_parse(const char *json, size_t size, struct ck_domains *ret_domains,
                             struct ck_error *err)
{
    CK_CLEANUP(rows_clear) struct rows rows = {.size = sizeof((*ret_domains->names))};
    enum ck_err r = read_list(json, size, read_domain, &rows, err);

    if (r == CK_OK)
        r = check_unique(&rows, err);
    if (r != CK_OK)
        return r;
    *ret_domains = (struct ck_domains){.names = CK_TAKE(rows.data), .count = rows.count};
    return CK_OK;
}

void ck_domains_clear(struct ck_domains *domains)
{
    free(domains->names);
    *domains = (struct ck_domains){0};
}
