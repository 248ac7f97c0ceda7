/* Opening a key, and picking one of several by touch. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "internal.h"

enum { POLL_MS = 20 }; /* how long one of several keys is asked for a touch before the next */

bool ck_key_is_u2f_only(const struct ck_key *key)
{
    return !fido_dev_is_fido2(key->device);
}

void ck_key_close(struct ck_key **key)
{
    if (*key == NULL)
        return;
    if ((*key)->device != NULL)
        fido_dev_close((*key)->device);
    fido_dev_free(&(*key)->device);
    ck_secret_free(&(*key)->pin);
    ck_secret_free(&(*key)->old_pin);
    free(*key);
    *key = NULL;
}

/*
 * Left alone, libfido2 takes a key whose getInfo fails for one that only speaks U2F, and so a fault of
 * the moment for a key without PIN and passkeys. One that does only speak U2F says so before that.
 */
int node_open(fido_dev_t *device, const char *path)
{
    fido_init(FIDO_DISABLE_U2F_FALLBACK); /* holds for this thread */
    return fido_dev_open(device, path);
}

static int open_device(struct ck_key *key, void *path)
{
    return node_open(key->device, path);
}

static int begin_touch(struct ck_key *key, void *data)
{
    (void)data;
    return fido_dev_get_touch_begin(key->device);
}

static int get_info(struct ck_key *key, void *info)
{
    return fido_dev_get_cbor_info(key->device, info);
}

void cbor_info_free(fido_cbor_info_t **info)
{
    fido_cbor_info_free(info);
}

enum ck_err cbor_info_read(struct ck_key *key, fido_cbor_info_t **ret_info, struct ck_error *err)
{
    CK_CLEANUP(cbor_info_free) fido_cbor_info_t *info = fido_cbor_info_new();
    int fido;

    if (info == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = key_wait(key, WAIT_FOR_ANSWER, get_info, info, &fido, err);
    if (r == CK_OK && fido != FIDO_OK)
        r = key_translate(key, fido, err);
    if (r == CK_OK)
        *ret_info = CK_TAKE(info);
    return r;
}

enum ck_err found_open(const struct ck_key_settings *settings, const struct found_key *found,
                       struct ck_key **ret_key, struct ck_error *err)
{
    CK_CLEANUP(ck_key_close) struct ck_key *key = calloc(1, sizeof(*key));

    if (key == NULL || (key->device = fido_dev_new()) == NULL)
        return ck_error_no_memory(err);
    key->settings = settings;
    key->found = *found;
    int fido;
    enum ck_err r = key_wait(key, WAIT_FOR_ANSWER, open_device, (void *)found->path, &fido, err);
    if (r == CK_OK && fido != FIDO_OK)
        r = key_translate(key, fido, err);
    if (r == CK_OK)
        *ret_key = CK_TAKE(key);
    return r;
}

/* Several keys that blink at the same time. */
struct choice {
    struct ck_key *keys[CK_KEYS_MAX];
    size_t count;
};

static void choice_clear(struct choice *choice)
{
    for (size_t i = 0; i < choice->count; i++)
        ck_key_close(&choice->keys[i]);
}

static enum ck_err poll_touches(struct choice *choice, const struct ck_key_settings *settings,
                                struct ck_key **ret_touched, struct ck_error *err)
{
    int64_t until_ms = ck_clock_steady_ms() + settings->touch_timeout_ms;

    for (bool any_left = true; any_left && ck_clock_steady_ms() < until_ms;) {
        any_left = false;
        for (size_t i = 0; i < choice->count; i++) {
            int touched = 0;
            if (settings->cancel != NULL && *settings->cancel)
                return ck_error_set(err, CK_ERR_INTERRUPTED,
                                    "interrupted while waiting for a touch");
            if (choice->keys[i] == NULL)
                continue;
            any_left = true;
            if (fido_dev_get_touch_status(choice->keys[i]->device, &touched, POLL_MS) != FIDO_OK)
                ck_key_close(&choice->keys[i]); /* unplugged meanwhile: the others go on */
            else if (touched) {
                *ret_touched = CK_TAKE(choice->keys[i]);
                return CK_OK;
            }
        }
    }
    ck_error_set(err, CK_ERR_KEY, "none of the security keys was touched in time");
    return ck_error_hint(err, "Start again, and touch the one that you mean when it blinks.");
}

static void cancel_all(struct choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (choice->keys[i] != NULL)
            fido_dev_cancel(choice->keys[i]->device);
    }
}

static enum ck_err pick_by_touch(const struct ck_key_settings *settings,
                                 const struct found_key *found, size_t count,
                                 struct ck_key **ret_key, struct ck_error *err)
{
    CK_CLEANUP(choice_clear) struct choice choice = {0};
    struct ck_error cause = {.code = CK_OK}; /* of a key that is left out, which is no failure */
    enum ck_err r = CK_OK;

    for (size_t i = 0; i < count; i++) {
        CK_CLEANUP(ck_key_close) struct ck_key *key = NULL;
        int fido = FIDO_ERR_INTERNAL;
        r = found_open(settings, &found[i], &key, &cause);
        if (r == CK_OK)
            r = key_wait(key, WAIT_FOR_ANSWER, begin_touch, NULL, &fido, &cause);
        if (r == CK_ERR_INTERRUPTED)
            break;
        if (r == CK_OK && fido == FIDO_OK)
            choice.keys[choice.count++] = CK_TAKE(key);
    }
    if (r == CK_ERR_INTERRUPTED || (choice.count == 0 && r != CK_OK)) {
        *err = cause;
        return r;
    }
    if (choice.count == 0)
        return ck_error_set(err, CK_ERR_KEY, "none of the security keys takes part in picking one");
    settings->person->tell_touch(settings->person->data, choice.count);
    r = poll_touches(&choice, settings, ret_key, err);
    cancel_all(&choice);
    settings->person->tell_touched(settings->person->data);
    return r;
}

enum ck_err ck_key_open(const struct ck_key_settings *settings, struct ck_key **ret_key,
                        struct ck_error *err)
{
    struct found_key found[CK_KEYS_MAX];
    size_t count;

    fido_init(0);
    enum ck_err r = found_find(settings->device, found, &count, err);
    if (r != CK_OK)
        return r;
    return count == 1 ? found_open(settings, &found[0], ret_key, err)
                      : pick_by_touch(settings, found, count, ret_key, err);
}

/* The PIN is not for whatever key is there now: ck_key_sign finds out. */
enum ck_err ck_key_reopen(struct ck_key **key, struct ck_error *err)
{
    const struct ck_key_settings *settings = (*key)->settings;
    CK_CLEANUP(ck_secret_free)
    struct ck_secret *pin = (*key)->pin != NULL ? CK_TAKE((*key)->pin) : CK_TAKE((*key)->old_pin);

    ck_key_close(key);
    enum ck_err r = ck_key_open(settings, key, err);
    if (r == CK_OK)
        (*key)->old_pin = CK_TAKE(pin);
    return r;
}

static int forget(struct ck_key *key, void *data)
{
    const struct ck_bytes *credential_id = data;

    return fido_credman_del_dev_rk(key->device, credential_id->data, credential_id->size,
                                   key->pin != NULL ? ck_secret_bytes(key->pin) : NULL);
}

enum ck_err ck_key_forget(struct ck_key *key, const struct ck_bytes *credential_id,
                          struct ck_error *err)
{
    int fido;
    enum ck_err r = key_wait(key, WAIT_FOR_TOUCH, forget, (void *)credential_id, &fido, err);

    return r == CK_OK && fido != FIDO_OK ? key_translate(key, fido, err) : r;
}
