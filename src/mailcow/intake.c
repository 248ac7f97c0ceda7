/* Taking in one answer, within bounds, and reading its header lines. */
#include "intake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/secret.h"

enum { BODY_START = 160 * 1024 }; /* bytes; a factor page has 127 kB */

/* Not realloc: it would leave a copy of the page, which can hold secrets, in freed memory. */
static bool grow(struct ck_intake *intake, size_t needed)
{
    size_t capacity = intake->capacity ? intake->capacity : BODY_START;

    while (capacity < needed)
        capacity *= 2;
    if (capacity == intake->capacity)
        return true;

    char *body = malloc(capacity);
    if (body == NULL)
        return false;
    if (intake->size > 0)
        memcpy(body, intake->body, intake->size);
    if (intake->body != NULL)
        ck_secret_erase(intake->body, intake->capacity);
    free(intake->body);
    intake->body = body;
    intake->capacity = capacity;
    return true;
}

/* An answer that refuses, or sends away until later, is no part of what is taken. */
static bool is_to_take(const struct ck_intake *intake)
{
    long status = 0;

    if (intake->taker != NULL)
        curl_easy_getinfo(intake->curl, CURLINFO_RESPONSE_CODE, &status);
    return status == 200;
}

static void let_take(struct ck_intake *intake)
{
    size_t used = intake->taker->take(intake->taker->data, intake->body, intake->size);

    intake->taken += used;
    intake->size -= used;
    memmove(intake->body, intake->body + used, intake->size);
    intake->body[intake->size] = '\0';
}

static bool is_too_large(const struct ck_intake *intake, size_t size)
{
    return size > intake->size_max - intake->taken - intake->size ||
           (intake->taker != NULL && size > CK_HTTP_BODY_MAX - intake->size);
}

/* Gets the bytes after they were unpacked, so that the bound holds for those. */
size_t ck_intake_take_body(char *bytes, size_t one, size_t size, void *context)
{
    struct ck_intake *intake = context;

    (void)one; /* curl always says 1 */
    if (is_too_large(intake, size)) {
        intake->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (!grow(intake, intake->size + size + 1)) {
        intake->no_memory = true;
        return CURL_WRITEFUNC_ERROR;
    }
    memcpy(intake->body + intake->size, bytes, size);
    intake->size += size;
    intake->body[intake->size] = '\0';
    if (is_to_take(intake))
        let_take(intake);
    return size;
}

/* Only counts: the lines themselves are asked from curl at the end. */
size_t ck_intake_take_head(char *bytes, size_t one, size_t size, void *context)
{
    struct ck_intake *intake = context;

    (void)bytes;
    (void)one;
    if (size > CK_HTTP_HEAD_MAX - intake->head_size) {
        intake->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    intake->head_size += size;
    return size;
}

static void url_free(CURLU **url)
{
    curl_url_cleanup(*url);
}

static void part_free(char **part)
{
    curl_free(*part);
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
    CK_CLEANUP(part_free) char *in_a = NULL;
    CK_CLEANUP(part_free) char *in_b = NULL;

    if (curl_url_get(a, part, &in_a, CURLU_DEFAULT_PORT) != CURLUE_OK ||
        curl_url_get(b, part, &in_b, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return false;
    return strcasecmp(in_a, in_b) == 0;
}

static enum ck_err foreign(CURLU *url, const char *text, struct ck_error *err)
{
    CK_CLEANUP(part_free) char *scheme = NULL;
    CK_CLEANUP(part_free) char *host = NULL;
    CK_CLEANUP(part_free) char *port = NULL;

    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
        ck_error_set(err, CK_ERR_UNREACHABLE,
                     "the server sends us to another place: %.20s://%.200s%s%s", scheme, host,
                     port != NULL ? ":" : "", port != NULL ? port : "");
    } else
        ck_error_set(err, CK_ERR_UNREACHABLE, "the server sends us to another place: %.200s", text);
    return ck_error_hint(err, "A proxy or a portal seems to be in the way, or mailcow's web "
                              "interface has another address.");
}

/* curl has made the Location absolute already, seen from the address that was asked. */
static enum ck_err read_location(CURL *curl, const char *origin, struct ck_response *response,
                                 struct ck_error *err)
{
    CK_CLEANUP(url_free) CURLU *url = curl_url();
    CK_CLEANUP(url_free) CURLU *own = curl_url();
    CK_CLEANUP(part_free) char *path = NULL;
    CK_CLEANUP(part_free) char *query = NULL;
    char *location = NULL;

    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location);
    if (location == NULL)
        return CK_OK;
    if (url == NULL || own == NULL || curl_url_set(own, CURLUPART_URL, origin, 0) != CURLUE_OK)
        return ck_error_no_memory(err);
    if (curl_url_set(url, CURLUPART_URL, location, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return foreign(url, location, err);
    if (!same_part(url, own, CURLUPART_SCHEME) || !same_part(url, own, CURLUPART_HOST) ||
        !same_part(url, own, CURLUPART_PORT))
        return foreign(url, location, err);

    if (curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return ck_error_no_memory(err);
    curl_url_get(url, CURLUPART_QUERY, &query, 0);
    if (snprintf(response->location, sizeof(response->location), "%s%s%s", path,
                 query != NULL ? "?" : "",
                 query != NULL ? query : "") >= (int)sizeof(response->location))
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the server sends us to a path too long");
    return CK_OK;
}

static void read_content_type(CURL *curl, struct ck_response *response)
{
    char *type = NULL;

    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    size_t size = type != NULL ? strcspn(type, "; \t") : 0;
    if (size == 0 || size >= sizeof(response->content_type))
        return;
    for (size_t i = 0; i < size; i++)
        response->content_type[i] = ck_ascii_lower(type[i]);
}

/* Digits only, or a date, which counts from the server's own clock where it tells that. */
static void read_retry_after(CURL *curl, int64_t now_s, struct ck_response *response)
{
    struct curl_header *wish = NULL;
    int64_t seconds;

    response->retry_after_s = -1;
    if (curl_easy_header(curl, "Retry-After", 0, CURLH_HEADER, -1, &wish) != CURLHE_OK)
        return;
    size_t digits = strspn(wish->value, "0123456789");
    if (digits > 0 && wish->value[digits] == '\0') {
        /* More digits than that are more than is told of anyhow. */
        seconds = digits <= 9 ? strtoll(wish->value, NULL, 10) : CK_HTTP_RETRY_AFTER_MAX_S;
    } else {
        time_t until_s = digits == 0 ? curl_getdate(wish->value, NULL) : -1;
        if (until_s < 0)
            return;
        seconds = until_s - (response->server_time_s >= 0 ? response->server_time_s : now_s);
    }
    response->retry_after_s = seconds < 0                           ? 0
                              : seconds > CK_HTTP_RETRY_AFTER_MAX_S ? CK_HTTP_RETRY_AFTER_MAX_S
                                                                    : seconds;
}

/* The date was written about half-way between our two readings of the clock. */
static void read_date(CURL *curl, int64_t begun_s, int64_t ended_s, struct ck_response *response)
{
    struct curl_header *date = NULL;

    response->server_time_s = -1;
    if (curl_easy_header(curl, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK)
        return;
    time_t server_s = curl_getdate(date->value, NULL);
    if (server_s < 0)
        return;
    response->server_time_s = server_s;
    response->clock_offset_s = server_s - (begun_s + (ended_s - begun_s) / 2);
}

enum ck_err ck_intake_finish(struct ck_intake *intake, CURL *curl, const char *origin,
                             int64_t begun_s, int64_t ended_s, struct ck_response *ret_response,
                             struct ck_error *err)
{
    struct ck_response response = {0};
    long status = 0;

    if (intake->body == NULL && !grow(intake, 1))
        return ck_error_no_memory(err);
    intake->body[intake->size] = '\0';

    enum ck_err r = read_location(curl, origin, &response, err);
    if (r != CK_OK)
        return r;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response.status = (int)status;
    read_content_type(curl, &response);
    read_date(curl, begun_s, ended_s, &response);
    read_retry_after(curl, ended_s, &response);
    response.size = intake->size;
    response.taken = intake->taken;
    response.body = CK_TAKE(intake->body);
    *ret_response = response;
    return CK_OK;
}

void ck_intake_clear(struct ck_intake *intake)
{
    if (intake->body != NULL)
        ck_secret_erase(intake->body, intake->capacity);
    free(intake->body);
    *intake = (struct ck_intake){0};
}

void ck_response_clear(struct ck_response *response)
{
    if (response->body != NULL)
        ck_secret_erase(response->body, response->size);
    free(response->body);
    *response = (struct ck_response){0};
}
