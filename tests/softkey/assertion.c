#include "assertion.h"

#include <string.h>

#include "attest.h"
#include "key.h"

struct question {
    struct slice rp_id;
    struct slice client_data_hash;
    const cbor_item_t *allow;
    bool up;
    uint8_t rp_id_hash[HASH_SIZE];
};

/* --- reading the request --- */

static enum ctap_status read_question(struct key *key, const cbor_item_t *request,
                                      struct question *question, struct evidence *evidence)
{
    const cbor_item_t *options = NULL;
    bool resident = false;

    *question = (struct question){.up = true};
    *evidence = (struct evidence){.permission = PERMIT_ASSERT};
    TRY(take_text(request, 0x01, REQUIRED, &question->rp_id));
    TRY(take_bytes(request, 0x02, REQUIRED, &question->client_data_hash));
    TRY(take_array(request, 0x03, OPTIONAL, &question->allow));
    TRY(take_map(request, 0x05, OPTIONAL, &options));
    TRY(take_bytes(request, 0x06, OPTIONAL, &evidence->param));
    TRY(take_int(request, 0x07, OPTIONAL, &evidence->protocol));
    TRY(take_option(options, "up", &question->up));
    TRY(take_option(options, "uv", &evidence->uv));
    TRY(take_option(options, "rk", &resident));
    if (question->client_data_hash.size != HASH_SIZE)
        return CTAP_INVALID_LENGTH;
    sha256(question->rp_id.data, question->rp_id.size, question->rp_id_hash);
    evidence->client_data_hash = question->client_data_hash;
    evidence->rp_id_hash = question->rp_id_hash;
    log_note(&key->log, "rp_id",
             json_stringn((const char *)question->rp_id.data, question->rp_id.size));
    log_note(&key->log, "up", json_boolean(question->up));
    if (find_text(options, "rk") != NULL)
        return CTAP_UNSUPPORTED_OPTION;
    return CTAP_OK;
}

/* Section 6.2.2, step 5. */
static enum ctap_status allow_unverified(const struct key *key, const struct question *question,
                                         struct evidence *evidence)
{
    if (!key->store.always_uv || !question->up || evidence->param.data != NULL || evidence->uv)
        return CTAP_OK;
    evidence->uv = key->script.uv == UV_SET;
    return evidence->uv ? CTAP_OK : CTAP_PUAT_REQUIRED;
}

/* --- which credentials? (step 7) --- */

static bool visible(const struct credential *credential, bool verified, bool listed)
{
    switch (credential->protection) {
    case PROTECT_UV_OPTIONAL:
        return true;
    case PROTECT_UV_OPTIONAL_WITH_LIST:
        return verified || listed;
    case PROTECT_UV_REQUIRED:
        return verified;
    }
    return false;
}

static void add(struct key *key, const struct credential *credential)
{
    struct assertions *found = &key->assertions;

    if (found->count < ASSERTIONS_MAX)
        found->index[found->count++] = (size_t)(credential - key->store.credentials);
}

/* Of a list, the first that fits will do: the person has no say in it. */
static void find_listed(struct key *key, const struct question *question, bool verified)
{
    struct slice id;

    for (size_t i = 0; i < cbor_array_size(question->allow) && key->assertions.count == 0; i++) {
        if (!is_bytes(find_text(cbor_array_handle(question->allow)[i], "id"), &id))
            continue;
        const struct credential *found = store_find(&key->store, question->rp_id_hash, id);
        if (found != NULL && visible(found, verified, true))
            add(key, found);
    }
}

static void find_resident(struct key *key, const struct question *question, bool verified)
{
    for (size_t i = key->store.count; i > 0; i--) {
        const struct credential *found = &key->store.credentials[i - 1];
        if (found->resident && visible(found, verified, false) &&
            memcmp(found->rp_id_hash, question->rp_id_hash, HASH_SIZE) == 0)
            add(key, found);
    }
}

static enum ctap_status find(struct key *key, const struct question *question, bool verified)
{
    size_t listed = question->allow == NULL ? 0 : cbor_array_size(question->allow);

    log_note(&key->log, "allow", json_integer((json_int_t)listed));
    if (key->script.list_max > 0 && listed > (size_t)key->script.list_max)
        return CTAP_LIMIT_EXCEEDED;
    key->assertions = (struct assertions){.listed = listed > 0};
    if (listed > 0)
        find_listed(key, question, verified);
    else
        find_resident(key, question, verified);
    return key->assertions.count == 0 ? CTAP_NO_CREDENTIALS : CTAP_OK;
}

/* --- the answer --- */

static void put_id(struct message *reply, const struct key *key,
                   const struct credential *credential)
{
    uint8_t id[CREDENTIAL_ID_MAX];

    memcpy(id, credential->id, credential->id_size);
    if (key->fault.kind == FAULT_WRONG_CREDENTIAL)
        id[0] ^= 1;
    put_int(reply, 0x01);
    put_descriptor(reply, id, credential->id_size);
}

/* Another process may have deleted some meanwhile. */
static bool gone(const struct key *key)
{
    return key->assertions.index[key->assertions.next] >= key->store.count;
}

/* Answers with the credential that is due. The number of credentials is told only at first. */
static enum ctap_status answer(struct key *key, bool first, struct message *reply)
{
    struct assertions *found = &key->assertions;
    bool number = first && found->count > 1;
    struct message raw = {.size = 0};
    uint8_t signature[SIGNATURE_MAX];

    if (gone(key))
        return CTAP_NO_CREDENTIALS;
    const struct credential *credential = &key->store.credentials[found->index[found->next++]];
    key->store.counter++;
    store_save(&key->store);
    struct authenticator_data data = {
        .rp_id_hash = found->rp_id_hash,
        .flags = found->flags,
        .counter = key->store.counter,
    };
    put_authenticator_data(&raw, &data, key->fault.kind, NULL);
    put_map(reply, 3U + credential->resident + number);
    put_id(reply, key, credential);
    put_int(reply, 0x02);
    put_bytes(reply, raw.data, raw.size);
    put_raw(&raw, found->client_data_hash, HASH_SIZE);
    size_t size = attest_sign(key, credential->key, credential->algorithm,
                              (struct slice){raw.data, raw.size}, signature);
    put_int(reply, 0x03);
    put_bytes(reply, signature, size);
    if (credential->resident) {
        put_int(reply, 0x04);
        /* Names are for a verified user who has to choose among several (section 6.2.2, step 9). */
        put_user(reply, credential, found->count > 1 && (found->flags & FLAG_UV));
    }
    if (number) {
        put_int(reply, 0x05);
        put_int(reply, (int64_t)found->count);
    }
    found->until_ms = now_ms() + ASSERTIONS_TIMEOUT_MS;
    return CTAP_OK;
}

enum ctap_status get_assertion(struct key *key, const cbor_item_t *request, struct message *reply)
{
    struct assertions *found = &key->assertions;
    struct evidence evidence;
    struct question question;

    TRY(read_question(key, request, &question, &evidence));
    TRY(evidence_check(key, &evidence));
    TRY(allow_unverified(key, &question, &evidence));
    TRY(evidence_use(key, &evidence));
    log_note(&key->log, "uv_done", json_boolean(evidence.verified));
    TRY(find(key, &question, evidence.verified));
    if (question.up && !evidence.present)
        TRY(user_touch(key));
    if (question.up && key->script.ctap21)
        pin_spent(&key->pin);
    memcpy(found->rp_id_hash, question.rp_id_hash, HASH_SIZE);
    memcpy(found->client_data_hash, question.client_data_hash.data, HASH_SIZE);
    found->flags = (uint8_t)((question.up ? FLAG_UP : 0) | (evidence.verified ? FLAG_UV : 0));
    return answer(key, true, reply);
}

enum ctap_status get_next_assertion(struct key *key, const cbor_item_t *request,
                                    struct message *reply)
{
    struct assertions *found = &key->assertions;

    (void)request;
    if (found->next == 0 || found->next >= found->count || now_ms() > found->until_ms)
        return CTAP_NOT_ALLOWED;
    return answer(key, false, reply);
}
