/* What the documents of changes have in common. */
#include "change.h"

#include <jansson.h>

#include "output.h"

json_t *change_json(const char *schema, const struct target *target, enum ck_change_result result,
                    const char *done)
{
    json_t *document = target_json(schema, target);
    const char *name = result == CK_CHANGE_DONE      ? done
                       : result == CK_CHANGE_UNKNOWN ? "unknown"
                                                     : "failed";

    json_object_set_new(document, "result", json_string(name));
    return document;
}

void change_print(json_t *document, int64_t started_s, const struct ck_error *err)
{
    json_object_set_new(document, "started", time_json(started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    if (err->code != CK_OK)
        json_object_set_new(document, "error", error_json(err));
    print_json(document);
}

json_t *listed_json(const struct ck_listed *listed)
{
    return json_pack("{s:s, s:s, s:o}", "id", listed->id, "kind",
                     listed->is_passkey ? "passkey" : "factor", "label", text_json(listed->label));
}
