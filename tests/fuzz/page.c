/* Any bytes as a page of the server's: what is believed must hold together. */
#include "cowkey/mailcow/page.h"

#include <string.h>

#include "target.h"

static void check_factors(const struct ck_page *page)
{
    require(page->factors_count <= CK_PAGE_FACTORS_MAX);
    require(page->factors_state == CK_LIST_PRESENT || page->factors_count == 0);
    require(!page->confirm_factor || page->factors_state == CK_LIST_PRESENT);
    for (size_t i = 0; i < page->factors_count; i++) {
        const struct ck_factor *factor = &page->factors[i];
        require(factor->id != 0 && factor->label);
        require(ck_page_find_factor(page, factor->id) == factor);
        require(page->confirm_factor == (factor->method != CK_METHOD_UNKNOWN));
    }
}

static void check_passkeys(const struct ck_page *page)
{
    require(page->passkeys_count <= CK_PAGE_FACTORS_MAX);
    require(page->passkeys_state == CK_LIST_PRESENT || page->passkeys_count == 0);
    for (size_t i = 0; i < page->passkeys_count; i++) {
        const struct ck_passkey *passkey = &page->passkeys[i];
        require(strlen(passkey->cid) == 64 && passkey->label);
        require(!passkey->created || strlen(passkey->created) == strlen("2026-11-23 08:21:24"));
    }
}

static void check_page(const struct ck_page *page)
{
    require(page->is_mailcow || !page->logged_in);
    require(strlen(page->csrf) == 0 || strlen(page->csrf) == CK_PAGE_CSRF_SIZE);
    check_factors(page);
    check_passkeys(page);
    require(page->alerts_count <= CK_PAGE_ALERTS_MAX);
    for (size_t i = 0; i < page->alerts_count; i++)
        require(*page->alerts[i].type && page->alerts[i].text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ck_page page = {0};
    struct ck_error err;
    enum ck_err e = ck_page_parse((const char *)data, size, &page, &err);

    if (e == CK_OK)
        check_page(&page);
    else
        require(e == CK_ERR_UNREACHABLE && *err.text);
    ck_page_clear(&page);
    return 0;
}
