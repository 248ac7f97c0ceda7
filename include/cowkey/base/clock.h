/* A clock for measuring how long something takes: nobody sets it. */
#ifndef COWKEY_BASE_CLOCK_H
#define COWKEY_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since some fixed moment. The time of day is an argument wherever it is needed. */
int64_t ck_clock_steady_ms(void);

#endif
