#include "make.h"

#include <string.h>

#include "attest.h"
#include "key.h"

enum {
    ENTERPRISE_ATTESTATION = 0x0a,
};

struct wish {
    struct slice client_data_hash;
    const cbor_item_t *rp;
    const cbor_item_t *user;
    struct slice rp_id;
    struct slice user_id;
    const cbor_item_t *parameters; /* pubKeyCredParams */
    const cbor_item_t *exclude;
    int64_t protection; /* credProtect, 0: not asked for */
    bool resident;
    uint8_t rp_id_hash[HASH_SIZE];
    enum algorithm algorithm;
};

/* --- reading the request --- */

/* The first parameter that the key can do; all of them have to be well formed. */
static enum ctap_status pick_algorithm(const struct key *key, const cbor_item_t *parameters,
                                       enum algorithm *ret)
{
    bool found = false;

    for (size_t i = 0; i < cbor_array_size(parameters); i++) {
        const cbor_item_t *item = cbor_array_handle(parameters)[i];
        struct slice type;
        int64_t algorithm;
        if (!is_text(find_text(item, "type"), &type) || !is_int(find_text(item, "alg"), &algorithm))
            return CTAP_CBOR_UNEXPECTED_TYPE;
        bool ours = type.size == 10 && memcmp(type.data, "public-key", 10) == 0;
        if (!found && ours && script_offers_algorithm(&key->script, algorithm)) {
            *ret = (enum algorithm)algorithm;
            found = true;
        }
    }
    return found ? CTAP_OK : CTAP_UNSUPPORTED_ALGORITHM;
}

static enum ctap_status read_options(const struct key *key, const cbor_item_t *request,
                                     struct wish *wish, struct evidence *evidence)
{
    const cbor_item_t *options = NULL;
    bool up = true;

    TRY(take_map(request, 0x07, OPTIONAL, &options));
    TRY(take_option(options, "rk", &wish->resident));
    TRY(take_option(options, "uv", &evidence->uv));
    TRY(take_option(options, "up", &up));
    if (!up)
        return CTAP_INVALID_OPTION;
    return wish->resident && !key->script.resident_keys ? CTAP_UNSUPPORTED_OPTION : CTAP_OK;
}

static enum ctap_status read_extensions(const struct key *key, const cbor_item_t *request,
                                        struct wish *wish)
{
    const cbor_item_t *extensions = NULL;

    TRY(take_map(request, 0x06, OPTIONAL, &extensions));
    const cbor_item_t *item = find_text(extensions, "credProtect");
    if (item == NULL || !key->script.cred_protect)
        return CTAP_OK;
    if (!is_int(item, &wish->protection))
        return CTAP_CBOR_UNEXPECTED_TYPE;
    return wish->protection < PROTECT_UV_OPTIONAL || wish->protection > PROTECT_UV_REQUIRED
               ? CTAP_INVALID_OPTION
               : CTAP_OK;
}

static enum ctap_status read_names(const cbor_item_t *request, struct wish *wish)
{
    TRY(take_map(request, 0x02, REQUIRED, &wish->rp));
    TRY(take_map(request, 0x03, REQUIRED, &wish->user));
    if (find_text(wish->rp, "id") == NULL || find_text(wish->user, "id") == NULL)
        return CTAP_MISSING_PARAMETER;
    if (!is_text(find_text(wish->rp, "id"), &wish->rp_id) ||
        !is_bytes(find_text(wish->user, "id"), &wish->user_id))
        return CTAP_CBOR_UNEXPECTED_TYPE;
    if (wish->user_id.size > USER_ID_MAX || wish->rp_id.size >= TEXT_MAX)
        return CTAP_INVALID_LENGTH;
    sha256(wish->rp_id.data, wish->rp_id.size, wish->rp_id_hash);
    return CTAP_OK;
}

static enum ctap_status read_wish(struct key *key, const cbor_item_t *request, struct wish *wish,
                                  struct evidence *evidence)
{
    *wish = (struct wish){.exclude = NULL};
    *evidence = (struct evidence){.permission = PERMIT_MAKE};
    TRY(take_bytes(request, 0x01, REQUIRED, &wish->client_data_hash));
    TRY(read_names(request, wish));
    TRY(take_array(request, 0x04, REQUIRED, &wish->parameters));
    TRY(take_array(request, 0x05, OPTIONAL, &wish->exclude));
    TRY(take_bytes(request, 0x08, OPTIONAL, &evidence->param));
    TRY(take_int(request, 0x09, OPTIONAL, &evidence->protocol));
    if (wish->client_data_hash.size != HASH_SIZE)
        return CTAP_INVALID_LENGTH;
    evidence->client_data_hash = wish->client_data_hash;
    evidence->rp_id_hash = wish->rp_id_hash;
    log_note(&key->log, "rp_id", json_stringn((const char *)wish->rp_id.data, wish->rp_id.size));
    return CTAP_OK;
}

/* --- may it be made? --- */

/* Section 6.1.2, steps 6 to 10: without a word on user verification. */
static enum ctap_status allow_unverified(const struct key *key, const struct wish *wish,
                                         struct evidence *evidence)
{
    if (evidence->param.data != NULL || evidence->uv)
        return CTAP_OK;
    if (key->store.always_uv) {
        evidence->uv = key->script.uv == UV_SET;
        return evidence->uv ? CTAP_OK : CTAP_PUAT_REQUIRED;
    }
    if (!user_protected(key))
        return CTAP_OK;
    bool lenient = key->script.ctap21 && key->script.make_cred_uv_not_required;
    return lenient && !wish->resident ? CTAP_OK : CTAP_PUAT_REQUIRED;
}

/* Step 12. One that only a verified user may see is not mentioned to others. */
static bool excluded(struct key *key, const struct wish *wish, bool verified)
{
    size_t count = wish->exclude == NULL ? 0 : cbor_array_size(wish->exclude);
    struct slice id;

    log_note(&key->log, "exclude", json_integer((json_int_t)count));
    for (size_t i = 0; i < count; i++) {
        if (!is_bytes(find_text(cbor_array_handle(wish->exclude)[i], "id"), &id))
            continue;
        const struct credential *found = store_find(&key->store, wish->rp_id_hash, id);
        if (found != NULL && (verified || found->protection != PROTECT_UV_REQUIRED))
            return true;
    }
    return false;
}

/* Resident keys of the same RP and user are replaced (section 6.1.2, step 16). */
static struct credential *replaced(struct key *key, const struct wish *wish)
{
    for (size_t i = 0; i < key->store.count && wish->resident; i++) {
        struct credential *old = &key->store.credentials[i];
        if (old->resident && memcmp(old->rp_id_hash, wish->rp_id_hash, HASH_SIZE) == 0 &&
            old->user_id_size == wish->user_id.size &&
            memcmp(old->user_id, wish->user_id.data, wish->user_id.size) == 0)
            return old;
    }
    return NULL;
}

/* --- making it --- */

static struct credential new_credential(struct key *key, const struct wish *wish)
{
    struct credential made = {
        .id_size = (size_t)key->script.credential_id_size,
        .algorithm = wish->algorithm,
        .resident = wish->resident,
        .protection =
            wish->protection == 0 ? PROTECT_UV_OPTIONAL : (enum protection)wish->protection,
        .user_id_size = wish->user_id.size,
    };

    if (key->fault.kind == FAULT_WRONG_ALGORITHM)
        made.algorithm = wish->algorithm == ALG_ES256 ? ALG_EDDSA : ALG_ES256;
    made.key = key_new(made.algorithm);
    random_bytes(made.id, made.id_size);
    memcpy(made.rp_id_hash, wish->rp_id_hash, HASH_SIZE);
    memcpy(made.user_id, wish->user_id.data, wish->user_id.size);
    copy_text(wish->rp, "id", made.rp_id, sizeof(made.rp_id));
    copy_text(wish->rp, "name", made.rp_name, sizeof(made.rp_name));
    copy_text(wish->user, "name", made.user_name, sizeof(made.user_name));
    copy_text(wish->user, "displayName", made.user_display_name, sizeof(made.user_display_name));
    return made;
}

static enum ctap_status keep(struct key *key, const struct wish *wish,
                             const struct credential *made)
{
    struct credential *old = replaced(key, wish);

    if (old != NULL)
        store_remove(&key->store, old);
    store_add(&key->store, made);
    key->store.counter++;
    store_save(&key->store);
    log_note(&key->log, "replaced", json_boolean(old != NULL));
    return CTAP_OK;
}

static void answer(struct key *key, const struct wish *wish, const struct credential *made,
                   bool verified, struct message *reply)
{
    struct authenticator_data data = {
        .rp_id_hash = wish->rp_id_hash,
        .flags = FLAG_UP | (verified ? FLAG_UV : 0),
        .counter = key->store.counter,
        .made = made,
        .protection = (unsigned)wish->protection,
    };
    struct message raw = {.size = 0};

    put_authenticator_data(&raw, &data, key->fault.kind, key->script.aaguid);
    put_map(reply, 3);
    put_int(reply, 0x01);
    put_text(reply, attest_format(key));
    put_int(reply, 0x02);
    put_bytes(reply, raw.data, raw.size);
    put_int(reply, 0x03);
    put_raw(&raw, wish->client_data_hash.data, wish->client_data_hash.size);
    put_statement(key, reply, made, (struct slice){raw.data, raw.size});
}

enum ctap_status make_credential(struct key *key, const cbor_item_t *request, struct message *reply)
{
    struct evidence evidence;
    struct wish wish;

    TRY(read_wish(key, request, &wish, &evidence));
    TRY(read_options(key, request, &wish, &evidence));
    log_note(&key->log, "rk", json_boolean(wish.resident));
    TRY(evidence_check(key, &evidence));
    TRY(pick_algorithm(key, wish.parameters, &wish.algorithm));
    log_note(&key->log, "algorithm", json_integer(wish.algorithm));
    TRY(read_extensions(key, request, &wish));
    if (find_int(request, ENTERPRISE_ATTESTATION) != NULL)
        return CTAP_INVALID_PARAMETER;
    if (key->script.list_max > 0 && wish.exclude != NULL &&
        cbor_array_size(wish.exclude) > (size_t)key->script.list_max)
        return CTAP_LIMIT_EXCEEDED;
    TRY(allow_unverified(key, &wish, &evidence));
    TRY(evidence_use(key, &evidence));
    bool known = excluded(key, &wish, evidence.verified);
    if (!evidence.present)
        TRY(user_touch(key));
    if (known)
        return CTAP_CREDENTIAL_EXCLUDED;
    if (key->script.ctap21)
        pin_spent(&key->pin);
    if (wish.resident && replaced(key, &wish) == NULL &&
        store_room(&key->store, key->script.capacity) == 0)
        return CTAP_KEY_STORE_FULL;
    struct credential made = new_credential(key, &wish);
    log_note(&key->log, "uv_done", json_boolean(evidence.verified));
    TRY(keep(key, &wish, &made));
    answer(key, &wish, &made, evidence.verified, reply);
    return CTAP_OK;
}
