/* From a login that asks for a security key to the key's signature. */
#include "key_answer.h"

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/webauthn.h"

/* The rows of the login page that security keys answer, in its order. */
struct rows {
    uint64_t ids[CK_PAGE_FACTORS_MAX];
    size_t count;
};

static void collect(const struct ck_page *page, struct rows *rows)
{
    rows->count = 0;
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method == CK_METHOD_WEBAUTHN)
            rows->ids[rows->count++] = page->factors[i].id;
    }
}

static bool find_credential(const struct ck_request_options *options, const struct ck_bytes *id,
                            size_t *ret_index)
{
    for (size_t i = 0; i < options->allow_count; i++) {
        if (ck_bytes_equal(&options->allow[i], id)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool find_row(const struct rows *rows, uint64_t id, size_t *ret_index)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->ids[i] == id) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* Leaves only one credential for the key to answer with. */
static void keep_only(struct ck_request_options *options, size_t index)
{
    struct ck_bytes kept = options->allow[index];

    options->allow[index] = options->allow[0];
    options->allow[0] = kept;
    for (size_t i = 1; i < options->allow_count; i++)
        ck_bytes_clear(&options->allow[i]);
    options->allow_count = 1;
}

/*
 * The server lists rows and credentials in the same order but never says which belong together; it
 * checks the signature with the key of the row that is named in the answer.
 */
static enum ck_err row_of(const struct rows *rows, size_t credentials, size_t index,
                          uint64_t *ret_row, struct ck_error *err)
{
    if (rows->count != credentials)
        return ck_error_set(err, CK_ERR_UNCHANGED,
                            "the server lists %zu security keys and offers %zu credentials",
                            rows->count, credentials);
    *ret_row = rows->ids[index];
    return CK_OK;
}

void key_answer_clear(struct key_answer *answer)
{
    ck_assertion_clear(&answer->assertion);
}

enum ck_err key_answer_make(struct ck_login *login, struct ck_session *session, uint64_t row,
                            const struct ck_bytes *credential, struct key_answer *ret_answer,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_request_options_clear) struct ck_request_options options = {0};
    CK_CLEANUP(key_answer_clear) struct key_answer answer = {.row = row};
    struct rows rows;
    size_t index;

    collect(ck_session_page(session), &rows);
    enum ck_err r = ck_webauthn_request_options(session, &options, err);
    if (r != CK_OK)
        return r;
    size_t credentials = options.allow_count;
    if (credential != NULL && !find_credential(&options, credential, &index)) {
        ret_answer->not_offered = true;
        return ck_error_set(err, CK_ERR_UNCHANGED, "the server does not offer the credential");
    }
    if (credential != NULL ||
        (row != 0 && rows.count == credentials && find_row(&rows, row, &index)))
        keep_only(&options, index);

    r = ck_login_need_key(login, err);
    if (r == CK_OK)
        r = ck_key_sign(login->key, &options, login->settings->host.origin, CK_VERIFY_IF_NEEDED,
                        NULL, NULL, &answer.assertion, err);
    /* The server does not look at the id that is answered with it (protocol 5.5). */
    if (r == CK_OK && !find_credential(&options, &answer.assertion.credential_id, &index))
        return ck_error_set(err, CK_ERR_KEY,
                            "the key answered with a credential that it was not asked for");
    if (r == CK_OK && row == 0)
        r = row_of(&rows, credentials, index, &answer.row, err);
    if (r != CK_OK)
        return r;
    *ret_answer = answer;
    answer = (struct key_answer){0};
    return CK_OK;
}
