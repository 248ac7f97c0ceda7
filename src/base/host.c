/* Parsing what a person gives as a server. */
#include "cowkey/base/host.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"

enum {
    TEXT_MAX = 1024, /* bytes of what is parsed: a name's UTF-8 form is longer than its A-labels */
    LABEL_MAX = 63,  /* RFC 1035 section 2.3.4 */
    PORT_HTTPS = 443,
    PORT_MAX = 65535,
};

static const char how_to_write[] = "Write it like mail.example.org or mail.example.org:8443.";

/* The reason comes first: a long name can't push it out of the text. */
static enum ck_err refuse(struct ck_error *err, const char *reason, const char *name)
{
    ck_error_set(err, CK_ERR_USAGE, "%s: '%s'", reason, name);
    return ck_error_hint(err, "%s", how_to_write);
}

/* Does not quote the text: a URL's user info, path and query may hold secrets. */
static enum ck_err refuse_form(struct ck_error *err, const char *reason)
{
    ck_error_set(err, CK_ERR_USAGE, "%s", reason);
    return ck_error_hint(err, "%s", how_to_write);
}

static void free_idn2(uint8_t **text)
{
    idn2_free(*text);
}

/*
 * Drops "https://" and the slash that may follow the name then. text is changed in place; what is
 * left starts at *ret_authority.
 */
static enum ck_err strip_scheme(char *text, char **ret_authority, struct ck_error *err)
{
    static const char https[] = "https://";
    size_t size;

    *ret_authority = text;
    if (strstr(text, "://") == NULL)
        return CK_OK;
    if (strncasecmp(text, https, strlen(https)) != 0)
        return refuse_form(err, "a server is spoken to by https:// only");
    text += strlen(https);
    size = strlen(text);
    if (size > 0 && text[size - 1] == '/')
        text[size - 1] = '\0';
    *ret_authority = text;
    return CK_OK;
}

static enum ck_err refuse_more_than_a_host(const char *authority, struct ck_error *err)
{
    if (strchr(authority, '@') != NULL)
        return refuse_form(err, "a server is given without a user or password in front");
    if (strpbrk(authority, "/\\?#") != NULL)
        return refuse_form(err, "a server is given without a path behind its name");
    return CK_OK;
}

static enum ck_err parse_port(const char *text, uint16_t *ret_port, struct ck_error *err)
{
    unsigned long port;
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return refuse_form(err, "a port is a number from 1 to 65535");
    port = strtoul(text, NULL, 10);
    if (port == 0 || port > PORT_MAX)
        return refuse_form(err, "a port is a number from 1 to 65535");
    *ret_port = (uint16_t)port;
    return CK_OK;
}

/*
 * Splits "name", "name:port", "[v6]" or "[v6]:port" in place; the brackets stay with neither part.
 * *ret_port is NULL when there is none.
 */
static enum ck_err split_port(char *authority, char **ret_name, char **ret_port, bool *ret_is_ip6,
                              struct ck_error *err)
{
    char *colon = strchr(authority, ':');

    *ret_is_ip6 = authority[0] == '[';
    *ret_name = authority;
    if (*ret_is_ip6) {
        char *bracket = strchr(authority, ']');
        if (bracket == NULL || (bracket[1] != '\0' && bracket[1] != ':'))
            return refuse(err, "an IPv6 address is written [ADDRESS] or [ADDRESS]:PORT", authority);
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        *bracket = '\0';
        *ret_name = authority + 1;
    } else if (colon != NULL && strchr(colon + 1, ':') != NULL) {
        return refuse(err, "an IPv6 address is written in brackets, like [::1]", authority);
    }
    *ret_port = colon == NULL ? NULL : colon + 1;
    if (colon != NULL)
        *colon = '\0';
    return CK_OK;
}

/* inet_ntop gives the one spelling of RFC 5952, which comparisons need. */
static enum ck_err parse_ip6(const char *text, char ret_name[CK_HOST_MAX], struct ck_error *err)
{
    struct in6_addr address;

    if (inet_pton(AF_INET6, text, &address) != 1)
        return refuse(err, "this is no IPv6 address", text);
    inet_ntop(AF_INET6, &address, ret_name, CK_HOST_MAX);
    return CK_OK;
}

static enum ck_err check_label(const char *label, size_t size, const char *name,
                               struct ck_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t good = strspn(label, allowed);

    if (size == 0)
        return refuse(err, "a server's name has no empty parts between its dots", name);
    if (good < size && label[good] == '_')
        return refuse(err, "a server's name can't hold '_'", name);
    if (good < size)
        return refuse(err, "a server's name holds only letters, digits, '-' and '.'", name);
    if (label[0] == '-' || label[size - 1] == '-')
        return refuse(err, "no part of a server's name starts or ends with '-'", name);
    if (size > LABEL_MAX)
        return refuse(err, "a part of this server's name has more than 63 characters", name);
    return CK_OK;
}

/*
 * Whether programs take a name that ends so for an IPv4 address, however it is written: 127.1 and
 * 0x7f000001 are 127.0.0.1 for many (https://url.spec.whatwg.org/#ends-in-a-number-checker).
 */
static bool is_number(const char *label)
{
    size_t size = strlen(label);

    if (strncmp(label, "0x", 2) == 0)
        return strspn(label + 2, "0123456789abcdef") == size - 2;
    return strspn(label, "0123456789") == size;
}

/* Checks the A-label form of a name, which is what counts: mapping can bring in any character. */
static enum ck_err check_name(const char *name, bool *ret_is_ip, struct ck_error *err)
{
    const char *label = name;
    struct in_addr address;

    for (;;) {
        size_t size = strcspn(label, ".");
        if (check_label(label, size, name, err) != CK_OK)
            return err->code;
        if (label[size] == '\0')
            break;
        label += size + 1;
    }
    *ret_is_ip = inet_pton(AF_INET, name, &address) == 1;
    if (!*ret_is_ip && is_number(label))
        return refuse(err, "this is neither a name nor an IPv4 address", name);
    return CK_OK;
}

/*
 * The name as A-labels, without a dot at its end. IDN2_USE_STD3_ASCII_RULES is left out on purpose:
 * with it libidn2 2.3 silently drops the characters that it should refuse, so that my_mail.org
 * would become mymail.org, somebody else's server. check_name refuses them.
 */
static enum ck_err parse_name(const char *text, char ret_name[CK_HOST_MAX], bool *ret_is_ip,
                              struct ck_error *err)
{
    CK_CLEANUP(free_idn2) uint8_t *mapped = NULL;
    int rc = idn2_lookup_u8((const uint8_t *)text, &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

    if (rc == IDN2_MALLOC)
        return ck_error_no_memory(err);
    if (rc != IDN2_OK)
        return refuse(err, idn2_strerror(rc), text);

    char *name = (char *)mapped;
    size_t size = strlen(name);
    if (size > 0 && name[size - 1] == '.')
        name[--size] = '\0';
    for (size_t i = 0; i < size; i++)
        name[i] = ck_ascii_lower(name[i]);
    if (size >= CK_HOST_MAX)
        return refuse(err, "a server's name has at most 253 characters", name);
    if (check_name(name, ret_is_ip, err) != CK_OK)
        return err->code;
    memcpy(ret_name, name, size + 1);
    return CK_OK;
}

static void format_origin(struct ck_host *host, bool is_ip6)
{
    int size = snprintf(host->origin, sizeof(host->origin), is_ip6 ? "https://[%s]" : "https://%s",
                        host->name);

    if (host->port != PORT_HTTPS)
        snprintf(host->origin + size, sizeof(host->origin) - (size_t)size, ":%u", host->port);
}

/* text is changed in place. */
static enum ck_err parse_copy(char *text, struct ck_host *ret_host, struct ck_error *err)
{
    struct ck_host host = {.port = PORT_HTTPS};
    char *authority = NULL, *name = NULL, *port = NULL;
    bool is_ip6 = false;

    if (strip_scheme(text, &authority, err) != CK_OK ||
        refuse_more_than_a_host(authority, err) != CK_OK ||
        split_port(authority, &name, &port, &is_ip6, err) != CK_OK ||
        (port != NULL && parse_port(port, &host.port, err) != CK_OK))
        return err->code;
    host.is_ip = is_ip6;
    if ((is_ip6 ? parse_ip6(name, host.name, err)
                : parse_name(name, host.name, &host.is_ip, err)) != CK_OK)
        return err->code;
    format_origin(&host, is_ip6);
    *ret_host = host;
    return CK_OK;
}

enum ck_err ck_host_parse(const char *text, struct ck_host *ret_host, struct ck_error *err)
{
    char copy[TEXT_MAX + 1];
    size_t size = strlen(text);

    if (size == 0 || size > TEXT_MAX)
        return refuse_form(err, "a server's name has 1 to 253 characters");
    if (!ck_utf8_valid(text, size))
        return refuse_form(err, "the server's name is not UTF-8 text");
    memcpy(copy, text, size + 1);
    return parse_copy(copy, ret_host, err);
}
