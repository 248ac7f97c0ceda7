/* cowkey verify key */
#include <jansson.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/assertion.h"
#include "key_command.h"
#include "output.h"
#include "record.h"
#include "verify.h"

enum { CHALLENGE_SIZE = 32 };

/* A key that does not even know the credential signs nothing that could be judged. */
static const char another_key[] = "another-key";

/* Which credential it has to be, what the key was asked, and what came of it. */
struct check {
    const struct options *options;
    enum ck_user_verification user_verification;
    struct ck_credential credential;
    uint8_t challenge[CHALLENGE_SIZE];
    struct ck_assertion assertion;
    const char *reason; /* NULL: it is the one */
    bool data_known;
    struct ck_authenticator_data data;
};

static void check_clear(struct check *check)
{
    ck_credential_clear(&check->credential);
    ck_assertion_clear(&check->assertion);
    ck_authenticator_data_clear(&check->data);
}

static enum ck_err read_options(struct check *check, struct ck_error *err)
{
    const char *how = option_value(check->options, OPTION_USER_VERIFICATION);
    const char *record = option_value(check->options, OPTION_CREDENTIAL);

    if (how == NULL || strcmp(how, "preferred") == 0)
        check->user_verification = CK_UV_PREFERRED;
    else if (strcmp(how, "required") == 0)
        check->user_verification = CK_UV_REQUIRED;
    else if (strcmp(how, "discouraged") == 0)
        check->user_verification = CK_UV_DISCOURAGED;
    else
        return ck_error_set(err, CK_ERR_USAGE,
                            "--user-verification takes required, preferred or discouraged, not "
                            "'%.100s'",
                            how);
    if (record != NULL)
        return record_read(record, &check->credential, err);
    ck_error_set(err, CK_ERR_USAGE, "there is no credential to check the key against");
    return ck_error_hint(err, "Give its record, as enroll --credential-out wrote it, with "
                              "--credential.");
}

/* As a browser does: preferred means that who can be verified is. */
static enum ck_verification verification(const struct check *check, const struct ck_key_info *info)
{
    bool able = info->built_in_uv || info->pin == CK_PIN_SET;

    if (check->user_verification == CK_UV_REQUIRED)
        return CK_VERIFY_ALWAYS;
    return check->user_verification == CK_UV_PREFERRED && able ? CK_VERIFY_ALWAYS
                                                               : CK_VERIFY_IF_NEEDED;
}

static enum ck_err judge(struct check *check, const struct ck_bytes *challenge, const char *origin,
                         struct ck_error *err)
{
    const struct ck_assertion_terms terms = {
        .challenge = challenge,
        .rp_id = check->credential.rp_id,
        .origin = origin,
        .user_verification_required = check->user_verification == CK_UV_REQUIRED,
    };
    const struct ck_bytes *bytes = &check->assertion.authenticator_data;

    if (check->credential.user_id.size == 0) /* there is nothing to compare it with */
        ck_bytes_clear(&check->assertion.user_handle);
    enum ck_err r =
        ck_assertion_verify(&check->assertion, &check->credential, &terms, &check->reason, err);
    if (r != CK_OK)
        return r;
    struct ck_error unread; /* that is a reason by then */
    check->data_known =
        ck_authenticator_data_parse(bytes->data, bytes->size, &check->data, &unread) == CK_OK;
    return CK_OK;
}

static enum ck_err ask(struct check *check, struct key_command *command, struct ck_error *err)
{
    const struct ck_bytes challenge = {.data = check->challenge, .size = CHALLENGE_SIZE};
    struct ck_request_options request = {
        .challenge = challenge,
        .allow = &check->credential.id,
        .allow_count = 1,
        .user_verification = check->user_verification,
    };
    char origin[CK_HOST_MAX + sizeof("https://")];

    snprintf(request.rp_id, sizeof(request.rp_id), "%s", check->credential.rp_id);
    snprintf(origin, sizeof(origin), "https://%s", check->credential.rp_id);
    if (RAND_bytes(check->challenge, CHALLENGE_SIZE) != 1)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the system gave no random numbers");
    enum ck_err r =
        ck_key_sign(command->key, &request, origin, verification(check, &command->described.info),
                    NULL, NULL, &check->assertion, err);
    if (r == CK_OK)
        return judge(check, &challenge, origin, err);
    if (!ck_key_lacks_credential(command->key))
        return r;
    check->reason = another_key;
    return CK_OK;
}

/* --- the verdict --- */

static const char *sentence(const char *reason)
{
    return reason == another_key
               ? "it is another key, or was reset since: it does not know the credential"
               : verify_sentence(reason);
}

static const char *advice(const char *reason)
{
    return reason == another_key ? "Plug in the key that was registered; of one that was reset "
                                   "remove the registration, and register it anew."
                                 : verify_advice(reason);
}

static void print_document(const struct check *check, const struct ck_plugged_key *key)
{
    CK_CLEANUP(ck_free_p)
    char *id =
        ck_base64_encode(CK_BASE64_URL, check->credential.id.data, check->credential.id.size);
    json_t *document = json_pack(
        "{s:s, s:b, s:s?, s:s, s:s, s:o, s:o}", "schema", "cowkey.verify/1", "valid",
        check->reason == NULL, "reason", check->reason, "method", "key", "credential_id",
        id != NULL ? id : "", "rp_id", text_json(check->credential.rp_id), "key", key_json(key));

    if (check->reason != NULL) {
        json_object_set_new(document, "explanation", json_string(sentence(check->reason)));
        json_object_set_new(document, "advice", json_string(advice(check->reason)));
    }
    if (check->data_known) {
        json_object_set_new(document, "user_verified",
                            json_boolean(check->data.flags & CK_FLAG_USER_VERIFIED));
        json_object_set_new(document, "sign_count", json_integer(check->data.sign_count));
    }
    print_json(document);
}

static void print_sentences(const struct check *check, const struct ck_plugged_key *key)
{
    CK_CLEANUP(ck_free_p) char *title = key_title(key);
    const char *name = title != NULL ? title : key->path;

    if (check->reason == NULL) {
        print_result("Yes: %s holds this credential for %s; user %s.", name,
                     check->credential.rp_id,
                     check->data.flags & CK_FLAG_USER_VERIFIED ? "verified" : "not verified");
    } else {
        print_result("No: %s: %s.", name, sentence(check->reason));
        say(check->options, "%s", advice(check->reason));
    }
}

static int run(const struct options *options)
{
    CK_CLEANUP(check_clear) struct check check = {.options = options};
    CK_CLEANUP(key_command_clear) struct key_command command;
    struct ck_error err = {.code = CK_OK};

    key_command_init(&command, options);
    enum ck_err r = read_options(&check, &err);
    if (r == CK_OK)
        r = key_command_open(&command, &err);
    if (r == CK_OK)
        r = ask(&check, &command, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&check, &command.described);
    else
        print_sentences(&check, &command.described);
    return check.reason == NULL ? 0 : 1;
}

static const enum option_id own_options[] = {OPTION_CREDENTIAL, OPTION_USER_VERIFICATION,
                                             OPTION_COUNT};

const struct command command_verify_key = {
    .words = "verify key",
    .summary = "is the key that is plugged in the one of this credential?",
    .options = own_options,
    .run = run,
};
