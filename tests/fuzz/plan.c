/* What ck_plan_parse accepts are whole rows, each from a line of its own; the rest is complained of. */
#include "cowkey/rollout/plan.h"

#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "target.h"

static void require_text(const char *text)
{
    require(*text != '\0' && ck_utf8_valid(text, strlen(text)));
    require(!ck_ascii_has_control(text, strlen(text)));
}

static void require_item(const struct ck_plan_item *item, size_t lines)
{
    require(item->line > 0 && item->line <= lines);
    require_text(item->account.name);
    require((item->account.role == CK_ROLE_MAILBOX) == (strchr(item->account.name, '@') != NULL));
    require(item->method < CK_ROLLOUT_METHODS && item->route < CK_ROUTES);
    require((item->password_kind != CK_PASSWORD_NONE) == (item->password_name != NULL));
    if (item->password_name != NULL)
        require_text(item->password_name);
    if (item->password_kind == CK_PASSWORD_FILE)
        require(item->password_name[0] != '/' && strstr(item->password_name, "/../") == NULL &&
                strncmp(item->password_name, "../", 3) != 0);
    if (item->label != NULL)
        require_text(item->label);
    require(item->label == NULL || ck_label_check(item->label) == NULL);
    require_text(item->group);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = {0};
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    struct ck_error err;
    size_t lines = 1, line = 1;

    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    if (ck_plan_parse((const char *)bytes, size, &plan, &complaints, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && plan.count == 0 && plan.store == NULL);
        return 0;
    }
    require(plan.count + ck_complaints_total(&complaints) <= CK_PLAN_ROWS_MAX);
    for (size_t i = 0; i < plan.count; i++) {
        const struct ck_plan_item item = ck_plan_item(&plan, i);
        require_item(&item, lines);
        require(item.line >= line);
        line = item.line;
    }
    for (size_t i = 0; i < complaints.count; i++)
        require(complaints.rows[i].line > 0 && complaints.rows[i].line <= lines);
    return 0;
}
