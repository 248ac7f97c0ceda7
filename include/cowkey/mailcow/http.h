/*
 * One browser-like client: a cookie jar, a connection, a constant User-Agent, and strict habits.
 *
 * https with verified certificates only, no redirect is followed, one timeout for each exchange,
 * answers are bounded also after unpacking. A post goes out once: it is not repeated, not even on a
 * connection that turned out to be closed, unless the server says that it did not take it, and a
 * brake that it shall be sent again. The clients of a thread share their connections (not
 * their cookies); a client belongs to the thread that made it.
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
#include "cowkey/mailcow/server_certificate.h"

enum {
    CK_HTTP_BODY_MAX = 4 * 1024 * 1024,       /* bytes of an unpacked body */
    CK_HTTP_HEAD_MAX = 64 * 1024,             /* bytes of all header lines of an answer */
    CK_HTTP_PATH_MAX = 1024,                  /* bytes of a path with query, with NUL */
    CK_HTTP_API_KEY_MAX = 255,                /* bytes of an API key: the server's column */
    CK_HTTP_RETRY_AFTER_MAX_S = 24 * 60 * 60, /* of a longer Retry-After this is told */
    CK_HTTP_FRESH_MS = 20 * 1000, /* what would grow old is not sent again after a longer pause */
};

/* What a server answers that asks for fewer requests (RFC 6585 section 4), or is busy. */
enum { CK_HTTP_TOO_MANY = 429, CK_HTTP_UNAVAILABLE = 503 };

/*
 * What holds exchanges up while the server asks for fewer (429, 503): told of each, by every client
 * of these settings and so by any thread. Last words (ck_http_set_last_words) wait, too.
 */
struct ck_http_brake {
    void *data;
    /* Before: may wait, but no longer than until *cancel, when not NULL, is nonzero. */
    void (*before)(void *data, const volatile sig_atomic_t *cancel);
    /*
     * After: status 0 is an exchange without an answer. retry_after_s: the seconds that the server
     * asks to wait (RFC 9110 section 10.2.3), 0 to CK_HTTP_RETRY_AFTER_MAX_S; -1: it does not say.
     */
    void (*after)(void *data, int status, int64_t retry_after_s);
    /*
     * Whether a request that the server did not take, and which was sent tries times by now, shall
     * be sent again after a pause of at most pause_max_ms; *cancel as above. Told after the call
     * above, and of a post only if its answer says by itself that nothing was done with it: 429.
     * NULL: never.
     */
    bool (*again)(void *data, unsigned tries, int64_t pause_max_ms,
                  const volatile sig_atomic_t *cancel);
};

/*
 * How to reach the server. The strings are borrowed and may be NULL: cacert is a PEM file used
 * instead of the system's, resolve is curl's HOST:PORT:ADDRESS. *cancel, when not NULL, is looked
 * at during every exchange: once it is nonzero the exchange ends with CK_ERR_INTERRUPTED or
 * CK_ERR_UNKNOWN.
 */
struct ck_http_settings {
    struct ck_host host;
    const char *cacert;
    const char *resolve;
    unsigned timeout_ms; /* of one exchange, 1..600000 */
    const volatile sig_atomic_t *cancel;
    int64_t (*now_s)(void); /* this computer's clock, seconds since 1970; never NULL */
    /*
     * When not NULL: told of each exchange; status 0 is an exchange without an answer. path is
     * without what stands in a query, which may be a secret: "/?sso_token=...".
     */
    void (*trace)(const char *method, const char *path, int status);
    const struct ck_http_brake *brake; /* borrowed; NULL: none */
};

/*
 * body is owned, NUL-terminated, size bytes long. location is the path (with query) of a Location
 * header that stays on this server, else empty. server_time_s is the Date header in seconds since
 * 1970, or -1; clock_offset_s is how far the server's clock is ahead of ours (half the exchange's
 * duration allowed for), 0 without Date. retry_after_s as a brake is told.
 */
struct ck_response {
    int status;
    char location[CK_HTTP_PATH_MAX];
    char content_type[64]; /* lower case, without parameters */
    char *body;
    size_t size;
    size_t taken; /* bytes that a taker took before (ck_http_get_piecewise) */
    int64_t server_time_s;
    int64_t clock_offset_s;
    int64_t retry_after_s;
};

/* What an answer tells of the server's clock. */
struct ck_server_clock {
    bool known;
    int64_t offset_s; /* as clock_offset_s of a response */
};

struct ck_http;

/*
 * Once, before the first client and before there are threads: libcurl's global state, with an
 * allocator that erases. ck_http_exit comes after the last client, and closes the connections of
 * the thread that calls it.
 */
enum ck_err ck_http_init(struct ck_error *err);
void ck_http_exit(void);

/* How long the clients of this thread waited for servers so far, in all: milliseconds. */
int64_t ck_http_thread_waited_ms(void);

/* At the end of any other thread that had clients, all of which are freed: closes what they used. */
void ck_http_thread_end(void);

enum ck_err ck_http_new(const struct ck_http_settings *settings, struct ck_http **ret_http,
                        struct ck_error *err);
void ck_http_free(struct ck_http **http);

/*
 * A client without a cookie jar, whose requests carry an API key: what an API key's call sets is a
 * session of its own (protocol 7.4), and is forgotten at once. A key that is empty, longer than
 * CK_HTTP_API_KEY_MAX, or has other characters than letters, digits and '-' is CK_ERR_USAGE.
 */
enum ck_err ck_http_new_with_key(const struct ck_http_settings *settings,
                                 const struct ck_secret *api_key, struct ck_http **ret_http,
                                 struct ck_error *err);

/*
 * path begins with '/'. Any status code is a success here. Errors:
 * - CK_ERR_USAGE: the file of trusted certificates can't be used.
 * - CK_ERR_UNREACHABLE: no answer, and the server can't have acted; or it is not trusted; or a GET
 *   was sent on to another scheme, host or port (the text names it: a proxy is in the way).
 * - CK_ERR_INTERRUPTED: *cancel was set before anything was sent, or during a GET.
 * - CK_ERR_UNKNOWN: a POST was (at least partly) sent, and its answer did not arrive whole, is too
 *   large, or leads to another place: the server may have acted.
 */
enum ck_err ck_http_get(struct ck_http *http, const char *path, struct ck_response *ret_response,
                        struct ck_error *err);

/* The same for an answer that may have up to body_max bytes, instead of CK_HTTP_BODY_MAX. */
enum ck_err ck_http_get_large(struct ck_http *http, const char *path, size_t body_max,
                              struct ck_response *ret_response, struct ck_error *err);

/* Takes an answer while it arrives: returns how many of the bytes at hand it is done with. */
struct ck_http_taker {
    void *data;
    size_t (*take)(void *data, const char *bytes, size_t size);
};

/*
 * The same for an answer of up to size_max bytes, of which no more than CK_HTTP_BODY_MAX are held:
 * taker takes one of status 200 piece by piece, and nothing of others. The response's body is what
 * it left.
 */
enum ck_err ck_http_get_piecewise(struct ck_http *http, const char *path, size_t size_max,
                                  const struct ck_http_taker *taker,
                                  struct ck_response *ret_response, struct ck_error *err);

/* Posts body with the given Content-Type. */
enum ck_err ck_http_post(struct ck_http *http, const char *path, const char *content_type,
                         const struct ck_secret *body, struct ck_response *ret_response,
                         struct ck_error *err);

/* Posts text the way a script of the server's own page does: with Origin and Sec-Fetch-Dest. */
enum ck_err ck_http_post_script(struct ck_http *http, const char *path,
                                const struct ck_secret *body, struct ck_response *ret_response,
                                struct ck_error *err);

/* Appends "name=value" to an application/x-www-form-urlencoded body; *form may point to NULL. */
enum ck_err ck_form_add(struct ck_secret **form, const char *name, const char *value,
                        struct ck_error *err);
enum ck_err ck_form_add_secret(struct ck_secret **form, const char *name,
                               const struct ck_secret *value, struct ck_error *err);

/*
 * For logging out after an interruption: ignore *cancel from now on, wait timeout_ms at most. Where
 * the client is used further, ck_http_end_last_words goes back to how it was made.
 */
void ck_http_set_last_words(struct ck_http *http, unsigned timeout_ms);
void ck_http_end_last_words(struct ck_http *http);

/* Looks at another *cancel from now on; NULL: nothing interrupts. */
void ck_http_set_cancel(struct ck_http *http, const volatile sig_atomic_t *cancel);

/* Waits at the brake now, so that the next exchange is not held up: for what would grow old. */
void ck_http_wait_turn(struct ck_http *http);

/* Whether the last exchange ended with an answer by which the server did not take the request. */
bool ck_http_not_taken(const struct ck_http *http);

/* From now on each exchange has a connection of its own. */
void ck_http_use_fresh_connection(struct ck_http *http);

/*
 * For looking at the server itself: the next exchanges go over a connection of their own, whose
 * certificates are kept and can be read, also when they were not trusted (CK_ERR_UNREACHABLE where
 * TLS did not come so far).
 */
void ck_http_keep_certificate(struct ck_http *http);
enum ck_err ck_http_read_certificate(struct ck_http *http,
                                     struct ck_server_certificate *ret_certificate,
                                     struct ck_error *err);

/* How far the last exchange came, whether it succeeded or not. */
enum ck_http_stage { CK_HTTP_NOT_CONNECTED, CK_HTTP_CONNECTED, CK_HTTP_TRUSTED };
enum ck_http_stage ck_http_stage(const struct ck_http *http);

/* Erases and frees the body. */
void ck_response_clear(struct ck_response *response);

#endif
