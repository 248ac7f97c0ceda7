/*
 * ledger-maker LEDGER PLAN POLICY ORIGIN [HANDOUTS]: makes or opens the ledger of a plan as a run
 * does, and its directory of hand-outs, then does what the lines on standard input say, each a JSON
 * object with one of these members:
 *
 *   now: seconds since 1970, from now on
 *   step: an event's name, with item, and label factor_id cid status error hint as they are wanted
 *   password: a state's name, with person
 *   app_password: an ID, with person
 *   key: the key's AAGUID, with person n serial firmware reset pin
 *   sheet: the file's name, with person kind n sealed made deleted
 *   refusal: anything
 *   pending: totp, password, app-password or pin, with id n secret
 *
 * So a ledger is what the ledger's own functions make of it: none that a run could not leave behind.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/rollout/ledger.h"
#include "cowkey/rollout/pending.h"

static int64_t now_s = 1795860000;

static int64_t tell_now(void)
{
    return now_s;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "ledger-maker: %s: %s\n", what, why);
    exit(1);
}

static void check(enum ck_err r, const struct ck_error *err, const char *what)
{
    if (r != CK_OK)
        fail(what, err->text);
}

static char *read_whole(const char *path, size_t *ret_size)
{
    FILE *from = fopen(path, "r");
    size_t size = from != NULL && fseek(from, 0, SEEK_END) == 0 ? (size_t)ftell(from) : 0;
    char *text = malloc(size + 1);

    if (from == NULL || text == NULL)
        fail(path, "can't be read");
    rewind(from);
    *ret_size = fread(text, 1, size, from);
    text[*ret_size] = '\0';
    fclose(from);
    return text;
}

/* --- the lines --- */

static const char *text_of(const json_t *line, const char *name)
{
    return json_string_value(json_object_get(line, name));
}

static int64_t number_of(const json_t *line, const char *name)
{
    return json_integer_value(json_object_get(line, name));
}

static bool is_true(const json_t *line, const char *name)
{
    return json_is_true(json_object_get(line, name));
}

static void copy_text(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text != NULL ? text : "");
}

/* The number of a name, of those that name_of knows. */
static int find(const char *name, int count, const char *(*name_of)(int number))
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name, name_of(i)) == 0)
            return i;
    }
    fail(name, "there is none of that name");
    return 0;
}

static const char *event_name(int event)
{
    return ck_step_event_name((enum ck_step_event)event);
}

static const char *password_name(int state)
{
    return ck_password_state_name((enum ck_password_state)state);
}

static const char *pin_name(int state)
{
    return ck_key_pin_state_name((enum ck_key_pin_state)state);
}

static const char *pending_name(int kind)
{
    static const char *const names[] = {[CK_PENDING_TOTP] = "totp",
                                        [CK_PENDING_PASSWORD] = "password",
                                        [CK_PENDING_APP_PASSWORD] = "app-password",
                                        [CK_PENDING_PIN] = "pin"};

    return names[kind];
}

static void step(struct ck_ledger *ledger, const json_t *line)
{
    struct ck_error cause = {.code = (enum ck_err)number_of(line, "status")}, err;
    struct ck_ledger_facts facts = {.label = text_of(line, "label"),
                                    .factor_id = (uint64_t)number_of(line, "factor_id"),
                                    .cid = text_of(line, "cid")};
    const char *name = text_of(line, "step");

    copy_text(cause.text, sizeof(cause.text), text_of(line, "error"));
    copy_text(cause.hint, sizeof(cause.hint), text_of(line, "hint"));
    if (cause.code != CK_OK)
        facts.cause = &cause;
    check(ck_ledger_step(ledger, number_of(line, "item"),
                         (enum ck_step_event)find(name, CK_STEP_EVENTS, event_name), &facts, NULL,
                         &err),
          &err, name);
}

static void put_key(struct ck_ledger *ledger, const json_t *line)
{
    struct ck_ledger_key key = {.person = number_of(line, "person"),
                                .n = (unsigned)number_of(line, "n"),
                                .reset = is_true(line, "reset"),
                                .begun_s = now_s};
    const char *pin = text_of(line, "pin");
    struct ck_error err;

    copy_text(key.aaguid, sizeof(key.aaguid), text_of(line, "key"));
    copy_text(key.serial, sizeof(key.serial), text_of(line, "serial"));
    copy_text(key.firmware, sizeof(key.firmware), text_of(line, "firmware"));
    check(ck_ledger_put_key(ledger, &key, &err), &err, "key");
    /* From state to state, as the table of PINs wants it. */
    for (int i = 1; pin != NULL && i <= find(pin, CK_KEY_PIN_STATES, pin_name); i++) {
        if (!ck_key_pin_may_become(key.pin, (enum ck_key_pin_state)i))
            continue;
        key.pin = (enum ck_key_pin_state)i;
        check(ck_ledger_put_key(ledger, &key, &err), &err, "pin");
    }
}

static void put_sheet(struct ck_ledger *ledger, const json_t *line)
{
    const char *kind = text_of(line, "kind");
    struct ck_ledger_sheet sheet = {.person = number_of(line, "person"),
                                    .kind = kind != NULL && strcmp(kind, "pin-letter") == 0
                                                ? CK_SHEET_PIN_LETTER
                                                : CK_SHEET_PERSON,
                                    .n = (unsigned)number_of(line, "n"),
                                    .sealed = is_true(line, "sealed"),
                                    .made_s = number_of(line, "made"),
                                    .deleted_s = number_of(line, "deleted")};
    struct ck_error err;

    copy_text(sheet.name, sizeof(sheet.name), text_of(line, "sheet"));
    check(ck_ledger_note_sheet(ledger, &sheet, &err), &err, "sheet");
}

static void put_pending(struct ck_pending *pending, const json_t *line)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    const char *text = text_of(line, "secret");
    struct ck_error err;

    if (pending == NULL || text == NULL)
        fail("pending", "without HANDOUTS, or without a secret");
    check(ck_secret_new(text, strlen(text), &secret, &err), &err, "secret");
    check(ck_pending_put(pending,
                         (enum ck_pending_kind)find(text_of(line, "pending"), CK_PENDING_PIN + 1,
                                                    pending_name),
                         number_of(line, "id"), (unsigned)number_of(line, "n"), secret, &err),
          &err, "pending");
}

static void obey(struct ck_ledger *ledger, struct ck_pending *pending, const json_t *line)
{
    struct ck_error err;
    unsigned total;

    if (json_object_get(line, "now") != NULL)
        now_s = number_of(line, "now");
    else if (json_object_get(line, "step") != NULL)
        step(ledger, line);
    else if (json_object_get(line, "password") != NULL)
        check(ck_ledger_password(ledger, number_of(line, "person"),
                                 (enum ck_password_state)find(text_of(line, "password"),
                                                              CK_PASSWORD_STATES, password_name),
                                 &err),
              &err, "password");
    else if (json_object_get(line, "app_password") != NULL)
        check(ck_ledger_app_password(ledger, number_of(line, "person"),
                                     number_of(line, "app_password"), &err),
              &err, "app_password");
    else if (json_object_get(line, "key") != NULL)
        put_key(ledger, line);
    else if (json_object_get(line, "sheet") != NULL)
        put_sheet(ledger, line);
    else if (json_object_get(line, "refusal") != NULL)
        check(ck_ledger_add_refusal(ledger, &total, &err), &err, "refusal");
    else if (json_object_get(line, "pending") != NULL)
        put_pending(pending, line);
    else
        fail("a line", "it says nothing that is known");
}

int main(int argc, char **argv)
{
    struct ck_complaints complaints = {NULL, 0, 0};
    struct ck_plan plan = {NULL, 0};
    struct ck_policy policy = {.groups = NULL};
    struct ck_ledger *ledger = NULL;
    struct ck_pending *pending = NULL;
    struct ck_error err;
    char *text, *line = NULL;
    size_t size, room = 0, kept = 0;

    if (argc < 5 || argc > 6)
        fail("usage", "ledger-maker LEDGER PLAN POLICY ORIGIN [HANDOUTS]");
    check(ck_secret_heap_init(&err), &err, "memory");
    text = read_whole(argv[2], &size);
    check(ck_plan_parse(text, size, &plan, &complaints, &err), &err, argv[2]);
    free(text);
    text = read_whole(argv[3], &size);
    check(ck_policy_parse(text, size, &policy, &complaints, &err), &err, argv[3]);
    free(text);
    if (ck_complaints_total(&complaints) > 0)
        fail("plan or policy", complaints.rows[0].text);
    const struct ck_rollout rollout = {.plan = &plan, .policy = &policy, .directory = "."};
    check(ck_ledger_open(argv[1], &rollout, argv[4], CK_LEDGER_SAME_PLAN, tell_now, &ledger, &kept,
                         &err),
          &err, argv[1]);
    if (argc == 6)
        check(ck_pending_open(argv[5], &pending, &err), &err, argv[5]);
    while (getline(&line, &room, stdin) > 0) {
        json_t *object = json_loads(line, 0, NULL);
        if (object == NULL)
            fail(line, "no JSON");
        obey(ledger, pending, object);
        json_decref(object);
    }
    free(line);
    ck_pending_close(&pending);
    ck_ledger_close(&ledger);
    ck_plan_clear(&plan);
    ck_policy_clear(&policy);
    return 0;
}
