/* Signing with a credential. */
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/webauthn/client_data.h"
#include "internal.h"

static void assert_free(fido_assert_t **assertion)
{
    fido_assert_free(assertion);
}

static int describe(fido_assert_t *assertion, const struct ck_request_options *options,
                    const struct ck_bytes *client_data)
{
    int r = fido_assert_set_clientdata(assertion, client_data->data, client_data->size);

    if (r == FIDO_OK)
        r = fido_assert_set_rp(assertion, options->rp_id);
    for (size_t i = 0; r == FIDO_OK && i < options->allow_count; i++)
        r = fido_assert_allow_cred(assertion, options->allow[i].data, options->allow[i].size);
    return r;
}

static int sign(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin)
{
    fido_assert_t *assertion = data;
    int r = fido_assert_set_uv(assertion, built_in_uv);

    if (r == FIDO_OK)
        r = fido_dev_get_assert(key->device, assertion, pin);
    key->lacks_credential = r == FIDO_ERR_NO_CREDENTIALS;
    return r;
}

bool ck_key_lacks_credential(const struct ck_key *key)
{
    return key->lacks_credential;
}

/* --- a key that was opened again --- */

static int look(struct ck_key *key, void *data)
{
    return fido_dev_get_assert(key->device, data, NULL);
}

static int describe_look(fido_assert_t *assertion, const struct ck_request_options *options,
                         const struct ck_bytes *wanted)
{
    static const unsigned char no_challenge[32]; /* what is signed for it is worth nothing */
    int r = fido_assert_set_clientdata_hash(assertion, no_challenge, sizeof(no_challenge));

    if (r == FIDO_OK)
        r = fido_assert_set_rp(assertion, options->rp_id);
    if (r == FIDO_OK)
        r = fido_assert_set_up(assertion, FIDO_OPT_FALSE);
    if (r == FIDO_OK && wanted != NULL)
        return fido_assert_allow_cred(assertion, wanted->data, wanted->size);
    for (size_t i = 0; r == FIDO_OK && i < options->allow_count; i++)
        r = fido_assert_allow_cred(assertion, options->allow[i].data, options->allow[i].size);
    return r;
}

/*
 * The PIN of the key before is sent to this one only when it shows, without a touch or a PIN, that
 * it holds the credential (CTAP 2.1 section 6.2.2, "up" false): a try of another key would be lost.
 */
static enum ck_err recognize(struct ck_key *key, const struct ck_request_options *options,
                             const struct ck_bytes *wanted, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *pin = CK_TAKE(key->old_pin);
    CK_CLEANUP(assert_free) fido_assert_t *asked = NULL;

    if (pin == NULL || (wanted == NULL && options->allow_count == 0))
        return CK_OK;
    asked = fido_assert_new();
    if (asked == NULL)
        return ck_error_no_memory(err);
    int fido = describe_look(asked, options, wanted);
    enum ck_err r = CK_OK;
    if (fido == FIDO_OK)
        r = key_wait(key, WAIT_FOR_ANSWER, look, asked, &fido, err);
    if (r == CK_OK && fido == FIDO_OK)
        key->pin = CK_TAKE(pin);
    if (r == CK_OK && fido == FIDO_ERR_NO_CREDENTIALS)
        r = key_translate(key, fido, err);
    /* It is tried again, with this key or another one. */
    if (r != CK_OK)
        key->old_pin = CK_TAKE(pin);
    return r;
}

/* --- its answer --- */

static bool is(const struct ck_bytes *wanted, const unsigned char *data, size_t size)
{
    return wanted == NULL || (size == wanted->size && memcmp(data, wanted->data, size) == 0);
}

/* Which of the answers to take; the key gives the newest first (CTAP 2.1 section 6.2.2). */
static bool choose(const fido_assert_t *answers, const struct ck_bytes *wanted,
                   const struct ck_bytes *user, size_t *ret_index)
{
    for (size_t i = 0; i < fido_assert_count(answers); i++) {
        if (wanted != NULL
                ? is(wanted, fido_assert_id_ptr(answers, i), fido_assert_id_len(answers, i))
                : is(user, fido_assert_user_id_ptr(answers, i),
                     fido_assert_user_id_len(answers, i))) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* libfido2 gives the authenticator data wrapped into a CBOR byte string (RFC 8949 section 3.1). */
static bool unwrap(const unsigned char *wrapped, size_t size, const unsigned char **ret_data,
                   size_t *ret_size)
{
    size_t head = size < 1 ? 0 : wrapped[0] == 0x58 ? 2 : wrapped[0] == 0x59 ? 3 : 1;

    if (size < head || size < 1 || (wrapped[0] & 0xE0) != 0x40 || wrapped[0] > 0x59)
        return false;
    size_t length = head == 2   ? wrapped[1]
                    : head == 3 ? (size_t)wrapped[1] << 8 | wrapped[2]
                                : wrapped[0] & 0x1F;
    *ret_data = wrapped + head;
    *ret_size = length;
    return length == size - head;
}

static enum ck_err take(const struct ck_key *key, const fido_assert_t *from, size_t index,
                        struct ck_assertion *assertion, struct ck_error *err)
{
    const unsigned char *data;
    size_t size;

    if (!unwrap(fido_assert_authdata_ptr(from, index), fido_assert_authdata_len(from, index), &data,
                &size))
        return key_translate(key, FIDO_ERR_INVALID_CBOR, err);
    enum ck_err r = ck_bytes_copy(data, size, &assertion->authenticator_data, err);
    if (r == CK_OK)
        r = ck_bytes_copy(fido_assert_id_ptr(from, index), fido_assert_id_len(from, index),
                          &assertion->credential_id, err);
    if (r == CK_OK)
        r = ck_bytes_copy(fido_assert_sig_ptr(from, index), fido_assert_sig_len(from, index),
                          &assertion->signature, err);
    if (r == CK_OK)
        r = ck_bytes_copy(fido_assert_user_id_ptr(from, index),
                          fido_assert_user_id_len(from, index), &assertion->user_handle, err);
    return r;
}

enum ck_err ck_key_sign(struct ck_key *key, const struct ck_request_options *options,
                        const char *origin, enum ck_verification verification,
                        const struct ck_bytes *wanted, const struct ck_bytes *user,
                        struct ck_assertion *ret_assertion, struct ck_error *err)
{
    CK_CLEANUP(ck_assertion_clear) struct ck_assertion assertion = {0};
    CK_CLEANUP(assert_free) fido_assert_t *asked = fido_assert_new();
    size_t index;

    if (asked == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = ck_client_data_make(CK_CEREMONY_GET, &options->challenge, origin,
                                        &assertion.client_data_json, err);
    if (r != CK_OK)
        return r;
    int fido = describe(asked, options, &assertion.client_data_json);
    if (fido != FIDO_OK)
        return key_translate(key, fido, err);
    r = recognize(key, options, wanted, err);
    if (r == CK_OK)
        r = ceremony_run(
            key, &(struct ceremony){.call = sign, .data = asked, .verification = verification},
            err);
    if (r != CK_OK)
        return r;
    if (!choose(asked, wanted, user, &index))
        return key_translate(key, FIDO_ERR_NO_CREDENTIALS, err);
    r = take(key, asked, index, &assertion, err);
    if (r != CK_OK)
        return r;
    /* A key that was given one credential need not name it (CTAP 2.1 section 6.2.2). */
    if (assertion.credential_id.size == 0 && options->allow_count == 1)
        r = ck_bytes_copy(options->allow[0].data, options->allow[0].size, &assertion.credential_id,
                          err);
    if (r != CK_OK)
        return r;
    *ret_assertion = assertion;
    assertion = (struct ck_assertion){0};
    return CK_OK;
}
