/* cowkey prove totp */
#include <inttypes.h>
#include <jansson.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/proof.h"
#include "output.h"
#include "person.h"
#include "target.h"

enum { STATUS_NO = 1 };

/* Why the answer is no; NULL when it is yes. */
static const char *reason_name(enum ck_verdict verdict)
{
    switch (verdict) {
    case CK_VERDICT_REFUSED:
        return "refused";
    case CK_VERDICT_NOT_ASKED:
        return "not-asked";
    case CK_VERDICT_NOT_LISTED:
        return "not-listed";
    default:
        return NULL;
    }
}

static void print_document(const struct target *target, const struct ck_proving *proving,
                           int64_t started_s)
{
    const char *reason = reason_name(proving->verdict);
    json_t *document = target_json("cowkey.prove/1", target);

    json_object_set_new(document, "method", json_string("totp"));
    json_object_set_new(document, "factor_id",
                        proving->id != 0 ? json_integer((json_int_t)proving->id) : json_null());
    json_object_set_new(document, "result", json_string(reason == NULL ? "accepted" : "refused"));
    json_object_set_new(document, "reason", reason != NULL ? json_string(reason) : json_null());
    json_object_set_new(document, "code_source",
                        proving->id == 0 ? json_null()
                                         : json_string(proving->computed ? "computed" : "person"));
    json_object_set_new(document, "started", time_json(started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    print_json(document);
}

static void print_sentence(const struct target *target, const struct ck_proving *proving)
{
    uint64_t id = proving->id;
    const char *name = target->account.name;

    switch (proving->verdict) {
    case CK_VERDICT_ACCEPTED:
        print_result("Yes: a fresh login of %s with the factor with ID %" PRIu64 " worked.", name,
                     id);
        break;
    case CK_VERDICT_REFUSED:
        print_result("No: the server refused the code of the factor with ID %" PRIu64
                     ". Nothing was changed.",
                     id);
        say_always("  A wrong clock looks like this too: compare 'cowkey code' with the app.");
        break;
    case CK_VERDICT_NOT_ASKED:
        print_result("No: the server did not ask %s for a second factor at login.", name);
        break;
    default:
        print_result("No: the server asked %s for a second factor, but not for this one.", name);
        break;
    }
}

static int run(const struct options *options)
{
    CK_CLEANUP(target_clear) struct target target = {0};
    struct speaker speaker = {.options = options};
    struct ck_person person = person_new(&speaker);
    struct ck_proving proving;
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    enum ck_err r = target_read(options, &person, &target, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = ck_prove_existing_totp(&target.login, &proving, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&target, &proving, started_s);
    else
        print_sentence(&target, &proving);
    return proving.verdict == CK_VERDICT_ACCEPTED ? 0 : STATUS_NO;
}

const struct command command_prove_totp = {
    .words = "prove totp",
    .id = COMMAND_PROVE_TOTP,
    .summary = "does this TOTP factor log in, now? changes nothing",
    .online = true,
    .run = run,
};
