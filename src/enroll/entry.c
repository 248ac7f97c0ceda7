/* Finding an entry by what a person wrote. */
#include "cowkey/enroll/entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "choose.h"

/* What looking for an ID has found so far. */
struct search {
    struct ck_entry first;
    size_t matches;
};

static void note_passkey(struct search *search, const struct ck_passkey *passkey)
{
    const struct ck_passkey *first = search->first.passkey;

    /* Rows of one credential go by one ID: whichever is meant, all of them are. */
    if (first != NULL && strcmp(first->cid, passkey->cid) == 0)
        return;
    if (search->matches++ == 0)
        search->first.passkey = passkey;
}

static bool is_passkey_id(const char *what)
{
    size_t digits = strncmp(what, "pk:", 3) == 0 ? strlen(what + 3) : 0;

    return digits >= CK_PAGE_CID_MIN && digits <= CK_PAGE_CID_SIZE &&
           strspn(what + 3, "0123456789abcdefABCDEF") == digits;
}

static void search_passkeys(struct search *search, const struct ck_page *page, const char *what)
{
    bool by_id = is_passkey_id(what);

    for (size_t i = 0; i < page->passkeys_count; i++) {
        const struct ck_passkey *passkey = &page->passkeys[i];
        if (by_id ? strncasecmp(passkey->cid, what + 3, strlen(what + 3)) == 0
                  : strcmp(passkey->label, what) == 0)
            note_passkey(search, passkey);
    }
}

static void search_factors(struct search *search, const struct ck_page *page, const char *what)
{
    for (size_t i = 0; i < page->factors_count; i++) {
        if (strcmp(page->factors[i].label, what) == 0 && search->matches++ == 0)
            search->first.factor = &page->factors[i];
    }
}

/* A row number is an ID, whatever else is called so. */
static const struct ck_factor *find_row(const struct ck_page *page, const char *what)
{
    for (size_t i = 0; i < page->factors_count; i++) {
        if (ck_row_id_is(page->factors[i].id, what))
            return &page->factors[i];
    }
    return NULL;
}

static enum ck_err not_found(const struct ck_page *page, const char *what,
                             enum ck_entry_scope scope, struct ck_error *err)
{
    bool factors = scope == CK_ENTRY_ANY && !is_passkey_id(what);

    if (page->passkeys_state == CK_LIST_ABSENT ||
        (factors && page->factors_state == CK_LIST_ABSENT)) {
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "nothing that the server's page shows has the ID or label '%.200s', and it "
                     "does not show all",
                     what);
        return ck_error_hint(err, "Accounts that log in through an outside provider (LDAP, "
                                  "Keycloak, OIDC) have lists that their page hides.");
    }
    ck_error_set(err, CK_ERR_USAGE, "the account has no %s with the ID or label '%.200s'",
                 factors ? "factor or passkey" : "passkey", what);
    return ck_error_hint(err, "'cowkey list' shows the IDs.");
}

enum ck_err ck_entry_pick(const struct ck_page *page, const char *what, enum ck_entry_scope scope,
                          struct ck_entry *ret_entry, struct ck_error *err)
{
    const struct ck_factor *row = scope == CK_ENTRY_ANY ? find_row(page, what) : NULL;
    struct search search = {.first.factor = row, .matches = row != NULL};

    if (row == NULL && scope == CK_ENTRY_ANY && !is_passkey_id(what))
        search_factors(&search, page, what);
    if (row == NULL)
        search_passkeys(&search, page, what);
    if (search.matches == 0)
        return not_found(page, what, scope, err);
    if (search.matches > 1) {
        ck_error_set(err, CK_ERR_USAGE, "%zu entries go by '%.200s'", search.matches, what);
        return ck_error_hint(err, "Name it by the ID that 'cowkey list' shows.");
    }
    *ret_entry = search.first;
    return CK_OK;
}

enum ck_err ck_listed_copy(const struct ck_page *page, const struct ck_entry *entry,
                           struct ck_listed *ret_listed, struct ck_error *err)
{
    const struct ck_passkey *passkey = entry->passkey;
    struct ck_listed listed = {.is_passkey = passkey != NULL};

    listed.label = strdup(passkey != NULL ? passkey->label : entry->factor->label);
    if (listed.label == NULL)
        return ck_error_no_memory(err);
    if (passkey != NULL) {
        memcpy(listed.cid, passkey->cid, sizeof(listed.cid));
        snprintf(listed.id, sizeof(listed.id), "pk:%.*s", ck_page_cid_digits(page, passkey->cid),
                 passkey->cid);
    } else {
        listed.row = entry->factor->id;
        listed.method = entry->factor->method;
        snprintf(listed.id, sizeof(listed.id), "%" PRIu64, entry->factor->id);
    }
    *ret_listed = listed;
    return CK_OK;
}

enum ck_change_result ck_change_result_of(enum ck_err r)
{
    return r == CK_OK ? CK_CHANGE_DONE : r == CK_ERR_UNKNOWN ? CK_CHANGE_UNKNOWN : CK_CHANGE_FAILED;
}

void ck_listed_clear(struct ck_listed *listed)
{
    free(listed->label);
    *listed = (struct ck_listed){0};
}
