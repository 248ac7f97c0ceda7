/*
 * An account that has a security key already asks for it at the login that registers the next one:
 * both are needed at the desk then, one after the other or side by side.
 */
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/holds.h"
#include "desk_internal.h"

enum { OTHERS_MAX = CK_POLICY_KEYS_MAX };

/* The credentials of the person's other keys that are in the account, and of which key one is. */
struct others {
    struct ck_bytes ids[OTHERS_MAX];
    size_t count;
    unsigned n;
    bool own; /* the key on the desk is in the account, too, and answers for itself */
};

static void others_clear(struct others *others)
{
    for (size_t i = 0; i < others->count; i++)
        ck_bytes_clear(&others->ids[i]);
}

static enum ck_err collect(struct desk_work *work, struct others *others, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_ledger_item *items = NULL;
    struct ck_ledger *ledger = work->desk->all->ledger;
    size_t count = 0;
    enum ck_err r = ck_ledger_items(ledger, work->sitting->person.id, &items, &count, err);

    for (size_t i = 0; r == CK_OK && i < count; i++) {
        const struct ck_ledger_item *item = &items[i];
        if (item->method != CK_ROLLOUT_WEBAUTHN || !ck_step_is_there(item->state))
            continue;
        if (item->n == work->sitting->turn.n) {
            others->own = true;
        } else if (others->count < OTHERS_MAX) {
            r = ck_ledger_credential(ledger, item->id, &others->ids[others->count], err);
            if (r == CK_OK && others->count++ == 0)
                others->n = item->n;
        }
    }
    return r == CK_OK ? CK_OK : desk_stop(work, err);
}

/* --- which of the plugged keys is which --- */

static enum ck_err holds_any(struct desk_work *work, const char *path, const struct others *others,
                             bool *ret_holds, struct ck_error *err)
{
    CK_CLEANUP(ck_key_close) struct ck_key *key = NULL;
    struct ck_key_settings settings = work->key_settings;
    bool held[OTHERS_MAX] = {false}, any = false;

    settings.device = path;
    enum ck_err r = ck_key_open(&settings, &key, err);
    if (r == CK_OK)
        r = ck_key_holds(key, work->desk->all->settings->host.name, others->ids, others->count,
                         held, err);
    if (r != CK_OK)
        return r;
    for (size_t i = 0; i < others->count; i++)
        any = any || held[i];
    *ret_holds = any;
    return CK_OK;
}

/* As far as it tells; whose it is has to be asked besides. */
static bool is_the_new_one(const struct desk_work *work, const struct ck_plugged_key *plugged)
{
    enum ck_pin_state pin = work->pin != NULL ? CK_PIN_SET : work->plugged.info.pin;

    return plugged->info.pin == pin && strcmp(plugged->serial, work->plugged.serial) == 0 &&
           strcmp(plugged->maker, work->plugged.maker) == 0 &&
           plugged->info.fido2 == work->plugged.info.fido2 &&
           memcmp(plugged->info.aaguid, work->plugged.info.aaguid, CK_AAGUID_SIZE) == 0;
}

/* The plugged key that is one of the others, or that is none and looks like the new one. */
static enum ck_err find(struct desk_work *work, const struct others *others, bool other,
                        bool *ret_found, struct ck_plugged_key *ret_key, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_plugged_key *keys = NULL;
    struct ck_key_settings settings = work->key_settings;
    size_t count = 0;

    settings.device = NULL;
    enum ck_err r = ck_key_find_all(&settings, &keys, &count, err);
    for (size_t i = 0; r == CK_OK && i < count; i++) {
        bool holds = false;
        if (keys[i].problem.code != CK_OK)
            continue;
        r = holds_any(work, keys[i].path, others, &holds, err);
        if (r == CK_OK && holds == other && (other || is_the_new_one(work, &keys[i]))) {
            *ret_key = keys[i];
            *ret_found = true;
            return CK_OK;
        }
    }
    return r;
}

static enum ck_err ask(struct desk_work *work, unsigned n, struct ck_error *err)
{
    const struct desk_person *person = work->desk->person;
    enum desk_answer answer = DESK_GO;
    enum ck_err r = person->ask_key(person->data, &work->sitting->turn, n, &answer, err);

    if (r != CK_OK || answer == DESK_GO || answer == DESK_PAUSE || answer == DESK_UNDO)
        return r;
    work->answered = true;
    work->answer = answer;
    return ck_error_set(err, CK_ERR_KEY, "key %u was not plugged in", n);
}

static enum ck_err wait_for(struct desk_work *work, const struct others *others, bool other,
                            struct ck_plugged_key *key, struct ck_error *err)
{
    bool found = false;
    enum ck_err r = find(work, others, other, &found, key, err);

    while (r == CK_OK && !found) {
        r = ask(work, other ? others->n : work->sitting->turn.n, err);
        if (r == CK_OK)
            r = find(work, others, other, &found, key, err);
    }
    return r;
}

/* --- what the login asks for --- */

static enum ck_err ask_other_key(void *data, struct ck_error *err)
{
    struct desk_work *work = data;
    CK_CLEANUP(others_clear) struct others others = {.count = 0};
    struct ck_plugged_key key;

    ck_key_close(&work->errand.login.key);
    enum ck_err r = collect(work, &others, err);
    if (r == CK_OK)
        r = wait_for(work, &others, false, &key, err);
    if (r != CK_OK)
        return r;
    work->plugged = key;
    return desk_key_look_again(work, err);
}

/* A passkey that does not log in is of no use on the key. */
static enum ck_err ask_forget(void *data, bool *ret_forget, struct ck_error *err)
{
    (void)data;
    (void)err;
    *ret_forget = true;
    return CK_OK;
}

void desk_login_key_init(struct desk_work *work)
{
    work->errand.between.ask_other_key = ask_other_key;
    work->errand.between.ask_forget = ask_forget;
}

enum ck_err desk_login_key_need(struct desk_work *work, const struct ck_ledger_item *item,
                                struct ck_error *err)
{
    CK_CLEANUP(others_clear) struct others others = {.count = 0};
    struct ck_plugged_key key;

    work->key_settings.device = work->plugged.path;
    if (ck_step_action(item->state) != CK_STEP_DO_ENROLL || work->errand.login.entrance != NULL ||
        work->errand.login.factor_key != NULL)
        return CK_OK;
    enum ck_err r = collect(work, &others, err);
    if (r != CK_OK || others.own || others.count == 0)
        return r;
    /* The key that answers the login would get the passkey. */
    if (item->method == CK_ROLLOUT_PASSKEY) {
        ck_error_set(err, CK_ERR_KEY,
                     "the account asks for its key %u before it takes a passkey, and would put "
                     "it there",
                     others.n);
        return ck_error_hint(err, "Register this key as second factor first: with --retry, if that "
                                  "failed or was skipped.");
    }
    r = wait_for(work, &others, true, &key, err);
    if (r != CK_OK)
        return r;
    ck_key_close(&work->errand.login.key);
    memcpy(work->login_path, key.path, sizeof(work->login_path));
    work->key_settings.device = work->login_path;
    return CK_OK;
}
