/* The client: what it is made of, and what may be changed of it. */
#include "cowkey/mailcow/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "http_internal.h"

/* mailcow drops form posts of a session whose User-Agent is missing or changes (protocol 0). */
static const char user_agent[] = "cowkey/" COWKEY_VERSION;

/*
 * A connection idle for longer is not used again: mailcow's own web server closes after a minute,
 * but a proxy before it may be less patient, and a post on a connection that is being closed leaves
 * its outcome unknown.
 */
enum { IDLE_MAX_S = 15 };

enum { CHAIN_MAX = 32 }; /* certificates of a server that are looked at */

/*
 * HTTP/1.1, since requests go one after another anyway, and the library beneath HTTP/2 has buffers
 * of its own where passwords would stay.
 *
 * A proxy is taken from the environment (https_proxy, no_proxy) as curl's own tool does: it gets a
 * CONNECT with the server's name, and the password and cookies pass through it only inside TLS.
 */
static void set_habits(struct ck_http *http, const struct ck_http_settings *settings, CURLSH *share)
{
    CURL *curl = http->curl;

    curl_easy_setopt(curl, CURLOPT_SHARE, share);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->message);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    /* Else the end of an exchange waits for a name server that is silent, whatever the timeout. */
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, user_agent);
    if (http->api_key_header == NULL)
        curl_easy_setopt(curl, CURLOPT_COOKIEFILE, ""); /* a jar in memory */
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, (long)IDLE_MAX_S);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ck_intake_take_body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, ck_intake_take_head);
    if (http->resolve != NULL)
        curl_easy_setopt(curl, CURLOPT_RESOLVE, http->resolve);
    if (settings->cacert != NULL) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, settings->cacert);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

/* Takes api_key_header. */
static enum ck_err make(const struct ck_http_settings *settings, struct ck_secret **api_key_header,
                        struct ck_http **ret_http, struct ck_error *err)
{
    CK_CLEANUP(ck_http_free) struct ck_http *http = calloc(1, sizeof(*http));

    if (http == NULL)
        return ck_error_no_memory(err);
    CURLSH *share = ck_http_share();
    if (share == NULL)
        return ck_error_no_memory(err);
    http->api_key_header = CK_TAKE(*api_key_header);
    http->cancel = http->cancel_at_first = settings->cancel;
    http->now_s = settings->now_s;
    http->trace = settings->trace;
    http->brake = settings->brake;
    http->timeout_ms = http->timeout_ms_at_first = settings->timeout_ms;
    memcpy(http->origin, settings->host.origin, sizeof(http->origin));
    http->curl = curl_easy_init();
    if (settings->resolve != NULL)
        http->resolve = curl_slist_append(NULL, settings->resolve);
    if (http->curl == NULL || (settings->resolve != NULL && http->resolve == NULL))
        return ck_error_no_memory(err);

    set_habits(http, settings, share);
    *ret_http = CK_TAKE(http);
    return CK_OK;
}

enum ck_err ck_http_new(const struct ck_http_settings *settings, struct ck_http **ret_http,
                        struct ck_error *err)
{
    struct ck_secret *no_key = NULL;

    return make(settings, &no_key, ret_http, err);
}

/* The server drops other characters before it compares; in a header line they would do worse. */
static bool is_api_key(const struct ck_secret *key)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t size = ck_secret_size(key);

    return size > 0 && size <= CK_HTTP_API_KEY_MAX && strspn(ck_secret_bytes(key), allowed) == size;
}

enum ck_err ck_http_new_with_key(const struct ck_http_settings *settings,
                                 const struct ck_secret *api_key, struct ck_http **ret_http,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *header = NULL;

    if (!is_api_key(api_key)) {
        ck_error_set(err, CK_ERR_USAGE, "what was given as API key can't be one");
        return ck_error_hint(err, "mailcow's API keys are groups of letters and digits with '-' "
                                  "between them; the admin finds them in the configuration, at "
                                  "access.");
    }
    enum ck_err r = ck_secret_new(API_KEY_HEADER, strlen(API_KEY_HEADER), &header, err);
    if (r == CK_OK)
        r = ck_secret_append(&header, ck_secret_bytes(api_key), ck_secret_size(api_key), err);
    return r == CK_OK ? make(settings, &header, ret_http, err) : r;
}

void ck_http_free(struct ck_http **http)
{
    if (*http == NULL)
        return;
    curl_easy_cleanup((*http)->curl);
    curl_slist_free_all((*http)->resolve);
    ck_secret_free(&(*http)->api_key_header);
    free(CK_TAKE(*http));
}

void ck_http_use_fresh_connection(struct ck_http *http)
{
    curl_easy_setopt(http->curl, CURLOPT_FRESH_CONNECT, 1L);
}

void ck_http_keep_certificate(struct ck_http *http)
{
    ck_http_use_fresh_connection(http);
    curl_easy_setopt(http->curl, CURLOPT_CERTINFO, 1L);
}

enum ck_err ck_http_read_certificate(struct ck_http *http,
                                     struct ck_server_certificate *ret_certificate,
                                     struct ck_error *err)
{
    static const char field[] = "Cert:";
    const char *pems[CHAIN_MAX];
    struct curl_certinfo *chain = NULL;
    size_t count = 0;

    curl_easy_getinfo(http->curl, CURLINFO_CERTINFO, &chain);
    for (int i = 0; chain && i < chain->num_of_certs && count < CHAIN_MAX; i++) {
        for (const struct curl_slist *line = chain->certinfo[i]; line; line = line->next) {
            if (strncmp(line->data, field, strlen(field)) == 0 && count < CHAIN_MAX)
                pems[count++] = line->data + strlen(field);
        }
    }
    return ck_server_certificate_parse(pems, count, ret_certificate, err);
}

/* After a failure curl tells no times, but still whom it talked to. */
enum ck_http_stage ck_http_stage(const struct ck_http *http)
{
    curl_off_t trusted_us = 0;
    char *address = NULL;

    curl_easy_getinfo(http->curl, CURLINFO_APPCONNECT_TIME_T, &trusted_us);
    curl_easy_getinfo(http->curl, CURLINFO_PRIMARY_IP, &address);
    if (trusted_us > 0)
        return CK_HTTP_TRUSTED;
    return address && *address ? CK_HTTP_CONNECTED : CK_HTTP_NOT_CONNECTED;
}

void ck_http_set_last_words(struct ck_http *http, unsigned timeout_ms)
{
    http->cancel = NULL;
    http->last_words = true;
    if (http->timeout_ms > timeout_ms)
        http->timeout_ms = timeout_ms;
}

void ck_http_end_last_words(struct ck_http *http)
{
    http->cancel = http->cancel_at_first;
    http->last_words = false;
    http->timeout_ms = http->timeout_ms_at_first;
    curl_easy_setopt(http->curl, CURLOPT_FRESH_CONNECT, 0L);
}

bool ck_http_not_taken(const struct ck_http *http)
{
    return http->not_taken;
}

void ck_http_set_cancel(struct ck_http *http, const volatile sig_atomic_t *cancel)
{
    http->cancel = http->cancel_at_first = cancel;
}

/* Last words don't wait for ever either: whoever interrupts wants to be done. */
void ck_http_wait_turn(struct ck_http *http)
{
    if (http->brake != NULL)
        http->brake->before(http->brake->data, http->cancel_at_first);
    http->has_turn = true;
}
