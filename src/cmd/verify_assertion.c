/* cowkey verify assertion */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/response.h"
#include "document.h"
#include "kept_keys.h"
#include "output.h"
#include "record.h"
#include "verify.h"

/* What all assertions are judged by that bring nothing of their own. */
struct defaults {
    struct verify_terms terms;
    bool has_credential;
    bool is_bare_key; /* there is a key and a name, and no record */
    struct ck_credential credential;
};

static void defaults_clear(struct defaults *defaults)
{
    verify_terms_clear(&defaults->terms);
    ck_credential_clear(&defaults->credential);
}

/* One verdict, and what is reported besides. */
struct verdict {
    const char *reason;
    bool data_known; /* the authenticator data could be read */
    struct ck_authenticator_data data;
    int algorithm;
};

struct worker {
    const struct defaults *defaults;
    struct ck_json_view view;
    struct kept_keys keys;
};

static void worker_clear(struct worker *worker)
{
    kept_keys_clear(&worker->keys);
    ck_json_view_clear(&worker->view);
}

/* --- one assertion --- */

/* A bare key has none: the terms, those of a line first, say which it is for. */
static const char *rp_id_of(const struct ck_credential *credential, bool is_bare_key,
                            const struct verify_terms *terms)
{
    return is_bare_key ? terms->rp_id : credential->rp_id;
}

/*
 * assertion loses what there is nothing to compare with: the user handle where the record has none,
 * and for a bare key the credential's ID too.
 */
static enum ck_err judge(struct worker *worker, struct ck_assertion *assertion,
                         const struct ck_credential *credential, bool is_bare_key,
                         const struct verify_terms *terms, struct verdict *verdict,
                         struct ck_error *err)
{
    struct ck_credential expected = *credential; /* borrows */
    const struct ck_bytes *bytes = &assertion->authenticator_data;
    const struct ck_assertion_terms checked = {
        .challenge = terms->any_challenge ? NULL : &terms->challenge,
        .rp_id = rp_id_of(credential, is_bare_key, terms),
        .origin = terms->origin,
        .user_verification_required = terms->user_verification_required,
    };
    const struct ck_cose_key *key = NULL;

    if (kept_keys_find(&worker->keys, credential, &key, err) != CK_OK)
        return error_at(err, "public_key");
    if (terms->last_count_given)
        expected.sign_count = terms->last_count;
    if (is_bare_key)
        expected.id = assertion->credential_id;
    if (credential->user_id.size == 0)
        ck_bytes_clear(&assertion->user_handle);
    if (ck_assertion_verify_by(key, assertion, &expected, &checked, &verdict->reason, err) != CK_OK)
        return err->code;
    if (verify_is_malformed(verdict->reason, err))
        return err->code;
    verdict->algorithm = ck_cose_key_algorithm(key);
    verdict->data_known =
        ck_authenticator_data_parse(bytes->data, bytes->size, &verdict->data, err) == CK_OK;
    return CK_OK;
}

/* --- credentials --- */

static enum ck_err from_pem(const char *path, struct ck_bytes *ret_public_key, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    size_t size;

    if (document_read(path, CK_PEM_MAX, &text, &size, err) != CK_OK)
        return err->code;
    return ck_cose_from_pem(text, size, ret_public_key, err) == CK_OK
               ? CK_OK
               : error_at(err, document_name(path));
}

/* The credential of the options; a batch may do without. */
static enum ck_err read_credential(const struct options *options, struct defaults *defaults,
                                   struct ck_error *err)
{
    const char *record = option_value(options, OPTION_CREDENTIAL);
    const char *pem = option_value(options, OPTION_PUBLIC_KEY);
    const char *rp_id = defaults->terms.rp_id;

    if (record != NULL && pem != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "give one of --credential and --public-key");
    if (record != NULL && *rp_id != '\0')
        return ck_error_set(err, CK_ERR_USAGE,
                            "--rp-id belongs to --public-key; the record says its own");
    if (pem != NULL && *rp_id == '\0')
        return ck_error_set(err, CK_ERR_USAGE, "--public-key needs --rp-id");
    defaults->has_credential = record != NULL || pem != NULL;
    defaults->is_bare_key = pem != NULL;
    if (record != NULL)
        return record_read(record, &defaults->credential, err);
    if (pem != NULL) {
        strcpy(defaults->credential.rp_id, rp_id);
        return from_pem(pem, &defaults->credential.public_key, err);
    }
    if (option_given(options, OPTION_BATCH))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "there is no credential to check the response against");
    return ck_error_hint(err, "Give its record with --credential, or its public key with "
                              "--public-key and the server's name with --rp-id.");
}

static enum ck_err read_defaults(const struct options *options, struct defaults *defaults,
                                 struct ck_error *err)
{
    if (verify_terms_read(options, &defaults->terms, err) != CK_OK)
        return err->code;
    return read_credential(options, defaults, err);
}

/* --- a file --- */

static void print_document(const struct ck_assertion *assertion, const struct defaults *defaults,
                           const struct verdict *verdict)
{
    json_t *document = json_pack(
        "{s:s, s:b, s:s?, s:s, s:o, s:o, s:o, s:b, s:i}", "schema", "cowkey.verify/1", "valid",
        verdict->reason == NULL, "reason", verdict->reason, "method", "assertion", "credential_id",
        base64_json(&assertion->credential_id), "rp_id", text_json(defaults->credential.rp_id),
        "origin", text_json(defaults->terms.origin), "challenge_checked",
        !defaults->terms.any_challenge, "alg", verdict->algorithm);

    if (verdict->reason != NULL) {
        json_object_set_new(document, "explanation", json_string(verify_sentence(verdict->reason)));
        json_object_set_new(document, "advice", json_string(verify_advice(verdict->reason)));
    }
    if (verdict->data_known) {
        const struct ck_authenticator_data *data = &verdict->data;
        json_t *facts =
            json_pack("{s:I, s:b, s:b, s:b, s:b}", "sign_count", (json_int_t)data->sign_count,
                      "user_present", (data->flags & CK_FLAG_USER_PRESENT) != 0, "user_verified",
                      (data->flags & CK_FLAG_USER_VERIFIED) != 0, "backup_eligible",
                      (data->flags & CK_FLAG_BACKUP_ELIGIBLE) != 0, "backed_up",
                      (data->flags & CK_FLAG_BACKED_UP) != 0);
        json_object_update(document, facts);
        json_decref(facts);
    }
    print_json(document);
}

static void print_sentences(const struct options *options, const struct defaults *defaults,
                            const struct verdict *verdict)
{
    if (verdict->reason != NULL) {
        print_result("Not valid: %s.", verify_sentence(verdict->reason));
        say(options, "%s", verify_advice(verdict->reason));
        return;
    }
    print_result("Valid: signed by the credential's key for %s; sign count %u, user %s.",
                 defaults->credential.rp_id, verdict->data.sign_count,
                 (verdict->data.flags & CK_FLAG_USER_VERIFIED) != 0 ? "verified" : "not verified");
    if (defaults->terms.any_challenge)
        say(options, "The challenge was not checked: the same response can be shown again.");
}

static enum ck_err read_response(const char *path, struct ck_assertion *ret_assertion,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    size_t size;

    if (document_read(path, VERIFY_FILE_MAX, &text, &size, err) != CK_OK ||
        ck_json_view_parse(&view, text, size, document_name(path), CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    return ck_response_read_assertion(view.items, ret_assertion, err) == CK_OK
               ? CK_OK
               : error_at(err, document_name(path));
}

static int verify_file(const struct options *options, const char *path, struct defaults *defaults)
{
    CK_CLEANUP(ck_assertion_clear) struct ck_assertion assertion = {0};
    CK_CLEANUP(worker_clear) struct worker worker = {.defaults = defaults};
    struct verdict verdict = {0};
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = verify_terms_complete(&defaults->terms, defaults->credential.rp_id, &err);
    if (r == CK_OK)
        r = read_response(path, &assertion, &err);
    if (r == CK_OK) {
        r = judge(&worker, &assertion, &defaults->credential, defaults->is_bare_key,
                  &defaults->terms, &verdict, &err);
        if (r == CK_ERR_USAGE && verdict.reason != NULL)
            error_at(&err, document_name(path));
    }
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&assertion, defaults, &verdict);
    else
        print_sentences(options, defaults, &verdict);
    ck_authenticator_data_clear(&verdict.data);
    return verdict.reason == NULL ? 0 : 1;
}

/* --- a batch --- */

static void *worker_new(const void *terms)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker != NULL)
        worker->defaults = terms;
    return worker;
}

static void worker_free(void *worker)
{
    worker_clear(worker);
    free(worker);
}

/* A line that names another server than the record must not get an answer about the record's. */
static enum ck_err check_rp_id(const struct ck_json_item *line,
                               const struct ck_credential *credential, struct ck_error *err)
{
    const struct ck_json_item *rp_id = ck_json_view_find(line, "rp_id");

    if (rp_id == NULL || ck_json_item_is(rp_id, credential->rp_id))
        return CK_OK;
    return ck_error_set(err, CK_ERR_USAGE, "'rp_id' is not that of the credential's record");
}

/* The line's credential: a record or a key of its own, else that of the options, which is borrowed. */
static enum ck_err find_credential(const struct worker *worker, const struct ck_json_item *line,
                                   const struct verify_terms *terms, struct ck_credential *own,
                                   const struct ck_credential **ret_credential, bool *ret_is_bare,
                                   struct ck_error *err)
{
    const struct ck_json_item *record = ck_json_view_find(line, "credential");
    const struct ck_json_item *pem = ck_json_view_find(line, "public_key_pem");
    char text[CK_PEM_MAX];
    size_t size;

    *ret_credential = own;
    *ret_is_bare = record == NULL && pem != NULL;
    if (record != NULL && pem != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "give one of 'credential' and 'public_key_pem'");
    if (record != NULL)
        return ck_credential_from_json(record, own, err) == CK_OK ? check_rp_id(line, own, err)
                                                                  : error_at(err, "'credential'");
    if (pem != NULL) {
        if (pem->kind != CK_JSON_STRING || !ck_json_item_copy(pem, text, sizeof(text), &size))
            return ck_error_set(err, CK_ERR_USAGE, "'public_key_pem' is not text of up to %d bytes",
                                CK_PEM_MAX - 1);
        if (*terms->rp_id == '\0')
            return ck_error_set(err, CK_ERR_USAGE, "'public_key_pem' needs 'rp_id'");
        strcpy(own->rp_id, terms->rp_id);
        return ck_cose_from_pem(text, size, &own->public_key, err) == CK_OK
                   ? CK_OK
                   : error_at(err, "'public_key_pem'");
    }
    if (!worker->defaults->has_credential)
        return ck_error_set(err, CK_ERR_USAGE, "'credential' is missing");
    *ret_credential = &worker->defaults->credential;
    *ret_is_bare = worker->defaults->is_bare_key;
    return *ret_is_bare ? CK_OK : check_rp_id(line, *ret_credential, err);
}

static void write_answer(const struct ck_json_item *response, const struct verdict *verdict,
                         struct batch_answer *answer)
{
    char id[2 * CK_CREDENTIAL_ID_MAX] = "";

    answer->reason = verdict->reason;
    ck_json_item_copy(ck_json_view_find(response, "id"), id, sizeof(id), NULL);
    batch_put_text(answer, "method", "assertion");
    batch_put_text(answer, "credential_id", id);
    if (!verdict->data_known)
        return;
    batch_put_number(answer, "sign_count", verdict->data.sign_count);
    batch_put_bool(answer, "user_verified", (verdict->data.flags & CK_FLAG_USER_VERIFIED) != 0);
}

static enum ck_err judge_line(void *data, char *text, size_t size, struct batch_answer *answer,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_assertion_clear) struct ck_assertion assertion = {0};
    CK_CLEANUP(ck_credential_clear) struct ck_credential own;
    CK_CLEANUP(verify_terms_clear) struct verify_terms terms;
    struct worker *worker = data;
    const struct ck_credential *credential = NULL;
    struct verdict verdict;
    bool is_bare_key = false;

    memset(&own, 0, sizeof(own));
    terms.challenge = (struct ck_bytes){0};
    verdict.data.credential_id = verdict.data.public_key = (struct ck_bytes){0};
    if (ck_json_view_parse(&worker->view, text, size, "the line", CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    const struct ck_json_item *line = worker->view.items;
    const struct ck_json_item *response = ck_json_view_find(line, "response");
    if (response == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'response' is missing");
    if (verify_terms_read_line(line, &worker->defaults->terms, &terms, err) != CK_OK ||
        find_credential(worker, line, &terms, &own, &credential, &is_bare_key, err) != CK_OK ||
        verify_terms_complete(&terms, rp_id_of(credential, is_bare_key, &terms), err) != CK_OK)
        return err->code;
    if (ck_response_read_assertion(response, &assertion, err) != CK_OK)
        return error_at(err, "'response'");
    if (judge(worker, &assertion, credential, is_bare_key, &terms, &verdict, err) != CK_OK)
        return err->code;
    write_answer(response, &verdict, answer);
    ck_authenticator_data_clear(&verdict.data);
    return CK_OK;
}

static const struct batch_judge batch_judge = {
    .schema = "cowkey.verify/1",
    .worker_new = worker_new,
    .worker_free = worker_free,
    .judge = judge_line,
};

/* --- the command --- */

static int run(const struct options *options)
{
    CK_CLEANUP(defaults_clear) struct defaults defaults = {0};
    const char *path = NULL;
    struct ck_error err = {.code = CK_OK};

    enum ck_err r = verify_find_file(options, &path, &err);
    if (r == CK_OK)
        r = read_defaults(options, &defaults, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    return path != NULL
               ? verify_file(options, path, &defaults)
               : batch_run(options, option_value(options, OPTION_BATCH), &batch_judge, &defaults);
}

static const enum option_id own_options[] = {OPTION_CREDENTIAL,
                                             OPTION_PUBLIC_KEY,
                                             OPTION_RP_ID,
                                             OPTION_CHALLENGE,
                                             OPTION_ANY_CHALLENGE,
                                             OPTION_ORIGIN,
                                             OPTION_USER_VERIFICATION,
                                             OPTION_LAST_COUNT,
                                             OPTION_BATCH,
                                             OPTION_COUNT};

const struct command command_verify_assertion = {
    .words = "verify assertion",
    .arguments = "[FILE]",
    .summary = "is this login with a security key right? no server needed",
    .options = own_options,
    .without_secrets = true,
    .run = run,
};
