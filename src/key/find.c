/* Which keys are plugged in, and why one that is may not be usable. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "internal.h"

static void manifest_free(fido_dev_info_t **manifest)
{
    fido_dev_info_free(manifest, CK_KEYS_MAX);
}

static void describe(const fido_dev_info_t *info, struct found_key *found)
{
    const char *maker = fido_dev_info_manufacturer_string(info);
    const char *product = fido_dev_info_product_string(info);

    snprintf(found->path, sizeof(found->path), "%s", fido_dev_info_path(info));
    snprintf(found->maker, sizeof(found->maker), "%s", maker != NULL ? maker : "");
    snprintf(found->product, sizeof(found->product), "%s", product != NULL ? product : "");
    snprintf(found->name, sizeof(found->name), "%.60s%s%.60s (%.60s)", maker != NULL ? maker : "",
             maker != NULL && *maker != '\0' ? " " : "", product != NULL ? product : "security key",
             found->path);
}

enum ck_err node_explain_forbidden(const char *node, int why, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_KEY, "a security key is plugged in, but %.100s can't be opened: %s",
                 node, strerror(why));
    return ck_error_hint(err, why == EACCES || why == EPERM
                                  ? "Install cowkey's udev rule (70-cowkey.rules) or systemd's, "
                                    "unplug the key and plug it in again."
                                  : "Unplug the key and plug it in again.");
}

enum ck_err ck_key_none_found(const char *device, struct ck_error *err)
{
    if (device != NULL)
        ck_error_set(err, CK_ERR_KEY, "there is no security key at %.100s", device);
    else
        ck_error_set(err, CK_ERR_KEY, "no security key is plugged in");
    return ck_error_hint(err, "Plug it in and start again.");
}

/* libfido2 leaves out a key whose node it may not open, without a word. */
static enum ck_err none_found(const char *device, struct ck_error *err)
{
    struct node nodes[CK_KEYS_MAX];
    size_t count = sysfs_list_nodes(nodes);

    for (size_t i = 0; i < count; i++) {
        int why = sysfs_try_node(nodes[i].path);
        if (why != 0)
            return node_explain_forbidden(nodes[i].path, why, err);
    }
    return ck_key_none_found(device, err);
}

enum ck_err found_list(const char *device, struct found_key found[CK_KEYS_MAX], size_t *ret_count,
                       struct ck_error *err)
{
    CK_CLEANUP(manifest_free) fido_dev_info_t *manifest = fido_dev_info_new(CK_KEYS_MAX);
    size_t listed = 0, count = 0;

    if (manifest == NULL)
        return ck_error_no_memory(err);
    if (fido_dev_info_manifest(manifest, CK_KEYS_MAX, &listed) != FIDO_OK)
        listed = 0;
    for (size_t i = 0; i < listed; i++) {
        const fido_dev_info_t *info = fido_dev_info_ptr(manifest, i);
        if (device == NULL || strcmp(fido_dev_info_path(info), device) == 0)
            describe(info, &found[count++]);
    }
    *ret_count = count;
    return CK_OK;
}

enum ck_err found_find(const char *device, struct found_key found[CK_KEYS_MAX], size_t *ret_count,
                       struct ck_error *err)
{
    size_t count = 0;
    enum ck_err r = found_list(device, found, &count, err);

    if (r == CK_OK && count == 0)
        return none_found(device, err);
    if (r == CK_OK)
        *ret_count = count;
    return r;
}
