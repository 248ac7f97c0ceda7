/* Reading the lists of factors, authenticators and passkeys. */
#include "lists.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "html.h"

enum {
    SUBJECT_MAX = 1024
}; /* characters of base64: a certificate's subject, or when it was made */

enum ck_err ck_lists_not_understood(struct ck_error *err, const char *what)
{
    ck_error_set(err, CK_ERR_UNREACHABLE, "the server's page is not understood: %s", what);
    return ck_error_hint(err, "The page was cut or changed on its way, or this release of mailcow "
                              "is newer than cowkey.");
}

static enum ck_err broken(struct ck_error *err)
{
    return ck_lists_not_understood(err, "a list of factors can't be read whole");
}

/*
 * The row number that an input holds as the server prints it; 0, which no row has, for anything
 * else. Databases and JSON count to INT64_MAX.
 */
static uint64_t read_id(const struct ck_html_node *input)
{
    struct ck_html_slice text;
    uint64_t id = 0;

    if (!ck_html_attribute(input, "value", &text) || text.size > 19)
        return 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return 0;
        id = id * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    return id <= INT64_MAX ? id : 0;
}

static enum ck_err add_factor(const struct ck_factor *factor, const struct ck_html_node *label,
                              struct ck_page *page, struct ck_error *err)
{
    if (factor->id == 0 || label == NULL || ck_page_find_factor(page, factor->id) != NULL)
        return broken(err);

    struct ck_factor *row = &page->factors[page->factors_count];
    *row = *factor;
    row->label = ck_html_own_text(label);
    if (row->label == NULL)
        return ck_error_no_memory(err);
    page->factors_count++;
    return CK_OK;
}

/* Room for so many rows, zeroed; NULL with *err filled. */
static void *new_rows(size_t rows, size_t row_size, struct ck_error *err)
{
    if (rows > CK_PAGE_FACTORS_MAX) {
        ck_lists_not_understood(err, "it lists too many factors");
        return NULL;
    }
    void *list = calloc(rows + 1, row_size);
    if (list == NULL)
        ck_error_no_memory(err);
    return list;
}

static enum ck_err add_form(const struct ck_html_node *form, size_t rows, struct ck_page *page,
                            struct ck_error *err)
{
    const struct ck_html_node *input = ck_html_find_input(form, "unset_tfa_key");
    const struct ck_html_node *badge = ck_html_find(form, "span", "badge");

    if (input == NULL || badge == NULL || page->factors_count == rows)
        return broken(err);
    struct ck_factor factor = {
        .id = read_id(input),
        .current = ck_html_has_class(badge, "bg-success"),
    };
    return add_factor(&factor, badge, page, err);
}

enum ck_err ck_lists_read_factors(const struct ck_html_node *element, size_t inputs,
                                  struct ck_page *page, struct ck_error *err)
{
    page->factors = new_rows(inputs, sizeof(page->factors[0]), err);
    enum ck_err r = page->factors != NULL ? CK_OK : err->code;

    for (const struct ck_html_node *n = element; r == CK_OK && n < element + element->size; n++) {
        if (ck_html_is(n, "form"))
            r = add_form(n, inputs, page, err);
    }
    if (r == CK_OK && page->factors_count != inputs)
        r = broken(err);
    if (r == CK_OK) {
        page->factors_state = CK_LIST_PRESENT;
        page->marks_current = page->role != CK_ROLE_DOMAIN_ADMIN; /* protocol 3 */
    }
    return r;
}

enum ck_method ck_lists_offered_method(const struct ck_html_node *node)
{
    if (!ck_html_is(node, "a"))
        return CK_METHOD_UNKNOWN;
    if (ck_html_has_class(node, "totp-authenticator-selection"))
        return CK_METHOD_TOTP;
    if (ck_html_has_class(node, "webauthn-authenticator-selection"))
        return CK_METHOD_WEBAUTHN;
    return CK_METHOD_UNKNOWN;
}

static enum ck_err add_authenticator(const struct ck_html_node *offer, size_t rows,
                                     struct ck_page *page, struct ck_error *err)
{
    const struct ck_html_node *input = ck_html_find_input(offer, NULL);

    if (input == NULL || page->factors_count == rows)
        return broken(err);
    struct ck_factor factor = {
        .id = read_id(input),
        .method = ck_lists_offered_method(offer),
    };
    return add_factor(&factor, ck_html_find(offer, "span", NULL), page, err);
}

enum ck_err ck_lists_read_authenticators(const struct ck_html_node *element, size_t inputs,
                                         struct ck_page *page, struct ck_error *err)
{
    page->factors = new_rows(inputs, sizeof(page->factors[0]), err);
    enum ck_err r = page->factors != NULL ? CK_OK : err->code;

    for (const struct ck_html_node *n = element; r == CK_OK && n < element + element->size; n++) {
        if (ck_lists_offered_method(n) != CK_METHOD_UNKNOWN)
            r = add_authenticator(n, inputs, page, err);
    }
    if (r == CK_OK && page->factors_count != inputs)
        r = broken(err);
    if (r == CK_OK)
        page->factors_state = CK_LIST_PRESENT;
    return r;
}

/* "Unknown (2026-11-23 08:21:24)" is what the server makes up for a key without a certificate. */
static char *date_of_subject(const char *subject)
{
    static const char shape[] = "Unknown (dddd-dd-dd dd:dd:dd)";
    static const size_t start = sizeof("Unknown (") - 1;

    if (strlen(subject) != sizeof(shape) - 1)
        return NULL;
    for (size_t i = 0; i < sizeof(shape) - 1; i++) {
        bool digit = subject[i] >= '0' && subject[i] <= '9';
        if (i >= start && shape[i] == 'd' ? !digit : subject[i] != shape[i])
            return NULL;
    }
    return strndup(subject + start, sizeof("dddd-dd-dd dd:dd:dd") - 1);
}

/*
 * The attribute tells the subject also of a key that has a name. Not telling when a key was made is
 * no failure, so what can't be read is left out.
 */
static char *read_created(const struct ck_html_node *row)
{
    unsigned char subject[SUBJECT_MAX / 4 * 3 + 1] = {0};
    struct ck_html_slice base64;

    for (const struct ck_html_node *n = row; n < row + row->size; n++) {
        if (!ck_html_attribute(n, "data-subject", &base64) || base64.size > SUBJECT_MAX)
            continue;
        if (EVP_DecodeBlock(subject, (const unsigned char *)base64.bytes, (int)base64.size) < 0)
            return NULL;
        return date_of_subject((const char *)subject);
    }
    return NULL;
}

static bool is_cid(struct ck_html_slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return text.size == CK_PAGE_CID_SIZE;
}

static enum ck_err add_passkey(const struct ck_html_node *row, size_t rows,
                               const struct ck_html_node **last, struct ck_page *page,
                               struct ck_error *err)
{
    const struct ck_html_node *input = ck_html_find_input(row, "unset_fido2_key");
    const struct ck_html_node *cell = ck_html_find(row, "td", NULL);
    struct ck_html_slice cid;

    /* Rows are inputs in their order. One that is within another row would be there twice, and
     * count for one that is somewhere else. */
    if (input == NULL || input <= *last || !ck_html_attribute(input, "value", &cid) ||
        !is_cid(cid) || page->passkeys_count == rows)
        return broken(err);
    *last = input;

    struct ck_passkey *passkey = &page->passkeys[page->passkeys_count];
    memcpy(passkey->cid, cid.bytes, cid.size);
    passkey->current = ck_html_find(cell, "i", "bi-unlock-fill") != NULL;
    passkey->created = read_created(row);
    passkey->label = ck_html_own_text(cell);
    if (passkey->label == NULL) {
        free(CK_TAKE(passkey->created));
        return ck_error_no_memory(err);
    }
    page->passkeys_count++;
    return CK_OK;
}

enum ck_err ck_lists_read_passkeys(const struct ck_html_node *element, size_t inputs,
                                   struct ck_page *page, struct ck_error *err)
{
    page->passkeys = new_rows(inputs, sizeof(page->passkeys[0]), err);
    const struct ck_html_node *last = element;
    enum ck_err r = page->passkeys != NULL ? CK_OK : err->code;

    for (const struct ck_html_node *n = element; r == CK_OK && n < element + element->size; n++) {
        /* The row of column names has <th> cells only. */
        if (ck_html_is(n, "tr") && ck_html_find(n, "td", NULL) != NULL)
            r = add_passkey(n, inputs, &last, page, err);
    }
    if (r == CK_OK && page->passkeys_count != inputs)
        r = broken(err);
    if (r == CK_OK)
        page->passkeys_state = CK_LIST_PRESENT;
    return r;
}
