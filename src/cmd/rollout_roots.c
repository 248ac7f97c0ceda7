/* Reading the roots of a policy. */
#include "rollout_roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "document.h"

/* Beside the policy, unless it says from where. */
static enum ck_err find(const char *name, const char *policy_path, char **ret_path,
                        struct ck_error *err)
{
    const char *slash = *name == '/' ? NULL : strrchr(policy_path, '/');
    int size = slash != NULL ? (int)(slash - policy_path) + 1 : 0;
    /* "-" alone would be standard input. */
    const char *here = size == 0 && strcmp(name, "-") == 0 ? "./" : "";

    return asprintf(ret_path, "%.*s%s%s", size, policy_path, here, name) >= 0
               ? CK_OK
               : ck_error_no_memory(err);
}

static enum ck_err read_file(const char *name, const char *policy_path, struct ck_trust **ret_roots,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL, *text = NULL;
    size_t size;

    enum ck_err r = find(name, policy_path, &path, err);
    if (r == CK_OK)
        r = document_read(path, CK_ROOTS_SIZE_MAX, &text, &size, err);
    if (r != CK_OK)
        return r;
    return ck_trust_parse(text, size, ret_roots, err) == CK_OK ? CK_OK : error_at(err, path);
}

/* A file that several groups name is read once; what they have from the default group, too. */
static bool was_read(const struct ck_policy *policy, size_t index)
{
    const struct ck_policy_group *groups = policy->groups;

    for (size_t i = 0; i < index; i++) {
        if (strcmp(groups[i].roots_path, groups[index].roots_path) == 0)
            return true;
    }
    return false;
}

enum ck_err rollout_roots_read(struct ck_policy *policy, const char *policy_path,
                               struct ck_complaints *complaints, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 0; r == CK_OK && i < policy->count; i++) {
        CK_CLEANUP(ck_trust_free) struct ck_trust *roots = NULL;
        const struct ck_policy_group *group = &policy->groups[i];
        if (group->roots_path[0] == '\0' || was_read(policy, i))
            continue;
        r = read_file(group->roots_path, policy_path, &roots, err);
        if (r == CK_OK) {
            r = ck_policy_give_roots(policy, group->roots_path, &roots, err);
        } else if (r == CK_ERR_USAGE) {
            struct ck_error why = *err;
            r = ck_complaints_add(complaints, group->roots_line, err, "'attestation-roots': %s",
                                  why.text);
        }
    }
    return r;
}
