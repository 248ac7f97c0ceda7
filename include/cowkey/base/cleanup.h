/* Scope-bound ownership: a variable marked CK_CLEANUP(f) is given to f when its scope ends. */
#ifndef COWKEY_BASE_CLEANUP_H
#define COWKEY_BASE_CLEANUP_H

#include <stdlib.h>

/* F takes a pointer to the variable and must accept a variable that holds NULL. */
#define CK_CLEANUP(f) __attribute__((cleanup(f)))

/* Moves a pointer out of VAR, so that VAR's cleanup finds NULL: the visible mark of a transfer. */
#define CK_TAKE(var)                                                                               \
    ({                                                                                             \
        __typeof__(var) ck_taken_ = (var);                                                         \
        (var) = NULL;                                                                              \
        ck_taken_;                                                                                 \
    })

/* For memory from malloc that holds nothing secret: CK_CLEANUP(ck_free_p) char *text = NULL; */
static inline void ck_free_p(void *p)
{
    free(*(void **)p);
}

#endif
