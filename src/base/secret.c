/* Secrets as blocks of OpenSSL's secure heap. */
#include "cowkey/base/secret.h"

#include <assert.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAP_BLOCK_MIN = 32, /* bytes of the smallest block that the secure heap gives out */
};

/*
 * One block of the secure heap, header included, so that not even the size lies elsewhere. The heap
 * gives out powers of two; a secret of CK_SECRET_MAX bytes just fits one.
 */
struct ck_secret {
    size_t size;
    size_t capacity; /* bytes that fit, without the NUL after the last one */
    char bytes[];
};

enum ck_err ck_secret_heap_init(struct ck_error *err)
{
    /* OpenSSL takes a second initialisation for a failure. A return of 2 means "not locked". */
    if (CRYPTO_secure_malloc_initialized())
        return CK_OK;
    if (CRYPTO_secure_malloc_init(CK_SECRET_HEAP, HEAP_BLOCK_MIN) == 0)
        return ck_error_set(err, CK_ERR_UNCHANGED, "there is no memory to keep secrets in");
    return CK_OK;
}

static_assert(sizeof(struct ck_secret) + CK_SECRET_MAX + 1 <= 512 * 1024, "see above");

static size_t block_size(size_t capacity)
{
    return sizeof(struct ck_secret) + capacity + 1;
}

static enum ck_err too_large(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_USAGE, "a secret can't have more than %d bytes", CK_SECRET_MAX);
}

/* A zeroed secret of size 0. */
static struct ck_secret *allocate(size_t capacity)
{
    struct ck_secret *secret = OPENSSL_secure_zalloc(block_size(capacity));

    if (secret != NULL)
        secret->capacity = capacity;
    return secret;
}

enum ck_err ck_secret_new(const void *bytes, size_t size, struct ck_secret **ret_secret,
                          struct ck_error *err)
{
    struct ck_secret *secret;

    if (size > CK_SECRET_MAX)
        return too_large(err);
    secret = allocate(size);
    if (secret == NULL)
        return ck_error_no_memory(err);
    if (bytes != NULL)
        memcpy(secret->bytes, bytes, size);
    secret->size = size;
    *ret_secret = secret;
    return CK_OK;
}

char *ck_secret_bytes(const struct ck_secret *secret)
{
    return (char *)secret->bytes;
}

size_t ck_secret_size(const struct ck_secret *secret)
{
    return secret->size;
}

bool ck_secret_equal(const struct ck_secret *a, const struct ck_secret *b)
{
    return a->size == b->size && CRYPTO_memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* Doubles, so that a secret built from small pieces is moved (and its old place erased) rarely. */
static size_t grown_capacity(size_t size)
{
    return size <= CK_SECRET_MAX / 2 ? 2 * size : CK_SECRET_MAX;
}

enum ck_err ck_secret_append(struct ck_secret **secret, const void *bytes, size_t size,
                             struct ck_error *err)
{
    struct ck_secret *old = *secret;

    if (old == NULL)
        return ck_secret_new(bytes, size, secret, err);
    if (size > CK_SECRET_MAX - old->size)
        return too_large(err);
    if (size == 0)
        return CK_OK;
    if (size <= old->capacity - old->size) {
        memcpy(old->bytes + old->size, bytes, size);
        old->size += size;
        old->bytes[old->size] = '\0';
        return CK_OK;
    }

    struct ck_secret *grown = allocate(grown_capacity(old->size + size));
    if (grown == NULL)
        return ck_error_no_memory(err);
    memcpy(grown->bytes, old->bytes, old->size);
    memcpy(grown->bytes + old->size, bytes,
           size); /* before the free: bytes may lie in the old one */
    grown->size = old->size + size;
    ck_secret_free(secret);
    *secret = grown;
    return CK_OK;
}

void ck_secret_truncate(struct ck_secret *secret, size_t size)
{
    if (size >= secret->size)
        return;
    ck_secret_erase(secret->bytes + size, secret->size - size);
    secret->size = size;
}

void ck_secret_chomp(struct ck_secret *secret)
{
    size_t size = secret->size;

    if (size == 0 || secret->bytes[size - 1] != '\n')
        return;
    size--;
    if (size > 0 && secret->bytes[size - 1] == '\r')
        size--;
    ck_secret_truncate(secret, size);
}

void ck_secret_free(struct ck_secret **secret)
{
    if (*secret == NULL)
        return;
    OPENSSL_secure_clear_free(*secret, block_size((*secret)->capacity));
    *secret = NULL;
}

void ck_secret_erase(void *p, size_t size)
{
    /* As lasting as OPENSSL_cleanse, and ten times as fast: whole pages go through here. */
    if (size > 0)
        explicit_bzero(p, size);
}

void ck_secret_erase_and_free(void *p)
{
    if (p == NULL)
        return;
    ck_secret_erase(p, malloc_usable_size(p));
    free(p);
}

void *ck_secret_erasing_realloc(void *p, size_t size)
{
    void *grown = malloc(size);

    if (grown != NULL && p != NULL) {
        size_t old = malloc_usable_size(p);
        memcpy(grown, p, old < size ? old : size);
        ck_secret_erase_and_free(p);
    }
    return grown;
}
