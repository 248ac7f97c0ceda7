/* What changes accounts for their admin, and the answers to it (protocol 7.1, 7.3, 8). */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "admin_json.h"
#include "answer.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"

static const char what[] = "the server's answer";

/* --- bodies --- */

/* As text: of numbers the server's own check makes something else (protocol 3). */
static int add_flag(json_t *attributes, const char *name, int flag)
{
    return flag < 0 ? 0 : json_object_set_new(attributes, name, json_string(flag ? "1" : "0"));
}

static json_t *names_of(const struct ck_record *const *records, size_t count)
{
    json_t *names = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(names, json_string(records[i]->account.name));
    return names;
}

static int add_password(json_t *attributes, const struct ck_secret *password)
{
    int failed = 0;

    if (password == NULL)
        return 0;
    failed |= json_object_set_new(
        attributes, "password", json_stringn(ck_secret_bytes(password), ck_secret_size(password)));
    failed |= json_object_set_new(
        attributes, "password2", json_stringn(ck_secret_bytes(password), ck_secret_size(password)));
    return failed;
}

enum ck_err ck_edit_make_body(const struct ck_record *const *records, size_t count,
                              const struct ck_account_edit *edit, struct ck_secret **ret_body,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *body = json_object();
    json_t *attributes = json_object(); /* body's, once it is in there */
    json_t *names = names_of(records, count);
    int failed = json_object_set_new(body, "attr", attributes);

    failed |= json_object_set_new(body, "items", names);
    if (failed || json_array_size(names) != count)
        return ck_error_no_memory(err);
    failed |= add_flag(attributes, "force_tfa", edit->force_tfa);
    failed |= add_flag(attributes, "force_pw_update", edit->force_pw_update);
    /* Any value does it, so it is not sent otherwise. */
    if (edit->disable_tfa)
        failed |= add_flag(attributes, "disable_tfa", 1);
    if (failed)
        return ck_error_no_memory(err);
    if (add_password(attributes, edit->password) != 0)
        return ck_error_set(err, CK_ERR_USAGE, "the password is not UTF-8, or memory is short");
    return ck_json_dump(body, JSON_COMPACT, ret_body, err);
}

/* --- answers to an edit --- */

/* Whom an answer is taken apart for. */
struct asked {
    const struct ck_record *const *records;
    size_t count;
    json_t *names; /* theirs, as they were posted */
};

/* What an element is to the request. */
struct sense {
    bool ours, done, refused;
    size_t index; /* of the account that it names; the count when it names none */
};

/*
 * A session keeps what it said until a page shows it, so that answers begin with those of earlier
 * requests. An element's log has what was posted, and so whom it is about: a list of names.
 */
static bool is_of_another(const json_t *element, const json_t *names)
{
    const json_t *log = json_object_get(element, "log");

    for (size_t i = 0; i < json_array_size(log); i++) {
        const json_t *posted = json_object_get(json_array_get(log, i), "username");
        if (json_is_array(posted))
            return !json_equal(posted, names);
    }
    return false;
}

static struct sense sense_of(const json_t *element, const struct asked *asked)
{
    const char *type = ck_answer_text(element, "type");
    const char *name = json_string_value(json_array_get(json_object_get(element, "msg"), 1));
    struct sense sense = {.done = strcmp(type, "success") == 0, .index = asked->count};

    sense.refused =
        strcmp(type, "danger") == 0 || strcmp(type, "error") == 0 || strcmp(type, "warning") == 0;
    for (size_t i = 0; name != NULL && sense.index == asked->count && i < asked->count; i++) {
        if (strcmp(asked->records[i]->account.name, name) == 0)
            sense.index = i;
    }
    /* A success that names nobody does not say whose it is; a refusal may. */
    bool tells = sense.index < asked->count ? sense.done || sense.refused : sense.refused;
    sense.ours = tells && !is_of_another(element, asked->names);
    return sense;
}

/*
 * Where in the answer the last request begins that was for the same accounts: the server goes
 * through them in their order, and says at most one thing of each.
 */
static size_t find_last_round(const json_t *answer, const struct asked *asked)
{
    size_t start = 0, passed = 0;

    for (size_t i = 0; i < json_array_size(answer); i++) {
        struct sense sense = sense_of(json_array_get(answer, i), asked);
        if (!sense.ours)
            continue;
        bool named = sense.index < asked->count;
        if (named ? sense.index < passed : passed == asked->count) {
            start = i;
            passed = 0;
        }
        passed = named ? sense.index + 1 : passed + 1;
    }
    return start;
}

static void refuse(const json_t *element, struct ck_said *said)
{
    said->refused = true;
    ck_answer_copy(ck_answer_message(element), said->message, sizeof(said->message));
}

/*
 * A refusal need not name its account. Where there are as many such refusals as accounts that
 * nothing else was said of, they are about those, one by one. Else it can't be told.
 */
static void share_out(const json_t *answer, size_t start, const struct asked *asked,
                      struct ck_said *said)
{
    size_t refusals = 0, open = 0, at = 0;

    for (size_t i = start; i < json_array_size(answer); i++) {
        struct sense sense = sense_of(json_array_get(answer, i), asked);
        refusals += sense.ours && sense.index == asked->count;
    }
    for (size_t i = 0; i < asked->count; i++)
        open += !said[i].done && !said[i].refused;
    for (size_t i = start; refusals == open && i < json_array_size(answer); i++) {
        struct sense sense = sense_of(json_array_get(answer, i), asked);
        if (!sense.ours || sense.index < asked->count)
            continue;
        while (said[at].done || said[at].refused)
            at++;
        refuse(json_array_get(answer, i), &said[at]);
    }
}

static void take_apart(const json_t *answer, const struct asked *asked, struct ck_said *said)
{
    size_t start = find_last_round(answer, asked);

    for (size_t i = start; i < json_array_size(answer); i++) {
        const json_t *element = json_array_get(answer, i);
        struct sense sense = sense_of(element, asked);
        if (!sense.ours || sense.index == asked->count)
            continue;
        if (sense.refused)
            refuse(element, &said[sense.index]);
        else
            said[sense.index].done = true;
    }
    share_out(answer, start, asked, said);
}

enum ck_err ck_said_parse(const char *json, size_t size, const struct ck_record *const *records,
                          size_t count, struct ck_said *ret_said, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    CK_CLEANUP(ck_json_free) json_t *names = names_of(records, count);
    const struct asked asked = {.records = records, .count = count, .names = names};

    if (json_array_size(names) != count)
        return ck_error_no_memory(err);
    if (ck_json_parse(json, size, what, CK_ERR_UNKNOWN, &answer, err) != CK_OK)
        return err->code = CK_ERR_UNKNOWN;
    if (!json_is_array(answer) && *ck_answer_text(answer, "type") == '\0')
        return ck_error_set(err, CK_ERR_UNKNOWN, "%s does not say what was done", what);
    if (!json_is_array(answer)) {
        /* What the API itself says comes alone. */
        json_t *list = json_pack("[o]", CK_TAKE(answer));
        if (list == NULL)
            return ck_error_no_memory(err);
        answer = list;
    }
    memset(ret_said, 0, count * sizeof(*ret_said));
    take_apart(answer, &asked, ret_said);
    return CK_OK;
}

/* --- the API itself --- */

bool ck_api_error_parse(const char *json, size_t size, char *ret_message, size_t message_max)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    struct ck_error ignored;

    if (ck_json_parse(json, size, what, CK_ERR_UNREACHABLE, &answer, &ignored) != CK_OK ||
        strcmp(ck_answer_text(answer, "type"), "error") != 0)
        return false;
    ck_answer_copy(ck_answer_text(answer, "msg"), ret_message, message_max);
    return true;
}

/* --- sign-on --- */

/* Groups of hex digits with '-' between them: it goes into an address as it is. */
static bool is_token(const char *token)
{
    enum { GROUP = 6, GROUPS = 5 };
    size_t size = strlen(token);

    if (size != GROUPS * (GROUP + 1) - 1)
        return false;
    for (size_t i = 0; i < size; i++) {
        bool dash = i % (GROUP + 1) == GROUP;
        if (dash ? token[i] != '-' : strchr("0123456789ABCDEFabcdef", token[i]) == NULL)
            return false;
    }
    return true;
}

enum ck_err ck_sign_on_token_parse(const char *json, size_t size, struct ck_secret **ret_token,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;

    if (ck_json_parse(json, size, what, CK_ERR_UNREACHABLE, &answer, err) != CK_OK)
        return err->code;
    const char *token = ck_answer_text(answer, "token");
    if (*token == '\0' && json_is_array(answer))
        return ck_error_set(err, CK_ERR_UNCHANGED, "the server gives no sign-on");
    if (!is_token(token))
        return ck_error_set(err, CK_ERR_UNREACHABLE, "%s is no sign-on", what);
    return ck_secret_new(token, strlen(token), ret_token, err);
}
