/* What cannot fail in a test, unless the test itself is broken: say where, and stop. */
#ifndef SOFTKEY_MUST_H
#define SOFTKEY_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "softkey: %s:%d: %s failed\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
