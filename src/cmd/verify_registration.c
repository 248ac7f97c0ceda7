/* cowkey verify registration */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/webauthn/response.h"
#include "cowkey/webauthn/trust.h"
#include "document.h"
#include "output.h"
#include "record.h"
#include "target.h"
#include "verify.h"

/* What all registrations are judged by that bring nothing of their own. */
struct defaults {
    struct verify_terms terms;
    struct ck_trust *roots; /* NULL: any attestation will do */
    int64_t now_s;
};

static void defaults_clear(struct defaults *defaults)
{
    verify_terms_clear(&defaults->terms);
    ck_trust_free(&defaults->roots);
}

/* credential is there where reason is NULL, or about trust alone. */
struct verdict {
    const char *reason;
    const char *cause; /* of "attestation-root", in OpenSSL's words */
    bool credential_known;
    struct ck_credential credential;
};

static void verdict_clear(struct verdict *verdict)
{
    ck_credential_clear(&verdict->credential);
}

/* --- one registration --- */

/* Options that ask for what can be judged at all; they borrow from terms. */
static struct ck_creation_options options_of(const struct verify_terms *terms)
{
    struct ck_creation_options options = {
        .challenge = terms->challenge,
        .algorithms = {CK_COSE_ES256, CK_COSE_EDDSA, CK_COSE_ES384, CK_COSE_RS256},
        .algorithms_count = 4,
    };

    strcpy(options.rp_id, terms->rp_id);
    return options;
}

/* Step 24: with roots given, an attestation has to lead to one of them. */
static enum ck_err check_trust(const struct defaults *defaults, struct verdict *verdict,
                               struct ck_error *err)
{
    const struct ck_credential *credential = &verdict->credential;
    bool is_trusted;

    if (defaults->roots == NULL)
        return CK_OK;
    if (ck_trust_check(defaults->roots, credential->chain, credential->chain_count, defaults->now_s,
                       &is_trusted, &verdict->cause, err) != CK_OK)
        return err->code;
    if (!is_trusted)
        verdict->reason = "attestation-root";
    return CK_OK;
}

static enum ck_err judge(const struct defaults *defaults, const struct verify_terms *terms,
                         const struct ck_registration *registration, struct verdict *verdict,
                         struct ck_error *err)
{
    const struct ck_creation_options options = options_of(terms);
    const struct ck_registration_terms checked = {
        .options = &options,
        .any_challenge = terms->any_challenge,
        .origin = terms->origin,
        .user_verification_required = terms->user_verification_required,
    };

    if (ck_registration_verify(registration, &checked, &verdict->reason, &verdict->credential,
                               err) != CK_OK)
        return err->code;
    if (verify_is_malformed(verdict->reason, err))
        return err->code;
    verdict->credential_known = verdict->reason == NULL;
    return verdict->reason == NULL ? check_trust(defaults, verdict, err) : CK_OK;
}

static enum ck_err check_rp_id(const struct verify_terms *terms, struct ck_error *err)
{
    if (*terms->rp_id != '\0')
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "the server name that the key is for is not given");
    return ck_error_hint(err, "Give it with --rp-id: the host name, without https:// and port.");
}

static const char *kind_of_attestation(const struct ck_credential *credential)
{
    return credential->chain_count > 0                 ? "certified"
           : strcmp(credential->format, "packed") == 0 ? "self"
                                                       : "none";
}

/*
 * What is as sure as the attestation: all of the authenticator data, or, as U2F never had that, ID and
 * public key alone; NULL for none.
 */
static const char *signed_part(const struct ck_credential *credential)
{
    return strcmp(credential->format, "packed") == 0     ? "authenticator-data"
           : strcmp(credential->format, "fido-u2f") == 0 ? "credential"
                                                         : NULL;
}

/* --- a file --- */

static void add_credential(json_t *document, const struct defaults *defaults,
                           const struct verdict *verdict)
{
    const struct ck_credential *credential = &verdict->credential;
    char aaguid[CK_AAGUID_TEXT_MAX];

    ck_aaguid_format(credential->aaguid, aaguid);
    json_t *facts = json_pack(
        "{s:o, s:s, s:s, s:i, s:I, s:b, s:b, s:b, s:s, s:s?, s:o}", "credential_id",
        base64_json(&credential->id), "aaguid", aaguid, "fmt", credential->format, "alg",
        credential->algorithm, "sign_count", (json_int_t)credential->sign_count, "user_verified",
        credential->user_verified, "backup_eligible", credential->backup_eligible, "backed_up",
        credential->backed_up, "attestation", kind_of_attestation(credential), "attestation_signs",
        signed_part(credential), "attestation_trusted",
        defaults->roots == NULL ? json_null() : json_boolean(verdict->reason == NULL));
    json_object_update(document, facts);
    json_decref(facts);
}

static void print_document(const struct defaults *defaults, const struct verdict *verdict)
{
    json_t *document = json_pack(
        "{s:s, s:b, s:s?, s:s, s:o, s:o, s:b}", "schema", "cowkey.verify/1", "valid",
        verdict->reason == NULL, "reason", verdict->reason, "method", "registration", "rp_id",
        text_json(defaults->terms.rp_id), "origin", text_json(defaults->terms.origin),
        "challenge_checked", !defaults->terms.any_challenge);

    if (verdict->reason != NULL) {
        json_object_set_new(document, "explanation", json_string(verify_sentence(verdict->reason)));
        json_object_set_new(document, "advice", json_string(verify_advice(verdict->reason)));
    }
    if (verdict->cause != NULL)
        json_object_set_new(document, "cause", json_string(verdict->cause));
    if (verdict->credential_known)
        add_credential(document, defaults, verdict);
    print_json(document);
}

static void print_sentences(const struct options *options, const struct defaults *defaults,
                            const struct verdict *verdict)
{
    const struct ck_credential *credential = &verdict->credential;
    char aaguid[CK_AAGUID_TEXT_MAX];

    if (verdict->reason != NULL) {
        print_result("Not valid: %s%s%s.", verify_sentence(verdict->reason),
                     verdict->cause != NULL ? ": " : "",
                     verdict->cause != NULL ? verdict->cause : "");
        say(options, "%s", verify_advice(verdict->reason));
        return;
    }
    ck_aaguid_format(credential->aaguid, aaguid);
    print_result("Valid: a credential for %s; attestation %s (%s)%s, AAGUID %s, user %s.",
                 credential->rp_id, credential->format, kind_of_attestation(credential),
                 defaults->roots != NULL ? " and trusted" : "", aaguid,
                 credential->user_verified ? "verified" : "not verified");
    if (defaults->terms.any_challenge)
        say(options, "The challenge was not checked: the same response can be shown again.");
    if (defaults->roots == NULL && credential->chain_count > 0)
        say(options, "Whether its maker is who the certificate says was not checked: see --roots.");
    if (strcmp(credential->format, "fido-u2f") == 0)
        say(options,
            "A fido-u2f attestation signs the key and its ID, but not the AAGUID, the user's "
            "verification and the sign count.");
}

static enum ck_err read_response(const char *path, struct ck_registration *ret_registration,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    size_t size;

    if (document_read(path, VERIFY_FILE_MAX, &text, &size, err) != CK_OK ||
        ck_json_view_parse(&view, text, size, document_name(path), CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    return ck_response_read_registration(view.items, ret_registration, err) == CK_OK
               ? CK_OK
               : error_at(err, document_name(path));
}

static enum ck_err judge_file(const char *path, struct defaults *defaults, struct verdict *verdict,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};

    if (check_rp_id(&defaults->terms, err) != CK_OK ||
        verify_terms_complete(&defaults->terms, defaults->terms.rp_id, err) != CK_OK ||
        read_response(path, &registration, err) != CK_OK)
        return err->code;
    return judge(defaults, &defaults->terms, &registration, verdict, err) == CK_OK
               ? CK_OK
               : error_at(err, document_name(path));
}

static int verify_file(const struct options *options, const char *path, struct defaults *defaults)
{
    CK_CLEANUP(verdict_clear) struct verdict verdict = {0};
    const char *record = option_value(options, OPTION_CREDENTIAL_OUT);
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = ck_file_check_new(record, &err);
    if (r == CK_OK)
        r = judge_file(path, defaults, &verdict, &err);
    if (r == CK_OK && record != NULL && verdict.reason == NULL)
        r = record_write(record, &verdict.credential, json_object(), &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(defaults, &verdict);
    else
        print_sentences(options, defaults, &verdict);
    return verdict.reason == NULL ? 0 : 1;
}

/* --- a batch --- */

struct worker {
    const struct defaults *defaults;
    struct ck_json_view view;
};

static void *worker_new(const void *terms)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker != NULL)
        worker->defaults = terms;
    return worker;
}

static void worker_free(void *data)
{
    struct worker *worker = data;

    ck_json_view_clear(&worker->view);
    free(worker);
}

static void write_answer(const struct defaults *defaults, const struct verdict *verdict,
                         struct batch_answer *answer)
{
    const struct ck_credential *credential = &verdict->credential;
    char aaguid[CK_AAGUID_TEXT_MAX];

    answer->reason = verdict->reason;
    batch_put_text(answer, "method", "registration");
    if (!verdict->credential_known)
        return;
    CK_CLEANUP(ck_free_p)
    char *id = ck_base64_encode(CK_BASE64_URL, credential->id.data, credential->id.size);
    ck_aaguid_format(credential->aaguid, aaguid);
    batch_put_text(answer, "credential_id", id);
    batch_put_text(answer, "aaguid", aaguid);
    batch_put_text(answer, "fmt", credential->format);
    batch_put_number(answer, "alg", credential->algorithm);
    batch_put_number(answer, "sign_count", credential->sign_count);
    batch_put_bool(answer, "user_verified", credential->user_verified);
    batch_put_text(answer, "attestation", kind_of_attestation(credential));
    if (signed_part(credential) != NULL)
        batch_put_text(answer, "attestation_signs", signed_part(credential));
    else
        batch_put_null(answer, "attestation_signs");
    if (defaults->roots == NULL)
        batch_put_null(answer, "attestation_trusted");
    else
        batch_put_bool(answer, "attestation_trusted", verdict->reason == NULL);
}

static enum ck_err judge_line(void *data, char *text, size_t size, struct batch_answer *answer,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};
    CK_CLEANUP(verify_terms_clear) struct verify_terms terms = {0};
    CK_CLEANUP(verdict_clear) struct verdict verdict = {0};
    struct worker *worker = data;

    if (ck_json_view_parse(&worker->view, text, size, "the line", CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    const struct ck_json_item *line = worker->view.items;
    const struct ck_json_item *response = ck_json_view_find(line, "response");
    if (response == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'response' is missing");
    if (verify_terms_read_line(line, &worker->defaults->terms, &terms, err) != CK_OK ||
        check_rp_id(&terms, err) != CK_OK ||
        verify_terms_complete(&terms, terms.rp_id, err) != CK_OK)
        return err->code;
    if (ck_response_read_registration(response, &registration, err) != CK_OK)
        return error_at(err, "'response'");
    if (judge(worker->defaults, &terms, &registration, &verdict, err) != CK_OK)
        return err->code;
    write_answer(worker->defaults, &verdict, answer);
    return CK_OK;
}

static const struct batch_judge batch_judge = {
    .schema = "cowkey.verify/1",
    .worker_new = worker_new,
    .worker_free = worker_free,
    .judge = judge_line,
};

/* --- the command --- */

static enum ck_err read_roots(const char *path, struct ck_trust **ret_roots, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size;

    if (path == NULL)
        return CK_OK;
    if (document_read(path, CK_ROOTS_SIZE_MAX, &text, &size, err) != CK_OK)
        return err->code;
    return ck_trust_parse(text, size, ret_roots, err) == CK_OK ? CK_OK
                                                               : error_at(err, document_name(path));
}

static int run(const struct options *options)
{
    CK_CLEANUP(defaults_clear) struct defaults defaults = {.now_s = clock_now_s()};
    const char *path = NULL;
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = verify_find_file(options, &path, &err);
    if (r == CK_OK && path == NULL && option_given(options, OPTION_CREDENTIAL_OUT))
        r = ck_error_set(&err, CK_ERR_USAGE,
                         "--credential-out is for one registration, not for "
                         "--batch");
    if (r == CK_OK)
        r = verify_terms_read(options, &defaults.terms, &err);
    if (r == CK_OK)
        r = read_roots(option_value(options, OPTION_ROOTS), &defaults.roots, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    return path != NULL
               ? verify_file(options, path, &defaults)
               : batch_run(options, option_value(options, OPTION_BATCH), &batch_judge, &defaults);
}

static const enum option_id own_options[] = {
    OPTION_CREDENTIAL_OUT,    OPTION_RP_ID, OPTION_CHALLENGE, OPTION_ANY_CHALLENGE, OPTION_ORIGIN,
    OPTION_USER_VERIFICATION, OPTION_ROOTS, OPTION_BATCH,     OPTION_COUNT};

const struct command command_verify_registration = {
    .words = "verify registration",
    .arguments = "[FILE]",
    .summary = "is this registration of a security key right? no server needed",
    .options = own_options,
    .without_secrets = true,
    .run = run,
};
