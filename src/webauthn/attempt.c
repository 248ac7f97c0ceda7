#include "attempt.h"

#include <openssl/err.h>
#include <stdlib.h>

enum { ATTEMPTS = 2, PROBE_SIZE = 4096 };

static bool is_there_memory(void)
{
    void *volatile probe = malloc(PROBE_SIZE); /* volatile: or the compiler leaves it out */
    bool is_there = probe != NULL;

    free(probe);
    return is_there;
}

enum ck_err ck_openssl_attempt(bool (*attempt)(void *data), void *data, bool *ret_succeeded,
                               struct ck_error *err)
{
    bool succeeded = false;

    for (unsigned i = 0; i < ATTEMPTS && !succeeded; i++) {
        succeeded = attempt(data);
        ERR_clear_error();
        if (!succeeded && !is_there_memory())
            return ck_error_no_memory(err);
    }
    *ret_succeeded = succeeded;
    return CK_OK;
}
