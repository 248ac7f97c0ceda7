/* What the files of the client share; everybody else sees cowkey/mailcow/http.h. */
#ifndef MAILCOW_HTTP_INTERNAL_H
#define MAILCOW_HTTP_INTERNAL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "cowkey/mailcow/http.h"
#include "intake.h"

#define API_KEY_HEADER "X-API-Key: "

struct ck_http {
    CURL *curl;
    struct curl_slist *resolve;
    struct ck_secret *api_key_header; /* API_KEY_HEADER and the key; NULL without a key */
    const volatile sig_atomic_t *cancel;
    const volatile sig_atomic_t *cancel_at_first; /* as the settings say */
    unsigned timeout_ms_at_first;
    int64_t (*now_s)(void);
    void (*trace)(const char *method, const char *path, int status);
    const struct ck_http_brake *brake;
    bool has_turn;   /* the next exchange waited at the brake already */
    bool last_words; /* what is sent now may be sent twice */
    bool not_taken;  /* of the last exchange */
    char origin[CK_ORIGIN_MAX];
    char message[CURL_ERROR_SIZE];
    unsigned timeout_ms;
};

struct ck_exchange {
    struct ck_http *http;
    struct ck_intake intake;
    bool is_post;
    bool cancelled;
    bool begun;         /* the request began to be sent */
    bool refused_again; /* it would have been sent a second time */
};

/* What the clients of this thread share; NULL when memory is short. */
CURLSH *ck_http_share(void);

/* The error of an exchange that failed with code. */
enum ck_err ck_http_describe(const struct ck_exchange *exchange, CURLcode code,
                             struct ck_error *err);

/* Whether the answer says that nothing was done with the request. */
bool ck_http_is_not_taken(const struct ck_response *response);

/* Whether it shall be sent again; ages: what it says would grow old. */
bool ck_http_shall_repeat(const struct ck_exchange *exchange, const struct ck_response *response,
                          unsigned tries, bool ages);

#endif
