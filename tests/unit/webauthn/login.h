/* Logins with the software authenticator, and the record of its credential. */
#ifndef COWKEY_TESTS_LOGIN_H
#define COWKEY_TESTS_LOGIN_H

#include "ceremony.h"

/* The record of usual_id's credential, whose key is key_of(algorithm, 0). */
UNUSED static struct ck_credential credential_of(int algorithm)
{
    static struct buffer key;
    struct ck_credential credential = {.id = exactly(usual_id, sizeof(usual_id)),
                                       .algorithm = algorithm,
                                       .rp_id = RP_ID,
                                       .user_id = bytes_of_text("alice"),
                                       .sign_count = 7};

    key.size = 0;
    put_cose(&key, key_of(algorithm, 0), algorithm);
    credential.public_key = bytes_of(&key);
    return credential;
}

UNUSED static struct recipe login(int algorithm)
{
    struct recipe recipe = usual_recipe("none", algorithm, false);

    recipe.type = "webauthn.get";
    recipe.flags = CK_FLAG_USER_PRESENT | CK_FLAG_USER_VERIFIED;
    recipe.sign_count = 8;
    return recipe;
}

UNUSED static struct ck_assertion assertion_of(const struct recipe *recipe)
{
    static struct buffer data, message;
    struct ck_assertion assertion = {.credential_id = exactly(usual_id, sizeof(usual_id)),
                                     .client_data_json = client_data_of(recipe)};

    data.size = 0;
    put_data_header(&data, recipe->rp_id, recipe->flags, recipe->sign_count);
    if ((recipe->flags & CK_FLAG_ATTESTED) != 0)
        put_attested(&data, recipe->aaguid, usual_id, recipe->id_size, key_of(recipe->algorithm, 0),
                     recipe->algorithm);
    if ((recipe->flags & CK_FLAG_EXTENSIONS) != 0)
        put(&data, "\xa1\x61x\x01", 4);
    put_message(&message, recipe, &data, &assertion.client_data_json);
    assertion.authenticator_data = bytes_of(&data);
    assertion.signature = sign(key_of(recipe->algorithm, recipe->signing_key), recipe->algorithm,
                               message.bytes, message.size);
    return assertion;
}

#endif
