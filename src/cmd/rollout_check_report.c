/* The report of a check. */
#include "rollout_check_report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "document.h"
#include "output.h"
#include "target.h"

enum { NAMED_MAX = 20 }; /* mailboxes that are named to a person */

static const char *const file_names[ROLLOUT_FILES] = {"plan", "policy", "secrets"};

void rollout_check_report_clear(struct rollout_check_report *report)
{
    for (int i = 0; i < ROLLOUT_FILES; i++)
        ck_complaints_clear(&report->files[i].complaints);
    ck_check_found_clear(&report->found);
}

bool rollout_check_report_is_bad(const struct rollout_check_report *report)
{
    size_t bad = 0;

    for (int i = 0; i < ROLLOUT_FILES; i++)
        bad += ck_complaints_total(&report->files[i].complaints);
    return bad > 0;
}

/* --- for people --- */

static void print_complaints(const char *path, const struct ck_complaints *complaints)
{
    const char *name = document_name(path);

    for (size_t i = 0; i < complaints->count; i++) {
        const struct ck_complaint *row = &complaints->rows[i];
        print_result("%s:%zu: %s", name, row->line, row->text);
    }
    if (complaints->more > 0)
        print_result("%s: and %zu more", name, complaints->more);
}

static void print_numbers(const struct rollout_check_report *report)
{
    const struct ck_check_counts *counts = &report->counts;
    char text[256];
    int used = 0;

    print_result("%zu row%s, %zu account%s, %zu factor%s: %zu by totp, %zu by webauthn, %zu by "
                 "passkey.",
                 report->rollout.plan->count, plural(report->rollout.plan->count), counts->accounts,
                 plural(counts->accounts), counts->factors, plural(counts->factors),
                 counts->methods[CK_ROLLOUT_TOTP], counts->methods[CK_ROLLOUT_WEBAUTHN],
                 counts->methods[CK_ROLLOUT_PASSKEY]);
    for (int i = 0; i < CK_ROUTES; i++)
        used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%zu by %s", i > 0 ? ", " : "",
                         counts->routes[i], ck_rollout_route_name((enum ck_rollout_route)i));
    print_result("Rows by route: %s.", text);
    print_result("Touches to expect: %zu (%zu to register, %zu to prove, %zu to reset keys, %u to "
                 "log in).",
                 counts->registrations + counts->proofs + counts->resets + report->login_touches,
                 counts->registrations, counts->proofs, counts->resets, report->login_touches);
    if (counts->serial_keys > 0)
        print_result("The labels of %zu key%s name the serial number. Most keys have none that "
                     "can be read: there {n}, the number of the person's key, stands in.",
                     counts->serial_keys, plural(counts->serial_keys));
    if (counts->serial_apps > 0)
        print_result("The labels of %zu authenticator app%s name a serial number, which those "
                     "don't have: {n} stands in.",
                     counts->serial_apps, plural(counts->serial_apps));
    if (counts->attested_by_any > 0)
        print_result("The keys of %zu factor%s have to show a certificate of a maker, and anybody "
                     "can make one: the policy names no attestation-roots for them.",
                     counts->attested_by_any, plural(counts->attested_by_any));
}

static void print_mail_programs(const struct ck_check_found *found)
{
    size_t count = found->mail_programs_count;

    if (count == 0 && found->mail_programs_unknown == 0) {
        print_result("No mailbox loses the way in for its mail programs.");
        return;
    }
    if (count > 0)
        print_result("With a second factor, mail programs can't use the password any more. These "
                     "mailboxes have no app password yet: %zu",
                     count);
    for (size_t i = 0; i < count && i < NAMED_MAX; i++)
        print_result("  %s", found->mail_programs[i]);
    if (count > NAMED_MAX)
        print_result("  and %zu more; --json names all", count - NAMED_MAX);
    if (found->mail_programs_unknown > 0)
        print_result("The server does not tell whether %zu mailbox%s app passwords.",
                     found->mail_programs_unknown,
                     found->mail_programs_unknown == 1 ? " has" : "es have");
}

static void print_server(const struct rollout_check_report *report)
{
    const struct ck_check_found *found = &report->found;

    if (report->server == NULL) {
        print_result("The server was not asked.");
        return;
    }
    if (found->asked_singly > 0)
        print_result("%zu mailbox%s asked for one by one, since the list of their domain could not "
                     "be had: %s. If that was for the time it takes, a longer --timeout spares "
                     "it.",
                     found->asked_singly, found->asked_singly == 1 ? " was" : "es were",
                     found->singly_cause.text);
    print_mail_programs(found);
    if (found->enforceable == 0)
        print_result("This release can't insist on second factors (that came with 2026-03): "
                     "nobody is made to keep them.");
    if (found->changes_unforced > 0)
        print_result("This release can't insist that %zu of the new passwords %s changed: let the "
                     "people do it.",
                     found->changes_unforced, found->changes_unforced == 1 ? "is" : "are");
    if (report->counts.routes[CK_ROUTE_SIGN_ON] > 0)
        print_result("The route 'sign-on' needs an API key that may write; whether this one may "
                     "is not told without a change.");
    if (report->counts.routes[CK_ROUTE_LOG_IN_AS] > 0)
        print_result("The route 'log-in-as' was not tried: the server would write into its log "
                     "that you were in each account.");
}

static void print_text(struct rollout_check_report *report)
{
    size_t problems = ck_complaints_total(&report->found.problems);

    for (int i = 0; i < ROLLOUT_FILES; i++) {
        if (report->files[i].path != NULL)
            print_complaints(report->files[i].path, &report->files[i].complaints);
    }
    if (rollout_check_report_is_bad(report)) {
        say_always("The plan can't run like this. Once these lines are repaired, the rest is "
                   "checked.");
        return;
    }
    print_complaints(report->files[ROLLOUT_PLAN].path, &report->found.problems);
    print_numbers(report);
    print_server(report);
    if (problems > 0)
        say_always("The plan can't run on this server as it is: %zu problem%s.", problems,
                   plural(problems));
    else
        say(report->options, report->server != NULL ? "The plan can run; nothing was changed."
                                                    : "The files are in order.");
}

/* --- for scripts --- */

static void add_complaints(json_t *list, const char *file, const struct ck_complaints *complaints)
{
    for (size_t i = 0; i < complaints->count; i++) {
        const struct ck_complaint *row = &complaints->rows[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:o}", "file", file, "line",
                                        (json_int_t)row->line, "reason", text_json(row->text)));
    }
}

static json_t *counts_json(const struct rollout_check_report *report)
{
    const struct ck_check_counts *counts = &report->counts;
    json_t *methods = json_object(), *routes = json_object();

    for (int i = 0; i < CK_ROLLOUT_METHODS; i++)
        json_object_set_new(methods, ck_rollout_method_name((enum ck_rollout_method)i),
                            json_integer((json_int_t)counts->methods[i]));
    for (int i = 0; i < CK_ROUTES; i++)
        json_object_set_new(routes, ck_rollout_route_name((enum ck_rollout_route)i),
                            json_integer((json_int_t)counts->routes[i]));
    json_t *touches =
        json_pack("{s:I, s:I, s:I, s:I}", "registrations", (json_int_t)counts->registrations,
                  "proofs", (json_int_t)counts->proofs, "resets", (json_int_t)counts->resets,
                  "login", (json_int_t)report->login_touches);
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I}", "rows",
                     (json_int_t)report->rollout.plan->count, "accounts",
                     (json_int_t)counts->accounts, "factors", (json_int_t)counts->factors,
                     "methods", methods, "routes", routes, "touches", touches,
                     "serial_labels_of_keys", (json_int_t)counts->serial_keys,
                     "serial_labels_of_apps", (json_int_t)counts->serial_apps,
                     "attestations_without_roots", (json_int_t)counts->attested_by_any);
}

static json_t *server_json(const struct rollout_check_report *report)
{
    const struct ck_check_found *found = &report->found;
    json_t *names = json_array();

    for (size_t i = 0; i < found->mail_programs_count; i++)
        json_array_append_new(names, text_json(found->mail_programs[i]));
    return json_pack("{s:s, s:o, s:I, s:o, s:I, s:o, s:I}", "url", report->server, "login",
                     text_or_null_json(report->login), "asked_singly",
                     (json_int_t)found->asked_singly, "app_passwords_missing", names,
                     "app_passwords_unknown", (json_int_t)found->mail_programs_unknown,
                     "enforceable",
                     found->enforceable < 0 ? json_null() : json_boolean(found->enforceable),
                     "password_changes_unforced", (json_int_t)found->changes_unforced);
}

static void print_document(struct rollout_check_report *report, int status)
{
    json_t *bad = json_array(), *problems = json_array();
    json_int_t bad_count = 0;
    bool is_bad = rollout_check_report_is_bad(report);

    for (int i = 0; i < ROLLOUT_FILES; i++) {
        add_complaints(bad, file_names[i], &report->files[i].complaints);
        bad_count += (json_int_t)ck_complaints_total(&report->files[i].complaints);
    }
    add_complaints(problems, file_names[ROLLOUT_PLAN], &report->found.problems);
    json_t *document =
        json_pack("{s:s, s:o, s:b, s:o, s:I, s:o, s:I}", "schema", "cowkey.rollout-check/1", "plan",
                  text_json(document_name(report->files[ROLLOUT_PLAN].path)), "runs", status == 0,
                  "bad_lines", bad, "bad_lines_count", bad_count, "problems", problems,
                  "problems_count", (json_int_t)ck_complaints_total(&report->found.problems));
    json_object_set_new(document, "summary", is_bad ? json_null() : counts_json(report));
    json_object_set_new(document, "server",
                        report->server == NULL ? json_null() : server_json(report));
    json_object_set_new(document, "started", time_json(report->started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    print_json(document);
}

int rollout_check_report_print(struct rollout_check_report *report)
{
    int status = rollout_check_report_is_bad(report)                ? CK_ERR_USAGE
                 : ck_complaints_total(&report->found.problems) > 0 ? 1
                                                                    : 0;

    if (option_given(report->options, OPTION_JSON))
        print_document(report, status);
    else
        print_text(report);
    return status;
}
