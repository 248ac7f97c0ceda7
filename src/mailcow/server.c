/* Looking at a server from outside. */
#include "cowkey/mailcow/server.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"

/* Answered without a cookie, and by each family of releases in another way (dialects 1.1). */
static const char release_path[] = "/domainadmin/user";
static const char passkey_path[] = "/api/v1/get/fido2-get-args";

const char *ck_release_name(enum ck_release release)
{
    switch (release) {
    case CK_RELEASE_TO_2025_02:
        return "up to 2025-02";
    case CK_RELEASE_FROM_2025_03:
        return "2025-03 to 2026-01";
    case CK_RELEASE_FROM_2026_03:
        return "since 2026-03";
    case CK_RELEASE_UNKNOWN:
        break;
    }
    return NULL;
}

/* Errors that are not about the server. */
static bool is_ours(enum ck_err code)
{
    return code == CK_ERR_USAGE || code == CK_ERR_INTERRUPTED || code == CK_ERR_UNCHANGED;
}

static enum ck_release read_release(const struct ck_response *response, enum ck_dialect dialect)
{
    if (dialect == CK_DIALECT_SINGLE)
        return CK_RELEASE_TO_2025_02;
    if (response->status == 302 && strcmp(response->location, "/domainadmin") == 0)
        return CK_RELEASE_FROM_2025_03;
    if (response->status == 302 && strcmp(response->location, "/") == 0)
        return CK_RELEASE_FROM_2026_03;
    return CK_RELEASE_UNKNOWN;
}

/* The first exchange: whatever comes of it tells how far one gets. */
static enum ck_err connect_and_ask(struct ck_http *http, struct ck_server_facts *facts,
                                   struct ck_response *ret_response, struct ck_error *err)
{
    struct ck_error problem = {.code = CK_OK};
    enum ck_err r = ck_http_get(http, release_path, ret_response, &problem);
    enum ck_http_stage stage = ck_http_stage(http);

    if (is_ours(r)) {
        *err = problem;
        return r;
    }
    facts->has_certificate =
        ck_http_read_certificate(http, &facts->certificate, &(struct ck_error){0}) == CK_OK;
    if (stage == CK_HTTP_NOT_CONNECTED)
        facts->no_connection = problem;
    else if (stage == CK_HTTP_CONNECTED)
        facts->no_trust = problem;
    else
        facts->no_answer = problem;
    return CK_OK;
}

/* Optional: where it can't be read it stays unknown. */
static enum ck_err ask_rp_id(const struct ck_http_settings *settings, struct ck_server_facts *facts,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_http_free) struct ck_http *http = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    CK_CLEANUP(ck_json_free) json_t *answer = NULL;
    enum ck_err r = ck_http_new(settings, &http, err);

    if (r == CK_OK)
        r = ck_http_get(http, passkey_path, &response, err);
    if (r != CK_OK)
        return is_ours(r) ? r : CK_OK;
    if (ck_json_parse(response.body, response.size, "the answer", CK_ERR_UNREACHABLE, &answer,
                      err) != CK_OK)
        return CK_OK;
    const char *rp_id =
        json_string_value(json_object_get(json_object_get(answer, "publicKey"), "rpId"));
    if (rp_id && strlen(rp_id) < sizeof(facts->rp_id))
        strcpy(facts->rp_id, rp_id);
    return CK_OK;
}

static enum ck_err look(const struct ck_http_settings *settings, struct ck_server_facts *facts,
                        struct ck_error *err)
{
    CK_CLEANUP(ck_http_free) struct ck_http *http = NULL;
    CK_CLEANUP(ck_response_clear) struct ck_response response = {0};
    enum ck_err r = ck_http_new(settings, &http, err);

    if (r != CK_OK)
        return r;
    ck_http_keep_certificate(http);
    r = connect_and_ask(http, facts, &response, err);
    if (r != CK_OK || facts->no_connection.code != CK_OK || facts->no_trust.code != CK_OK ||
        facts->no_answer.code != CK_OK)
        return r;
    facts->has_date = response.server_time_s >= 0;
    facts->clock_offset_s = response.clock_offset_s;

    r = ck_dialect_probe(settings, &facts->dialect, NULL, &facts->no_mailcow);
    if (r != CK_OK) {
        *err = facts->no_mailcow;
        return is_ours(r) ? r : CK_OK;
    }
    facts->release = read_release(&response, facts->dialect);
    return ask_rp_id(settings, facts, err);
}

enum ck_err ck_server_look(const struct ck_http_settings *settings,
                           struct ck_server_facts *ret_facts, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_server_facts *facts = calloc(1, sizeof(*facts));

    if (facts == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = look(settings, facts, err);
    if (r == CK_OK)
        *ret_facts = *facts;
    return r;
}
