/* What keys say about themselves, and what the system says about those that can't be asked. */
#include "cowkey/key/info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "internal.h"

enum { ANSWER_TIMEOUT_MS = 3000 }; /* nobody is waited for, so a key that works answers at once */

static void device_free(fido_dev_t **device)
{
    if (*device != NULL)
        fido_dev_close(*device);
    fido_dev_free(device);
}

const char *ck_pin_state_name(enum ck_pin_state state)
{
    static const char *const names[] = {
        [CK_PIN_UNSUPPORTED] = "unsupported",
        [CK_PIN_NOT_SET] = "not-set",
        [CK_PIN_SET] = "set",
        [CK_PIN_CHANGE_REQUIRED] = "change-required",
        [CK_PIN_BLOCKED] = "blocked",
    };

    return names[state];
}

/* --- lists --- */

static void add_word(struct ck_key_words *words, const char *text, uint64_t value)
{
    if (words->count == CK_KEY_WORDS_MAX)
        return;
    snprintf(words->names[words->count].text, CK_KEY_WORD_MAX, "%s", text);
    words->values[words->count++] = value;
}

static void add_words(struct ck_key_words *words, char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_word(words, texts[i], 0);
}

static bool has_word(const struct ck_key_words *words, const char *text, uint64_t *ret_value)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->names[i].text, text) == 0) {
            *ret_value = words->values[i];
            return true;
        }
    }
    return false;
}

static bool has_option(const struct ck_key_info *info, const char *name)
{
    uint64_t value;

    return has_word(&info->options, name, &value) && value != 0;
}

static void take_lists(const fido_cbor_info_t *from, struct ck_key_info *info)
{
    add_words(&info->versions, fido_cbor_info_versions_ptr(from),
              fido_cbor_info_versions_len(from));
    add_words(&info->extensions, fido_cbor_info_extensions_ptr(from),
              fido_cbor_info_extensions_len(from));
    add_words(&info->transports, fido_cbor_info_transports_ptr(from),
              fido_cbor_info_transports_len(from));
    for (size_t i = 0; i < fido_cbor_info_options_len(from); i++)
        add_word(&info->options, fido_cbor_info_options_name_ptr(from)[i],
                 fido_cbor_info_options_value_ptr(from)[i]);
    for (size_t i = 0; i < fido_cbor_info_certs_len(from); i++)
        add_word(&info->certifications, fido_cbor_info_certs_name_ptr(from)[i],
                 fido_cbor_info_certs_value_ptr(from)[i]);
    for (size_t i = 0; i < fido_cbor_info_algorithm_count(from) && i < CK_KEY_WORDS_MAX; i++)
        info->algorithms[info->algorithms_count++] = fido_cbor_info_algorithm_cose(from, i);
    for (size_t i = 0; i < fido_cbor_info_protocols_len(from) && i < CK_KEY_WORDS_MAX; i++)
        info->pin_protocols[info->pin_protocols_count++] = fido_cbor_info_protocols_ptr(from)[i];
}

/* --- numbers --- */

static int64_t number_or_none(uint64_t value)
{
    return value == 0 || value > INT64_MAX ? -1 : (int64_t)value;
}

static void take_numbers(const fido_cbor_info_t *from, struct ck_key_info *info)
{
    int64_t room = fido_cbor_info_rk_remaining(from);

    info->firmware = number_or_none(fido_cbor_info_fwversion(from));
    info->pin_length_min = number_or_none(fido_cbor_info_minpinlen(from));
    if (info->pin_length_min < CK_PIN_MIN)
        info->pin_length_min = CK_PIN_MIN;
    info->message_size_max = number_or_none(fido_cbor_info_maxmsgsiz(from));
    info->credential_count_max = number_or_none(fido_cbor_info_maxcredcntlst(from));
    info->credential_id_size_max = number_or_none(fido_cbor_info_maxcredidlen(from));
    info->blob_size_max = number_or_none(fido_cbor_info_maxcredbloblen(from));
    info->large_blob_size_max = number_or_none(fido_cbor_info_maxlargeblob(from));
    info->rp_ids_for_pin_length = number_or_none(fido_cbor_info_maxrpid_minpinlen(from));
    info->passkey_room = room < 0 ? -1 : room;
    info->uv_modality = fido_cbor_info_uv_modality(from);
    if (fido_cbor_info_aaguid_len(from) == CK_AAGUID_SIZE)
        memcpy(info->aaguid, fido_cbor_info_aaguid_ptr(from), CK_AAGUID_SIZE);
}

static enum ck_pin_state pin_state(const fido_cbor_info_t *from, const struct ck_key_info *info)
{
    uint64_t set;

    if (!has_word(&info->options, "clientPin", &set))
        return CK_PIN_UNSUPPORTED;
    if (set == 0)
        return CK_PIN_NOT_SET;
    if (info->pin_tries == 0)
        return CK_PIN_BLOCKED;
    return fido_cbor_info_new_pin_required(from) ? CK_PIN_CHANGE_REQUIRED : CK_PIN_SET;
}

static void take_device_version(const fido_dev_t *device, struct ck_key_info *info)
{
    int major = fido_dev_major(device), minor = fido_dev_minor(device);
    int build = fido_dev_build(device);

    if (major != 0 || minor != 0 || build != 0)
        snprintf(info->device_version, sizeof(info->device_version), "%d.%d.%d", major, minor,
                 build);
}

static int read_fido2_info(fido_dev_t *device, struct ck_key_info *info)
{
    CK_CLEANUP(cbor_info_free) fido_cbor_info_t *from = fido_cbor_info_new();
    uint64_t value;

    int r = from == NULL ? FIDO_ERR_INTERNAL : fido_dev_get_cbor_info(device, from);
    if (r != FIDO_OK)
        return r;
    take_lists(from, info);
    take_numbers(from, info);
    info->u2f = has_word(&info->versions, "U2F_V2", &value);
    info->built_in_uv = has_option(info, "uv");
    info->manages_credentials =
        has_option(info, "credMgmt") || has_option(info, "credentialMgmtPreview");
    info->sets_pin_length_min =
        has_option(info, "authnrCfg") && has_option(info, "setMinPINLength");
    if (has_option(info, "clientPin") &&
        fido_dev_get_retry_count(device, &info->pin_tries) != FIDO_OK)
        info->pin_tries = -1;
    if (info->built_in_uv && fido_dev_get_uv_retry_count(device, &info->uv_tries) != FIDO_OK)
        info->uv_tries = -1;
    info->pin = pin_state(from, info);
    return FIDO_OK;
}

int info_probe(fido_dev_t *device)
{
    CK_CLEANUP(cbor_info_free) fido_cbor_info_t *info = fido_cbor_info_new();

    return info == NULL ? FIDO_ERR_INTERNAL : fido_dev_get_cbor_info(device, info);
}

int info_read(fido_dev_t *device, struct ck_key_info *ret_info)
{
    struct ck_key_info info = {
        .fido2 = fido_dev_is_fido2(device),
        .firmware = -1,
        .pin = CK_PIN_UNSUPPORTED,
        .pin_tries = -1,
        .uv_tries = -1,
        .pin_length_min = -1,
        .message_size_max = -1,
        .credential_count_max = -1,
        .credential_id_size_max = -1,
        .blob_size_max = -1,
        .large_blob_size_max = -1,
        .rp_ids_for_pin_length = -1,
        .passkey_room = -1,
    };
    int r = FIDO_OK;

    take_device_version(device, &info);
    if (info.fido2) {
        r = read_fido2_info(device, &info);
    } else {
        info.u2f = true;
        add_word(&info.versions, "U2F_V2", 0);
    }
    if (r == FIDO_OK)
        *ret_info = info;
    return r;
}

/* --- keys --- */

void found_describe(const struct found_key *found, struct ck_plugged_key *plugged)
{
    memcpy(plugged->path, found->path, sizeof(plugged->path));
    memcpy(plugged->maker, found->maker, sizeof(plugged->maker));
    memcpy(plugged->product, found->product, sizeof(plugged->product));
    sysfs_read_attribute(found->path, "serial", plugged->serial);
}

enum ck_err ck_key_describe(struct ck_key *key, struct ck_plugged_key *ret_description,
                            struct ck_error *err)
{
    struct ck_plugged_key plugged = {0};

    found_describe(&key->found, &plugged);
    int r = info_read(key->device, &plugged.info);
    if (r != FIDO_OK)
        return key_translate(key, r, err);
    *ret_description = plugged;
    return CK_OK;
}

/* Whatever is wrong with a key is told of it, and does not keep the others from being listed. */
static enum ck_err ask(const struct ck_key_settings *settings, const struct found_key *found,
                       struct ck_plugged_key *plugged, struct ck_error *err)
{
    CK_CLEANUP(device_free) fido_dev_t *device = fido_dev_new();

    if (device == NULL)
        return ck_error_no_memory(err);
    fido_dev_set_timeout(device, ANSWER_TIMEOUT_MS);
    int r = node_open(device, found->path);
    if (r == FIDO_OK)
        r = info_read(device, &plugged->info);
    if (settings->cancel != NULL && *settings->cancel)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    if (r == FIDO_OK)
        return CK_OK;
    ck_error_set(&plugged->problem, CK_ERR_KEY, "the security key %.150s does not answer: %s",
                 found->name, fido_strerr(r));
    ck_error_hint(&plugged->problem,
                  "End other programs that use it, or unplug it and plug it in again.");
    return CK_OK;
}

static bool is_listed(const struct ck_plugged_key *keys, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].path, path) == 0)
            return true;
    }
    return false;
}

/* The keys that libfido2 leaves out, because their nodes can't be opened. */
static size_t add_forbidden(const char *device, struct ck_plugged_key *keys, size_t count)
{
    struct node nodes[CK_KEYS_MAX];
    size_t nodes_count = sysfs_list_nodes(nodes);

    for (size_t i = 0; i < nodes_count && count < CK_KEYS_MAX; i++) {
        const char *path = nodes[i].path;
        struct ck_plugged_key *key = &keys[count];
        int why = sysfs_try_node(path);
        if (why == 0 || is_listed(keys, count, path) ||
            (device != NULL && strcmp(device, path) != 0))
            continue;
        snprintf(key->path, sizeof(key->path), "%s", path);
        sysfs_read_attribute(path, "manufacturer", key->maker);
        sysfs_read_attribute(path, "product", key->product);
        sysfs_read_attribute(path, "serial", key->serial);
        node_explain_forbidden(path, why, &key->problem);
        count++;
    }
    return count;
}

static int compare_paths(const void *a, const void *b)
{
    return strverscmp(((const struct ck_plugged_key *)a)->path,
                      ((const struct ck_plugged_key *)b)->path);
}

enum ck_err ck_key_find_all(const struct ck_key_settings *settings,
                            struct ck_plugged_key **ret_keys, size_t *ret_count,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_plugged_key *keys = calloc(CK_KEYS_MAX, sizeof(*keys));
    struct found_key found[CK_KEYS_MAX];
    size_t count = 0;

    if (keys == NULL)
        return ck_error_no_memory(err);
    fido_init(0);
    enum ck_err r = found_list(settings->device, found, &count, err);
    for (size_t i = 0; r == CK_OK && i < count; i++) {
        found_describe(&found[i], &keys[i]);
        r = ask(settings, &found[i], &keys[i], err);
    }
    if (r != CK_OK)
        return r;
    count = add_forbidden(settings->device, keys, count);
    qsort(keys, count, sizeof(*keys), compare_paths);
    *ret_keys = CK_TAKE(keys);
    *ret_count = count;
    return CK_OK;
}
