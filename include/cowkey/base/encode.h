/* Percent-encoding (RFC 3986 section 2.1), for otpauth URIs and form bodies. */
#ifndef COWKEY_BASE_ENCODE_H
#define COWKEY_BASE_ENCODE_H

#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

/*
 * Appends the percent-encoded form of size bytes to *out, a secret, since what is encoded may be
 * one; NULL there is an empty one. Everything but the unreserved characters A-Z a-z 0-9 - . _ ~
 * becomes %XX, so that the result is right in a URI's path and query and in a form body.
 */
enum ck_err ck_percent_encode(struct ck_secret **out, const void *bytes, size_t size,
                              struct ck_error *err);

/*
 * Decodes size characters of text into a new secret. A % that two hex digits do not follow, and an
 * encoded NUL, are CK_ERR_USAGE. '+' stays '+'.
 */
enum ck_err ck_percent_decode(const char *text, size_t size, struct ck_secret **ret_bytes,
                              struct ck_error *err);

#endif
