/* The addresses of each dialect, and asking a server which one it speaks. */
#include "cowkey/mailcow/dialect.h"

#include <jansson.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/mailcow/page.h"

static const char passkey_path[] = "/api/v1/process/fido2-args";
static const char passkey_field[] = "verify_fido2_login";

/* The credentials of an account are lost when the final slash is (protocol 0). */
static const struct {
    const char *login;
    const char *factor;
    const char *start;
    const char *mailboxes; /* the list of them, which "log in as" returns to; NULL: can't */
} addresses[2][3] = {
    [CK_DIALECT_SINGLE] =
        {
            [CK_ROLE_MAILBOX] = {"/", "/user", "/user", NULL},
            [CK_ROLE_DOMAIN_ADMIN] = {"/", "/user", "/mailbox", "/mailbox"},
            [CK_ROLE_ADMIN] = {"/", "/admin", "/debug", "/mailbox"},
        },
    [CK_DIALECT_SPLIT] =
        {
            [CK_ROLE_MAILBOX] = {"/", "/user", "/SOGo/so/", NULL},
            [CK_ROLE_DOMAIN_ADMIN] = {"/domainadmin/", "/domainadmin/user", "/domainadmin/mailbox",
                                      "/domainadmin/mailbox"},
            [CK_ROLE_ADMIN] = {"/admin/", "/admin/system", "/admin/dashboard", "/admin/mailbox"},
        },
};

const char *ck_dialect_login_path(enum ck_dialect dialect, enum ck_role role)
{
    return addresses[dialect][role].login;
}

const char *ck_dialect_factor_path(enum ck_dialect dialect, enum ck_role role)
{
    return addresses[dialect][role].factor;
}

bool ck_dialect_starts_at(enum ck_dialect dialect, enum ck_role role, const char *location)
{
    return strcmp(location, addresses[dialect][role].start) == 0;
}

bool ck_dialect_start_role(enum ck_dialect dialect, const char *location, enum ck_role *ret_role)
{
    static const enum ck_role roles[] = {CK_ROLE_MAILBOX, CK_ROLE_DOMAIN_ADMIN, CK_ROLE_ADMIN};

    for (size_t i = 0; dialect == CK_DIALECT_SINGLE && i < sizeof(roles) / sizeof(*roles); i++) {
        if (ck_dialect_starts_at(dialect, roles[i], location)) {
            *ret_role = roles[i];
            return true;
        }
    }
    return false;
}

bool ck_dialect_returns_to(enum ck_dialect dialect, enum ck_role role, const char *location)
{
    const char *mailboxes = addresses[dialect][role].mailboxes;

    return mailboxes != NULL && strcmp(location, mailboxes) == 0;
}

static enum ck_err not_a_mailcow(const struct ck_http_settings *settings, int status,
                                 struct ck_error *err)
{
    ck_error_set(
        err, CK_ERR_UNREACHABLE, "%s does not look like a mailcow: its start page has status %d%s",
        settings->host.origin, status, status == 200 ? " and none of mailcow's marks" : "");
    return ck_error_hint(err,
                         "Give the host name of mailcow's web interface as --server; a proxy or "
                         "a portal before it has to let its pages through.");
}

/* Both families answer with an error object; an ordinary web server's 404 does not. */
static bool is_api_error(const struct ck_response *response)
{
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    struct ck_error ignored;

    if (ck_json_parse(response->body, response->size, "the answer", CK_ERR_UNREACHABLE, &answer,
                      &ignored) != CK_OK)
        return false;
    const char *type = json_string_value(json_object_get(answer, "type"));
    return type != NULL && strcmp(type, "error") == 0;
}

static bool read_api(const struct ck_response *response, enum ck_dialect *ret_dialect)
{
    if ((response->status != 404 && response->status != 405) || !is_api_error(response))
        return false;
    *ret_dialect = response->status == 405 ? CK_DIALECT_SINGLE : CK_DIALECT_SPLIT;
    return true;
}

/* The login page's own script tells how it would log in with a passkey. */
static enum ck_err read_start_page(const struct ck_http_settings *settings,
                                   const struct ck_response *response, enum ck_dialect *ret_dialect,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_page_clear) struct ck_page page = {0};

    if (response->status != 200)
        return not_a_mailcow(settings, response->status, err);
    if (ck_page_parse(response->body, response->size, &page, err) != CK_OK)
        return err->code;
    if (page.is_mailcow && strstr(response->body, passkey_path) != NULL)
        *ret_dialect = CK_DIALECT_SINGLE;
    else if (page.is_mailcow && strstr(response->body, passkey_field) != NULL)
        *ret_dialect = CK_DIALECT_SPLIT;
    else
        return not_a_mailcow(settings, response->status, err);
    return CK_OK;
}

enum ck_err ck_dialect_probe(const struct ck_http_settings *settings, enum ck_dialect *ret_dialect,
                             struct ck_server_clock *ret_clock, struct ck_error *err)
{
    CK_CLEANUP(ck_http_free) struct ck_http *http = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response api = {0};
    CK_CLEANUP(ck_response_clear) struct ck_response start = {0};
    enum ck_err r = ck_http_new(settings, &http, err);

    if (r == CK_OK)
        r = ck_http_get(http, passkey_path, &api, err);
    if (r == CK_OK && !read_api(&api, ret_dialect)) {
        r = ck_http_get(http, "/", &start, err);
        if (r == CK_OK)
            r = read_start_page(settings, &start, ret_dialect, err);
    }
    if (r == CK_OK && ret_clock != NULL)
        *ret_clock = (struct ck_server_clock){.known = api.server_time_s >= 0,
                                              .offset_s = api.clock_offset_s};
    return r;
}
