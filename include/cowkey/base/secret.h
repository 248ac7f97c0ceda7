/*
 * A secret: bytes on OpenSSL's secure heap (not in core dumps, and locked where the kernel lets
 * it), erased when freed.
 *
 * Passwords, TOTP keys, otpauth URIs, codes, form bodies and pictures of secrets live in this type
 * and nowhere else. There is one accessor, so that reading a secret is easy to find.
 */
#ifndef COWKEY_BASE_SECRET_H
#define COWKEY_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"

enum {
    CK_SECRET_MAX = 512 * 1024 - 64, /* bytes in one secret; a QR code of 2 kB fits in all styles */
    CK_SECRET_INPUT_MAX = 4096,      /* bytes of one secret that a person or a file gives */
    CK_SECRET_HEAP = 4 * 1024 * 1024, /* bytes of the secure heap */
};

struct ck_secret;

/*
 * Sets up the secure heap; once, before the first secret. Where the kernel does not let the whole
 * heap be locked (ulimit -l), none of it is certain to be: secrets may then be swapped to disk.
 * That is no error, and nobody is told.
 */
enum ck_err ck_secret_heap_init(struct ck_error *err);

/*
 * A copy of size bytes (0..CK_SECRET_MAX; more is CK_ERR_USAGE); bytes may be NULL for a zeroed
 * secret to be filled.
 */
enum ck_err ck_secret_new(const void *bytes, size_t size, struct ck_secret **ret_secret,
                          struct ck_error *err);

/* The bytes; always followed by a NUL that does not count, so text may be used as a string. */
char *ck_secret_bytes(const struct ck_secret *secret);
size_t ck_secret_size(const struct ck_secret *secret);

/* Compares in constant time (the sizes may be learnt). */
bool ck_secret_equal(const struct ck_secret *a, const struct ck_secret *b);

/*
 * Appends size bytes, moving the secret when it must grow; fails above CK_SECRET_MAX. A *secret of
 * NULL is made. bytes may lie in *secret itself.
 */
enum ck_err ck_secret_append(struct ck_secret **secret, const void *bytes, size_t size,
                             struct ck_error *err);

/* Shortens the secret to size bytes and erases the rest; a shorter one stays as it is. */
void ck_secret_truncate(struct ck_secret *secret, size_t size);

/* Removes one final line end (LF or CR LF), which files and commands usually carry. */
void ck_secret_chomp(struct ck_secret *secret);

/* Erases and frees *secret and sets it to NULL; accepts a pointer to NULL. */
void ck_secret_free(struct ck_secret **secret);

/* Erases size bytes at p in a way that the compiler keeps: for copies that libraries ask for. */
void ck_secret_erase(void *p, size_t size);

/*
 * free() for the allocators that libraries are given: erases the whole block first. p is from
 * malloc or NULL; its size is asked from malloc, so that what a caller frees with free() instead
 * does no worse.
 */
void ck_secret_erase_and_free(void *p);

/* realloc() for them, likewise: the old block is erased, unless there is no memory (NULL). */
void *ck_secret_erasing_realloc(void *p, size_t size);

#endif
