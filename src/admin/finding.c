#include "cowkey/admin/finding.h"

const char *ck_level_name(enum ck_level level)
{
    static const char *const names[] = {"info", "warning", "critical"};
    return names[level];
}
