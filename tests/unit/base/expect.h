/* What the unit tests of base and otp say often. */
#ifndef COWKEY_TESTS_EXPECT_H
#define COWKEY_TESTS_EXPECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cowkey/base/secret.h"

/* An output that must stay untouched on failure starts as this. */
#define UNTOUCHED ((struct ck_secret *)&untouched_)
static char untouched_ __attribute__((unused));

__attribute__((unused)) static struct ck_secret *secret_of_bytes(const void *bytes, size_t size)
{
    struct ck_secret *secret = NULL;
    struct ck_error err;

    assert_int_equal(ck_secret_new(bytes, size, &secret, &err), CK_OK);
    return secret;
}

__attribute__((unused)) static struct ck_secret *secret_of(const char *text)
{
    return secret_of_bytes(text, strlen(text));
}

__attribute__((unused)) static void assert_secret_bytes(const struct ck_secret *secret,
                                                        const void *bytes, size_t size)
{
    assert_non_null(secret);
    assert_int_equal(ck_secret_size(secret), size);
    assert_memory_equal(ck_secret_bytes(secret), bytes, size);
    assert_int_equal(ck_secret_bytes(secret)[size], '\0');
}

__attribute__((unused)) static void assert_secret(const struct ck_secret *secret, const char *text)
{
    assert_secret_bytes(secret, text, strlen(text));
}

/* The error is complete, and part stands in its text. */
__attribute__((unused)) static void assert_error(const struct ck_error *err, enum ck_err code,
                                                 const char *part)
{
    assert_int_equal(err->code, code);
    assert_non_null(memchr(err->text, '\0', sizeof(err->text)));
    assert_non_null(memchr(err->hint, '\0', sizeof(err->hint)));
    if (strstr(err->text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err->text, part);
}

#endif
