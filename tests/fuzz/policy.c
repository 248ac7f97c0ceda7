/* What ck_policy_parse makes of anything is a policy whose groups keep within their bounds. */
#include "cowkey/rollout/policy.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "target.h"

static void require_group(const struct ck_policy *policy, const struct ck_policy_group *group)
{
    require(ck_policy_find(policy, group->name) == group);
    require(group->keys >= 1 && group->keys <= CK_POLICY_KEYS_MAX);
    require(group->aaguids_count <= CK_POLICY_AAGUIDS_MAX);
    for (size_t i = 0; i < group->aaguids_count; i++)
        require(strlen(group->aaguids[i]) == CK_AAGUID_TEXT_SIZE);
    require(group->firmware_min <= 0xffffff);
    require(strlen(group->roots_path) < CK_POLICY_LINE_MAX);
    require(group->roots_path[0] == '\0' || group->roots_line > 0);
    require(group->roots == NULL);
    require(group->pin_length >= CK_POLICY_PIN_MIN && group->pin_length <= CK_POLICY_PIN_MAX);
    require(group->label[0] != '\0' && ck_label_check(group->label) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_policy_clear) struct ck_policy policy = {0};
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_error err;

    if (ck_policy_parse((const char *)bytes, size, &policy, &complaints, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && policy.count == 0 && policy.groups == NULL);
        return 0;
    }
    require(policy.count >= 1 && policy.count <= CK_POLICY_GROUPS_MAX);
    for (size_t i = 0; i < policy.count; i++)
        require_group(&policy, &policy.groups[i]);
    return 0;
}
