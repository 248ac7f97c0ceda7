/* Resetting a key, which has to have been plugged in just before. */
#include "cowkey/key/reset.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "internal.h"

enum {
    LOOK_MS = 50,            /* how often it is looked whether the key is there */
    PERMISSION_MS = 2 * 1000 /* that udev may take to let us open the node of a new key */
};

/* The paths of keys that are not the one to reset. */
struct others {
    struct found_key keys[CK_KEYS_MAX];
    size_t count;
};

static bool is_among(const struct found_key *keys, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].path, path) == 0)
            return true;
    }
    return false;
}

static enum ck_err pause_between_looks(const struct ck_key_settings *settings, struct ck_error *err)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};

    nanosleep(&pause, NULL);
    if (settings->cancel != NULL && *settings->cancel)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted before the reset");
    return CK_OK;
}

static enum ck_err too_late(const char *what, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_KEY, "the security key was not %s in time", what);
    return ck_error_hint(err, "Nothing was deleted. Start again.");
}

/*
 * Until the key is gone; *ret_others are then all that are there. While its node is, the key is let
 * alone: listing keys opens each.
 */
static enum ck_err await_unplugging(const struct ck_key_settings *settings, const char *path,
                                    struct others *ret_others, struct ck_error *err)
{
    int64_t until_ms = ck_clock_steady_ms() + settings->touch_timeout_ms;
    struct others there;

    for (;;) {
        bool has_node = access(path, F_OK) == 0;
        enum ck_err r = has_node ? CK_OK : found_list(NULL, there.keys, &there.count, err);
        if (r == CK_OK && !has_node && !is_among(there.keys, there.count, path)) {
            *ret_others = there;
            return CK_OK;
        }
        if (r == CK_OK)
            r = pause_between_looks(settings, err);
        if (r != CK_OK)
            return r;
        if (ck_clock_steady_ms() >= until_ms)
            return too_late("unplugged", err);
    }
}

static enum ck_err await_plugging(const struct ck_key_settings *settings,
                                  const struct others *others, struct found_key *ret_found,
                                  struct ck_error *err)
{
    int64_t until_ms = ck_clock_steady_ms() + settings->touch_timeout_ms;
    struct found_key there[CK_KEYS_MAX];
    size_t count = 0;

    for (;;) {
        enum ck_err r = found_list(NULL, there, &count, err);
        for (size_t i = 0; r == CK_OK && i < count; i++) {
            if (!is_among(others->keys, others->count, there[i].path)) {
                *ret_found = there[i];
                return CK_OK;
            }
        }
        if (r == CK_OK)
            r = pause_between_looks(settings, err);
        if (r != CK_OK)
            return r;
        if (ck_clock_steady_ms() >= until_ms)
            return too_late("plugged in again", err);
    }
}

/* A node that is listed may not be open to us yet. */
static enum ck_err open_soon(const struct ck_key_settings *settings, const struct found_key *found,
                             struct ck_key **ret_key, struct ck_error *err)
{
    int64_t until_ms = ck_clock_steady_ms() + PERMISSION_MS;
    enum ck_err r;

    while ((r = found_open(settings, found, ret_key, err)) == CK_ERR_KEY &&
           ck_clock_steady_ms() < until_ms) {
        struct ck_error interrupted;
        if (pause_between_looks(settings, &interrupted) != CK_OK) {
            *err = interrupted;
            return err->code;
        }
    }
    return r;
}

/* The person may have plugged in another one; that would lose everything. */
static enum ck_err check_same(struct ck_key *key, const struct ck_plugged_key *wanted,
                              struct ck_error *err)
{
    struct ck_plugged_key now;

    enum ck_err r = ck_key_describe(key, &now, err);
    if (r != CK_OK)
        return r;
    if (now.info.fido2 == wanted->info.fido2 && strcmp(now.serial, wanted->serial) == 0 &&
        strcmp(now.maker, wanted->maker) == 0 &&
        memcmp(now.info.aaguid, wanted->info.aaguid, CK_AAGUID_SIZE) == 0)
        return CK_OK;
    ck_error_set(err, CK_ERR_KEY, "another security key was plugged in: %.200s", key->found.name);
    return ck_error_hint(err, "Nothing was deleted. Start again with the one that you mean.");
}

struct job {
    bool lost; /* the key was told, and what it answered did not arrive */
};

static int reset(struct ck_key *key, void *data)
{
    struct job *job = data;
    int r = info_probe(key->device);

    if (r != FIDO_OK)
        return r;
    r = fido_dev_reset(key->device);
    job->lost = r != FIDO_OK && !key_is_answer(r);
    return r;
}

static enum ck_err not_known(const struct ck_key *key, const char *why, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNKNOWN,
                 "it is not known whether the security key %.150s was reset: %s", key->found.name,
                 why);
    return ck_error_hint(err, "Plug it in and look with: cowkey key info");
}

/* A key that has been reset has no PIN. */
static enum ck_err check_reset(struct ck_key *key, struct ck_error *err)
{
    struct ck_key_info info;
    int r = info_read(key->device, &info);

    if (r != FIDO_OK)
        return not_known(key, "it stopped answering", err);
    return info.pin == CK_PIN_NOT_SET || info.pin == CK_PIN_UNSUPPORTED
               ? CK_OK
               : not_known(key, "it said so, but still has a PIN", err);
}

static enum ck_err run(struct ck_key *key, struct ck_error *err)
{
    const struct ck_key_person *person = key->settings->person;
    struct job job = {.lost = false};
    int fido_error = FIDO_OK;

    person->tell_touch(person->data, 1);
    enum ck_err r = key_wait(key, WAIT_FOR_TOUCH, reset, &job, &fido_error, err);
    person->tell_touched(person->data);
    if (job.lost)
        return not_known(key, "it stopped answering", err);
    if (r != CK_OK)
        return r;
    if (fido_error == FIDO_ERR_NOT_ALLOWED) {
        ck_error_set(err, CK_ERR_KEY, "the security key %.150s does not allow a reset now",
                     key->found.name);
        return ck_error_hint(err, "It does so only for some seconds after it is plugged in, and "
                                  "some only over USB. Start again, and be quicker.");
    }
    return fido_error == FIDO_OK ? check_reset(key, err) : key_translate(key, fido_error, err);
}

enum ck_err ck_key_reset(struct ck_key **key, const struct ck_plugged_key *description,
                         const struct ck_reset_person *person, struct ck_error *err)
{
    const struct ck_key_settings *settings = (*key)->settings;
    CK_CLEANUP(ck_free_p) struct others *others = calloc(1, sizeof(*others));
    CK_CLEANUP(ck_key_close) struct ck_key *again = NULL;
    struct found_key found;

    /* An open node would keep its number, and the key from coming back at its path. */
    ck_key_close(key);
    if (others == NULL)
        return ck_error_no_memory(err);
    person->tell_unplug(person->data);
    enum ck_err r = await_unplugging(settings, description->path, others, err);
    if (r != CK_OK)
        return r;
    person->tell_plug(person->data);
    r = await_plugging(settings, others, &found, err);
    if (r == CK_OK)
        r = open_soon(settings, &found, &again, err);
    if (r == CK_OK)
        r = check_same(again, description, err);
    return r == CK_OK ? run(again, err) : r;
}
