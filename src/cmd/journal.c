/* cowkey journal show, cowkey journal verify */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "interrupt.h"
#include "journal_file.h"
#include "output.h"

static enum ck_err check_interrupt(struct ck_error *err)
{
    return interrupt_noted ? ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted") : CK_OK;
}

static bool is_concluded(const struct ck_journal_record *record)
{
    return record->outcome_line != 0;
}

static json_t *line_json(uint64_t line)
{
    return line == 0 ? json_null() : json_integer((json_int_t)line);
}

static json_t *record_json(const struct ck_journal_record *record)
{
    const struct ck_journal_deed *deed = &record->deed;
    bool concluded = is_concluded(record);

    return json_pack(
        "{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o}",
        "line", line_json(record->line), "id", record->id, "time", text_or_null_json(record->time),
        "operator", text_or_null_json(deed->operator), "user", text_or_null_json(deed->user),
        "server", text_or_null_json(deed->server), "account", text_or_null_json(deed->account),
        "role", text_or_null_json(deed->role), "action", text_or_null_json(deed->action), "method",
        text_or_null_json(deed->method), "aaguid", text_or_null_json(deed->aaguid), "serial",
        text_or_null_json(deed->serial), "detail", text_or_null_json(deed->detail), "outcome_line",
        line_json(record->outcome_line), "outcome_time", text_or_null_json(record->outcome_time),
        "outcome", concluded ? json_string(ck_journal_outcome_name(record->outcome)) : json_null(),
        "evidence", text_or_null_json(record->evidence), "outcome_detail",
        text_or_null_json(record->outcome_detail));
}

/* --- a record for a person --- */

/* Nothing where text says nothing. */
static void append(FILE *to, const char *before, const char *text, const char *after)
{
    if (text != NULL && *text != '\0')
        fprintf(to, "%s%s%s", before, text, after);
}

static const char *text_or(const char *text, const char *otherwise)
{
    return text != NULL && *text != '\0' ? text : otherwise;
}

/* "enroll passkey"; free it. */
static char *action_of(const struct ck_journal_deed *deed)
{
    char *text = NULL;
    const char *method = text_or(deed->method, "");

    return asprintf(&text, "%s%s%s", text_or(deed->action, "?"), *method != '\0' ? " " : "",
                    method) < 0
               ? NULL
               : text;
}

/* Who did it, where, and what is known of it; free it. */
static char *circumstances_of(const struct ck_journal_record *record)
{
    const struct ck_journal_deed *deed = &record->deed;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return NULL;
    fprintf(to, "by %s", text_or(deed->operator, "?"));
    append(to, " (", deed->user, ")");
    append(to, " on ", deed->server, "");
    append(to, "; evidence: ", record->evidence, "");
    append(to, "; key model ", deed->aaguid, "");
    append(to, "; serial ", deed->serial, "");
    append(to, "; ", deed->detail, "");
    append(to, "; ", record->outcome_detail, "");
    return fclose(to) == 0 ? text : NULL;
}

static const char outcome_of_open[] = "not concluded";

static void print_record(const struct ck_journal_record *record)
{
    CK_CLEANUP(ck_free_p) char *action = action_of(&record->deed);
    CK_CLEANUP(ck_free_p) char *circumstances = circumstances_of(record);

    if (action == NULL || circumstances == NULL)
        return;
    print_result("%-20s  %-13s  %-16s  %-24s  %s",
                 text_or(record->time, text_or(record->outcome_time, "?")),
                 is_concluded(record) ? ck_journal_outcome_name(record->outcome) : outcome_of_open,
                 action, text_or(record->deed.account, "?"), circumstances);
}

/* --- show --- */

struct showing {
    const char *account; /* NULL: all */
    bool json;
    uint64_t records, not_concluded;
};

static enum ck_err show_record(void *data, const struct ck_journal_record *record,
                               struct ck_error *err)
{
    struct showing *showing = data;
    const char *account = record->deed.account;

    if (check_interrupt(err) != CK_OK)
        return err->code;
    if (showing->account != NULL && (account == NULL || strcasecmp(account, showing->account) != 0))
        return CK_OK;
    showing->records++;
    showing->not_concluded += !is_concluded(record);
    if (!showing->json) {
        if (showing->records == 1)
            print_result("%-20s  %-13s  %-16s  %-24s  %s", "Time", "Outcome", "Action", "Account",
                         "By whom, and what is known");
        print_record(record);
        return CK_OK;
    }
    json_t *row = json_pack("{s:s}", "schema", "cowkey.journal/1");
    json_t *members = record_json(record);
    json_object_update(row, members);
    json_decref(members);
    print_json(row);
    return CK_OK;
}

static void print_summary(const struct showing *showing, const struct ck_journal_verdict *verdict)
{
    print_json(json_pack("{s:s, s:{s:I, s:I, s:b}}", "schema", "cowkey.journal/1", "summary",
                         "records", (json_int_t)showing->records, "not_concluded",
                         (json_int_t)showing->not_concluded, "intact", verdict->breaks == 0));
}

static int show(const struct options *options)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    struct showing showing = {.json = option_given(options, OPTION_JSON)};
    struct ck_journal_verdict verdict;
    struct ck_error err = {.code = CK_OK};

    /* The environment and the profile say who logs in; that is not who is asked for here. */
    if (option_on_command_line(options, OPTION_ACCOUNT))
        showing.account = option_value(options, OPTION_ACCOUNT);
    enum ck_err r = journal_path(options, &path, &err);
    if (r == CK_OK)
        r = ck_journal_walk(path, NULL, show_record, &showing, &verdict, &err);
    if (r != CK_OK)
        return showing.records == 0 ? report_error(showing.json, &err) : say_error(&err);
    if (showing.json)
        print_summary(&showing, &verdict);
    else if (showing.records == 0)
        print_result("The journal has nothing%s%s.", showing.account != NULL ? " about " : "",
                     showing.account != NULL ? showing.account : "");
    if (verdict.breaks == 0)
        return 0;
    say_always("The chain is broken at line %" PRIu64 ": what is shown may not be what was "
               "written. 'cowkey journal verify' says more.",
               verdict.broken[0].line);
    return 1;
}

/* --- verify --- */

struct verifying {
    const struct options *options;
    json_t *open; /* what is not concluded: records, or sentences for a person */
};

/* NULL when memory is short. */
static json_t *sentence_of(const struct ck_journal_record *record)
{
    CK_CLEANUP(ck_free_p) char *action = action_of(&record->deed);
    CK_CLEANUP(ck_free_p) char *circumstances = circumstances_of(record);
    CK_CLEANUP(ck_free_p) char *text = NULL;

    if (action == NULL || circumstances == NULL ||
        asprintf(&text, "line %" PRIu64 ": %s, %s for %s, %s", record->line,
                 text_or(record->time, "?"), action, text_or(record->deed.account, "?"),
                 circumstances) < 0)
        return NULL;
    return text_json(text);
}

static enum ck_err note_open(void *data, const struct ck_journal_record *record,
                             struct ck_error *err)
{
    struct verifying *verifying = data;
    bool json = option_given(verifying->options, OPTION_JSON);

    if (check_interrupt(err) != CK_OK)
        return err->code;
    if (is_concluded(record))
        return CK_OK;
    json_t *noted = json ? record_json(record) : sentence_of(record);
    return json_array_append_new(verifying->open, noted) == 0 ? CK_OK : ck_error_no_memory(err);
}

static uint64_t listed(uint64_t count)
{
    return count < CK_JOURNAL_LISTED_MAX ? count : CK_JOURNAL_LISTED_MAX;
}

static json_t *breaks_json(const struct ck_journal_verdict *verdict)
{
    json_t *list = json_array();

    for (uint64_t i = 0; i < listed(verdict->breaks); i++)
        json_array_append_new(list,
                              json_pack("{s:I, s:s}", "line", (json_int_t)verdict->broken[i].line,
                                        "why", verdict->broken[i].why));
    return list;
}

static json_t *torn_json(const struct ck_journal_verdict *verdict)
{
    json_t *list = json_array();

    for (uint64_t i = 0; i < listed(verdict->torn_count); i++)
        json_array_append_new(list, json_integer((json_int_t)verdict->torn[i]));
    return list;
}

static void print_document(const char *path, const char *kept_head,
                           const struct ck_journal_verdict *verdict, json_t *open)
{
    bool found = kept_head != NULL && verdict->head_found;

    print_json(json_pack("{s:s, s:o, s:b, s:I, s:s, s:o, s:I, s:o, s:I, s:o, s:I, s:O, s:o, s:o}",
                         "schema", "cowkey.journal-verify/1", "journal", text_json(path), "intact",
                         verdict->breaks == 0, "entries", (json_int_t)verdict->entries, "head",
                         verdict->head, "broken", breaks_json(verdict), "broken_count",
                         (json_int_t)verdict->breaks, "torn", torn_json(verdict), "torn_count",
                         (json_int_t)verdict->torn_count, "since",
                         found ? json_integer((json_int_t)verdict->since) : json_null(),
                         "not_concluded_count", (json_int_t)verdict->not_concluded, "not_concluded",
                         open, "kept_head", text_or_null_json(kept_head), "kept_head_found",
                         kept_head != NULL ? json_boolean(found) : json_null()));
}

static void print_chain(const char *path, const struct ck_journal_verdict *verdict)
{
    print_result("%s: %" PRIu64 " entr%s, the chain is %s.", path, verdict->entries,
                 verdict->entries == 1 ? "y" : "ies", verdict->breaks == 0 ? "intact" : "broken");
    for (uint64_t i = 0; i < listed(verdict->breaks); i++)
        print_result("Broken: line %" PRIu64 ": %s.", verdict->broken[i].line,
                     verdict->broken[i].why);
    if (verdict->breaks > CK_JOURNAL_LISTED_MAX)
        print_result("Broken: %" PRIu64 " lines in all.", verdict->breaks);
    for (uint64_t i = 0; i < listed(verdict->torn_count); i++)
        print_result("Torn: line %" PRIu64 ": a write that was cut off, by a crash for example.",
                     verdict->torn[i]);
    if (verdict->torn_count > CK_JOURNAL_LISTED_MAX)
        print_result("Torn: %" PRIu64 " lines in all.", verdict->torn_count);
}

static void print_verdict(const char *path, const char *kept_head,
                          const struct ck_journal_verdict *verdict, const json_t *open)
{
    size_t index;
    const json_t *sentence;

    print_chain(path, verdict);
    json_array_foreach(open, index, sentence)
        print_result("Not concluded: %s", json_string_value(sentence));
    if (kept_head != NULL && verdict->head_found)
        print_result("The head that you gave is in it, and %" PRIu64 " entr%s since.",
                     verdict->since, verdict->since == 1 ? "y was written" : "ies were written");
    else if (kept_head != NULL)
        print_result("The head that you gave is not in it: its end was cut off, or it was written "
                     "anew, or it is another journal.");
    print_result("Head: %s", verdict->head);
}

static int verify(const struct options *options)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    CK_CLEANUP(ck_json_free) json_t *open = json_array();
    struct verifying verifying = {.options = options, .open = open};
    const char *kept_head = option_value(options, OPTION_HEAD);
    struct ck_journal_verdict verdict;
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = journal_path(options, &path, &err);
    if (r == CK_OK)
        r = ck_journal_walk(path, kept_head, note_open, &verifying, &verdict, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(path, kept_head, &verdict, open);
    else
        print_verdict(path, kept_head, &verdict, open);
    if (verdict.not_concluded > 0)
        say(options, "What is not concluded was interrupted, or is still under way: look at those "
                     "accounts.");
    bool is_head_missing = kept_head != NULL && !verdict.head_found;
    return verdict.breaks > 0 || is_head_missing ? 1 : 0;
}

static const enum option_id show_options[] = {OPTION_JOURNAL, OPTION_COUNT};
static const enum option_id verify_options[] = {OPTION_JOURNAL, OPTION_HEAD, OPTION_COUNT};

const struct command command_journal_show = {
    .words = "journal show",
    .summary = "what was done for others, by whom, and what became of it",
    .options = show_options,
    .without_secrets = true,
    .run = show,
};

const struct command command_journal_verify = {
    .words = "journal verify",
    .summary = "is the journal's chain intact? prints its head, to keep elsewhere",
    .options = verify_options,
    .without_secrets = true,
    .run = verify,
};
