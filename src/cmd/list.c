/* cowkey list */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "output.h"
#include "person.h"
#include "target.h"

static json_t *factors_json(const struct ck_page *page)
{
    if (page->factors_state == CK_LIST_ABSENT)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < page->factors_count; i++) {
        const struct ck_factor *factor = &page->factors[i];
        json_t *current = page->marks_current ? json_boolean(factor->current) : json_null();
        json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:o}", "id",
                                              json_sprintf("%" PRIu64, factor->id), "label",
                                              text_json(factor->label), "method",
                                              ck_method_name(factor->method), "current", current));
    }
    return list;
}

static json_t *passkeys_json(const struct ck_page *page)
{
    if (page->passkeys_state == CK_LIST_ABSENT)
        return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < page->passkeys_count; i++) {
        const struct ck_passkey *passkey = &page->passkeys[i];
        json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:o, s:b}", "id",
                      json_sprintf("pk:%.*s", ck_page_cid_digits(page, passkey->cid), passkey->cid),
                      "label", text_json(passkey->label), "created",
                      text_or_null_json(passkey->created), "current", passkey->current));
    }
    return list;
}

static json_t *forced_json(int forced)
{
    return forced < 0 ? json_null() : json_boolean(forced);
}

static void print_document(const struct target *target, const struct ck_page *page, bool held,
                           int forced)
{
    json_t *document = target_json("cowkey.list/1", target);

    /* An account that is held for the set-up of a factor has none: that is why it is held. */
    json_object_set_new(document, "factors", held ? json_array() : factors_json(page));
    json_object_set_new(document, "passkeys", held ? json_null() : passkeys_json(page));
    json_object_set_new(document, "forced", forced_json(forced));
    print_json(document);
}

static void print_factors(const struct ck_page *page)
{
    if (page->factors_state == CK_LIST_ABSENT)
        print_result("Second factors: not visible; the server's page does not show them.");
    else if (page->factors_count == 0)
        print_result("Second factors: none.");
    else
        print_result("%-12s  %s", "ID", "Second factor");
    for (size_t i = 0; i < page->factors_count; i++) {
        const struct ck_factor *factor = &page->factors[i];
        bool known = factor->method != CK_METHOD_UNKNOWN;
        print_result("%-12" PRIu64 "  %s%s%s%s%s", factor->id, factor->label, known ? " (" : "",
                     known ? ck_method_name(factor->method) : "", known ? ")" : "",
                     factor->current ? "  (used for this login)" : "");
    }
}

static void print_passkeys(const struct ck_page *page)
{
    if (page->passkeys_state == CK_LIST_ABSENT)
        print_result("Passkeys: not visible; the server's page does not show them.");
    else if (page->passkeys_count == 0)
        print_result("Passkeys: none.");
    else
        print_result("%-12s  %s", "ID", "Passkey");
    for (size_t i = 0; i < page->passkeys_count; i++) {
        const struct ck_passkey *passkey = &page->passkeys[i];
        bool dated = passkey->created != NULL && strstr(passkey->label, passkey->created) == NULL;
        print_result("pk:%-9.*s  %s%s%s%s", ck_page_cid_digits(page, passkey->cid), passkey->cid,
                     passkey->label, dated ? "  (since " : "", dated ? passkey->created : "",
                     dated ? ")" : "");
    }
}

/* The page hides how a factor answers; only a login that asks for factors tells. */
static bool methods_missing(const struct ck_page *page)
{
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method == CK_METHOD_UNKNOWN)
            return true;
    }
    return false;
}

/*
 * The login that reads the list has told, unless it was asked for no factor, since all of them were
 * switched off. Then another login is asked, and ends there.
 */
static enum ck_err ask_methods(const struct target *target, struct ck_session *session,
                               struct ck_error *err)
{
    CK_CLEANUP(ck_session_close) struct ck_session *asked = NULL;
    const struct ck_login *login = &target->login;
    enum ck_err r = ck_session_login(login->settings, login->dialect, login->account,
                                     login->password, &asked, err);

    if (r == CK_OK)
        ck_session_learn_methods(session, asked);
    return r;
}

static int run(const struct options *options)
{
    CK_CLEANUP(target_clear) struct target target = {0};
    CK_CLEANUP(ck_session_close) struct ck_session *session = NULL;
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct ck_error err = {.code = CK_OK};
    int forced = -1;

    enum ck_err r = target_read(options, &person, &key_person, true, &target, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_login_open(&target.login, &session, &err);
    if (r == CK_OK)
        r = ck_session_read_forced(session, &forced, &err);
    if (r == CK_OK && option_given(options, OPTION_METHODS) &&
        methods_missing(ck_session_page(session)))
        r = ask_methods(&target, session, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    const struct ck_page *page = ck_session_page(session);
    bool held = ck_session_state(session) == CK_SESSION_HELD;
    if (option_given(options, OPTION_JSON)) {
        print_document(&target, page, held, forced);
        return 0;
    }
    if (held) {
        print_result(
            "Second factors: none, and the server insists on one: the account is held until "
            "it is set up.");
        return 0;
    }
    print_factors(page);
    print_passkeys(page);
    if (forced == 1)
        print_result("The server insists on a second factor for this account.");
    return 0;
}

static const enum option_id own_options[] = {OPTION_METHODS, OPTION_COUNT};

const struct command command_list = {
    .words = "list",
    .summary = "the account's own second factors and passkeys",
    .options = own_options,
    .online = true,
    .run = run,
};
