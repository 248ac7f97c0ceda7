/* cowkey app-password add, list, remove */
#include "cowkey/enroll/app_password.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "command.h"
#include "confirm.h"
#include "cowkey/base/cleanup.h"
#include "new_app_password.h"
#include "output.h"
#include "person.h"
#include "target.h"

static const char schema[] = "cowkey.app-password/1";

/* "imap,smtp": each of them is one of ours. */
static enum ck_err read_protocols(const char *text, unsigned *ret_protocols, struct ck_error *err)
{
    unsigned protocols = 0;

    while (text != NULL) {
        size_t size = strcspn(text, ","), i = 0;
        while (i < CK_PROTOCOLS_COUNT && (strlen(ck_protocol_name(i)) != size ||
                                          strncmp(ck_protocol_name(i), text, size) != 0))
            i++;
        if (i == CK_PROTOCOLS_COUNT)
            return ck_error_set(
                err, CK_ERR_USAGE,
                "--protocols takes imap, smtp, dav, eas, pop3 and sieve, with commas "
                "between them, not '%.*s'",
                size > 50 ? 50 : (int)size, text);
        protocols |= 1u << i;
        text = text[size] == ',' ? text + size + 1 : NULL;
    }
    *ret_protocols = protocols != 0 ? protocols : CK_PROTOCOL_ALL;
    return CK_OK;
}

static json_t *protocols_json(unsigned protocols)
{
    json_t *list = json_array();

    for (size_t i = 0; i < CK_PROTOCOLS_COUNT; i++) {
        if (protocols & (1u << i))
            json_array_append_new(list, json_string(ck_protocol_name(i)));
    }
    return list;
}

static const char *protocols_text(unsigned protocols, char text[64])
{
    text[0] = '\0';
    for (size_t i = 0; i < CK_PROTOCOLS_COUNT; i++) {
        if (!(protocols & (1u << i)))
            continue;
        if (text[0] != '\0')
            strcat(text, " ");
        strcat(text, ck_protocol_name(i)); /* all of them have 28 characters */
    }
    return text;
}

static json_t *id_json(uint64_t id)
{
    return id != 0 ? json_sprintf("%" PRIu64, id) : json_null();
}

/* What the three have in common up to the login. */
struct visit {
    struct target target;
    struct speaker speaker;
    struct ck_person person;
    struct ck_key_person key_person;
    int64_t started_s;
};

static enum ck_err visit_begin(struct visit *visit, const struct options *options,
                               struct ck_error *err)
{
    visit->started_s = clock_now_s();
    visit->speaker = (struct speaker){.options = options, .target = &visit->target};
    visit->person = person_new(&visit->speaker);
    visit->key_person = key_person_new(&visit->speaker);
    enum ck_err r = target_read_account(options, &visit->target.account, err);
    if (r == CK_OK)
        r = ck_app_password_check_role(&visit->target.account, err);
    if (r == CK_OK)
        r = target_read(options, &visit->person, &visit->key_person, true, &visit->target, err);
    return r == CK_OK ? target_probe(&visit->target, err) : r;
}

static void visit_clear(struct visit *visit)
{
    target_clear(&visit->target);
}

static void print_document(const struct visit *visit, const char *action, const char *done,
                           const struct ck_app_password_change *change, const struct ck_error *err)
{
    json_t *document = change_json(schema, &visit->target, change->result, done);

    json_object_set_new(document, "action", json_string(action));
    json_object_set_new(document, "id", id_json(change->row.id));
    json_object_set_new(document, "label", text_json(change->row.label));
    json_object_set_new(document, "protocols", protocols_json(change->row.protocols));
    change_print(document, visit->started_s, err);
}

/* --- add --- */

static int run_add(const struct options *options)
{
    CK_CLEANUP(visit_clear) struct visit visit = {0};
    CK_CLEANUP(new_app_password_clear) struct new_app_password made = {0};
    CK_CLEANUP(ck_app_password_change_clear) struct ck_app_password_change change = {0};
    struct ck_error err = {.code = CK_OK};
    unsigned protocols = 0;
    char text[64];

    enum ck_err r = read_protocols(option_value(options, OPTION_PROTOCOLS), &protocols, &err);
    if (r == CK_OK)
        r = new_app_password_init(&made, options, option_argument(options, 0), protocols,
                                  option_value(options, OPTION_OUT), &err);
    if (r == CK_OK)
        r = visit_begin(&visit, options, &err);
    if (r == CK_OK)
        r = ck_app_password_add_run(&visit.target.login, &made.wish, &change, &err);
    if (r != CK_OK && r != CK_ERR_UNKNOWN)
        new_app_password_void(&made);
    if (r == CK_ERR_UNKNOWN)
        target_hint_look(options, "app-password list", &err);
    if (r != CK_OK && !change.submitted)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&visit, "add", "added", &change, &err);
    if (r != CK_OK)
        return say_error(&err);
    if (!option_given(options, OPTION_JSON)) {
        say(options, "Added: the app password '%s' (ID %" PRIu64 ") of %s, for %s.",
            change.row.label, change.row.id, visit.target.account.name,
            protocols_text(protocols, text));
        new_app_password_show(&made);
    }
    return 0;
}

static const enum option_id add_options[] = {OPTION_PROTOCOLS, OPTION_OUT, OPTION_COUNT};

const struct command command_app_password_add = {
    .words = "app-password add",
    .arguments = "LABEL",
    .summary = "make a password for mail programs, which a second factor shuts out",
    .options = add_options,
    .online = true,
    .changes = true,
    .run = run_add,
};

/* --- list --- */

static void print_list_document(const struct visit *visit, const struct ck_app_passwords *list)
{
    json_t *document = target_json(schema, &visit->target);
    json_t *rows = json_array();

    for (size_t i = 0; i < list->count; i++) {
        const struct ck_app_password *row = &list->rows[i];
        json_array_append_new(rows, json_pack("{s:o, s:o, s:o, s:b, s:o}", "id", id_json(row->id),
                                              "label", text_json(row->label), "protocols",
                                              protocols_json(row->protocols), "active", row->active,
                                              "created", text_or_null_json(row->created)));
    }
    json_object_set_new(document, "action", json_string("list"));
    json_object_set_new(document, "app_passwords", rows);
    print_json(document);
}

static void print_list(const struct ck_app_passwords *list)
{
    char text[64];

    if (list->count == 0)
        print_result("App passwords: none.");
    else
        print_result("%-12s  %-28s  App password", "ID", "For");
    for (size_t i = 0; i < list->count; i++)
        print_result("%-12" PRIu64 "  %-28s  %s%s", list->rows[i].id,
                     protocols_text(list->rows[i].protocols, text), list->rows[i].label,
                     list->rows[i].active ? "" : "  (switched off)");
}

static int run_list(const struct options *options)
{
    CK_CLEANUP(visit_clear) struct visit visit = {0};
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords list = {0};
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = visit_begin(&visit, options, &err);
    if (r == CK_OK)
        r = ck_app_password_list_run(&visit.target.login, &list, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_list_document(&visit, &list);
    else
        print_list(&list);
    return 0;
}

const struct command command_app_password_list = {
    .words = "app-password list",
    .summary = "the app passwords of the mailbox, without the passwords",
    .online = true,
    .run = run_list,
};

/* --- remove --- */

static enum ck_err ask_removal(void *data, const struct ck_app_password *row, struct ck_error *err)
{
    const struct options *options = data;

    if (confirm_tells(options))
        say_always("To be removed: the app password '%s' (ID %" PRIu64
                   "). Programs that use it will stop working.",
                   row->label, row->id);
    return confirm(options, "Remove? [y/N] ", err);
}

static int run_remove(const struct options *options)
{
    CK_CLEANUP(visit_clear) struct visit visit = {0};
    CK_CLEANUP(ck_app_password_change_clear) struct ck_app_password_change change = {0};
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = visit_begin(&visit, options, &err);
    if (r == CK_OK)
        r = ck_app_password_remove_run(&visit.target.login, option_argument(options, 0),
                                       ask_removal, (void *)options, &change, &err);
    if (r == CK_ERR_UNKNOWN)
        target_hint_look(options, "app-password list", &err);
    if (r != CK_OK && !change.submitted)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&visit, "remove", "removed", &change, &err);
    else if (r == CK_OK)
        print_result("Removed: the app password '%s' (ID %" PRIu64 ") of %s.", change.row.label,
                     change.row.id, visit.target.account.name);
    return r != CK_OK ? say_error(&err) : (int)CK_OK;
}

const struct command command_app_password_remove = {
    .words = "app-password remove",
    .arguments = "ID",
    .summary = "remove an app password of the mailbox",
    .online = true,
    .changes = true,
    .run = run_remove,
};
