/* The passkeys that a key keeps. */
#include "cowkey/key/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "internal.h"

static void metadata_free(fido_credman_metadata_t **metadata)
{
    fido_credman_metadata_free(metadata);
}

static void rps_free(fido_credman_rp_t **rps)
{
    fido_credman_rp_free(rps);
}

static void residents_free(fido_credman_rk_t **residents)
{
    fido_credman_rk_free(residents);
}

void ck_stored_list_clear(struct ck_stored_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ck_bytes_clear(&list->items[i].id);
        ck_bytes_clear(&list->items[i].user_id);
    }
    free(list->items);
    *list = (struct ck_stored_list){0};
}

/* --- asking the key --- */

static enum ck_err check_ability(struct ck_key *key, struct ck_error *err)
{
    if (fido_dev_supports_credman(key->device))
        return CK_OK;
    if (ck_key_is_u2f_only(key)) {
        ck_error_set(err, CK_ERR_KEY, "the security key %.150s is a U2F key: it keeps no passkeys",
                     key->found.name);
        return ck_error_hint(err, "There is nothing to list, and nothing to remove.");
    }
    ck_error_set(err, CK_ERR_KEY, "the security key %.150s can't list its passkeys",
                 key->found.name);
    return ck_error_hint(err, "Only a reset removes what it keeps.");
}

/* What one call asks for, and what comes of it. */
struct query {
    fido_credman_metadata_t *metadata;
    fido_credman_rp_t *rps;
    fido_credman_rk_t *residents;
    const char *rp_id;
    const struct ck_bytes *id;
    bool lost; /* the key was told, and what it answered did not arrive */
};

/* A key that has none says so by an error. */
static int none_is_fine(int fido_error)
{
    return fido_error == FIDO_ERR_NO_CREDENTIALS ? FIDO_OK : fido_error;
}

static int get_metadata(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin)
{
    struct query *query = data;

    (void)built_in_uv; /* libfido2 has the finger verified where there is no PIN */
    return fido_credman_get_dev_metadata(key->device, query->metadata, pin);
}

static int get_rps(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin)
{
    struct query *query = data;

    (void)built_in_uv;
    return none_is_fine(fido_credman_get_dev_rp(key->device, query->rps, pin));
}

static int get_residents(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin)
{
    struct query *query = data;

    (void)built_in_uv;
    return none_is_fine(fido_credman_get_dev_rk(key->device, query->rp_id, query->residents, pin));
}

static int remove_one(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin)
{
    struct query *query = data;
    int r = info_probe(key->device);

    (void)built_in_uv;
    if (r != FIDO_OK)
        return r;
    r = fido_credman_del_dev_rk(key->device, query->id->data, query->id->size, pin);
    query->lost = r != FIDO_OK && !key_is_answer(r);
    return r;
}

static enum ck_err run(struct ck_key *key, struct query *query,
                       int (*call)(struct ck_key *key, void *data, fido_opt_t built_in_uv,
                                   const char *pin),
                       struct ck_error *err)
{
    return ceremony_run(
        key,
        &(struct ceremony){
            .call = call, .data = query, .verification = CK_VERIFY_ALWAYS, .touchless = true},
        err);
}

/* --- taking over what it answers --- */

static void take_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL ? from : "");
}

static enum ck_err take(const fido_cred_t *cred, const char *rp_id, const char *rp_name,
                        struct ck_stored *stored, struct ck_error *err)
{
    take_text(stored->rp_id, sizeof(stored->rp_id), rp_id);
    take_text(stored->rp_name, sizeof(stored->rp_name), rp_name);
    take_text(stored->user_name, sizeof(stored->user_name), fido_cred_user_name(cred));
    take_text(stored->user_display_name, sizeof(stored->user_display_name),
              fido_cred_display_name(cred));
    stored->algorithm = fido_cred_type(cred);
    stored->protection = fido_cred_prot(cred);
    enum ck_err r = ck_bytes_copy(fido_cred_id_ptr(cred), fido_cred_id_len(cred), &stored->id, err);
    if (r == CK_OK)
        r = ck_bytes_copy(fido_cred_user_id_ptr(cred), fido_cred_user_id_len(cred),
                          &stored->user_id, err);
    return r;
}

/* Makes room for more entries; what is in the list stays its own. */
static enum ck_err grow(struct ck_stored_list *list, size_t more, struct ck_error *err)
{
    if (more > CK_STORED_MAX - list->count)
        return ck_error_set(err, CK_ERR_KEY,
                            "the security key says that it keeps more than %d "
                            "passkeys",
                            CK_STORED_MAX);
    if (more == 0)
        return CK_OK;
    struct ck_stored *items = reallocarray(list->items, list->count + more, sizeof(*items));
    if (items == NULL)
        return ck_error_no_memory(err);
    memset(items + list->count, 0, more * sizeof(*items));
    list->items = items;
    return CK_OK;
}

static enum ck_err add_rp(struct ck_key *key, const char *rp_id, const char *rp_name,
                          struct ck_stored_list *list, struct ck_error *err)
{
    CK_CLEANUP(residents_free) fido_credman_rk_t *residents = fido_credman_rk_new();
    struct query query = {.residents = residents, .rp_id = rp_id};

    if (residents == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = run(key, &query, get_residents, err);
    if (r == CK_OK)
        r = grow(list, fido_credman_rk_count(residents), err);
    for (size_t i = 0; r == CK_OK && i < fido_credman_rk_count(residents); i++)
        r = take(fido_credman_rk(residents, i), rp_id, rp_name, &list->items[list->count++], err);
    return r;
}

static enum ck_err add_all(struct ck_key *key, struct ck_stored_list *list, struct ck_error *err)
{
    CK_CLEANUP(rps_free) fido_credman_rp_t *rps = fido_credman_rp_new();
    struct query query = {.rps = rps};

    if (rps == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = run(key, &query, get_rps, err);
    for (size_t i = 0; r == CK_OK && i < fido_credman_rp_count(rps); i++) {
        if (fido_credman_rp_id(rps, i) != NULL)
            r = add_rp(key, fido_credman_rp_id(rps, i), fido_credman_rp_name(rps, i), list, err);
    }
    return r;
}

enum ck_err ck_stored_read(struct ck_key *key, const char *rp_id, struct ck_stored_list *ret_list,
                           struct ck_error *err)
{
    CK_CLEANUP(ck_stored_list_clear) struct ck_stored_list list = {0};
    CK_CLEANUP(metadata_free) fido_credman_metadata_t *metadata = fido_credman_metadata_new();
    struct query query = {.metadata = metadata};

    if (metadata == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = check_ability(key, err);
    if (r == CK_OK)
        r = run(key, &query, get_metadata, err);
    if (r != CK_OK)
        return r;
    uint64_t room = fido_credman_rk_remaining(metadata);
    list.stored = fido_credman_rk_existing(metadata) <= CK_STORED_MAX
                      ? (size_t)fido_credman_rk_existing(metadata)
                      : CK_STORED_MAX;
    list.room = room <= INT32_MAX ? (int64_t)room : -1;
    if (fido_credman_rk_existing(metadata) > 0)
        r = rp_id != NULL ? add_rp(key, rp_id, NULL, &list, err) : add_all(key, &list, err);
    if (r != CK_OK)
        return r;
    *ret_list = list;
    list = (struct ck_stored_list){0};
    return CK_OK;
}

/* --- removing --- */

static enum ck_err not_known(const struct ck_key *key, const char *why, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "it is not known whether the passkey is gone from the security key %.150s: %s",
                 key->found.name, why);
    return ck_error_hint(err, "Look with: cowkey key credentials list");
}

static enum ck_err check_gone(struct ck_key *key, const struct ck_stored *stored,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_stored_list_clear) struct ck_stored_list left = {0};

    if (ck_stored_read(key, stored->rp_id, &left, err) != CK_OK)
        return not_known(key, "it stopped answering", err);
    for (size_t i = 0; i < left.count; i++) {
        if (ck_bytes_equal(&left.items[i].id, &stored->id))
            return not_known(key, "it said so, but still lists it", err);
    }
    return CK_OK;
}

enum ck_err ck_stored_remove(struct ck_key *key, const struct ck_stored *stored,
                             struct ck_error *err)
{
    struct query query = {.id = &stored->id};

    enum ck_err r = check_ability(key, err);
    if (r == CK_OK)
        r = run(key, &query, remove_one, err);
    if (query.lost)
        return not_known(key, "it stopped answering", err);
    return r == CK_OK ? check_gone(key, stored, err) : r;
}
