/* cowkey rollout handout */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "confirm.h"
#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/account.h"
#include "output.h"
#include "rollout_handout.h"
#include "rollout_paths.h"
#include "target.h"

/* What one run has at hand; keep it where it was begun. */
struct handing {
    const struct options *options;
    char *directory; /* of hand-outs */
    struct ck_ledger *ledger;
    struct ck_pending *pending;
    struct ck_seal *seal;
    struct ck_sheets sheets;
    struct handout_report report;
};

static void handing_clear(struct handing *handing)
{
    ck_seal_free(&handing->seal);
    ck_pending_close(&handing->pending);
    ck_ledger_close(&handing->ledger);
    free(handing->report.people);
    free(handing->directory);
}

/* --- opening --- */

static enum ck_err check_options(const struct options *options, struct ck_error *err)
{
    if (option_given(options, OPTION_DELETE) && option_given(options, OPTION_SEAL_TO)) {
        ck_error_set(err, CK_ERR_USAGE, "--delete makes no sheets that could be sealed");
        return ck_error_hint(err, "Give one of --delete and --seal-to.");
    }
    return CK_OK;
}

/* One that is made here could only be the wrong one. */
static enum ck_err open_directory(struct handing *handing, struct ck_error *err)
{
    char name[CK_LEDGER_NAME_SIZE + 1];
    struct stat status;
    enum ck_err r = rollout_handouts_path(handing->options, &handing->directory, err);

    if (r != CK_OK)
        return r;
    if (stat(handing->directory, &status) != 0 && errno == ENOENT) {
        ck_error_set(err, CK_ERR_USAGE, "there is no directory '%.200s'", handing->directory);
        return ck_error_hint(err, "Name the one in which the run keeps its hand-outs with "
                                  "--handouts; where it was given none, that is the ledger's name "
                                  "with .handouts behind it.");
    }
    r = ck_pending_open(handing->directory, &handing->pending, err);
    if (r == CK_OK)
        r = ck_ledger_name(handing->ledger, name, err);
    return r == CK_OK ? ck_pending_belong(handing->pending, name, CK_PENDING_TO_LOOK, err) : r;
}

static enum ck_err open_all(struct handing *handing, struct ck_error *err)
{
    const struct options *options = handing->options;
    const char *certificate = option_value(options, OPTION_SEAL_TO);
    enum ck_err r = rollout_ledger_path(options, &handing->report.ledger, err);

    if (r == CK_OK)
        r = check_options(options, err);
    if (r == CK_OK && certificate != NULL)
        r = ck_seal_load(certificate, clock_now_s(), &handing->seal, err);
    if (r == CK_OK)
        r = ck_ledger_open_to_note(handing->report.ledger, clock_now_s, &handing->ledger, err);
    if (r == CK_OK)
        r = open_directory(handing, err);
    handing->sheets = (struct ck_sheets){handing->ledger, handing->pending, handing->seal,
                                         handing->report.started_s};
    handing->report.sheets = &handing->sheets;
    return r;
}

/* --- whose --- */

static bool is_named(const char *name, const char *word)
{
    size_t i = 0;

    while (name[i] != '\0' && ck_ascii_lower(word[i]) == name[i])
        i++;
    return name[i] == '\0' && word[i] == '\0';
}

static bool is_wanted(const struct options *options, const struct ck_account *account)
{
    const char *const *words = option_arguments(options);
    bool wanted = words[0] == NULL;

    for (size_t i = 0; words[i] != NULL && !wanted; i++)
        wanted = is_named(account->name, words[i]);
    return wanted;
}

static enum ck_err take_person(void *data, const struct ck_ledger_person *person,
                               struct ck_error *err)
{
    enum { STEP = 64 };
    struct handing *handing = data;
    struct handout_report *report = &handing->report;
    struct handout_person *people = report->people;

    if (!is_wanted(handing->options, &person->account))
        return CK_OK;
    if (report->count % STEP == 0)
        people = reallocarray(people, report->count + STEP, sizeof(*people));
    if (people == NULL)
        return ck_error_no_memory(err);
    report->people = people;
    people[report->count++] = (struct handout_person){.id = person->id, .account = person->account};
    return CK_OK;
}

static enum ck_err check_word(const struct handout_report *report, const char *word,
                              struct ck_error *err)
{
    for (size_t i = 0; i < report->count; i++) {
        if (is_named(report->people[i].account.name, word))
            return CK_OK;
    }
    ck_error_set(err, CK_ERR_USAGE, "the ledger has no account '%.200s'", word);
    return ck_error_hint(err, "'cowkey rollout status' lists them.");
}

static enum ck_err find_people(struct handing *handing, struct ck_error *err)
{
    const char *const *words = option_arguments(handing->options);
    enum ck_err r = ck_ledger_walk_people(handing->ledger, take_person, handing, err);

    for (size_t i = 0; r == CK_OK && words[i] != NULL; i++)
        r = check_word(&handing->report, words[i], err);
    return r;
}

/* --- making --- */

/* How it is now. */
static enum ck_err look_at(struct handing *handing, struct handout_person *person,
                           struct ck_sheets_look *ret_look, struct ck_error *err)
{
    enum ck_err r = ck_sheets_look(&handing->sheets, person->id, ret_look, err);

    if (r != CK_OK)
        return r;
    person->work_left = ret_look->work_left;
    person->doubtful = ret_look->doubtful;
    person->pending = ret_look->pending;
    return CK_OK;
}

static enum ck_err make_one(struct handing *handing, struct handout_person *person,
                            struct ck_error *err)
{
    static const enum handout_result results[] = {
        [CK_SHEETS_NOTHING] = HANDOUT_NOTHING,
        [CK_SHEETS_AGAIN] = HANDOUT_BEFORE,
        [CK_SHEETS_EARLY] = HANDOUT_EARLY,
        [CK_SHEETS_READY] = HANDOUT_MADE,
    };
    struct ck_sheets_look look, after;
    enum ck_err r = look_at(handing, person, &look, err);

    if (r == CK_OK && look.state == CK_SHEETS_READY)
        r = ck_sheets_make(&handing->sheets, person->id, &person->files, err);
    if (r != CK_OK)
        return r;
    person->result = results[look.state];
    return look.state == CK_SHEETS_READY ? look_at(handing, person, &after, err) : CK_OK;
}

/* --- removing --- */

struct counting {
    const struct handout_report *report;
    size_t sheets, letters;
};

static int compare_id(const void *id, const void *person)
{
    int64_t one = *(const int64_t *)id, other = ((const struct handout_person *)person)->id;

    return (one > other) - (one < other);
}

/* They stand in the order of their numbers, as the ledger lists them. */
static bool has_person(const struct handout_report *report, int64_t id)
{
    return report->count > 0 &&
           bsearch(&id, report->people, report->count, sizeof(*report->people), compare_id) != NULL;
}

static enum ck_err count_sheet(void *data, const struct ck_ledger_sheet *sheet,
                               struct ck_error *err)
{
    struct counting *counting = data;

    (void)err;
    if (sheet->deleted_s != 0 || !has_person(counting->report, sheet->person))
        return CK_OK;
    if (sheet->kind == CK_SHEET_PERSON)
        counting->sheets++;
    else
        counting->letters++;
    return CK_OK;
}

static enum ck_err ask(struct handing *handing, struct ck_error *err)
{
    struct counting counting = {.report = &handing->report};
    enum ck_err r = ck_ledger_walk_sheets(handing->ledger, 0, count_sheet, &counting, err);

    if (r != CK_OK || counting.sheets + counting.letters == 0)
        return r;
    if (confirm_tells(handing->options))
        say_always("%zu sheet%s and %zu letter%s in '%s' will be removed, and the secrets there "
                   "that are on them. Who has no sheet on paper by then, and has not used it, has "
                   "to be enrolled anew.",
                   counting.sheets, counting.sheets == 1 ? "" : "s", counting.letters,
                   counting.letters == 1 ? "" : "s", handing->directory);
    return confirm(handing->options, "Remove them? [y/N] ", err);
}

/* What is pending still was on no sheet, or a run needs it. */
static enum ck_err delete_one(struct handing *handing, struct handout_person *person,
                              struct ck_error *err)
{
    struct ck_sheets_look look;
    enum ck_err r = ck_sheets_delete(&handing->sheets, person->id, &person->files, err);

    if (r != CK_OK)
        return r;
    person->result = person->files > 0 ? HANDOUT_DELETED : HANDOUT_NONE;
    return look_at(handing, person, &look, err);
}

/* --- the command --- */

static bool anything_done(const struct handout_report *report)
{
    bool done = false;

    for (size_t i = 0; i < report->count && !done; i++)
        done = report->people[i].files > 0;
    return done;
}

static int run(const struct options *options)
{
    CK_CLEANUP(handing_clear)
    struct handing handing = {
        .options = options,
        .report = {.options = options,
                   .deletes = option_given(options, OPTION_DELETE),
                   .started_s = clock_now_s()},
    };
    struct handout_report *report = &handing.report;
    struct ck_error err = {.code = CK_OK};
    enum ck_err r = open_all(&handing, &err);

    if (r == CK_OK)
        r = find_people(&handing, &err);
    if (r == CK_OK && report->deletes)
        r = ask(&handing, &err);
    for (size_t i = 0; i < report->count && r == CK_OK; i++)
        r = report->deletes ? delete_one(&handing, &report->people[i], &err)
                            : make_one(&handing, &report->people[i], &err);
    if (r != CK_OK && !anything_done(report))
        return report_error(option_given(options, OPTION_JSON), &err);
    return handout_report_print(report, &err);
}

static const enum option_id own_options[] = {OPTION_LEDGER, OPTION_HANDOUTS, OPTION_SEAL_TO,
                                             OPTION_DELETE, OPTION_COUNT};

const struct command command_rollout_handout = {
    .words = "rollout handout",
    .arguments = "[ACCOUNT...]",
    .summary = "sheets for the people of a roll-out: to be printed, and then removed",
    .options = own_options,
    .without_account = true,
    .run = run,
};
