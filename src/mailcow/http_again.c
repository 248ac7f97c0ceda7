/* Requests that a busy server sent away. */
#include "http_internal.h"

/*
 * 429 comes before anything is done (RFC 6585 section 4). 503 may be a proxy's word for a server
 * that took too long at work, also where it names a time to come again: pages for when a server is
 * away are given for status 504, too.
 */
bool ck_http_is_not_taken(const struct ck_response *response)
{
    return response->status == CK_HTTP_TOO_MANY;
}

bool ck_http_shall_repeat(const struct ck_exchange *exchange, const struct ck_response *response,
                          unsigned tries, bool ages)
{
    const struct ck_http *http = exchange->http;
    const struct ck_http_brake *brake = http->brake;
    bool may = ck_http_is_not_taken(response) || (response->status == CK_HTTP_UNAVAILABLE &&
                                                  (!exchange->is_post || http->last_words));

    return may && brake != NULL && brake->again != NULL &&
           brake->again(brake->data, tries, ages ? CK_HTTP_FRESH_MS : INT64_MAX,
                        http->cancel_at_first);
}
