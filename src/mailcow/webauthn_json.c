#include "webauthn_json.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/base/utf8.h"

/* --- reading --- */

static enum ck_err not_understood(enum ck_err r, struct ck_error *err)
{
    if (r != CK_ERR_UNREACHABLE || *err->hint)
        return r;
    return ck_error_hint(err, "The answer was changed on its way, or this release of mailcow is "
                              "newer than cowkey.");
}

/* Where the server has nobody to give options to, it answers with an error or with nothing. */
static enum ck_err no_options(const json_t *answer, struct ck_error *err)
{
    const char *message = json_string_value(json_object_get(answer, "msg"));

    ck_error_set(err, CK_ERR_UNREACHABLE, "the server gave no options for a security key");
    if (message == NULL)
        return err->code;
    return ck_error_hint(err, "The server says: '%.300s'.", message);
}

static enum ck_err parse(const char *json, size_t size, json_t **ret_answer, json_t **ret_options,
                         struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    enum ck_err r = ck_json_parse(json, size, "the server's options for a security key",
                                  CK_ERR_UNREACHABLE, &answer, err);

    if (r != CK_OK)
        return r;
    json_t *options = json_object_get(answer, "publicKey");
    if (!json_is_object(options))
        return no_options(answer, err);
    *ret_options = options;
    *ret_answer = CK_TAKE(answer);
    return CK_OK;
}

/* Text in another form than mailcow's is left alone: whoever reads the options judges it. */
static bool find_base64(const json_t *value, const char **ret_base64, size_t *ret_size)
{
    static const char head[] = "=?BINARY?B?", tail[] = "?=";
    static const size_t around = sizeof(head) - 1 + sizeof(tail) - 1;
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);

    if (size < around || memcmp(text, head, sizeof(head) - 1) != 0 ||
        memcmp(text + size - (sizeof(tail) - 1), tail, sizeof(tail) - 1) != 0)
        return false;
    *ret_base64 = text + sizeof(head) - 1;
    *ret_size = size - around;
    return true;
}

/* Puts a binary member into the standard form, base64url; what names it in errors. */
static enum ck_err translate(json_t *owner, const char *key, const char *what, struct ck_error *err)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes bytes = {0};
    CK_CLEANUP(ck_free_p) char *url = NULL;
    const char *base64;
    size_t size;

    if (!find_base64(json_object_get(owner, key), &base64, &size))
        return CK_OK;
    enum ck_err r =
        ck_base64_decode(CK_BASE64_STANDARD, base64, size, what, CK_ERR_UNREACHABLE, &bytes, err);
    if (r != CK_OK)
        return r;
    url = ck_base64_encode(CK_BASE64_URL, bytes.data, bytes.size);
    if (url == NULL || json_object_set_new(owner, key, json_string(url)) != 0)
        return ck_error_no_memory(err);
    return CK_OK;
}

static enum ck_err translate_list(json_t *options, const char *key, const char *what,
                                  struct ck_error *err)
{
    json_t *list = json_object_get(options, key), *entry;
    enum ck_err r = CK_OK;
    size_t index;

    json_array_foreach(list, index, entry)
    {
        if (r == CK_OK)
            r = translate(entry, "id", what, err);
    }
    return r;
}

/*
 * A key that is made for another name would not work at this one; a proxy that changes the Host
 * header makes the server ask for one (protocol 10).
 */
static enum ck_err check_party(const char *rp_id, const struct ck_host *host, struct ck_error *err)
{
    if (strcmp(rp_id, host->name) == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNREACHABLE,
                 "the server asks for a security key of '%.200s', but it was reached as '%.200s'",
                 rp_id, host->name);
    return ck_error_hint(err, "A proxy before mailcow seems to change the name that it is asked "
                              "for; the key was not used.");
}

static enum ck_err check_user(const struct ck_creation_options *options,
                              const struct ck_account *account, struct ck_error *err)
{
    const struct ck_bytes *id = &options->user_id;
    size_t size = strlen(account->name);

    if (strcmp(options->user_name, account->name) != 0)
        ck_error_set(err, CK_ERR_UNREACHABLE,
                     "the server asks for a security key of '%.200s' instead of '%.200s'",
                     options->user_name, account->name);
    else if (id->size != size || memcmp(id->data, account->name, size) != 0)
        ck_error_set(err, CK_ERR_UNREACHABLE,
                     "the server asks for a security key of another user than '%s'", account->name);
    else
        return CK_OK;
    return ck_error_hint(err, "The session seems to be somebody else's; the key was not used.");
}

enum ck_err ck_webauthn_json_read_creation(const char *json, size_t size,
                                           const struct ck_host *host,
                                           const struct ck_account *account,
                                           struct ck_creation_options *ret_options,
                                           struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    CK_CLEANUP(ck_creation_options_clear) struct ck_creation_options read = {0};
    json_t *options = NULL;
    enum ck_err r = parse(json, size, &answer, &options, err);

    if (r == CK_OK)
        r = translate(json_object_get(options, "user"), "id", "the options' user.id", err);
    if (r == CK_OK)
        r = translate(options, "challenge", "the options' challenge", err);
    if (r == CK_OK)
        r = translate_list(options, "excludeCredentials", "the options' excludeCredentials", err);
    if (r == CK_OK)
        r = ck_creation_options_parse(options, CK_ERR_UNREACHABLE, &read, err);
    if (r == CK_OK)
        r = check_user(&read, account, err);
    if (r == CK_OK)
        r = check_party(read.rp_id, host, err);
    if (r != CK_OK)
        return not_understood(r, err);
    *ret_options = read;
    read = (struct ck_creation_options){0};
    return CK_OK;
}

enum ck_err ck_webauthn_json_read_request(const char *json, size_t size, const struct ck_host *host,
                                          struct ck_request_options *ret_options,
                                          struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options read = {0};
    json_t *options = NULL;
    enum ck_err r = parse(json, size, &answer, &options, err);

    if (r == CK_OK)
        r = translate(options, "challenge", "the options' challenge", err);
    if (r == CK_OK)
        r = translate_list(options, "allowCredentials", "the options' allowCredentials", err);
    if (r == CK_OK)
        r = ck_request_options_parse(options, CK_ERR_UNREACHABLE, &read, err);
    if (r == CK_OK)
        r = check_party(read.rp_id, host, err);
    if (r != CK_OK)
        return not_understood(r, err);
    *ret_options = read;
    read = (struct ck_request_options){0};
    return CK_OK;
}

enum ck_err ck_webauthn_json_count_excluded(const char *json, size_t size,
                                            const struct ck_account *account, int *ret_count,
                                            struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    json_t *options;
    enum ck_err r = parse(json, size, &answer, &options, err);

    if (r != CK_OK)
        return not_understood(r, err);
    const char *name = json_string_value(json_object_get(json_object_get(options, "user"), "name"));
    if (name == NULL || strcasecmp(name, account->name) != 0)
        return ck_error_set(err, CK_ERR_UNREACHABLE,
                            "the server's options for a security key are not for '%s'",
                            account->name);
    const json_t *excluded = json_object_get(options, "excludeCredentials");
    *ret_count = json_is_array(excluded) ? (int)json_array_size(excluded) : -1;
    return CK_OK;
}

/* --- writing --- */

struct sink {
    struct ck_secret *json;
    enum ck_err outcome;
    struct ck_error *err;
};

static int collect(const char *piece, size_t size, void *context)
{
    struct sink *sink = context;

    sink->outcome = ck_secret_append(&sink->json, piece, size, sink->err);
    return sink->outcome == CK_OK ? 0 : -1;
}

/* Straight into a secret, so that no other memory holds the whole body. */
static enum ck_err write_json(const json_t *body, struct ck_secret **ret_json, struct ck_error *err)
{
    struct sink sink = {NULL, CK_OK, err};

    if (json_dump_callback(body, collect, &sink, JSON_COMPACT) != 0) {
        ck_secret_free(&sink.json);
        return sink.outcome != CK_OK ? sink.outcome : ck_error_no_memory(err);
    }
    *ret_json = sink.json;
    return CK_OK;
}

static int set_bytes(json_t *body, const char *key, const struct ck_bytes *bytes)
{
    CK_CLEANUP(ck_free_p)
    char *text = ck_base64_encode(CK_BASE64_STANDARD, bytes->data, bytes->size);

    return text != NULL ? json_object_set_new(body, key, json_string(text)) : -1;
}

static int set_text(json_t *body, const char *key, const char *text, size_t size)
{
    return json_object_set_new(body, key, json_stringn(text, size));
}

static int set_factor(json_t *body, const char *label, const struct ck_secret *password)
{
    int failed = set_text(body, "key_id", label, strlen(label));

    /* Without it the server says "success" and stores nothing (protocol 5.4). */
    failed |= set_text(body, "tfa_method", "webauthn", strlen("webauthn"));
    if (password != NULL)
        failed |=
            set_text(body, "confirm_password", ck_secret_bytes(password), ck_secret_size(password));
    return failed;
}

enum ck_err ck_webauthn_json_make_registration(const struct ck_registration *registration,
                                               const char *label, const struct ck_secret *password,
                                               struct ck_secret **ret_json, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *body = json_object();
    int failed = 0;

    if (password != NULL && !ck_utf8_valid(ck_secret_bytes(password), ck_secret_size(password)))
        return ck_error_set(err, CK_ERR_USAGE, "the password is not UTF-8");
    failed |= set_bytes(body, "clientDataJSON", &registration->client_data_json);
    failed |= set_bytes(body, "attestationObject", &registration->attestation_object);
    if (label != NULL)
        failed |= set_factor(body, label, password);
    return failed ? ck_error_no_memory(err) : write_json(body, ret_json, err);
}

enum ck_err ck_webauthn_json_make_assertion(const struct ck_assertion *assertion,
                                            struct ck_secret **ret_json, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free) json_t *body = json_object();
    int failed = 0;

    failed |= set_bytes(body, "id", &assertion->credential_id);
    failed |= set_bytes(body, "clientDataJSON", &assertion->client_data_json);
    failed |= set_bytes(body, "authenticatorData", &assertion->authenticator_data);
    failed |= set_bytes(body, "signature", &assertion->signature);
    return failed ? ck_error_no_memory(err) : write_json(body, ret_json, err);
}

enum ck_err ck_webauthn_json_make_rename(const char *cid, const char *label,
                                         struct ck_secret **ret_json, struct ck_error *err)
{
    CK_CLEANUP(ck_json_free)
    json_t *body =
        json_pack("{s:n,s:{s:s,s:s}}", "items", "attr", "fido2_cid", cid, "fido2_fn", label);

    return body != NULL ? write_json(body, ret_json, err) : ck_error_no_memory(err);
}
