/*
 * What a login page told about the factors that it offered, and which of them answered. The factor
 * page, which is read later, hides the methods, and a domain admin's marks none as used.
 */
#ifndef MAILCOW_OFFERS_H
#define MAILCOW_OFFERS_H

#include "cowkey/mailcow/page.h"

struct ck_offers {
    struct {
        uint64_t id;
        enum ck_method method;
    } rows[CK_PAGE_FACTORS_MAX];
    size_t count;
    bool yubiotp;         /* Yubico keys were offered, which are not listed one by one */
    bool known;           /* a login page asked for a factor */
    uint64_t answered_id; /* row that the login was answered with; 0: none, or not known */
};

/* Notes what a login page offers. */
void ck_offers_note(struct ck_offers *offers, const struct ck_page *page);

/*
 * Adds to the rows of a factor page what was noted about them. A row that was not offered although
 * Yubico keys were is one of those; only the first page after the login is told so, since later
 * ones may show what was added meanwhile.
 */
void ck_offers_tell(struct ck_offers *offers, struct ck_page *page);

#endif
