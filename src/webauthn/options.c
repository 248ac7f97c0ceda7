#include "cowkey/webauthn/options.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

/* What every step of reading needs: what bad options mean to the caller. */
struct reading {
    enum ck_err code;
    struct ck_error *err;
};

static enum ck_err refuse(const struct reading *reading, const char *name, const char *problem)
{
    return ck_error_set(reading->err, reading->code, "the options' %s %s", name, problem);
}

/* --- members --- */

/* An object that may be missing, *ret_object is NULL then. */
static enum ck_err find_object(const struct reading *reading, const json_t *parent, const char *key,
                               const json_t **ret_object)
{
    const json_t *object = json_object_get(parent, key);

    if (object != NULL && !json_is_object(object))
        return refuse(reading, key, "is not an object");
    *ret_object = object;
    return CK_OK;
}

/* Text of 1 to size_max - 1 bytes (with the empty text where may_be_empty) that must be there. */
static enum ck_err read_text(const struct reading *reading, const json_t *object, const char *key,
                             const char *name, bool may_be_empty, char *to, size_t size_max)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        return refuse(reading, name, value == NULL ? "is missing" : "is not text");
    if (json_string_length(value) == 0 && !may_be_empty)
        return refuse(reading, name, "is empty");
    if (json_string_length(value) >= size_max)
        return ck_error_set(reading->err, reading->code, "the options' %s has more than %zu bytes",
                            name, size_max - 1);
    memcpy(to, json_string_value(value), json_string_length(value) + 1);
    return CK_OK;
}

/* Base64url of size_min to size_max bytes that must be there. */
static enum ck_err read_bytes(const struct reading *reading, const json_t *object, const char *key,
                              const char *name, size_t size_min, size_t size_max,
                              struct ck_bytes *to)
{
    const json_t *value = json_object_get(object, key);
    char what[64] = "the options' ";
    struct ck_bytes bytes;

    if (!json_is_string(value))
        return refuse(reading, name, value == NULL ? "is missing" : "is not text");
    strncat(what, name, sizeof(what) - strlen(what) - 1);
    if (ck_base64_decode(CK_BASE64_URL, json_string_value(value), json_string_length(value), what,
                         reading->code, &bytes, reading->err) != CK_OK)
        return reading->err->code;
    if (bytes.size < size_min || bytes.size > size_max) {
        ck_error_set(reading->err, reading->code, "%s has %zu bytes and not %zu to %zu", what,
                     bytes.size, size_min, size_max);
        ck_bytes_clear(&bytes);
        return reading->err->code;
    }
    *to = bytes;
    return CK_OK;
}

/*
 * The value of an enumeration, which is NULL when it is missing: section 2.1.1 has unknown values
 * treated like that, too, and so does whoever compares it.
 */
static enum ck_err find_word(const struct reading *reading, const json_t *object, const char *key,
                             const char **ret_word)
{
    const json_t *value = json_object_get(object, key);

    if (value != NULL && !json_is_string(value))
        return refuse(reading, key, "is not text");
    *ret_word = json_string_value(value);
    return CK_OK;
}

static bool is_word(const char *word, const char *expected)
{
    return word != NULL && strcmp(word, expected) == 0;
}

/* Whether a list's entry is of type "public-key"; others are there for later kinds. */
static enum ck_err read_type(const struct reading *reading, const json_t *entry, const char *name,
                             bool *ret_is_public_key)
{
    const json_t *type = json_object_get(entry, "type");

    if (!json_is_object(entry) || !json_is_string(type))
        return refuse(reading, name, "has an entry without a type");
    *ret_is_public_key = strcmp(json_string_value(type), "public-key") == 0;
    return CK_OK;
}

static enum ck_err read_user_verification(const struct reading *reading, const json_t *object,
                                          enum ck_user_verification *to)
{
    const char *word = NULL;

    if (find_word(reading, object, "userVerification", &word) != CK_OK)
        return reading->err->code;
    *to = is_word(word, "required")      ? CK_UV_REQUIRED
          : is_word(word, "discouraged") ? CK_UV_DISCOURAGED
                                         : CK_UV_PREFERRED;
    return CK_OK;
}

/* --- lists of credentials --- */

static void free_list(struct ck_bytes **list, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        ck_bytes_clear(&(*list)[i]);
    free(*list);
    *list = NULL;
    *count = 0;
}

/* Reads into *list and *count, which belong to the options from the first entry on. */
static enum ck_err read_list(const struct reading *reading, const json_t *object, const char *key,
                             struct ck_bytes **list, size_t *count)
{
    const json_t *array = json_object_get(object, key);
    size_t index;
    json_t *entry;

    if (array == NULL)
        return CK_OK;
    if (!json_is_array(array))
        return refuse(reading, key, "is not a list");
    if (json_array_size(array) > CK_CREDENTIALS_MAX)
        return ck_error_set(reading->err, reading->code, "the options' %s has more than %d entries",
                            key, CK_CREDENTIALS_MAX);
    if (json_array_size(array) == 0)
        return CK_OK;
    *list = calloc(json_array_size(array), sizeof(**list));
    if (*list == NULL)
        return ck_error_no_memory(reading->err);
    json_array_foreach(array, index, entry)
    {
        bool is_public_key;

        if (read_type(reading, entry, key, &is_public_key) != CK_OK)
            return reading->err->code;
        if (!is_public_key)
            continue;
        if (read_bytes(reading, entry, "id", key, 1, CK_CREDENTIAL_ID_MAX, &(*list)[*count]) !=
            CK_OK)
            return reading->err->code;
        ++*count;
    }
    return CK_OK;
}

/* --- creation --- */

static enum ck_err read_party_and_user(const struct reading *reading, const json_t *object,
                                       struct ck_creation_options *options)
{
    const json_t *rp = NULL, *user = NULL;

    if (find_object(reading, object, "rp", &rp) != CK_OK ||
        find_object(reading, object, "user", &user) != CK_OK ||
        read_text(reading, rp, "id", "rp.id", false, options->rp_id, sizeof(options->rp_id)) !=
            CK_OK ||
        read_text(reading, rp, "name", "rp.name", true, options->rp_name,
                  sizeof(options->rp_name)) != CK_OK ||
        read_bytes(reading, user, "id", "user.id", 1, CK_USER_ID_MAX, &options->user_id) != CK_OK ||
        read_text(reading, user, "name", "user.name", true, options->user_name,
                  sizeof(options->user_name)) != CK_OK)
        return reading->err->code;
    return read_text(reading, user, "displayName", "user.displayName", true,
                     options->user_display_name, sizeof(options->user_display_name));
}

static void add_algorithm(struct ck_creation_options *options, int algorithm)
{
    if (options->algorithms_count < CK_ALGORITHMS_MAX)
        options->algorithms[options->algorithms_count++] = algorithm;
}

static enum ck_err read_algorithms(const struct reading *reading, const json_t *object,
                                   struct ck_creation_options *options)
{
    static const char key[] = "pubKeyCredParams";
    const json_t *array = json_object_get(object, key);
    size_t index;
    json_t *entry;

    if (!json_is_array(array))
        return refuse(reading, key, array == NULL ? "is missing" : "is not a list");
    json_array_foreach(array, index, entry)
    {
        const json_t *algorithm = json_object_get(entry, "alg");
        bool is_public_key;

        if (read_type(reading, entry, key, &is_public_key) != CK_OK)
            return reading->err->code;
        if (!json_is_integer(algorithm) || json_integer_value(algorithm) < INT_MIN ||
            json_integer_value(algorithm) > INT_MAX)
            return refuse(reading, key, "has an entry without an algorithm");
        if (is_public_key)
            add_algorithm(options, (int)json_integer_value(algorithm));
    }
    /* Section 5.1.3 step 10: an empty list means these two. */
    if (json_array_size(array) == 0) {
        add_algorithm(options, CK_COSE_ES256);
        add_algorithm(options, CK_COSE_RS256);
    }
    return options->algorithms_count > 0 ? CK_OK : refuse(reading, key, "has only unknown types");
}

/* requireResidentKey is what Level 1 had in the place of residentKey (section 5.4.4). */
static enum ck_err read_selection(const struct reading *reading, const json_t *object,
                                  struct ck_creation_options *options)
{
    const json_t *selection = NULL, *required;
    const char *resident_key = NULL;

    if (find_object(reading, object, "authenticatorSelection", &selection) != CK_OK)
        return reading->err->code;
    required = json_object_get(selection, "requireResidentKey");
    if (required != NULL && !json_is_boolean(required))
        return refuse(reading, "requireResidentKey", "is not true or false");
    if (find_word(reading, selection, "residentKey", &resident_key) != CK_OK)
        return reading->err->code;
    if (is_word(resident_key, "required") || is_word(resident_key, "preferred") ||
        is_word(resident_key, "discouraged"))
        options->resident_key = is_word(resident_key, "required");
    else
        options->resident_key = json_is_true(required);
    return read_user_verification(reading, selection, &options->user_verification);
}

static enum ck_err read_attestation(const struct reading *reading, const json_t *object,
                                    struct ck_creation_options *options)
{
    static const char *const known[] = {"none", "indirect", "direct", "enterprise"};
    const char *word = NULL;

    if (find_word(reading, object, "attestation", &word) != CK_OK)
        return reading->err->code;
    strcpy(options->attestation, known[0]);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (is_word(word, known[i]))
            strcpy(options->attestation, known[i]);
    }
    return CK_OK;
}

enum ck_err ck_creation_options_parse(const struct json_t *object, enum ck_err code,
                                      struct ck_creation_options *ret_options, struct ck_error *err)
{
    CK_CLEANUP(ck_creation_options_clear) struct ck_creation_options options = {0};
    const struct reading reading = {code, err};

    if (!json_is_object(object))
        return ck_error_set(err, code, "the options are not a JSON object");
    if (read_party_and_user(&reading, object, &options) != CK_OK ||
        read_bytes(&reading, object, "challenge", "challenge", CK_CHALLENGE_MIN, CK_CHALLENGE_MAX,
                   &options.challenge) != CK_OK ||
        read_algorithms(&reading, object, &options) != CK_OK ||
        read_list(&reading, object, "excludeCredentials", &options.exclude,
                  &options.exclude_count) != CK_OK ||
        read_selection(&reading, object, &options) != CK_OK ||
        read_attestation(&reading, object, &options) != CK_OK)
        return err->code;
    *ret_options = options;
    options = (struct ck_creation_options){0};
    return CK_OK;
}

void ck_creation_options_clear(struct ck_creation_options *options)
{
    ck_bytes_clear(&options->user_id);
    ck_bytes_clear(&options->challenge);
    free_list(&options->exclude, &options->exclude_count);
}

/* --- request --- */

enum ck_err ck_request_options_parse(const struct json_t *object, enum ck_err code,
                                     struct ck_request_options *ret_options, struct ck_error *err)
{
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options options = {0};
    const struct reading reading = {code, err};

    if (!json_is_object(object))
        return ck_error_set(err, code, "the options are not a JSON object");
    if (read_text(&reading, object, "rpId", "rpId", false, options.rp_id, sizeof(options.rp_id)) !=
            CK_OK ||
        read_bytes(&reading, object, "challenge", "challenge", CK_CHALLENGE_MIN, CK_CHALLENGE_MAX,
                   &options.challenge) != CK_OK ||
        read_list(&reading, object, "allowCredentials", &options.allow, &options.allow_count) !=
            CK_OK ||
        read_user_verification(&reading, object, &options.user_verification) != CK_OK)
        return err->code;
    /* An empty list allows any resident credential; one of unknown types must not become that. */
    if (options.allow_count == 0 && options.allow != NULL)
        return refuse(&reading, "allowCredentials", "has only unknown types");
    *ret_options = options;
    options = (struct ck_request_options){0};
    return CK_OK;
}

void ck_request_options_clear(struct ck_request_options *options)
{
    ck_bytes_clear(&options->challenge);
    free_list(&options->allow, &options->allow_count);
}
