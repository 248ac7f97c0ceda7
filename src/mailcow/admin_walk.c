/* Mailboxes of a domain one after the other, while the server's list arrives. */
#include <jansson.h>
#include <stdio.h>

#include "admin_internal.h"
#include "admin_json.h"
#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json_stream.h"

struct walk {
    const char *domain;
    ck_record_visitor *visit;
    void *data;
    size_t count, foreign;
    struct ck_json_stream stream;
    struct ck_error err; /* of code CK_OK: none so far */
};

static enum ck_err take_element(void *data, const json_t *element, struct ck_error *err)
{
    struct walk *walk = data;
    struct ck_record record;
    enum ck_element kind;
    enum ck_err r = ck_element_read(element, CK_ROLE_MAILBOX, walk->domain, &record, &kind, err);

    if (r != CK_OK)
        return r;
    walk->foreign += kind == CK_ELEMENT_FOREIGN;
    if (kind != CK_ELEMENT_RECORD)
        return CK_OK;
    walk->count++;
    return walk->visit(walk->data, &record, err);
}

/* What is no list is left: it is an error, which the whole of it explains. */
static bool is_list(const char *bytes, size_t size)
{
    size_t at = ck_ascii_space_size(bytes, size);

    return at < size && bytes[at] == '[';
}

/* Once something is wrong, the rest is let go by. */
static size_t take(void *data, const char *bytes, size_t size)
{
    struct walk *walk = data;
    size_t used = 0;

    if (walk->err.code != CK_OK)
        return size;
    if (walk->stream.place == CK_JSON_BEFORE && !is_list(bytes, size))
        return 0;
    if (ck_json_stream_take(&walk->stream, bytes, size, &used, &walk->err) != CK_OK)
        return size;
    return used;
}

static enum ck_err finish(struct walk *walk, const struct ck_response *rest, struct ck_error *err)
{
    if (walk->err.code != CK_OK) {
        *err = walk->err;
        return err->code;
    }
    if (walk->stream.place == CK_JSON_BEFORE && ck_list_is_empty(rest->body, rest->size))
        return CK_OK;
    if (ck_json_stream_end(&walk->stream, rest->body, rest->size, err) != CK_OK)
        return err->code;
    return ck_elements_check(walk->count, walk->foreign, walk->domain, err);
}

enum ck_err ck_admin_walk_mailboxes(struct ck_admin *admin, const char *domain,
                                    ck_record_visitor *visit, void *data, struct ck_error *err)
{
    CK_CLEANUP(ck_response_clear) struct ck_response rest = {0};
    struct walk walk = {
        .domain = domain,
        .visit = visit,
        .data = data,
        .stream = {.what = "the server's list", .code = CK_ERR_UNREACHABLE, .take = take_element},
        .err = {.code = CK_OK},
    };
    const struct ck_http_taker taker = {.data = &walk, .take = take};
    char path[CK_HTTP_PATH_MAX];

    walk.stream.data = &walk;
    if (!ck_domain_is_valid(domain))
        return ck_error_set(err, CK_ERR_USAGE, "'%.200s' is not a domain", domain);
    snprintf(path, sizeof(path), "/api/v1/get/mailbox/reduced/%s", domain);
    enum ck_err r = ck_admin_get_piecewise(admin, path, CK_ADMIN_WALK_MAX, &taker, &rest, err);
    return r == CK_OK ? finish(&walk, &rest, err) : r;
}
