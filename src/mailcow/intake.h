/* One answer while it arrives: its bytes, within bounds, and what its header lines say. */
#ifndef MAILCOW_INTAKE_H
#define MAILCOW_INTAKE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/http.h"

struct ck_intake {
    char *body; /* NUL-terminated once there is one */
    size_t size;
    size_t size_max;                   /* of an answer that is not too large */
    const struct ck_http_taker *taker; /* NULL: the whole answer is kept */
    CURL *curl;                        /* which knows its status */
    size_t taken;                      /* bytes, by taker */
    size_t capacity;
    size_t head_size;
    bool too_large;
    bool no_memory;
};

/* curl's write and header callbacks; their last argument is the struct ck_intake. */
size_t ck_intake_take_body(char *bytes, size_t one, size_t size, void *intake);
size_t ck_intake_take_head(char *bytes, size_t one, size_t size, void *intake);

/*
 * Makes a response of an answer that arrived whole; the body moves into it. begun_s and ended_s are
 * when the exchange began and ended, in seconds since 1970. A Location that leads to another
 * scheme, host or port than origin's is CK_ERR_UNREACHABLE.
 */
enum ck_err ck_intake_finish(struct ck_intake *intake, CURL *curl, const char *origin,
                             int64_t begun_s, int64_t ended_s, struct ck_response *ret_response,
                             struct ck_error *err);

void ck_intake_clear(struct ck_intake *intake);

#endif
