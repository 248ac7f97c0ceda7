/* Reading the JSON answers of mailcow's API. */
#include "answer.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"

static const char what[] = "the server's answer";

const char *ck_answer_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

const char *ck_answer_message(const json_t *element)
{
    const json_t *message = json_object_get(element, "msg");
    const char *name =
        json_string_value(json_is_array(message) ? json_array_get(message, 0) : message);

    return name != NULL ? name : "";
}

void ck_answer_copy(const char *text, char *message, size_t message_max)
{
    size_t size = strlen(text);

    if (size >= message_max) {
        size = message_max - 1;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(message, text, size);
    message[size] = '\0';
}

struct verdict {
    bool done;    /* an element says so */
    bool refused; /* an element after it, or any when none says it is done */
    char *message;
};

/* Alerts come in the order of their making, so the last one that is about an edit is about ours. */
static void judge(const json_t *element, const char *done, struct verdict *verdict)
{
    const char *type = ck_answer_text(element, "type");
    const char *name = ck_answer_message(element);

    if (strcmp(type, "success") == 0 && strcmp(name, done) == 0) {
        verdict->done = true;
        verdict->refused = false;
    } else if (strcmp(type, "danger") == 0 || strcmp(type, "error") == 0 ||
               strcmp(type, "warning") == 0) {
        verdict->refused = true;
        ck_answer_copy(name, verdict->message, CK_ANSWER_MESSAGE_MAX);
    }
}

enum ck_err ck_answer_read_edit(const char *json, size_t size, const char *done,
                                char ret_message[static CK_ANSWER_MESSAGE_MAX],
                                struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    struct verdict verdict = {.message = ret_message};

    ret_message[0] = '\0';
    if (ck_json_parse(json, size, what, CK_ERR_UNKNOWN, &answer, err) != CK_OK)
        return err->code = CK_ERR_UNKNOWN;
    if (json_is_array(answer)) {
        for (size_t i = 0; i < json_array_size(answer); i++)
            judge(json_array_get(answer, i), done, &verdict);
    } else {
        judge(answer, done, &verdict);
    }

    if (verdict.done && !verdict.refused)
        return CK_OK;
    if (verdict.refused && !verdict.done)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the server refused");
    return ck_error_set(err, CK_ERR_UNKNOWN, "%s does not say what was done", what);
}

enum ck_err ck_answer_read_success(const char *json, size_t size,
                                   char ret_message[static CK_ANSWER_MESSAGE_MAX],
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;

    ret_message[0] = '\0';
    if (ck_json_parse(json, size, what, CK_ERR_UNKNOWN, &answer, err) != CK_OK)
        return err->code = CK_ERR_UNKNOWN;

    const json_t *success = json_object_get(answer, "success");
    const json_t *message = json_object_get(answer, "msg");
    bool turned_away = success == NULL && strcmp(ck_answer_text(answer, "type"), "error") == 0;
    bool understood =
        (json_is_boolean(success) || turned_away) && (message == NULL || json_is_string(message));
    if (!understood)
        return ck_error_set(err, CK_ERR_UNKNOWN, "%s does not say what was done", what);
    ck_answer_copy(ck_answer_text(answer, "msg"), ret_message, CK_ANSWER_MESSAGE_MAX);
    if (turned_away)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server turned us away");
    if (json_is_false(success))
        return ck_error_set(err, CK_ERR_UNCHANGED, "the server refused");
    return CK_OK;
}

int ck_answer_flag(const json_t *value)
{
    const char *text = json_string_value(value);

    if (json_is_boolean(value))
        return json_is_true(value);
    if (json_is_integer(value) &&
        (json_integer_value(value) == 0 || json_integer_value(value) == 1))
        return (int)json_integer_value(value);
    if (text != NULL && (strcmp(text, "0") == 0 || strcmp(text, "1") == 0))
        return *text - '0';
    return -1;
}

int ck_answer_count_app_passwords(const char *json, size_t size, const char *mailbox)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    struct ck_error ignored;
    int count = 0;

    if (ck_json_parse(json, size, what, CK_ERR_UNREACHABLE, &answer, &ignored) != CK_OK)
        return -1;
    if (json_is_object(answer) && json_object_size(answer) == 0)
        return 0; /* how the server writes an empty list */
    if (!json_is_array(answer))
        return -1;
    for (size_t i = 0; i < json_array_size(answer); i++) {
        const json_t *row = json_array_get(answer, i);
        int active = ck_answer_flag(json_object_get(row, "active"));
        if (active < 0 || strcasecmp(ck_answer_text(row, "mailbox"), mailbox) != 0)
            return -1;
        count += active;
    }
    return count;
}

enum ck_err ck_answer_read_admin(const char *json, size_t size, const char *name,
                                 int *ret_force_tfa, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;

    if (ck_json_parse(json, size, what, CK_ERR_UNCHANGED, &answer, err) != CK_OK)
        return err->code;
    if (strcasecmp(ck_answer_text(answer, "username"), name) != 0)
        return ck_error_set(err, CK_ERR_UNCHANGED, "%s is not the record of '%s'", what, name);
    *ret_force_tfa =
        ck_answer_flag(json_object_get(json_object_get(answer, "attributes"), "force_tfa"));
    return CK_OK;
}
