/* The name of a server, as TLS, the HTTP Host header and a relying party ID want it. */
#ifndef COWKEY_BASE_HOST_H
#define COWKEY_BASE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"

enum {
    CK_HOST_MAX = 254,   /* bytes of a host name, with the terminating NUL */
    CK_ORIGIN_MAX = 272, /* "https://" host ":65535" and NUL */
};

/*
 * name: A-labels (RFC 5890), lower case, no trailing dot; or an IP literal, IPv6 without brackets.
 * origin: https://name, with the port where it is not 443 (RFC 6454 section 6.2).
 */
struct ck_host {
    char name[CK_HOST_MAX];
    char origin[CK_ORIGIN_MAX];
    uint16_t port;
    bool is_ip;
};

/*
 * Reads "HOST", "HOST:PORT" or "https://HOST[:PORT][/]", in UTF-8 whatever the locale. Another
 * scheme, user info, a path, a query, an empty or over-long label, and names that IDNA2008 (RFC
 * 5891) does not allow are CK_ERR_USAGE.
 */
enum ck_err ck_host_parse(const char *text, struct ck_host *ret_host, struct ck_error *err);

#endif
