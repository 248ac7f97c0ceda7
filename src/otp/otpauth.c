/* Reading and writing otpauth URIs. */
#include "cowkey/otp/otpauth.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "cowkey/base/utf8.h"
#include "cowkey/otp/hotp.h"

static const char scheme[] = "otpauth://";
static const char *const types[] = {[CK_OTPAUTH_TOTP] = "totp/", [CK_OTPAUTH_HOTP] = "hotp/"};

/* A part of the URI, still encoded. */
struct slice {
    const char *text;
    size_t size;
};

enum parameter { SECRET, ISSUER, ALGORITHM, DIGITS, PERIOD, COUNTER, PARAMETERS };

static const char *const parameter_names[PARAMETERS] = {"secret", "issuer", "algorithm",
                                                        "digits", "period", "counter"};
enum { NUMBER_PLACES = 4, COUNTER_PLACES = 20 };
static const char *const algorithm_names[] = {
    [CK_TOTP_SHA1] = "SHA1", [CK_TOTP_SHA256] = "SHA256", [CK_TOTP_SHA512] = "SHA512"};

/* The decoded values of the parameters that were given; NULL for the others. */
struct values {
    struct ck_secret *of[PARAMETERS];
};

static void values_clear(struct values *values)
{
    for (size_t i = 0; i < PARAMETERS; i++)
        ck_secret_free(&values->of[i]);
}

/* Cuts off and returns what is before the first separator, or everything when there is none. */
static struct slice cut(struct slice *rest, char separator)
{
    const char *found = memchr(rest->text, separator, rest->size);
    struct slice head = *rest;

    if (found == NULL) {
        rest->text += rest->size;
        rest->size = 0;
        return head;
    }
    head.size = (size_t)(found - rest->text);
    rest->text = found + 1;
    rest->size -= head.size + 1;
    return head;
}

static bool starts_with(struct slice slice, const char *word)
{
    return slice.size >= strlen(word) && strncasecmp(slice.text, word, strlen(word)) == 0;
}

static bool equals(const struct ck_secret *text, const char *word)
{
    return ck_secret_size(text) == strlen(word) &&
           memcmp(ck_secret_bytes(text), word, strlen(word)) == 0;
}

/*
 * The rules for both names, on the way in and out, so that what is parsed can be formatted and is
 * read as the same again. field says which name it is.
 */
static enum ck_err check_name(const char *name, size_t size, const char *field,
                              struct ck_error *err)
{
    if (size >= CK_OTPAUTH_NAME_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the %s has more than %d bytes", field,
                            CK_OTPAUTH_NAME_MAX - 1);
    if (!ck_utf8_valid(name, size) || ck_ascii_has_control(name, size))
        return ck_error_set(err, CK_ERR_USAGE, "the %s is not plain UTF-8 text", field);
    if (memchr(name, ':', size) != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the %s holds a ':'", field);
    return CK_OK;
}

static enum ck_err check_account(const char *name, size_t size, struct ck_error *err)
{
    if (size == 0)
        return ck_error_set(err, CK_ERR_USAGE, "the account has no name");
    if (name[0] == ' ')
        return ck_error_set(err, CK_ERR_USAGE, "the account's name starts with a space");
    return check_name(name, size, "account's name", err);
}

/* --- reading --- */

/* "Issuer:account" or "account"; spaces before the account are not a part of it. */
static enum ck_err parse_label(struct slice encoded, struct ck_otpauth *otpauth,
                               struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *label = NULL;
    struct slice issuer = {"", 0};

    if (ck_percent_decode(encoded.text, encoded.size, &label, err) != CK_OK)
        return err->code;
    struct slice account = {ck_secret_bytes(label), ck_secret_size(label)};
    if (memchr(account.text, ':', account.size) != NULL)
        issuer = cut(&account, ':');
    while (account.size > 0 && account.text[0] == ' ') {
        account.text++;
        account.size--;
    }
    if (check_name(issuer.text, issuer.size, "issuer", err) != CK_OK ||
        check_account(account.text, account.size, err) != CK_OK)
        return err->code;
    memcpy(otpauth->issuer, issuer.text, issuer.size);
    memcpy(otpauth->account, account.text, account.size);
    return CK_OK;
}

/* The parameter of that name, PARAMETERS for one that is not known here. */
static enum parameter find_parameter(const struct ck_secret *name, enum ck_otpauth_type type)
{
    enum parameter parameter = 0;

    while (parameter < PARAMETERS && !equals(name, parameter_names[parameter]))
        parameter++;
    if (parameter == (type == CK_OTPAUTH_TOTP ? COUNTER : PERIOD))
        return PARAMETERS; /* means something for the other type */
    return parameter;
}

/* The name is decoded as well: otherwise s%65cret could give a secret to other readers only. */
static enum ck_err parse_parameter(struct slice encoded, enum ck_otpauth_type type,
                                   struct values *values, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *name = NULL;
    struct slice encoded_name = cut(&encoded, '=');

    if (ck_percent_decode(encoded_name.text, encoded_name.size, &name, err) != CK_OK)
        return err->code;
    enum parameter parameter = find_parameter(name, type);
    if (parameter == PARAMETERS)
        return CK_OK;
    if (values->of[parameter] != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the otpauth URI gives '%s' twice",
                            parameter_names[parameter]);
    return ck_percent_decode(encoded.text, encoded.size, &values->of[parameter], err);
}

static enum ck_err parse_query(struct slice query, enum ck_otpauth_type type, struct values *values,
                               struct ck_error *err)
{
    while (query.size > 0) {
        if (parse_parameter(cut(&query, '&'), type, values, err) != CK_OK)
            return err->code;
    }
    return CK_OK;
}

/* The parameter wins over the label's prefix, as in the apps that know both. */
static enum ck_err apply_issuer(const struct ck_secret *value, struct ck_otpauth *otpauth,
                                struct ck_error *err)
{
    if (value == NULL || ck_secret_size(value) == 0)
        return CK_OK;
    if (check_name(ck_secret_bytes(value), ck_secret_size(value), "issuer", err) != CK_OK)
        return err->code;
    memcpy(otpauth->issuer, ck_secret_bytes(value), ck_secret_size(value) + 1);
    return CK_OK;
}

static enum ck_err apply_algorithm(const struct ck_secret *value, enum ck_totp_algorithm *algorithm,
                                   struct ck_error *err)
{
    if (value == NULL)
        return CK_OK;
    for (size_t i = 0; i < sizeof(algorithm_names) / sizeof(algorithm_names[0]); i++) {
        if (strcasecmp(ck_secret_bytes(value), algorithm_names[i]) == 0) {
            *algorithm = (enum ck_totp_algorithm)i;
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_USAGE,
                        "the otpauth URI wants an algorithm other than SHA1, SHA256 and SHA512");
}

/* places: how many digits the number may have, leading zeros included. */
static enum ck_err apply_number(const struct ck_secret *value, enum parameter parameter,
                                size_t places, int64_t min, int64_t max, int64_t *number,
                                struct ck_error *err)
{
    if (value == NULL)
        return CK_OK;
    const char *text = ck_secret_bytes(value);
    size_t digits = strspn(text, "0123456789");
    int64_t parsed = strtoll(text, NULL, 10); /* beyond its range this gives the largest */
    if (digits == 0 || digits > places || digits != ck_secret_size(value) || parsed < min ||
        parsed > max)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the otpauth URI's '%s' is not a number from %" PRId64 " to %" PRId64,
                            parameter_names[parameter], min, max);
    *number = parsed;
    return CK_OK;
}

static enum ck_err apply_values(const struct values *values, struct ck_otpauth *otpauth,
                                struct ck_error *err)
{
    struct ck_totp_params *params = &otpauth->params;
    int64_t digits = params->digits, period_s = params->period_s;

    if (apply_issuer(values->of[ISSUER], otpauth, err) != CK_OK ||
        apply_algorithm(values->of[ALGORITHM], &params->algorithm, err) != CK_OK ||
        apply_number(values->of[DIGITS], DIGITS, NUMBER_PLACES, CK_TOTP_DIGITS_MIN,
                     CK_TOTP_DIGITS_MAX, &digits, err) != CK_OK ||
        apply_number(values->of[PERIOD], PERIOD, NUMBER_PLACES, 1, CK_TOTP_PERIOD_MAX_S, &period_s,
                     err) != CK_OK ||
        apply_number(values->of[COUNTER], COUNTER, COUNTER_PLACES, 0, CK_HOTP_COUNTER_MAX,
                     &otpauth->counter, err) != CK_OK)
        return err->code;
    params->digits = (unsigned)digits;
    params->period_s = (unsigned)period_s;
    if (values->of[SECRET] == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the otpauth URI holds no secret");
    return ck_totp_key_parse(values->of[SECRET], &otpauth->key, err);
}

static enum ck_err refuse_type(struct slice uri, enum ck_otpauth_type wanted, struct ck_error *err)
{
    bool is_totp = wanted == CK_OTPAUTH_TOTP, is_other = starts_with(uri, types[is_totp]);

    ck_error_set(err, CK_ERR_USAGE, "the otpauth URI is not of type %s", is_totp ? "totp" : "hotp");
    if (!is_other)
        return err->code;
    return is_totp
               ? ck_error_hint(err, "It is for codes that a counter makes (hotp). mailcow does "
                                    "not know them; 'cowkey verify hotp' checks them.")
               : ck_error_hint(err, "It is for codes that the time makes (totp): 'cowkey verify "
                                    "totp' checks them.");
}

/* Without the scheme, the type and a line end at the end. */
static enum ck_err unwrap(struct slice *uri, enum ck_otpauth_type type, struct ck_error *err)
{
    if (uri->size > 0 && uri->text[uri->size - 1] == '\n') {
        uri->size--;
        if (uri->size > 0 && uri->text[uri->size - 1] == '\r')
            uri->size--;
    }
    if (uri->size > CK_OTPAUTH_URI_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the otpauth URI has more than %d bytes",
                            CK_OTPAUTH_URI_MAX);
    if (ck_ascii_has_control(uri->text, uri->size) || memchr(uri->text, '#', uri->size) != NULL)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the otpauth URI holds a '#' or a control character");
    if (!starts_with(*uri, scheme))
        return ck_error_set(err, CK_ERR_USAGE, "this is no otpauth URI");
    uri->text += strlen(scheme);
    uri->size -= strlen(scheme);
    if (!starts_with(*uri, types[type]))
        return refuse_type(*uri, type, err);
    uri->text += strlen(types[type]);
    uri->size -= strlen(types[type]);
    return CK_OK;
}

static enum ck_err parse(const struct ck_secret *uri, enum ck_otpauth_type type,
                         struct ck_otpauth *ret_otpauth, struct ck_error *err)
{
    CK_CLEANUP(ck_otpauth_clear)
    struct ck_otpauth otpauth = {.type = type, .params = ck_totp_default, .counter = -1};
    CK_CLEANUP(values_clear) struct values values = {0};
    struct slice query = {ck_secret_bytes(uri), ck_secret_size(uri)};

    if (unwrap(&query, type, err) != CK_OK ||
        parse_label(cut(&query, '?'), &otpauth, err) != CK_OK ||
        parse_query(query, type, &values, err) != CK_OK ||
        apply_values(&values, &otpauth, err) != CK_OK)
        return err->code;
    *ret_otpauth = otpauth;
    otpauth.key = NULL;
    return CK_OK;
}

enum ck_err ck_otpauth_parse(const struct ck_secret *uri, struct ck_otpauth *ret_otpauth,
                             struct ck_error *err)
{
    return parse(uri, CK_OTPAUTH_TOTP, ret_otpauth, err);
}

static enum ck_err parse_any(const struct ck_secret *text, enum ck_otpauth_type type,
                             struct ck_otpauth *ret_otpauth, struct ck_error *err)
{
    struct slice start = {ck_secret_bytes(text), ck_secret_size(text)};
    struct ck_secret *key;

    if (starts_with(start, "otpauth-migration:")) {
        ck_error_set(err, CK_ERR_USAGE, "this is an export of several secrets");
        return ck_error_hint(err, "Give one secret: an otpauth:// URI or a base32 key.");
    }
    if (starts_with(start, "otpauth:"))
        return parse(text, type, ret_otpauth, err);
    if (ck_totp_key_parse(text, &key, err) != CK_OK)
        return err->code;
    *ret_otpauth =
        (struct ck_otpauth){.type = type, .params = ck_totp_default, .counter = -1, .key = key};
    return CK_OK;
}

enum ck_err ck_otpauth_parse_any(const struct ck_secret *text, struct ck_otpauth *ret_otpauth,
                                 struct ck_error *err)
{
    return parse_any(text, CK_OTPAUTH_TOTP, ret_otpauth, err);
}

enum ck_err ck_otpauth_parse_any_hotp(const struct ck_secret *text, struct ck_otpauth *ret_otpauth,
                                      struct ck_error *err)
{
    return parse_any(text, CK_OTPAUTH_HOTP, ret_otpauth, err);
}

/* --- writing --- */

static enum ck_err append(struct ck_secret **uri, const char *text, struct ck_error *err)
{
    return ck_secret_append(uri, text, strlen(text), err);
}

static enum ck_err append_label(struct ck_secret **uri, const struct ck_otpauth *otpauth,
                                struct ck_error *err)
{
    const char *issuer = otpauth->issuer;

    if (issuer[0] != '\0' && (ck_percent_encode(uri, issuer, strlen(issuer), err) != CK_OK ||
                              append(uri, ":", err) != CK_OK))
        return err->code;
    return ck_percent_encode(uri, otpauth->account, strlen(otpauth->account), err);
}

static enum ck_err append_secret(struct ck_secret **uri, const struct ck_secret *key,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *base32 = NULL;

    if (ck_totp_key_format(key, &base32, err) != CK_OK || append(uri, "?secret=", err) != CK_OK)
        return err->code;
    return ck_secret_append(uri, ck_secret_bytes(base32), ck_secret_size(base32), err);
}

static enum ck_err append_number(struct ck_secret **uri, const char *name, int64_t number,
                                 struct ck_error *err)
{
    char text[64];

    snprintf(text, sizeof(text), "&%s=%" PRId64, name, number);
    return append(uri, text, err);
}

static enum ck_err append_params(struct ck_secret **uri, const struct ck_otpauth *otpauth,
                                 struct ck_error *err)
{
    const struct ck_totp_params *params = &otpauth->params;
    const char *issuer = otpauth->issuer;

    if (issuer[0] != '\0' && (append(uri, "&issuer=", err) != CK_OK ||
                              ck_percent_encode(uri, issuer, strlen(issuer), err) != CK_OK))
        return err->code;
    if (params->algorithm != ck_totp_default.algorithm &&
        (append(uri, "&algorithm=", err) != CK_OK ||
         append(uri, algorithm_names[params->algorithm], err) != CK_OK))
        return err->code;
    if (params->digits != ck_totp_default.digits &&
        append_number(uri, "digits", params->digits, err) != CK_OK)
        return err->code;
    if (otpauth->type == CK_OTPAUTH_HOTP)
        return append_number(uri, "counter", otpauth->counter, err);
    if (params->period_s != ck_totp_default.period_s)
        return append_number(uri, "period", params->period_s, err);
    return CK_OK;
}

static enum ck_err check(const struct ck_otpauth *otpauth, struct ck_error *err)
{
    if (check_name(otpauth->issuer, strnlen(otpauth->issuer, sizeof(otpauth->issuer)), "issuer",
                   err) != CK_OK ||
        check_account(otpauth->account, strnlen(otpauth->account, sizeof(otpauth->account)), err) !=
            CK_OK)
        return err->code;
    if (otpauth->type == CK_OTPAUTH_HOTP &&
        (otpauth->counter < 0 || otpauth->counter > CK_HOTP_COUNTER_MAX))
        return ck_error_set(err, CK_ERR_USAGE, "the counter is missing or out of range");
    return ck_totp_params_check(&otpauth->params, err);
}

enum ck_err ck_otpauth_format(const struct ck_otpauth *otpauth, struct ck_secret **ret_uri,
                              struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;

    if (check(otpauth, err) != CK_OK || append(&uri, scheme, err) != CK_OK ||
        append(&uri, types[otpauth->type], err) != CK_OK ||
        append_label(&uri, otpauth, err) != CK_OK ||
        append_secret(&uri, otpauth->key, err) != CK_OK ||
        append_params(&uri, otpauth, err) != CK_OK)
        return err->code;
    if (ck_secret_size(uri) > CK_OTPAUTH_URI_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the issuer and the account are too long for a URI");
    *ret_uri = CK_TAKE(uri);
    return CK_OK;
}

void ck_otpauth_clear(struct ck_otpauth *otpauth)
{
    ck_secret_free(&otpauth->key);
    ck_secret_erase(otpauth, sizeof(*otpauth));
}
