/* Whether a key was used in this roll-out already: it is asked for the credentials, silently. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/holds.h"
#include "cowkey/webauthn/credential.h"
#include "desk_internal.h"

struct owner {
    int64_t person;
    unsigned n;
    bool passkey;
    char account[CK_ACCOUNT_NAME_MAX];
};

/* The credentials that may be on the key, and whose they are. */
struct candidates {
    struct ck_bytes *ids;
    struct owner *owners;
    size_t count, room;
};

static void candidates_clear(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        ck_bytes_clear(&candidates->ids[i]);
    free(candidates->ids);
    free(candidates->owners);
}

static enum ck_err grow(struct candidates *candidates, struct ck_error *err)
{
    size_t room = candidates->room > 0 ? 2 * candidates->room : 64;

    if (candidates->count < candidates->room)
        return CK_OK;
    struct ck_bytes *ids = reallocarray(candidates->ids, room, sizeof(*ids));
    if (ids == NULL)
        return ck_error_no_memory(err);
    candidates->ids = ids;
    struct owner *owners = reallocarray(candidates->owners, room, sizeof(*owners));
    if (owners == NULL)
        return ck_error_no_memory(err);
    candidates->owners = owners;
    candidates->room = room;
    return CK_OK;
}

/* What was undone is on the key for ever, and of no account. */
static enum ck_err take(void *data, const struct ck_ledger_item *item,
                        const struct ck_ledger_person *person, const struct ck_bytes *credential,
                        struct ck_error *err)
{
    struct candidates *candidates = data;

    if (item->state == CK_STEP_PLANNED || credential->size == 0)
        return CK_OK;
    enum ck_err r = grow(candidates, err);
    if (r == CK_OK)
        r = ck_bytes_copy(credential->data, credential->size, &candidates->ids[candidates->count],
                          err);
    if (r != CK_OK)
        return r;
    struct owner *owner = &candidates->owners[candidates->count++];
    *owner = (struct owner){
        .person = person->id, .n = item->n, .passkey = item->method == CK_ROLLOUT_PASSKEY};
    snprintf(owner->account, sizeof(owner->account), "%s", person->account.name);
    return CK_OK;
}

/*
 * Keys that differ in what they tell of themselves are not the same. One that got a PIN, or a
 * passkey by one, loses it only by a reset, which deletes its credentials.
 */
static bool may_be(const struct ck_ledger_key *known, bool passkey,
                   const struct ck_plugged_key *plugged)
{
    bool had_pin = known->pin >= CK_KEY_PIN_SET || (passkey && !plugged->info.built_in_uv);
    char aaguid[CK_AAGUID_TEXT_MAX];

    if (had_pin && plugged->info.pin == CK_PIN_NOT_SET)
        return false;
    ck_aaguid_format(plugged->info.aaguid, aaguid);
    return (known->aaguid[0] == '\0' || strcmp(known->aaguid, aaguid) == 0) &&
           (known->serial[0] == '\0' || plugged->serial[0] == '\0' ||
            strcmp(known->serial, plugged->serial) == 0);
}

/* A key is asked for a few at a time: those that it can't be are worth leaving out. */
static enum ck_err leave_out(struct candidates *candidates, const struct desk_work *work,
                             struct ck_error *err)
{
    struct ck_ledger *ledger = work->desk->all->ledger;
    struct ck_ledger_key known = {0};
    size_t kept = 0;
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < candidates->count; i++) {
        struct owner *owner = &candidates->owners[i];
        if (r == CK_OK && (known.person != owner->person || known.n != owner->n))
            r = ck_ledger_key(ledger, owner->person, owner->n, &known, err);
        if (r == CK_OK && may_be(&known, owner->passkey, &work->plugged)) {
            candidates->ids[kept] = candidates->ids[i];
            candidates->owners[kept++] = *owner;
        } else {
            ck_bytes_clear(&candidates->ids[i]);
        }
    }
    candidates->count = kept;
    return r;
}

static void judge(const struct candidates *candidates, const bool *held,
                  const struct desk_work *work, struct desk_used *used)
{
    const struct sitting *sitting = work->sitting;

    *used = (struct desk_used){0};
    for (size_t i = 0; i < candidates->count; i++) {
        const struct owner *owner = &candidates->owners[i];
        bool own = owner->person == sitting->person.id && owner->n == sitting->turn.n;
        if (!held[i])
            continue;
        used->by_this = used->by_this || own;
        if (!own) {
            used->by_other = true;
            used->n = owner->n;
            memcpy(used->account, owner->account, sizeof(used->account));
        }
    }
}

enum ck_err desk_find_used(struct desk_work *work, struct desk_used *ret_used, struct ck_error *err)
{
    CK_CLEANUP(candidates_clear) struct candidates candidates = {0};
    const struct errands *all = work->desk->all;

    enum ck_err r = ck_ledger_walk_credentials(all->ledger, take, &candidates, err);
    if (r == CK_OK)
        r = leave_out(&candidates, work, err);
    if (r != CK_OK)
        return desk_stop(work, err);
    CK_CLEANUP(ck_free_p) bool *held = calloc(candidates.count + 1, sizeof(*held));
    if (held == NULL)
        return ck_error_no_memory(err);
    r = ck_key_holds(work->key, all->settings->host.name, candidates.ids, candidates.count, held,
                     err);
    if (r == CK_OK)
        judge(&candidates, held, work, ret_used);
    return r;
}
