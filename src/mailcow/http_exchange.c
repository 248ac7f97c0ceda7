/* Exchanges with the server: the one place that calls libcurl to send something. */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "http_internal.h"

static _Thread_local int64_t waited_ms;

int64_t ck_http_thread_waited_ms(void)
{
    return waited_ms;
}

static int on_progress(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_put,
                       curl_off_t put)
{
    struct ck_exchange *exchange = context;

    (void)to_get;
    (void)got;
    (void)to_put;
    (void)put;
    exchange->cancelled = exchange->http->cancel != NULL && *exchange->http->cancel;
    return exchange->cancelled;
}

/*
 * Called whenever a request is about to be sent. When a connection that was used before turns out
 * to be closed without an answer, curl by itself sends the request once more on a new one. A server
 * that acted and then closed would act twice, so a post goes out once: the second attempt ends
 * here.
 */
static int on_request(void *context, char *address, char *local_address, int port, int local_port)
{
    struct ck_exchange *exchange = context;

    (void)address;
    (void)local_address;
    (void)port;
    (void)local_port;
    exchange->refused_again = exchange->is_post && exchange->begun;
    if (exchange->refused_again)
        return CURL_PREREQFUNC_ABORT;
    exchange->begun = true;
    return CURL_PREREQFUNC_OK;
}

static enum ck_err perform(struct ck_exchange *exchange, struct ck_response *ret_response,
                           struct ck_error *err)
{
    struct ck_http *http = exchange->http;

    http->message[0] = '\0';
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, (long)http->timeout_ms);
    curl_easy_setopt(http->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(http->curl, CURLOPT_XFERINFODATA, exchange);
    curl_easy_setopt(http->curl, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(http->curl, CURLOPT_PREREQDATA, exchange);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &exchange->intake);
    curl_easy_setopt(http->curl, CURLOPT_HEADERDATA, &exchange->intake);

    int64_t begun_s = http->now_s(), begun_ms = ck_clock_steady_ms();
    CURLcode code = curl_easy_perform(http->curl);
    waited_ms += ck_clock_steady_ms() - begun_ms;
    if (code != CURLE_OK)
        return ck_http_describe(exchange, code, err);
    enum ck_err r = ck_intake_finish(&exchange->intake, http->curl, http->origin, begun_s,
                                     http->now_s(), ret_response, err);
    /* A post that was answered in a way that can't be used may have been acted on. */
    if (r != CK_OK && exchange->is_post)
        r = err->code = CK_ERR_UNKNOWN;
    return r;
}

/* A query may hold a secret, or say who: its first name is enough. */
static void trace(const struct ck_exchange *exchange, const char *path, int status)
{
    char shown[CK_HTTP_PATH_MAX + sizeof("...")];
    size_t named = strcspn(path, "?");

    if (exchange->http->trace == NULL)
        return;
    if (path[named] == '?')
        named += strcspn(path + named, "=&") + 1;
    bool whole = named >= strlen(path);
    snprintf(shown, sizeof(shown), "%.*s%s", (int)named, path, whole ? "" : "...");
    exchange->http->trace(exchange->is_post ? "POST" : "GET", shown, status);
}

/* A server, or a proxy with a page for those who look for a fault, may repeat what it was sent. */
static void blot_key(const struct ck_http *http, struct ck_response *response)
{
    if (http->api_key_header == NULL || response->body == NULL)
        return;
    const char *key = ck_secret_bytes(http->api_key_header) + strlen(API_KEY_HEADER);
    size_t size = strlen(key);
    char *at = response->body, *end = response->body + response->size;

    while ((at = memmem(at, (size_t)(end - at), key, size)) != NULL)
        memset(at, '*', size);
}

static enum ck_err run_at(struct ck_exchange *exchange, const char *url,
                          struct ck_response *ret_response, struct ck_error *err)
{
    const struct ck_http_brake *brake = exchange->http->brake;

    if (!exchange->http->has_turn)
        ck_http_wait_turn(exchange->http);
    exchange->http->has_turn = false;
    on_progress(exchange, 0, 0, 0, 0);
    if (exchange->cancelled)
        return ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted");
    if (curl_easy_setopt(exchange->http->curl, CURLOPT_URL, url) != CURLE_OK)
        return ck_error_no_memory(err);
    enum ck_err r = perform(exchange, ret_response, err);
    if (brake != NULL)
        brake->after(brake->data, r == CK_OK ? ret_response->status : 0,
                     r == CK_OK ? ret_response->retry_after_s : -1);
    return r;
}

/* As often as the server has to be asked. */
static enum ck_err run_all(struct ck_exchange *exchange, const char *path, const char *url,
                           struct ck_response *ret_response, struct ck_error *err)
{
    struct ck_http *http = exchange->http;
    const struct ck_intake empty = exchange->intake;
    bool ages = http->has_turn;

    for (unsigned tries = 1;; tries++) {
        CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
        enum ck_err r = run_at(exchange, url, &response, err);
        trace(exchange, path, r == CK_OK ? response.status : 0);
        http->not_taken = r == CK_OK && ck_http_is_not_taken(&response);
        if (r != CK_OK)
            return r;
        if (!ck_http_shall_repeat(exchange, &response, tries, ages)) {
            *ret_response = response;
            response = (struct ck_response){0};
            return CK_OK;
        }
        ck_intake_clear(&exchange->intake);
        exchange->intake = empty;
        exchange->begun = false;
    }
}

static enum ck_err run(struct ck_exchange *exchange, const char *path, struct curl_slist *headers,
                       struct ck_response *ret_response, struct ck_error *err)
{
    CURL *curl = exchange->http->curl;
    char url[CK_ORIGIN_MAX + CK_HTTP_PATH_MAX];

    if (snprintf(url, sizeof(url), "%s%s", exchange->http->origin, path) >= (int)sizeof(url))
        return ck_error_set(err, CK_ERR_USAGE, "the address %.*s... is too long",
                            (int)strcspn(path, "?"), path);
    if (exchange->intake.size_max == 0)
        exchange->intake.size_max = CK_HTTP_BODY_MAX;
    exchange->intake.curl = curl;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    enum ck_err r = run_all(exchange, path, url, ret_response, err);
    if (r == CK_OK)
        blot_key(exchange->http, ret_response);
    /* They are the caller's: curl only borrowed them. */
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    ck_secret_erase(url, sizeof(url));
    ck_intake_clear(&exchange->intake);
    return r;
}

static void list_free(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static enum ck_err add_line(struct curl_slist **headers, const char *line, struct ck_error *err)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);

    if (longer == NULL)
        return ck_error_no_memory(err);
    *headers = longer;
    return CK_OK;
}

static enum ck_err add_header(struct curl_slist **headers, const char *name, const char *value,
                              struct ck_error *err)
{
    char header[CK_ORIGIN_MAX + 32];

    snprintf(header, sizeof(header), "%s: %s", name, value);
    return add_line(headers, header, err);
}

/* What every request of this client carries. */
static enum ck_err begin_headers(const struct ck_http *http, struct curl_slist **headers,
                                 struct ck_error *err)
{
    if (http->api_key_header == NULL)
        return CK_OK;
    return add_line(headers, ck_secret_bytes(http->api_key_header), err);
}

enum ck_err ck_http_get_piecewise(struct ck_http *http, const char *path, size_t size_max,
                                  const struct ck_http_taker *taker,
                                  struct ck_response *ret_response, struct ck_error *err)
{
    CK_CLEANUP(list_free) struct curl_slist *headers = NULL;
    struct ck_exchange exchange = {.http = http, .intake = {.size_max = size_max, .taker = taker}};
    enum ck_err r = begin_headers(http, &headers, err);

    curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    return r == CK_OK ? run(&exchange, path, headers, ret_response, err) : r;
}

enum ck_err ck_http_get_large(struct ck_http *http, const char *path, size_t body_max,
                              struct ck_response *ret_response, struct ck_error *err)
{
    return ck_http_get_piecewise(http, path, body_max, NULL, ret_response, err);
}

enum ck_err ck_http_get(struct ck_http *http, const char *path, struct ck_response *ret_response,
                        struct ck_error *err)
{
    return ck_http_get_large(http, path, CK_HTTP_BODY_MAX, ret_response, err);
}

static enum ck_err post(struct ck_http *http, const char *path, struct curl_slist *headers,
                        const struct ck_secret *body, struct ck_response *ret_response,
                        struct ck_error *err)
{
    struct ck_exchange exchange = {.http = http, .is_post = true};

    curl_easy_setopt(http->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE, (long)ck_secret_size(body));
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, ck_secret_bytes(body));
    enum ck_err r = run(&exchange, path, headers, ret_response, err);
    /* The body is the caller's: curl only borrowed it. */
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, NULL);
    return r;
}

enum ck_err ck_http_post(struct ck_http *http, const char *path, const char *content_type,
                         const struct ck_secret *body, struct ck_response *ret_response,
                         struct ck_error *err)
{
    CK_CLEANUP(list_free) struct curl_slist *headers = NULL;
    enum ck_err r = begin_headers(http, &headers, err);

    if (r == CK_OK)
        r = add_header(&headers, "Content-Type", content_type, err);
    return r == CK_OK ? post(http, path, headers, body, ret_response, err) : r;
}

enum ck_err ck_http_post_script(struct ck_http *http, const char *path,
                                const struct ck_secret *body, struct ck_response *ret_response,
                                struct ck_error *err)
{
    CK_CLEANUP(list_free) struct curl_slist *headers = NULL;
    enum ck_err r = begin_headers(http, &headers, err);

    if (r == CK_OK)
        r = add_header(&headers, "Content-Type", "text/plain;charset=UTF-8", err);
    if (r == CK_OK)
        r = add_header(&headers, "Origin", http->origin, err);
    if (r == CK_OK)
        r = add_header(&headers, "Sec-Fetch-Dest", "empty", err);
    return r == CK_OK ? post(http, path, headers, body, ret_response, err) : r;
}
