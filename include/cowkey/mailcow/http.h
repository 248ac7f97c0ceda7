/*
 * One browser-like client: a cookie jar, a connection, a constant User-Agent, and strict habits.
 *
 * https with verified certificates only, no redirect is followed, one timeout for each exchange,
 * answers are bounded also after unpacking. Each exchange is counted.
 */
#ifndef COWKEY_MAILCOW_HTTP_H
#define COWKEY_MAILCOW_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/host.h"
#include "cowkey/base/secret.h"

enum {
    CK_HTTP_BODY_MAX = 4 * 1024 * 1024, /* bytes of an unpacked body */
    CK_HTTP_HEAD_MAX = 64 * 1024,       /* bytes of all header lines of an answer */
    CK_HTTP_PATH_MAX = 1024,            /* bytes of a path with query, with NUL */
};

/*
 * How to reach the server. The strings are borrowed and may be NULL: cacert is a PEM file used instead
 * of the system's, resolve is curl's HOST:PORT:ADDRESS. *cancel, when not NULL, is looked at during
 * every exchange: once it is nonzero the exchange ends with CK_ERR_INTERRUPTED or CK_ERR_UNKNOWN.
 */
struct ck_http_settings {
    struct ck_host host;
    const char *cacert;
    const char *resolve;
    unsigned timeout_ms; /* of one exchange, 1..600000 */
    const volatile sig_atomic_t *cancel;
    int64_t (*now_s)(void); /* this computer's clock, seconds since 1970 */
};

/*
 * body is owned, NUL-terminated, size bytes long. location is the path (with query) of a Location
 * header that stays on this server, else empty. server_time_s is the Date header in seconds since
 * 1970, or -1; clock_offset_s is how far the server's clock is ahead of ours (half the exchange's
 * duration allowed for), 0 without Date.
 */
struct ck_response {
    int status;
    char location[CK_HTTP_PATH_MAX];
    char content_type[64]; /* lower case, without parameters */
    char *body;
    size_t size;
    int64_t server_time_s;
    int64_t clock_offset_s;
};

struct ck_http;

/* Once, before the first client: libcurl's global state, with an allocator that erases. */
enum ck_err ck_http_init(struct ck_error *err);
void ck_http_exit(void);

enum ck_err ck_http_new(const struct ck_http_settings *settings, struct ck_http **ret_http,
                        struct ck_error *err);
void ck_http_free(struct ck_http **http);

/*
 * path begins with '/'. Errors:
 *   CK_ERR_UNREACHABLE  no answer and the server can't have acted; not trusted; a Location on another
 *                       scheme, host or port (the text names it: a proxy is in the way)
 *   CK_ERR_INTERRUPTED  *cancel was set before anything was sent, or during a GET
 *   CK_ERR_UNKNOWN      a POST was (at least partly) sent and its answer did not arrive whole, or is
 *                       too large: the server may have acted
 * Any status code is a success here.
 */
enum ck_err ck_http_get(struct ck_http *http, const char *path, struct ck_response *ret_response,
                        struct ck_error *err);

/* Posts body with the given Content-Type. */
enum ck_err ck_http_post(struct ck_http *http, const char *path, const char *content_type,
                         const struct ck_secret *body, struct ck_response *ret_response,
                         struct ck_error *err);

/* Appends "name=value" to an application/x-www-form-urlencoded body; *form may point to NULL. */
enum ck_err ck_form_add(struct ck_secret **form, const char *name, const char *value,
                        struct ck_error *err);

/* For logging out after an interruption: ignore *cancel from now on, wait timeout_ms at most. */
void ck_http_set_last_words(struct ck_http *http, unsigned timeout_ms);

/* Erases and frees the body. */
void ck_response_clear(struct ck_response *response);

#endif
