/* Terms and words of the commands that verify a WebAuthn response. */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "document.h"

/* --- terms --- */

void verify_terms_clear(struct verify_terms *terms)
{
    ck_bytes_clear(&terms->challenge);
}

static enum ck_err decode_challenge(const char *text, size_t size, const char *what,
                                    struct ck_bytes *ret_challenge, struct ck_error *err)
{
    struct ck_bytes challenge;

    if (ck_base64_decode(CK_BASE64_URL, text, size, what, CK_ERR_USAGE, &challenge, err) != CK_OK)
        return err->code;
    if (challenge.size == 0 || challenge.size > CK_CHALLENGE_MAX) {
        ck_error_set(err, CK_ERR_USAGE, "%s has %zu bytes and not 1 to %d", what, challenge.size,
                     CK_CHALLENGE_MAX);
        ck_bytes_clear(&challenge);
        return err->code;
    }
    *ret_challenge = challenge;
    return CK_OK;
}

static enum ck_err read_verification(const char *how, const char *what, bool *ret_required,
                                     struct ck_error *err)
{
    if (strcmp(how, "required") != 0 && strcmp(how, "preferred") != 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s is required or preferred, not '%.100s'", what,
                            how);
    *ret_required = strcmp(how, "required") == 0;
    return CK_OK;
}

static enum ck_err copy_option(const struct options *options, enum option_id option, char *to,
                               size_t size_max, struct ck_error *err)
{
    const char *value = option_value(options, option);

    if (value == NULL)
        return CK_OK;
    if (*value == '\0' || strlen(value) >= size_max)
        return ck_error_set(err, CK_ERR_USAGE, "--%s has %zu bytes and not 1 to %zu",
                            option_name(option), strlen(value), size_max - 1);
    strcpy(to, value);
    return CK_OK;
}

static enum ck_err read_count(const char *text, uint32_t *ret_count, struct ck_error *err)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || strlen(text) > 10 || number > UINT32_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "--last-count is 0 to %lu, not '%.100s'",
                            (unsigned long)UINT32_MAX, text);
    *ret_count = (uint32_t)number;
    return CK_OK;
}

enum ck_err verify_terms_read(const struct options *options, struct verify_terms *terms,
                              struct ck_error *err)
{
    const char *challenge = option_value(options, OPTION_CHALLENGE);
    const char *how = option_value(options, OPTION_USER_VERIFICATION);
    const char *count = option_value(options, OPTION_LAST_COUNT);

    terms->any_challenge = option_given(options, OPTION_ANY_CHALLENGE);
    if (terms->any_challenge && challenge != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "give one of --challenge and --any-challenge");
    if (challenge != NULL && decode_challenge(challenge, strlen(challenge), "--challenge",
                                              &terms->challenge, err) != CK_OK)
        return err->code;
    if (how != NULL && read_verification(how, "--user-verification",
                                         &terms->user_verification_required, err) != CK_OK)
        return err->code;
    terms->last_count_given = count != NULL;
    if (count != NULL && read_count(count, &terms->last_count, err) != CK_OK)
        return err->code;
    if (copy_option(options, OPTION_RP_ID, terms->rp_id, sizeof(terms->rp_id), err) != CK_OK)
        return err->code;
    return copy_option(options, OPTION_ORIGIN, terms->origin, sizeof(terms->origin), err);
}

/* --- the terms of a line --- */

static enum ck_err copy_member(const struct ck_json_item *line, const char *key, char *to,
                               size_t size_max, struct ck_error *err)
{
    const struct ck_json_item *item = ck_json_view_find(line, key);

    if (item == NULL)
        return CK_OK;
    if (item->kind != CK_JSON_STRING || item->size == 0 ||
        !ck_json_item_copy(item, to, size_max, NULL))
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is not text of 1 to %zu bytes", key,
                            size_max - 1);
    return CK_OK;
}

static enum ck_err read_line_count(const struct ck_json_item *line, struct verify_terms *terms,
                                   struct ck_error *err)
{
    const struct ck_json_item *item = ck_json_view_find(line, "last_count");

    if (item == NULL)
        return CK_OK;
    if (item->kind != CK_JSON_INTEGER || ck_json_item_integer(item) < 0 ||
        ck_json_item_integer(item) > UINT32_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "'last_count' is not a whole number of 0 to %lu",
                            (unsigned long)UINT32_MAX);
    terms->last_count_given = true;
    terms->last_count = (uint32_t)ck_json_item_integer(item);
    return CK_OK;
}

static enum ck_err read_line_challenge(const struct ck_json_item *line,
                                       const struct verify_terms *defaults,
                                       struct ck_bytes *ret_challenge, struct ck_error *err)
{
    const struct ck_json_item *item = ck_json_view_find(line, "challenge");

    if (item == NULL)
        return ck_bytes_copy(defaults->challenge.data, defaults->challenge.size, ret_challenge,
                             err);
    if (item->kind != CK_JSON_STRING)
        return ck_error_set(err, CK_ERR_USAGE, "'challenge' is not text");
    return decode_challenge(item->text, item->size, "'challenge'", ret_challenge, err);
}

enum ck_err verify_terms_read_line(const struct ck_json_item *line,
                                   const struct verify_terms *defaults, struct verify_terms *terms,
                                   struct ck_error *err)
{
    char how[16] = "";

    /* --any-challenge is for the lines without a challenge of their own. */
    terms->any_challenge = defaults->any_challenge && ck_json_view_find(line, "challenge") == NULL;
    terms->user_verification_required = defaults->user_verification_required;
    terms->last_count_given = defaults->last_count_given;
    terms->last_count = defaults->last_count;
    strcpy(terms->rp_id, defaults->rp_id);
    strcpy(terms->origin, defaults->origin);
    if (copy_member(line, "user_verification", how, sizeof(how), err) != CK_OK ||
        (*how != '\0' && read_verification(how, "'user_verification'",
                                           &terms->user_verification_required, err) != CK_OK) ||
        read_line_count(line, terms, err) != CK_OK ||
        copy_member(line, "rp_id", terms->rp_id, sizeof(terms->rp_id), err) != CK_OK ||
        copy_member(line, "origin", terms->origin, sizeof(terms->origin), err) != CK_OK)
        return err->code;
    return read_line_challenge(line, defaults, &terms->challenge, err);
}

enum ck_err verify_terms_complete(struct verify_terms *terms, const char *rp_id,
                                  struct ck_error *err)
{
    if (terms->challenge.size == 0 && !terms->any_challenge) {
        ck_error_set(err, CK_ERR_USAGE, "the challenge that had to be answered is not given");
        return ck_error_hint(err, "Give it with --challenge, as the server had it, in base64url; "
                                  "--any-challenge goes without.");
    }
    if (*terms->origin == '\0')
        strcpy(stpcpy(terms->origin, "https://"), rp_id);
    return CK_OK;
}

enum ck_err verify_find_file(const struct options *options, const char **ret_path,
                             struct ck_error *err)
{
    static const enum option_id files[] = {OPTION_BATCH, OPTION_CREDENTIAL, OPTION_PUBLIC_KEY,
                                           OPTION_ROOTS};
    const char *path = option_argument(options, 0);

    if ((path != NULL) == option_given(options, OPTION_BATCH)) {
        ck_error_set(err, CK_ERR_USAGE,
                     path != NULL ? "give one of FILE and --batch" : "there is nothing to verify");
        return ck_error_hint(err, "Name the file with the response, or - for standard input.");
    }
    int inputs = path != NULL && strcmp(path, "-") == 0;
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        const char *file = option_value(options, files[i]);
        inputs += file != NULL && strcmp(file, "-") == 0;
    }
    if (inputs > 1)
        return ck_error_set(err, CK_ERR_USAGE, "standard input can't be two files at once");
    *ret_path = path;
    return CK_OK;
}

/* --- words --- */

struct words {
    const char *reason, *sentence, *advice;
    const char *malformed; /* the member, where it may be because that can't be read; else NULL */
};

static const struct words words[] = {
    {"credential-id", "the response is by another credential than the one it is checked against",
     "Check it against the record of the credential that its id names.", NULL},
    {"user-handle", "the response names another user than the credential's",
     "Do not let this person in as that user.", NULL},
    {"client-data", "the client data can't be used", "Make the response again with a browser.",
     "clientDataJSON"},
    {"type", "the response is for the other ceremony: registration and login are not the same",
     "Use verify registration for what create() gave, verify assertion for what get() gave.", NULL},
    {"challenge", "the response answers another challenge",
     "It may be an old one that is used again: accept it only for the challenge that was sent.",
     NULL},
    {"origin", "the response was made on a page of another origin",
     "If that is one of your pages, name it with --origin; else somebody may be phishing.", NULL},
    {"cross-origin", "the response was made in a frame inside another site's page",
     "Do not accept it unless you embed your login page elsewhere on purpose.", NULL},
    {"attestation-object", "the attestation object can't be used",
     "Make the registration again with a browser.", "attestationObject"},
    {"authenticator-data", "the authenticator data is not that of a login",
     "Make the response again with a browser.", "authenticatorData"},
    {"rp-id", "the key signed for another server name",
     "A key works under one name only; enroll it again where the name has changed.", NULL},
    {"user-present", "nobody touched the key", "Ask for the response again, with a touch.", NULL},
    {"user-verified", "the key did not verify its user (by PIN or fingerprint)",
     "Set a PIN on the key, and ask for user verification when the response is made.", NULL},
    {"backup-state", "the key says that it is backed up, and that it can't be",
     "Do not trust this authenticator.", NULL},
    {"public-key", "the public key is not of the kind that this attestation takes",
     "Register the key again.", "attestationObject"},
    {"algorithm", "the public key is for an algorithm that was not asked for",
     "Register the key again with one of ES256, ES384, EdDSA and RS256.", NULL},
    {"attestation-format", "attestations of this format can't be judged here",
     "packed, fido-u2f and none can; ask for attestation \"none\".", NULL},
    {"attestation-signature", "the attestation's signature is wrong",
     "The registration was changed on its way, or the key's maker did not sign it.", NULL},
    {"attestation-certificate", "the attestation certificate is not as the format wants it",
     "Ask for attestation \"none\", unless you need to know the key's model.", NULL},
    {"attestation-root", "the attestation does not lead to one of the given roots",
     "The key may be of another maker; its maker's root belongs into --roots.", NULL},
    {"aaguid", "the attestation certificate is for another model of key (AAGUID)",
     "Do not trust what the key says about its model.", NULL},
    {"excluded", "the credential is registered already", "Use another key.", NULL},
    {"signature", "the signature is wrong",
     "Compare the credential: it is another key's, or the response was changed on its way.", NULL},
    {"sign-count",
     "the sign count did not grow: the key may have been copied, or the response is "
     "an old one",
     "Find out which before you go on accepting this key.", NULL},
};

static const struct words *find_words(const char *reason)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcmp(words[i].reason, reason) == 0)
            return &words[i];
    }
    return NULL;
}

const char *verify_sentence(const char *reason)
{
    const struct words *found = find_words(reason);

    return found != NULL ? found->sentence : reason;
}

const char *verify_advice(const char *reason)
{
    const struct words *found = find_words(reason);

    return found != NULL ? found->advice : "";
}

bool verify_is_malformed(const char *reason, struct ck_error *err)
{
    const struct words *found = reason != NULL ? find_words(reason) : NULL;

    if (found == NULL || found->malformed == NULL || err->text[0] == '\0')
        return false;
    err->code = CK_ERR_USAGE;
    err->hint[0] = '\0';
    error_at(err, found->malformed);
    return true;
}
