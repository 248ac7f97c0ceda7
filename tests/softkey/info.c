#include "info.h"

#include "key.h"

enum { LARGE_BLOBS = 4096, CRED_BLOB = 32, RP_IDS = 3 }; /* with all_info */

/* Options stand in canonical order: shorter names first. */
static void put_options(const struct key *key, struct message *reply)
{
    const struct script *script = &key->script;
    const struct {
        const char *name;
        bool offered;
        bool value;
    } options[] = {
        {"rk", true, script->resident_keys},
        {"up", true, true},
        {"uv", script->uv != UV_NONE, script->uv == UV_SET},
        {"plat", true, false},
        {"alwaysUv", script->ctap21, key->store.always_uv},
        {"credMgmt", script->ctap21 && script->credential_management, true},
        {"authnrCfg", script->ctap21, true},
        {"clientPin", script->client_pin, key->store.pin_set},
        {"pinUvAuthToken", script->ctap21, true},
        {"setMinPINLength", script->ctap21 && script->client_pin, true},
        {"makeCredUvNotRqd", script->ctap21,
         script->make_cred_uv_not_required && !key->store.always_uv},
        {"credentialMgmtPreview", script->credential_management, true},
    };
    const size_t count = sizeof(options) / sizeof(options[0]);
    size_t offered = 0;

    for (size_t i = 0; i < count; i++)
        offered += options[i].offered;
    put_map(reply, offered);
    for (size_t i = 0; i < count; i++) {
        if (!options[i].offered)
            continue;
        put_text(reply, options[i].name);
        put_bool(reply, options[i].value);
    }
}

static size_t length_of(const int64_t *list, size_t count_max)
{
    size_t count = 0;

    while (count < count_max && list[count] != 0)
        count++;
    return count;
}

static void put_algorithms(const struct script *script, struct message *reply)
{
    size_t count = length_of(script->algorithms, ALGORITHMS_MAX);

    put_array(reply, count);
    for (size_t i = 0; i < count; i++) {
        put_map(reply, 2);
        put_text(reply, "alg");
        put_int(reply, script->algorithms[i]);
        put_text(reply, "type");
        put_text(reply, "public-key");
    }
}

static void put_protocols(const struct script *script, struct message *reply)
{
    size_t count = length_of(script->protocols, PROTOCOLS_MAX);

    put_array(reply, count);
    for (size_t i = 0; i < count; i++)
        put_int(reply, script->protocols[i]);
}

static void put_versions(const struct key *key, struct message *reply)
{
    bool u2f = key->script.u2f && !key->store.always_uv;

    put_array(reply, 1U + u2f + key->script.ctap21);
    if (u2f)
        put_text(reply, "U2F_V2");
    put_text(reply, "FIDO_2_0");
    if (key->script.ctap21)
        put_text(reply, "FIDO_2_1");
}

/* Section 6.4; the modality is a touch, a finger and a PIN (FIDO Registry section 3.1). */
static void put_rarer(struct message *reply)
{
    put_int(reply, 0x0f); /* maxCredBlobLength */
    put_int(reply, CRED_BLOB);
    put_int(reply, 0x10); /* maxRPIDsForSetMinPINLength */
    put_int(reply, RP_IDS);
    put_int(reply, 0x11); /* preferredPlatformUvAttempts */
    put_int(reply, 3);
    put_int(reply, 0x12); /* uvModality */
    put_int(reply, 0x001 | 0x002 | 0x800);
    put_int(reply, 0x13); /* certifications */
    put_map(reply, 2);
    put_text(reply, "FIDO");
    put_int(reply, 2);
    put_text(reply, "FIPS-CMVP-3");
    put_int(reply, 3);
}

/* What CTAP 2.1 added to the answer of CTAP 2.0. */
static void put_newer(const struct key *key, struct message *reply)
{
    const struct script *script = &key->script;

    if (script->list_max > 0) {
        put_int(reply, 0x07); /* maxCredentialCountInList */
        put_int(reply, script->list_max);
    }
    put_int(reply, 0x08); /* maxCredentialIdLength */
    put_int(reply, script->credential_id_size);
    put_int(reply, 0x09); /* transports */
    put_array(reply, 1);
    put_text(reply, "usb");
    put_int(reply, 0x0a);
    put_algorithms(script, reply);
    if (script->all_info) {
        put_int(reply, 0x0b); /* maxSerializedLargeBlobArray */
        put_int(reply, LARGE_BLOBS);
    }
    put_int(reply, 0x0c); /* forcePINChange */
    put_bool(reply, key->store.pin_change_forced);
    put_int(reply, 0x0d); /* minPINLength */
    put_int(reply, (int64_t)key->store.pin_length_min);
    put_int(reply, 0x0e); /* firmwareVersion */
    put_int(reply, script->firmware);
    if (script->all_info)
        put_rarer(reply);
    put_int(reply, 0x14); /* remainingDiscoverableCredentials */
    put_int(reply, store_room(&key->store, script->capacity));
}

enum ctap_status get_info(struct key *key, const cbor_item_t *request, struct message *reply)
{
    const struct script *script = &key->script;
    size_t fields = 4U + script->cred_protect + (length_of(script->protocols, PROTOCOLS_MAX) > 0);

    (void)request;
    if (script->ctap21)
        fields += 7U + (script->list_max > 0) + (script->all_info ? 6U : 0U);
    put_map(reply, fields);
    put_int(reply, 0x01);
    put_versions(key, reply);
    if (script->cred_protect) {
        put_int(reply, 0x02);
        put_array(reply, 1);
        put_text(reply, "credProtect");
    }
    put_int(reply, 0x03);
    put_bytes(reply, script->aaguid, sizeof(script->aaguid));
    put_int(reply, 0x04);
    put_options(key, reply);
    put_int(reply, 0x05); /* maxMsgSize */
    put_int(reply, MESSAGE_MAX);
    if (length_of(script->protocols, PROTOCOLS_MAX) > 0) {
        put_int(reply, 0x06);
        put_protocols(script, reply);
    }
    if (script->ctap21)
        put_newer(key, reply);
    return CTAP_OK;
}
