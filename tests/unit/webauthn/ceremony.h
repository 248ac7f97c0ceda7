/*
 * Registrations and logins with the software authenticator: the usual ones, and each with something
 * that is not as it should be.
 */
#ifndef COWKEY_TESTS_CEREMONY_H
#define COWKEY_TESTS_CEREMONY_H

#include <stdio.h>

#include "authenticator.h"
#include "cowkey/webauthn/assertion.h"
#include "cowkey/webauthn/registration.h"

#define RP_ID "mail.example.org"
#define ORIGIN "https://mail.example.org"

/* What a registration is made of; usual_recipe's is right. */
struct recipe {
    const char *type, *origin, *rp_id, *more_client_data;
    const char *challenge; /* base64url */
    unsigned flags;
    uint32_t sign_count;
    int algorithm; /* of the credential */
    const uint8_t *aaguid;
    size_t id_size;
    const char *format;
    bool has_chain;
    int chain_algorithm;
    int stated_algorithm;           /* 0: the one that signs */
    struct certificate certificate; /* of key_of(chain_algorithm, 2) */
    unsigned signing_key;           /* 0 for the credential's, 2 for the certificate's */
    struct ck_bytes second;         /* one more certificate */
};

static const char usual_challenge[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

UNUSED static struct recipe usual_recipe(const char *format, int algorithm, bool has_chain)
{
    return (struct recipe){
        .type = "webauthn.create",
        .origin = ORIGIN,
        .rp_id = RP_ID,
        .more_client_data = "",
        .challenge = usual_challenge,
        .flags = CK_FLAG_USER_PRESENT | CK_FLAG_USER_VERIFIED | CK_FLAG_ATTESTED,
        .sign_count = 7,
        .algorithm = algorithm,
        .aaguid = usual_aaguid,
        .id_size = sizeof usual_id,
        .format = format,
        .has_chain = has_chain,
        .chain_algorithm = CK_COSE_ES256,
        .certificate = usual_certificate(NULL),
        .signing_key = has_chain ? 2 : 0,
    };
}

UNUSED static struct ck_bytes client_data_of(const struct recipe *recipe)
{
    char text[2048];

    snprintf(text, sizeof text,
             "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false%s}",
             recipe->type, recipe->challenge, recipe->origin, recipe->more_client_data);
    return bytes_of_text(text);
}

/* The message that an attestation signs. */
UNUSED static void put_message(struct buffer *to, const struct recipe *recipe,
                               const struct buffer *data, const struct ck_bytes *client_data)
{
    uint8_t hash[SHA256_DIGEST_LENGTH], point[128];
    size_t size;

    to->size = 0;
    SHA256(client_data->data, client_data->size, hash);
    if (strcmp(recipe->format, "fido-u2f") != 0) {
        put(to, data->bytes, data->size);
        put(to, hash, sizeof hash);
        return;
    }
    put_byte(to, 0);
    put(to, data->bytes, SHA256_DIGEST_LENGTH);
    put(to, hash, sizeof hash);
    put(to, usual_id, recipe->id_size);
    if (recipe->algorithm == CK_COSE_ES256) {
        EVP_PKEY_get_octet_string_param(key_of(recipe->algorithm, 0), OSSL_PKEY_PARAM_PUB_KEY,
                                        point, sizeof point, &size);
        put(to, point, size);
    }
}

UNUSED static void put_chain(struct buffer *to, const struct recipe *recipe)
{
    struct certificate from = recipe->certificate;
    struct ck_bytes der;

    if (from.key == NULL)
        from.key = key_of(recipe->chain_algorithm, 2);
    der = certificate_of(&from);
    put_text(to, "x5c");
    put_head(to, 4, recipe->second.size > 0 ? 2 : 1);
    put_string(to, der.data, der.size);
    if (recipe->second.size > 0)
        put_string(to, recipe->second.data, recipe->second.size);
    ck_bytes_clear(&der);
}

UNUSED static void put_statement(struct buffer *to, const struct recipe *recipe,
                                 const struct ck_bytes *message)
{
    int algorithm = recipe->has_chain ? recipe->chain_algorithm : recipe->algorithm;
    struct ck_bytes signature;
    bool is_packed = strcmp(recipe->format, "packed") == 0;

    if (!is_packed && strcmp(recipe->format, "fido-u2f") != 0) {
        put_head(to, 5, 0);
        return;
    }
    signature =
        sign(key_of(algorithm, recipe->signing_key), algorithm, message->data, message->size);
    put_head(to, 5, 1U + is_packed + recipe->has_chain);
    if (is_packed) {
        put_text(to, "alg");
        put_integer(to, recipe->stated_algorithm != 0 ? recipe->stated_algorithm : algorithm);
    }
    put_text(to, "sig");
    put_string(to, signature.data, signature.size);
    if (recipe->has_chain)
        put_chain(to, recipe);
    ck_bytes_clear(&signature);
}

UNUSED static struct ck_registration registration_of(const struct recipe *recipe)
{
    static struct buffer data, message, object;
    struct ck_registration registration = {.client_data_json = client_data_of(recipe),
                                           .credential_id = exactly(usual_id, recipe->id_size)};

    data.size = object.size = 0;
    put_data_header(&data, recipe->rp_id, recipe->flags, recipe->sign_count);
    if ((recipe->flags & CK_FLAG_ATTESTED) != 0)
        put_attested(&data, recipe->aaguid, usual_id, recipe->id_size, key_of(recipe->algorithm, 0),
                     recipe->algorithm);
    if ((recipe->flags & CK_FLAG_EXTENSIONS) != 0)
        put(&data, "\xa1\x61x\x01", 4);
    put_message(&message, recipe, &data, &registration.client_data_json);
    put_head(&object, 5, 3);
    put_text(&object, "fmt");
    put_text(&object, recipe->format);
    put_text(&object, "attStmt");
    put_statement(&object, recipe, &(struct ck_bytes){message.bytes, message.size});
    put_text(&object, "authData");
    put_string(&object, data.bytes, data.size);
    registration.attestation_object = bytes_of(&object);
    return registration;
}

/* Options that ask for what usual_recipe's registration is. */
UNUSED static struct ck_creation_options usual_options(void)
{
    struct ck_creation_options options = {
        .rp_id = RP_ID,
        .rp_name = "Mail",
        .user_id = bytes_of_text("alice"),
        .user_name = "alice@example.org",
        .algorithms = {CK_COSE_ES256, CK_COSE_EDDSA, CK_COSE_ES384, CK_COSE_RS256},
        .algorithms_count = 4,
        .attestation = "none",
    };
    struct ck_error err;

    assert_int_equal(ck_base64_decode(CK_BASE64_URL, usual_challenge, strlen(usual_challenge), "it",
                                      CK_ERR_USAGE, &options.challenge, &err),
                     CK_OK);
    return options;
}

UNUSED static struct ck_bytes bytes_of_hex(const char *hex)
{
    struct ck_bytes bytes = {malloc(strlen(hex) / 2 + 1), strlen(hex) / 2};

    for (size_t i = 0; i < bytes.size; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes.data[i] = (uint8_t)byte;
    }
    return bytes;
}

#endif
