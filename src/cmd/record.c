/* Writing the record of a credential, and reading it back. */
#include "record.h"

#include <jansson.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/base/json.h"
#include "cowkey/base/json_view.h"
#include "cowkey/webauthn/cose.h"
#include "document.h"
#include "output.h"
#include "target.h"

enum { RECORD_MAX = 256 * 1024 }; /* bytes of the file */

enum ck_err record_write(const char *path, const struct ck_credential *credential,
                         struct json_t *more, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    CK_CLEANUP(ck_json_free) json_t *members = more;
    CK_CLEANUP(ck_json_free) json_t *record = NULL;

    enum ck_err r = ck_credential_to_json(credential, &record, err);
    if (r != CK_OK)
        return r;
    json_object_set_new(record, "schema", json_string("cowkey.credential/1"));
    json_object_update(record, members);
    json_object_set_new(record, "date", time_json(clock_now_s()));
    r = ck_json_dump(record, JSON_INDENT(2), &text, err);
    if (r == CK_OK)
        r = ck_secret_append(&text, "\n", 1, err);
    return r == CK_OK ? ck_file_create(path, text, err) : r;
}

enum ck_err record_read(const char *path, struct ck_credential *ret_credential,
                        struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;
    CK_CLEANUP(ck_json_view_clear) struct ck_json_view view = {0};
    CK_CLEANUP(ck_cose_key_free) struct ck_cose_key *key = NULL;
    size_t size;

    if (document_read(path, RECORD_MAX, &text, &size, err) != CK_OK ||
        ck_json_view_parse(&view, text, size, document_name(path), CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    CK_CLEANUP(ck_credential_clear) struct ck_credential credential = {0};
    if (ck_credential_from_json(view.items, &credential, err) != CK_OK ||
        ck_credential_key(&credential, &key, err) != CK_OK)
        return error_at(err, document_name(path));
    *ret_credential = credential;
    credential = (struct ck_credential){0};
    return CK_OK;
}
