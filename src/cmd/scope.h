/* Which accounts a command for admins is about, from the options. */
#ifndef CMD_SCOPE_H
#define CMD_SCOPE_H

#include <stdbool.h>

#include "cowkey/admin/exceptions.h"
#include "cowkey/base/host.h"
#include "options.h"

struct json_t;

#define SCOPE_OPTIONS                                                                              \
    OPTION_ADMINS, OPTION_DOMAIN_ADMINS, OPTION_MAILBOXES, OPTION_DOMAIN, OPTION_EXCEPT

/* Keep it where it was filled: domain points into it. All false: nothing was said. */
struct scope {
    bool admins, domain_admins, mailboxes;
    const char *domain; /* A-labels in lower case; its mailboxes and no others. NULL: of all */
    struct ck_host host;
    struct ck_exceptions exceptions;
};

/* What --domain or --except say wrong is CK_ERR_USAGE. */
enum ck_err scope_read(const struct options *options, struct scope *scope, struct ck_error *err);

void scope_clear(struct scope *scope);

/* What was looked at. */
struct ck_exceptions_reach scope_reach(const struct scope *scope);

/* {"pattern","last_day","reason"} */
struct json_t *exception_json(const struct ck_exception *exception);

#endif
