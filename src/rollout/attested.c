/* Certificates of makers, as a policy asks for them. */
#include "attested.h"

#include <stdio.h>
#include <string.h>

#include "cowkey/key/aaguid.h"

enum { KEY_NAME_MAX = 200 };

/* "YubiKey 5 Series with NFC, AAGUID ..., serial 123" */
static void name_key(const struct ck_credential *credential, const char *serial,
                     char ret_name[KEY_NAME_MAX])
{
    const char *model = ck_aaguid_name(credential->aaguid);
    char aaguid[CK_AAGUID_TEXT_MAX];

    ck_aaguid_format(credential->aaguid, aaguid);
    snprintf(ret_name, KEY_NAME_MAX, "%.90s%sAAGUID %s%s%.40s", model != NULL ? model : "",
             model != NULL ? ", " : "", aaguid, serial != NULL ? ", serial " : "",
             serial != NULL ? serial : "");
}

/* What a key says of its model elsewhere is only its word. */
static bool is_of_group(const struct ck_policy_group *group, const struct ck_credential *credential)
{
    char aaguid[CK_AAGUID_TEXT_MAX];

    ck_aaguid_format(credential->aaguid, aaguid);
    for (size_t i = 0; i < group->aaguids_count; i++) {
        if (strcmp(group->aaguids[i], aaguid) == 0)
            return true;
    }
    return group->aaguids_count == 0;
}

/* A passkey is on the key by now, and of no use. */
static enum ck_err hint(const struct ck_credential *credential, const char *text,
                        struct ck_error *err)
{
    return ck_error_hint(err, "The server was not told of it%s. %s",
                         credential->resident ? "; the key keeps a passkey that is of no use" : "",
                         text);
}

static enum ck_err check_roots(const struct ck_policy_group *group,
                               const struct ck_credential *credential, const char *name,
                               int64_t now_s, struct ck_error *err)
{
    const char *cause = "";
    bool is_trusted = false;

    if (group->roots_path[0] == '\0')
        return CK_OK;
    if (group->roots == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the roots of the group '%s' were not read",
                            group->name);
    enum ck_err r = ck_trust_check(group->roots, credential->chain, credential->chain_count, now_s,
                                   &is_trusted, &cause, err);
    if (r == CK_ERR_USAGE)
        cause = "it can't be read";
    else if (r != CK_OK || is_trusted)
        return r;
    ck_error_set(err, CK_ERR_KEY,
                 "the certificate of this key (%s) leads to none of the roots in '%.100s', which "
                 "the policy requires: %.100s",
                 name, group->roots_path, cause);
    return hint(credential,
                "Plug in another key; if you trust the maker of this one, its root certificate "
                "belongs into that file.",
                err);
}

enum ck_err attested_check(const struct ck_policy_group *group,
                           const struct ck_credential *credential, const char *serial,
                           int64_t now_s, struct ck_error *err)
{
    char name[KEY_NAME_MAX];

    if (!group->attestation)
        return CK_OK;
    name_key(credential, serial, name);
    if (credential->chain_count == 0) {
        ck_error_set(err, CK_ERR_KEY,
                     "the policy requires an attestation, and no maker vouches for what this key "
                     "made (%s, format %s)",
                     name, credential->format);
        return hint(credential, "Plug in another key.", err);
    }
    if (!is_of_group(group, credential)) {
        ck_error_set(err, CK_ERR_KEY,
                     "what this key made is by another model (%s) than those in the policy of the "
                     "group '%s'",
                     name, group->name);
        return hint(credential,
                    "Plug in another key: this one told another model of itself than its maker "
                    "vouches for.",
                    err);
    }
    return check_roots(group, credential, name, now_s, err);
}
