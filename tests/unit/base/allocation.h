/*
 * Allocations that fail on demand, for a whole test program and the libraries in it: its malloc,
 * calloc and realloc stand before those of the C library (or of a memory checker).
 *
 * OpenSSL's secure heap is not set up in these programs, so that secrets come from malloc as well.
 */
#ifndef COWKEY_TESTS_ALLOCATION_H
#define COWKEY_TESTS_ALLOCATION_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "expect.h"

/*
 * Where an address sanitizer has its own malloc, that is the next one; dlsym can't be called so
 * early.
 */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#define HAS_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#else
#define HAS_ADDRESS_SANITIZER 0
#endif

enum failure { FAIL_ONCE, FAIL_FOR_EVER };

/* volatile: a compiler knows malloc, and that it looks at no variable of the program. */
static volatile struct {
    bool armed, fired;
    enum failure failure;
    unsigned countdown;
} allocation_;

/* The dynamic loader allocates before a sanitizer is set up. */
#define BEFORE_SANITIZERS __attribute__((no_sanitize("address", "undefined")))

BEFORE_SANITIZERS static bool allocation_fails(void)
{
    if (!allocation_.armed || (allocation_.fired && allocation_.failure == FAIL_ONCE))
        return false;
    if (allocation_.countdown > 0) {
        allocation_.countdown--;
        return false;
    }
    allocation_.fired = true;
    errno = ENOMEM;
    return true;
}

#if HAS_ADDRESS_SANITIZER
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *p, size_t size);
void *__interceptor_reallocarray(void *p, size_t count, size_t size);
#define NEXT(name) __interceptor_##name
#else
#define NEXT(name)                                                                                 \
    ({                                                                                             \
        static __typeof__(name) *next_;                                                            \
        if (next_ == NULL)                                                                         \
            next_ = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                   \
        next_;                                                                                     \
    })
#endif

BEFORE_SANITIZERS void *malloc(size_t size)
{
    return allocation_fails() ? NULL : NEXT(malloc)(size);
}

BEFORE_SANITIZERS void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : NEXT(calloc)(count, size);
}

BEFORE_SANITIZERS void *realloc(void *p, size_t size)
{
    return allocation_fails() ? NULL : NEXT(realloc)(p, size);
}

#if HAS_ADDRESS_SANITIZER
/* Elsewhere it calls realloc. */
BEFORE_SANITIZERS void *reallocarray(void *p, size_t count, size_t size)
{
    return allocation_fails() ? NULL : NEXT(reallocarray)(p, count, size);
}
#endif

/* Valgrind takes malloc from the program, unless --soname-synonyms=somalloc=nouserintercepts. */
static bool allocations_can_fail(void)
{
    allocation_.countdown = 0;
    allocation_.fired = false;
    allocation_.armed = true;
    void *volatile p = malloc(1);
    allocation_.armed = false;
    free(p);
    return allocation_.fired;
}

/* Runs call with its countdown'th allocation failing; whether it came to that. */
static bool run_failing(enum ck_err (*call)(struct ck_error *err), enum failure failure,
                        unsigned countdown)
{
    struct ck_error err = {0};

    allocation_.failure = failure;
    allocation_.countdown = countdown;
    allocation_.fired = false;
    allocation_.armed = true;
    enum ck_err r = call(&err);
    allocation_.armed = false;
    if (r != CK_OK) {
        assert_true(allocation_.fired);
        assert_int_equal(r, CK_ERR_UNCHANGED);
        assert_error(&err, CK_ERR_UNCHANGED, "not enough memory");
    }
    return allocation_.fired;
}

/*
 * Each allocation of call fails, once and for ever. Then call must say so and leave its outputs
 * alone, or have the right result all the same (it looks itself), and lose nothing (a leak checker
 * looks). There are count_min allocations or more.
 */
__attribute__((unused)) static void fail_each_allocation(enum ck_err (*call)(struct ck_error *err),
                                                         unsigned count_min)
{
    unsigned count = 0;

    if (!allocations_can_fail())
        skip();
    while (run_failing(call, FAIL_ONCE, count))
        count++;
    assert_true(count >= count_min);
    for (unsigned i = 0; i < count; i++)
        run_failing(call, FAIL_FOR_EVER, i);
}

#endif
