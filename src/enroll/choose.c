/* Choosing the factor that answers a login. */
#include "choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One more than the rows: the Yubico tab. */
enum { CHOICES_MAX = CK_PAGE_FACTORS_MAX + 1 };

bool ck_row_id_is(uint64_t id, const char *text)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, id);
    return strcmp(digits, text) == 0;
}

size_t ck_factor_match(const struct ck_page *page, const char *what,
                       const struct ck_factor **ret_first)
{
    size_t matches = 0;

    for (size_t i = 0; i < page->factors_count; i++) {
        if (ck_row_id_is(page->factors[i].id, what)) {
            *ret_first = &page->factors[i];
            return 1;
        }
        if (strcmp(page->factors[i].label, what) == 0 && matches++ == 0)
            *ret_first = &page->factors[i];
    }
    return matches;
}

enum ck_err ck_factor_pick(const struct ck_page *page, const char *what,
                           const struct ck_factor **ret_factor, struct ck_error *err)
{
    const struct ck_factor *found = NULL;
    size_t matches = ck_factor_match(page, what, &found);

    if (matches == 0) {
        ck_error_set(err, CK_ERR_USAGE, "the account has no factor with the ID or label '%.200s'",
                     what);
        return ck_error_hint(err, "'cowkey list' shows the factors.");
    }
    if (matches > 1) {
        ck_error_set(err, CK_ERR_USAGE, "%zu factors are called '%.200s'", matches, what);
        return ck_error_hint(err, "Name it by its row number; 'cowkey list' shows them.");
    }
    *ret_factor = found;
    return CK_OK;
}

static enum ck_err cannot_answer(const struct ck_factor *factor, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the factor '%.200s' (%s) can't be answered here",
                 factor->label, ck_method_name(factor->method));
    return ck_error_hint(err, "Choose another one with --login-factor, or log in with a browser.");
}

/*
 * The ways to answer the login page. The Yubico tab stands for all its keys, and one row for all
 * security keys: the key says which of the credentials it holds.
 */
static size_t answerable(const struct ck_page *page, struct ck_factor choices[CHOICES_MAX])
{
    bool has_key = false;
    size_t count = 0;

    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method == CK_METHOD_TOTP)
            choices[count++] = page->factors[i];
        has_key = has_key || page->factors[i].method == CK_METHOD_WEBAUTHN;
    }
    if (has_key)
        choices[count++] =
            (struct ck_factor){.label = (char *)"security key", .method = CK_METHOD_WEBAUTHN};
    if (page->yubiotp_offered)
        choices[count++] =
            (struct ck_factor){.label = (char *)"Yubico OTP", .method = CK_METHOD_YUBIOTP};
    return count;
}

static enum ck_err choose_by_name(const struct ck_page *page, const char *name,
                                  struct ck_factor *ret_factor, struct ck_error *err)
{
    const struct ck_factor *named;

    if (ck_factor_match(page, name, &named) == 0 && strcmp(name, "yubiotp") == 0 &&
        page->yubiotp_offered) {
        *ret_factor = (struct ck_factor){.method = CK_METHOD_YUBIOTP};
        return CK_OK;
    }
    enum ck_err r = ck_factor_pick(page, name, &named, err);
    if (r != CK_OK)
        return r;
    if (named->method != CK_METHOD_TOTP && named->method != CK_METHOD_WEBAUTHN)
        return cannot_answer(named, err);
    *ret_factor = *named;
    return CK_OK;
}

/* A TOTP secret was given, so a TOTP row is meant: the only one. */
static enum ck_err choose_totp(const struct ck_page *page, struct ck_factor *ret_factor,
                               struct ck_error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].method == CK_METHOD_TOTP && count++ == 0)
            *ret_factor = page->factors[i];
    }
    if (count == 1)
        return CK_OK;
    if (count == 0) {
        ck_error_set(err, CK_ERR_UNCHANGED,
                     "the account asks for a second factor, but not for a TOTP code");
        return ck_error_hint(err, "Leave out the login secret to answer with what it has.");
    }
    ck_error_set(err, CK_ERR_USAGE, "the account has %zu TOTP factors, and one secret was given",
                 count);
    return ck_error_hint(err, "Say which one it is for with --login-factor ID or LABEL.");
}

/*
 * Rows from before WebAuthn make the server offer one thing, which is to delete them; a login that
 * nothing can answer would only look like a wrong password.
 */
enum ck_err ck_login_check_offers(const struct ck_login *login, const struct ck_page *page,
                                  struct ck_error *err)
{
    if (page->factors_count > 0 || page->yubiotp_offered)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server asks '%s' for a second factor but offers none that can be answered",
                 login->account->name);
    return ck_error_hint(err,
                         "The account has an old U2F key. Log in with a browser once, where the "
                         "server offers to remove it.");
}

enum ck_err ck_login_choose_factor(const struct ck_login *login, const struct ck_page *page,
                                   struct ck_factor *ret_factor, struct ck_error *err)
{
    struct ck_factor choices[CHOICES_MAX];
    size_t count = answerable(page, choices), index = 0;

    if (ck_login_check_offers(login, page, err) != CK_OK)
        return err->code;
    if (login->factor != NULL)
        return choose_by_name(page, login->factor, ret_factor, err);
    if (login->factor_key != NULL)
        return choose_totp(page, ret_factor, err);
    if (count == 0)
        return ck_error_set(err, CK_ERR_UNCHANGED,
                            "the account asks for a second factor that can't be answered here");
    if (count > 1) {
        enum ck_err r = login->person->ask_factor(login->person->data, choices, count, &index, err);
        if (r != CK_OK)
            return r;
    }
    *ret_factor = choices[index];
    return CK_OK;
}

enum ck_err ck_login_code(const struct ck_login *login, const struct ck_session *session,
                          const struct ck_factor *factor, char ret_code[CK_TOTP_CODE_MAX],
                          struct ck_error *err)
{
    if (login->factor_key == NULL)
        return login->person->ask_login_code(login->person->data, factor, ret_code, err);
    return ck_totp_code(login->factor_key->key, &login->factor_key->params,
                        ck_login_server_now_s(login, session), ret_code, err);
}
