/* What a server's TLS certificate says: until when, for which names, by whom. */
#ifndef COWKEY_MAILCOW_SERVER_CERTIFICATE_H
#define COWKEY_MAILCOW_SERVER_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/host.h"

enum {
    CK_SERVER_CERTIFICATE_NAMES_MAX = 100, /* names that are kept; further ones are only counted */
    CK_SERVER_CERTIFICATE_ISSUER_MAX = 128,
};

struct ck_server_certificate {
    size_t chain_count; /* certificates that the server sent */
    int64_t expires_s;  /* when the first of them ends, seconds since 1970 */
    char issuer
        [CK_SERVER_CERTIFICATE_ISSUER_MAX]; /* of the first: its organization or name; foreign */
    size_t names_count;
    /* DNS names (RFC 5280 section 4.2.1.6), as they stand there: "*.example.test"; foreign text. */
    char names[CK_SERVER_CERTIFICATE_NAMES_MAX][CK_HOST_MAX];
};

/*
 * Reads a chain of count certificates (PEM, the server's own first). What is none, and an empty
 * chain, is CK_ERR_UNREACHABLE.
 */
enum ck_err ck_server_certificate_parse(const char *const *pems, size_t count,
                                        struct ck_server_certificate *ret_certificate,
                                        struct ck_error *err);

#endif
