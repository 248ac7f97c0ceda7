/* What `rollout handout` says. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "rollout_handout.h"
#include "target.h"

enum { NAMED_MAX = 20 }; /* people who are named for each thing that is said */

static const char *const result_names[HANDOUT_RESULTS] = {
    [HANDOUT_OPEN] = "open",     [HANDOUT_MADE] = "made",   [HANDOUT_NOTHING] = "nothing",
    [HANDOUT_BEFORE] = "before", [HANDOUT_EARLY] = "early", [HANDOUT_DELETED] = "deleted",
    [HANDOUT_NONE] = "none",
};

struct tally {
    size_t results[HANDOUT_RESULTS];
    size_t files;
};

static struct tally count(const struct handout_report *report)
{
    struct tally tally = {.files = 0};

    for (size_t i = 0; i < report->count; i++) {
        const struct handout_person *person = &report->people[i];
        tally.results[person->result]++;
        tally.files += person->files;
    }
    return tally;
}

/* Not that something was made for nobody, since then there was nothing to make. */
static int status_of(const struct tally *tally)
{
    size_t none = tally->results[HANDOUT_NOTHING] + tally->results[HANDOUT_EARLY];

    return tally->results[HANDOUT_MADE] == 0 && none > 0 ? 1 : 0;
}

/* --- for people --- */

static bool is_early(const struct handout_person *person)
{
    return person->result == HANDOUT_EARLY;
}

static bool has_nothing(const struct handout_person *person)
{
    return person->result == HANDOUT_NOTHING;
}

static bool had_all(const struct handout_person *person)
{
    return person->result == HANDOUT_BEFORE;
}

static bool is_unfinished(const struct handout_person *person)
{
    return person->files > 0 && person->work_left;
}

static bool is_doubtful(const struct handout_person *person)
{
    return person->result == HANDOUT_MADE && person->doubtful;
}

static bool has_pending(const struct handout_person *person)
{
    return person->pending && !person->work_left;
}

/* "what: NAME", line by line; nobody is nothing. */
static void tell(const struct handout_report *report, const char *what,
                 bool (*concerns)(const struct handout_person *person))
{
    size_t told = 0;

    for (size_t i = 0; i < report->count; i++) {
        if (!concerns(&report->people[i]))
            continue;
        if (told == 0)
            say(report->options, "%s:", what);
        if (told++ < NAMED_MAX)
            say(report->options, "  %s", report->people[i].account.name);
    }
    if (told > NAMED_MAX)
        say(report->options, "  and %zu more", told - NAMED_MAX);
}

static enum ck_err print_name(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    const struct handout_report *report = data;

    (void)err;
    if (sheet->deleted_s == 0 && sheet->made_s >= report->started_s)
        print_result("%s/%s", ck_pending_directory(report->sheets->pending), sheet->name);
    return CK_OK;
}

static void print_names(const struct handout_report *report)
{
    struct ck_error err;

    for (size_t i = 0; i < report->count; i++) {
        if (report->people[i].files > 0)
            ck_ledger_walk_sheets(report->sheets->ledger, report->people[i].id, print_name,
                                  (void *)report, &err);
    }
}

static void tell_made(const struct handout_report *report, const struct tally *tally)
{
    const struct options *options = report->options;

    print_names(report);
    if (tally->files > 0)
        say(options, "%zu file%s for %zu %s, readable by %s only.", tally->files,
            plural(tally->files), tally->results[HANDOUT_MADE],
            tally->results[HANDOUT_MADE] == 1 ? "person" : "people",
            report->sheets->seal != NULL ? "whoever has the private key" : "you");
    if (tally->files > 0 && report->sheets->seal != NULL)
        say(options, "One is opened by: openssl cms -decrypt -inform DER -inkey KEY.pem -in FILE "
                     "-out FILE.html");
    else if (tally->files > 0)
        say(options, "Print them, and then remove them: --delete.");
    tell(report, "The server may not have all that is on the sheets of these, which say so",
         is_doubtful);
    tell(report, "The run has something left to do for these; make theirs once more after it",
         is_unfinished);
    tell(report, "Not sealed yet, since the run has something left to do for them", is_early);
    tell(report, "Nothing new since their last sheet", had_all);
    tell(report, "Nothing yet", has_nothing);
}

static void tell_deleted(const struct handout_report *report, const struct tally *tally)
{
    const struct options *options = report->options;

    print_result("%zu file%s removed.", tally->files, plural(tally->files));
    if (tally->files > 0)
        say(options, "They were overwritten first, but what a disk has held can't be promised to "
                     "be gone: SSDs write elsewhere, file systems that journal their data or copy "
                     "on write (btrfs, ZFS, snapshots) keep the old, backups have copies, and so "
                     "have printers and the spool of the printing system. A disk that is encrypted "
                     "as a whole is what helps.");
    tell(report, "The run has something left to do for these: what it needs is kept",
         is_unfinished);
    tell(report, "Not all of these people's secrets were on a sheet; those are kept", has_pending);
}

/* --- for scripts --- */

struct naming {
    const struct handout_report *report;
    json_t *names;
};

static enum ck_err take_name(void *data, const struct ck_ledger_sheet *sheet, struct ck_error *err)
{
    struct naming *naming = data;

    (void)err;
    if (sheet->deleted_s == 0)
        json_array_append_new(naming->names, text_json(sheet->name));
    return CK_OK;
}

/* Those that are there now, whenever they were made. */
static json_t *names_json(const struct handout_report *report, const struct handout_person *person)
{
    struct naming naming = {report, json_array()};
    struct ck_error err;

    ck_ledger_walk_sheets(report->sheets->ledger, person->id, take_name, &naming, &err);
    return naming.names;
}

static json_t *person_json(const struct handout_report *report, const struct handout_person *person)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:b, s:b, s:b}", "account",
                     text_json(person->account.name), "role", ck_role_name(person->account.role),
                     "result", result_names[person->result], "files", names_json(report, person),
                     "work_left", person->work_left, "doubtful", person->doubtful, "pending",
                     person->pending);
}

static json_t *about_json(const struct handout_report *report)
{
    return json_pack("{s:s, s:o, s:o, s:b, s:b, s:o}", "schema", "cowkey.rollout-handout/1",
                     "ledger", text_json(report->ledger), "directory",
                     text_json(ck_pending_directory(report->sheets->pending)), "sealed",
                     report->sheets->seal != NULL, "deletes", report->deletes, "started",
                     time_json(report->started_s));
}

static json_t *ending_json(const struct handout_report *report, const struct tally *tally,
                           const struct ck_error *err)
{
    json_t *summary = json_pack("{s:I, s:I}", "people", (json_int_t)report->count, "files",
                                (json_int_t)tally->files);

    for (int i = 0; i < HANDOUT_RESULTS; i++)
        json_object_set_new(summary, result_names[i], json_integer((json_int_t)tally->results[i]));
    json_t *ending =
        json_pack("{s:o, s:o}", "summary", summary, "finished", time_json(clock_now_s()));
    if (err->code != CK_OK)
        json_object_set_new(ending, "error", error_json(err));
    return ending;
}

/* Piece by piece, since a roll-out may have many people. */
static void print_document(const struct handout_report *report, const struct tally *tally,
                           const struct ck_error *err)
{
    print_json_piece(about_json(report), true, false);
    fputs(",\"people\":[", stdout);
    for (size_t i = 0; i < report->count; i++) {
        if (i > 0)
            putchar(',');
        print_json_piece(person_json(report, &report->people[i]), true, true);
    }
    fputs("],", stdout);
    print_json_piece(ending_json(report, tally, err), false, true);
    putchar('\n');
}

int handout_report_print(const struct handout_report *report, const struct ck_error *err)
{
    const struct tally tally = count(report);

    if (option_given(report->options, OPTION_JSON))
        print_document(report, &tally, err);
    else if (report->deletes)
        tell_deleted(report, &tally);
    else
        tell_made(report, &tally);
    if (err->code != CK_OK)
        return say_error(err);
    return report->deletes ? 0 : status_of(&tally);
}
