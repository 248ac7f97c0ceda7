/* Kinds of accounts, a domain, and the exceptions. */
#include "scope.h"

#include <jansson.h>
#include <string.h>

#include "output.h"

/* As the server has domains: A-labels, lower case. */
static enum ck_err read_domain(const char *text, struct scope *scope, struct ck_error *err)
{
    if (strpbrk(text, ":/@") != NULL || ck_host_parse(text, &scope->host, err) != CK_OK ||
        scope->host.is_ip)
        return ck_error_set(err, CK_ERR_USAGE, "--domain takes the name of a domain, not '%.100s'",
                            text);
    scope->domain = scope->host.name;
    return CK_OK;
}

enum ck_err scope_read(const struct options *options, struct scope *scope, struct ck_error *err)
{
    const char *domain = option_value(options, OPTION_DOMAIN);
    const char *except = option_value(options, OPTION_EXCEPT);
    enum ck_err r = CK_OK;

    scope->admins = option_given(options, OPTION_ADMINS);
    scope->domain_admins = option_given(options, OPTION_DOMAIN_ADMINS);
    scope->mailboxes = option_given(options, OPTION_MAILBOXES) || domain != NULL;
    if (domain != NULL)
        r = read_domain(domain, scope, err);
    return r == CK_OK && except != NULL ? ck_exceptions_load(except, &scope->exceptions, err) : r;
}

void scope_clear(struct scope *scope)
{
    ck_exceptions_clear(&scope->exceptions);
}

struct ck_exceptions_reach scope_reach(const struct scope *scope)
{
    return (struct ck_exceptions_reach){.mailboxes = scope->mailboxes,
                                        .domain_admins = scope->domain_admins,
                                        .admins = scope->admins,
                                        .domain = scope->domain};
}

json_t *exception_json(const struct ck_exception *exception)
{
    return json_pack("{s:o, s:s, s:o}", "pattern", text_json(exception->pattern), "last_day",
                     exception->last_day, "reason", text_json(exception->reason));
}
