/* The factors that a plan wishes for, and which plan it is. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "ledger_internal.h"

enum ck_err ledger_each_wish(const struct ck_rollout *rollout, ledger_wish_taker *take, void *data,
                             struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < rollout->plan->count && r == CK_OK; i++) {
        const struct ck_plan_item item = ck_plan_item(rollout->plan, i);
        bool is_key = ck_plan_item_takes_key(&item);
        struct ledger_wish wish = {
            .item = &item,
            .row = i,
            .group = ck_policy_find(rollout->policy, item.group),
            .pattern = ck_rollout_label(rollout, &item),
            .n = is_key ? 1 : 0,
        };
        unsigned last = is_key ? wish.group->keys : 0;
        for (; wish.n <= last && r == CK_OK; wish.n++)
            r = take(data, &wish, err);
    }
    return r;
}

/* --- which plan --- */

/*
 * The hash is one of hashes in their order, so that the order of the rows does not matter. They are
 * made in some passes, each of which holds only those of its share: as many as a plan of 100000
 * rows can wish for take 25 MiB.
 */
enum { PASS_HASHES = 32 * 1024, PASSES_MAX = 8 };

struct hashing {
    uint8_t (*hashes)[CK_SHA256_SIZE]; /* of this pass; owned */
    size_t count, room;
    unsigned pass, passes;
    bool with_details;
};

static void hashing_clear(struct hashing *hashing)
{
    free(hashing->hashes);
}

static enum ck_err keep(struct hashing *hashing, const uint8_t *hash, struct ck_error *err)
{
    if (hashing->count == hashing->room) {
        size_t room = hashing->room + hashing->room / 2 + 1024;
        uint8_t(*hashes)[CK_SHA256_SIZE] = reallocarray(hashing->hashes, room, sizeof(*hashes));
        if (hashes == NULL)
            return ck_error_no_memory(err);
        hashing->hashes = hashes;
        hashing->room = room;
    }
    memcpy(hashing->hashes[hashing->count++], hash, CK_SHA256_SIZE);
    return CK_OK;
}

/* No line end stands in any of them. */
static enum ck_err hash_wish(void *data, const struct ledger_wish *wish, struct ck_error *err)
{
    struct hashing *hashing = data;
    const struct ck_plan_item *item = wish->item;
    uint8_t hash[CK_SHA256_SIZE];
    char text[CK_ACCOUNT_NAME_MAX + CK_FACTOR_LABEL_MAX + CK_PASSWORD_REF_MAX + CK_GROUP_NAME_MAX +
              256];

    int size = snprintf(text, sizeof(text), "%s\n%s\n%s\n%u\n%s\n%s\n%d\n%s\n%s\n",
                        ck_role_name(item->account.role), item->account.name,
                        ck_rollout_method_name(item->method), wish->n, wish->pattern,
                        ck_rollout_route_name(item->route), (int)item->password_kind,
                        item->password_name != NULL ? item->password_name : "", item->group);
    if (hashing->with_details && size > 0 && (size_t)size < sizeof(text))
        size += snprintf(text + size, sizeof(text) - (size_t)size, "%zu\n%d\n", item->line,
                         (int)wish->group->proof);
    enum ck_err r = ck_sha256(text, (size_t)size, hash, err);
    if (r != CK_OK)
        return r;
    bool is_of_pass = (((unsigned)hash[0] << 8 | hash[1]) * hashing->passes) >> 16 == hashing->pass;
    return is_of_pass ? keep(hashing, hash, err) : CK_OK;
}

static int compare_hashes(const void *one, const void *other)
{
    return memcmp(one, other, CK_SHA256_SIZE);
}

static void digest_free(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}

static enum ck_err add(EVP_MD_CTX *digest, const void *bytes, size_t size, struct ck_error *err)
{
    return EVP_DigestUpdate(digest, bytes, size) == 1 ? CK_OK : ck_error_no_memory(err);
}

/* Of the server's hash and, behind that, those of the wishes. */
static enum ck_err hash_plan(const struct ck_rollout *rollout, const char *server, unsigned passes,
                             bool with_details, uint8_t ret_hash[CK_SHA256_SIZE],
                             struct ck_error *err)
{
    CK_CLEANUP(hashing_clear)
    struct hashing hashing = {.with_details = with_details, .passes = passes};
    CK_CLEANUP(digest_free) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    uint8_t of_server[CK_SHA256_SIZE];

    if (digest == NULL || EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        return ck_error_no_memory(err);
    enum ck_err r = ck_sha256(server, strlen(server), of_server, err);
    if (r == CK_OK)
        r = add(digest, of_server, sizeof(of_server), err);
    for (; r == CK_OK && hashing.pass < passes; hashing.pass++) {
        hashing.count = 0;
        r = ledger_each_wish(rollout, hash_wish, &hashing, err);
        if (r != CK_OK || hashing.count == 0)
            continue;
        qsort(hashing.hashes, hashing.count, sizeof(*hashing.hashes), compare_hashes);
        r = add(digest, hashing.hashes, hashing.count * sizeof(*hashing.hashes), err);
    }
    if (r == CK_OK && EVP_DigestFinal_ex(digest, ret_hash, NULL) != 1)
        r = ck_error_no_memory(err);
    return r;
}

static enum ck_err count_wish(void *data, const struct ledger_wish *wish, struct ck_error *err)
{
    (void)wish;
    (void)err;
    ++*(size_t *)data;
    return CK_OK;
}

enum ck_err ledger_identify(const struct ck_rollout *rollout, const char *server,
                            struct ledger_identity *ret_identity, struct ck_error *err)
{
    struct ledger_identity identity;
    size_t count = 0;

    if (ledger_each_wish(rollout, count_wish, &count, err) != CK_OK)
        return err->code;
    unsigned passes =
        count < PASS_HASHES * PASSES_MAX ? 1 + (unsigned)count / PASS_HASHES : PASSES_MAX;
    if (hash_plan(rollout, server, passes, false, identity.plan, err) != CK_OK ||
        hash_plan(rollout, server, passes, true, identity.details, err) != CK_OK)
        return err->code;
    *ret_identity = identity;
    return CK_OK;
}
