/*
 * One walk over the page's tree, in document order, notes where things are; then the lists are
 * read.
 *
 * A list is believed only when the form token's script line came after it: that line stands near
 * the end of every page that the server renders, so a page that was cut inside or right after a
 * list, or that the parser gave up on, never passes for a shorter list.
 */
#include "cowkey/mailcow/page.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "html.h"
#include "lists.h"
#include "script.h"

struct scan {
    struct ck_page page;
    const struct ck_html_node *factors;
    const struct ck_html_node *passkeys;
    const struct ck_html_node *pending;
    size_t factor_rows;
    size_t passkey_rows;
    size_t authenticator_rows;
    bool twice;      /* an element that has to be unique is not */
    bool token_seen; /* behind the last list */
};

static void note_list(struct scan *scan, const struct ck_html_node **list,
                      const struct ck_html_node *node)
{
    scan->twice = scan->twice || *list != NULL;
    scan->token_seen = false;
    *list = node;
}

static void note_id(struct scan *scan, const struct ck_html_node *node)
{
    struct ck_html_slice id;

    if (!ck_html_attribute(node, "id", &id))
        return;
    if (ck_html_equals(id, "tfa_keys"))
        note_list(scan, &scan->factors, node);
    else if (ck_html_equals(id, "fido2_keys"))
        note_list(scan, &scan->passkeys, node);
    else if (ck_html_equals(id, "ConfirmTFAModal"))
        note_list(scan, &scan->pending, node);
    else if (ck_html_equals(id, "SetupTFAModal"))
        scan->page.setup_factor = true;
    else if (ck_html_equals(id, "ChangePWModal"))
        scan->page.change_password = true;
    else if (ck_html_equals(id, "pending_tfa_tab_yubi_otp"))
        scan->page.yubiotp_offered = true;
}

static void note_row(struct scan *scan, const struct ck_html_node *node)
{
    if (ck_html_is(node, "input")) {
        scan->factor_rows += ck_html_has_attribute(node, "name", "unset_tfa_key") ? 1 : 0;
        scan->passkey_rows += ck_html_has_attribute(node, "name", "unset_fido2_key") ? 1 : 0;
    } else if (ck_lists_offered_method(node) != CK_METHOD_UNKNOWN) {
        scan->authenticator_rows++;
    }
}

/* In a log-in-as session the admin's name follows in an element of its own. */
static enum ck_err note_account(struct scan *scan, const struct ck_html_node *node,
                                struct ck_error *err)
{
    if (scan->page.account != NULL)
        return CK_OK;
    scan->page.account = ck_html_own_text(node);
    return scan->page.account != NULL ? CK_OK : ck_error_no_memory(err);
}

static enum ck_err walk(struct scan *scan, const struct ck_html *html, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (size_t i = 0; r == CK_OK && i < html->count; i++) {
        const struct ck_html_node *node = &html->nodes[i];
        note_id(scan, node);
        note_row(scan, node);
        if (ck_html_is(node, "script"))
            r = ck_script_read(ck_html_script(node), &scan->page, &scan->token_seen, err);
        else if (ck_html_is(node, "b") && ck_html_has_class(node, "username-lia"))
            r = note_account(scan, node, err);
    }
    return r;
}

static enum ck_err read_lists(struct scan *scan, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    if (scan->factors == NULL && scan->passkeys == NULL && scan->pending == NULL)
        return CK_OK;
    if (scan->twice || (scan->factors != NULL && scan->pending != NULL))
        return ck_lists_not_understood(err, "a list is there twice");
    if (!scan->token_seen)
        return ck_lists_not_understood(err, "it ends too early");

    scan->page.confirm_factor = scan->pending != NULL;
    if (scan->factors != NULL)
        r = ck_lists_read_factors(scan->factors, scan->factor_rows, &scan->page, err);
    if (r == CK_OK && scan->pending != NULL)
        r = ck_lists_read_authenticators(scan->pending, scan->authenticator_rows, &scan->page, err);
    if (r == CK_OK && scan->passkeys != NULL)
        r = ck_lists_read_passkeys(scan->passkeys, scan->passkey_rows, &scan->page, err);
    return r;
}

enum ck_err ck_page_parse(const char *html, size_t size, struct ck_page *ret_page,
                          struct ck_error *err)
{
    CK_CLEANUP(ck_html_clear) struct ck_html tree = {0};
    struct scan scan = {0};

    if (size > CK_PAGE_SIZE_MAX)
        return ck_lists_not_understood(err, "it is too large");
    enum ck_err r = ck_html_parse(html, size, &tree, err);
    if (r == CK_OK)
        r = walk(&scan, &tree, err);
    if (r == CK_OK)
        r = read_lists(&scan, err);
    if (r == CK_OK)
        *ret_page = scan.page;
    else
        ck_page_clear(&scan.page);
    return r;
}

const struct ck_factor *ck_page_find_factor(const struct ck_page *page, uint64_t id)
{
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].id == id)
            return &page->factors[i];
    }
    return NULL;
}

const struct ck_passkey *ck_page_find_passkey(const struct ck_page *page, const char *cid)
{
    for (size_t i = 0; i < page->passkeys_count; i++) {
        if (strcmp(page->passkeys[i].cid, cid) == 0)
            return &page->passkeys[i];
    }
    return NULL;
}

const char *ck_page_alert(const struct ck_page *page, const char *type)
{
    for (size_t i = 0; i < page->alerts_count; i++) {
        if (type == NULL || strcmp(page->alerts[i].type, type) == 0)
            return page->alerts[i].text;
    }
    return NULL;
}

int ck_page_cid_digits(const struct ck_page *page, const char *cid)
{
    int digits = CK_PAGE_CID_MIN;

    for (size_t i = 0; i < page->passkeys_count; i++) {
        const char *other = page->passkeys[i].cid;
        while (cid[digits] != '\0' && strcmp(other, cid) != 0 &&
               strncmp(other, cid, (size_t)digits) == 0)
            digits++;
    }
    return digits;
}

const char *ck_method_name(enum ck_method method)
{
    switch (method) {
    case CK_METHOD_TOTP:
        return "totp";
    case CK_METHOD_WEBAUTHN:
        return "webauthn";
    case CK_METHOD_YUBIOTP:
        return "yubiotp";
    case CK_METHOD_UNKNOWN:
        break;
    }
    return "unknown";
}

void ck_page_clear(struct ck_page *page)
{
    for (size_t i = 0; i < page->factors_count; i++)
        free(page->factors[i].label);
    for (size_t i = 0; i < page->passkeys_count; i++) {
        free(page->passkeys[i].label);
        free(page->passkeys[i].created);
    }
    for (size_t i = 0; i < page->alerts_count; i++)
        free(page->alerts[i].text);
    free(page->factors);
    free(page->passkeys);
    free(page->alerts);
    free(page->account);
    *page = (struct ck_page){0};
}
