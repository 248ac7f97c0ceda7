/* What is known of factors from the login that they were offered at. */
#include "offers.h"

void ck_offers_note(struct ck_offers *offers, const struct ck_page *page)
{
    *offers = (struct ck_offers){.known = true, .yubiotp = page->yubiotp_offered};
    for (size_t i = 0; i < page->factors_count && i < CK_PAGE_FACTORS_MAX; i++) {
        offers->rows[i].id = page->factors[i].id;
        offers->rows[i].method = page->factors[i].method;
        offers->count++;
    }
}

static enum ck_method method_of(struct ck_offers *offers, uint64_t id)
{
    for (size_t i = 0; i < offers->count; i++) {
        if (offers->rows[i].id == id)
            return offers->rows[i].method;
    }
    if (!offers->yubiotp || offers->count == CK_PAGE_FACTORS_MAX)
        return CK_METHOD_UNKNOWN;
    offers->rows[offers->count].id = id;
    return offers->rows[offers->count++].method = CK_METHOD_YUBIOTP;
}

void ck_offers_tell(struct ck_offers *offers, struct ck_page *page)
{
    if (!offers->known || page->factors_state != CK_LIST_PRESENT)
        return;
    for (size_t i = 0; i < page->factors_count; i++) {
        struct ck_factor *factor = &page->factors[i];
        factor->method = method_of(offers, factor->id);
        if (!page->marks_current)
            factor->current = offers->answered_id != 0 && factor->id == offers->answered_id;
    }
    page->marks_current = page->marks_current || offers->answered_id != 0;
    offers->yubiotp = false;
}
