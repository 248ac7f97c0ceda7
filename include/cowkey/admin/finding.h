/* What an audit finds wrong with an account: pure. */
#ifndef COWKEY_ADMIN_FINDING_H
#define COWKEY_ADMIN_FINDING_H

/* How bad a finding is; ordered. */
enum ck_level { CK_LEVEL_INFO, CK_LEVEL_WARNING, CK_LEVEL_CRITICAL };

const char *ck_level_name(enum ck_level level); /* "info", "warning", "critical" */

#endif
