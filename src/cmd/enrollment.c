/* Wishes and results of the enroll commands. */
#include "enrollment.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/random.h"
#include "cowkey/webauthn/credential.h"
#include "enroll_for.h"
#include "output.h"

static enum ck_err read_proof(const struct options *options, enum ck_evidence *ret_evidence,
                              struct ck_error *err)
{
    const char *how = option_value(options, OPTION_PROOF);

    if (how == NULL || strcmp(how, "login") == 0)
        *ret_evidence = CK_EVIDENCE_LOGIN;
    else if (strcmp(how, "recorded") == 0)
        *ret_evidence = CK_EVIDENCE_RECORDED;
    else
        return ck_error_set(err, CK_ERR_USAGE, "--proof takes login or recorded, not '%.100s'",
                            how);
    return CK_OK;
}

/* Random characters: two enrollments of one day must not be taken for one another. */
enum { MARK_SIZE = 4 };

static enum ck_err add_mark(char *end, struct ck_error *err)
{
    end[MARK_SIZE] = '\0';
    return ck_random_text("abcdefghjkmnpqrstuvwxyz23456789", MARK_SIZE, RAND_bytes, end, err);
}

static enum ck_err read_label(const struct options *options, char label[CK_FACTOR_LABEL_MAX],
                              struct ck_error *err)
{
    const char *given = option_value(options, OPTION_LABEL);

    if (given == NULL) {
        time_t now = (time_t)clock_now_s();
        struct tm parts;
        gmtime_r(&now, &parts);
        size_t size = strftime(label, CK_FACTOR_LABEL_MAX, "cowkey %Y-%m-%d ", &parts);
        return add_mark(label + size, err);
    }
    enum ck_err r = ck_factor_label_check(given, err);
    if (r == CK_OK)
        strcpy(label, given); /* checked: shorter than CK_FACTOR_LABEL_MAX */
    return r;
}

enum ck_err wish_read(const struct options *options, struct wish *wish, struct ck_error *err)
{
    wish->common =
        (struct ck_wish){.label = wish->label, .replace = option_value(options, OPTION_REPLACE)};
    enum ck_err r = read_proof(options, &wish->common.evidence, err);
    if (r == CK_OK)
        r = read_label(options, wish->label, err);
    if (r == CK_OK && wish->common.replace != NULL && wish->common.evidence != CK_EVIDENCE_LOGIN) {
        ck_error_set(err, CK_ERR_USAGE,
                     "--replace removes the old factor only once the new one is proved by a login");
        return ck_error_hint(err, "Leave out --proof recorded.");
    }
    return r;
}

static const char *result_name(enum ck_enroll_result result)
{
    static const char *const names[] = {[CK_ENROLL_FAILED] = "failed",
                                        [CK_ENROLL_UNKNOWN] = "unknown",
                                        [CK_ENROLL_RECORDED] = "recorded",
                                        [CK_ENROLL_ENROLLED] = "enrolled"};
    return names[result];
}

static const char *evidence_name(enum ck_evidence evidence)
{
    static const char *const names[] = {[CK_EVIDENCE_NONE] = "none",
                                        [CK_EVIDENCE_RECORDED] = "recorded",
                                        [CK_EVIDENCE_LOGIN] = "login"};
    return names[evidence];
}

static json_t *mail_programs_json(enum ck_mail_programs programs)
{
    static const char *const names[] = {[CK_MAIL_UNAFFECTED] = "unaffected",
                                        [CK_MAIL_APP_PASSWORDS] = "app-passwords",
                                        [CK_MAIL_WILL_STOP] = "will-stop",
                                        [CK_MAIL_NOT_VISIBLE] = "not-visible"};
    return json_string(names[programs]);
}

static json_t *id_json(uint64_t id)
{
    return id != 0 ? json_integer((json_int_t)id) : json_null();
}

/* A row number, or "pk:" and the first digits of a passkey. */
static json_t *factor_json(uint64_t id, const char *cid, int digits)
{
    return *cid != '\0' ? json_sprintf("pk:%.*s", digits, cid) : id_json(id);
}

static json_t *credential_json(const struct ck_credential *credential)
{
    CK_CLEANUP(ck_free_p)
    char *id = ck_base64_encode(CK_BASE64_URL, credential->id.data, credential->id.size);
    char aaguid[CK_AAGUID_TEXT_MAX];

    ck_aaguid_format(credential->aaguid, aaguid);
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:b, s:I}", "id", id != NULL ? id : "",
                     "aaguid", aaguid, "fmt", credential->format, "alg", credential->algorithm,
                     "rp_id", credential->rp_id, "user_verified", credential->user_verified,
                     "resident", credential->resident, "sign_count",
                     (json_int_t)credential->sign_count);
}

static const char *label_of(const struct enrollment_report *report)
{
    return *report->done->listed_as != '\0' ? report->done->listed_as : report->label;
}

static void print_document(const struct enrollment_report *report, const struct ck_error *err)
{
    const struct ck_enrollment *done = report->done;
    json_t *document = target_json("cowkey.enroll/1", report->target);

    json_object_set_new(document, "method", json_string(report->method));
    json_object_set_new(document, "label", text_json(label_of(report)));
    json_object_set_new(document, "result", json_string(result_name(done->result)));
    json_object_set_new(document, "proof", json_string(evidence_name(done->evidence)));
    json_object_set_new(
        document, "code_source",
        !done->code_known ? json_null() : json_string(done->code_computed ? "computed" : "person"));
    json_object_set_new(document, "factor_id",
                        factor_json(done->factor_id,
                                    done->evidence != CK_EVIDENCE_NONE ? done->cid : "",
                                    done->cid_digits));
    json_object_set_new(document, "replaced_id",
                        factor_json(done->replaced_id, done->replaced_cid, done->cid_digits));
    json_object_set_new(document, "forced", done->forced ? json_true() : json_null());
    json_object_set_new(document, "mail_programs", mail_programs_json(done->mail_programs));
    json_object_set_new(document, "app_password_id",
                        done->app_password_id != 0 ? json_sprintf("%" PRIu64, done->app_password_id)
                                                   : json_null());
    json_object_set_new(document, "clock_offset_s",
                        done->clock_known ? json_integer(done->clock_offset_s) : json_null());
    json_object_set_new(document, "password_changed",
                        json_boolean(report->target->login.password_changed));
    if (report->enroll_for != NULL)
        enroll_for_add_members(report->enroll_for, document);
    json_object_set_new(document, "started", time_json(report->started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    if (done->credential_known)
        json_object_set_new(document, "credential", credential_json(&done->credential));
    if (report->otpauth != NULL)
        json_object_set_new(document, "otpauth", json_string(ck_secret_bytes(report->otpauth)));
    if (err->code != CK_OK)
        json_object_set_new(document, "error", error_json(err));
    print_json(document);
}

static void print_sentences(const struct enrollment_report *report)
{
    const struct ck_enrollment *done = report->done;
    const char *account = report->target->account.name;
    char id[32];

    if (*done->cid != '\0')
        snprintf(id, sizeof(id), "pk:%.*s", done->cid_digits, done->cid);
    else
        snprintf(id, sizeof(id), "%" PRIu64, done->factor_id);
    if (done->result == CK_ENROLL_ENROLLED)
        print_result("Enrolled: a fresh login of %s with '%s' (ID %s) worked.", account,
                     label_of(report), id);
    else if (done->result == CK_ENROLL_RECORDED)
        print_result(
            "Recorded: the server lists '%s' (ID %s) for %s. It was not proved by a login.",
            label_of(report), id, account);
    if (done->replaced_id != 0)
        print_result("Removed: the old factor (ID %" PRIu64 ").", done->replaced_id);
    if (*done->replaced_cid != '\0')
        print_result("Removed: the old passkey (ID pk:%.*s).", done->cid_digits,
                     done->replaced_cid);
    if (done->app_password_id != 0)
        print_result("Made: an app password (ID %" PRIu64 ") for mail programs.",
                     done->app_password_id);
    if (done->result == CK_ENROLL_ENROLLED)
        say(report->options,
            "Keep a second way in: what is lost locks the account until an admin helps.");
    if (*done->listed_as != '\0')
        say_always("The server did not take the name '%s'.", report->label);
    if (report->enroll_for != NULL)
        enroll_for_print(report->enroll_for);
    if (done->credential_known && done->result >= CK_ENROLL_RECORDED)
        say(report->options, "The key works under the server name %s only.",
            done->credential.rp_id);
}

int enrollment_report(const struct enrollment_report *report, const struct ck_error *err)
{
    bool json = option_given(report->options, OPTION_JSON);

    if (err->code != CK_OK && !report->done->submitted &&
        !report->target->login.password_submitted && !enroll_for_changed(report->enroll_for))
        return report_error(json, err);
    if (json)
        print_document(report, err);
    else
        print_sentences(report);
    return err->code != CK_OK ? say_error(err) : (int)CK_OK;
}
