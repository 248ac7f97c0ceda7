/* Reading the lines of mailcow's own inline script. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "alert.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "cowkey/base/secret.h"

struct line {
    const char *text;
    size_t size;
};

/* The next line feed or carriage return, or end. */
static const char *line_end(const char *at, const char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    return at;
}

/* The line from start to end without the white space at its beginning. */
static struct line trim_start(const char *start, const char *end)
{
    while (start < end && (*start == ' ' || *start == '\t'))
        start++;
    return (struct line){start, (size_t)(end - start)};
}

static bool skip(struct line *line, const char *prefix)
{
    size_t size = strlen(prefix);

    if (line->size < size || memcmp(line->text, prefix, size) != 0)
        return false;
    line->text += size;
    line->size -= size;
    return true;
}

static enum ck_err read_role(struct line line, struct ck_page *page, struct ck_error *err)
{
    static const struct {
        const char *rest;
        bool logged_in;
        enum ck_role role;
    } roles[] = {
        {"';", false, CK_ROLE_MAILBOX},
        {"user';", true, CK_ROLE_MAILBOX},
        {"domainadmin';", true, CK_ROLE_DOMAIN_ADMIN},
        {"admin';", true, CK_ROLE_ADMIN},
    };

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (line.size != strlen(roles[i].rest) || memcmp(line.text, roles[i].rest, line.size) != 0)
            continue;
        if (page->is_mailcow &&
            (page->logged_in != roles[i].logged_in || page->role != roles[i].role))
            break;
        page->is_mailcow = true;
        page->logged_in = roles[i].logged_in;
        page->role = roles[i].role;
        return CK_OK;
    }
    return ck_error_set(err, CK_ERR_UNREACHABLE,
                        "the server's page is not understood: its role is unclear");
}

static bool read_token(struct line line, struct ck_page *page)
{
    static const char rest[] = "\">').attr('name', 'csrf_token')";
    char token[CK_PAGE_CSRF_SIZE + 1] = {0};

    if (line.size < CK_PAGE_CSRF_SIZE)
        return false;
    memcpy(token, line.text, CK_PAGE_CSRF_SIZE);
    line.text += CK_PAGE_CSRF_SIZE;
    line.size -= CK_PAGE_CSRF_SIZE;
    if (strspn(token, "0123456789abcdef") != CK_PAGE_CSRF_SIZE || !skip(&line, rest))
        return false;
    memcpy(page->csrf, token, sizeof(token));
    return true;
}

/*
 * The address from which the page would register a passkey ends in the account's name; on the pages
 * of a held login, which have no head, nothing else names it. Not logged in it is "null".
 */
static enum ck_err read_account(struct line line, struct ck_page *page, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *name = NULL;
    const char *quote = memchr(line.text, '"', line.size);

    if (page->account != NULL || quote == NULL)
        return CK_OK;
    if (ck_percent_decode(line.text, (size_t)(quote - line.text), &name, err) != CK_OK)
        return CK_OK;
    page->account = strdup(ck_secret_bytes(name));
    return page->account != NULL ? CK_OK : ck_error_no_memory(err);
}

static enum ck_err read_line(struct line line, struct ck_page *page, bool *token_seen,
                             struct ck_error *err)
{
    if (skip(&line, "var mailcow_cc_role = '"))
        return read_role(line, page, err);
    if (skip(&line, "$('<input type=\"hidden\" value=\"")) {
        if (read_token(line, page))
            *token_seen = true;
        return CK_OK;
    }
    if (page->logged_in && skip(&line, "window.fetch(\"/api/v1/get/fido2-registration/"))
        return read_account(line, page, err);
    return ck_alert_read(line.text, line.size, page, err);
}

enum ck_err ck_script_read(struct ck_html_slice text, struct ck_page *page, bool *ret_token_seen,
                           struct ck_error *err)
{
    const char *at = text.bytes, *end = text.bytes + text.size;
    enum ck_err r = CK_OK;

    while (r == CK_OK && at < end) {
        const char *start = at;
        at = line_end(at, end);
        r = read_line(trim_start(start, at), page, ret_token_seen, err);
        at += at < end ? 1 : 0;
    }
    return r;
}
