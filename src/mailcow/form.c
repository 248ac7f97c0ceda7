/* Bodies of forms. */
#include <string.h>

#include "cowkey/base/encode.h"
#include "cowkey/mailcow/http.h"

static enum ck_err add_field(struct ck_secret **form, const char *name, const char *value,
                             size_t size, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    if (*form != NULL)
        r = ck_secret_append(form, "&", 1, err);
    if (r == CK_OK)
        r = ck_percent_encode(form, name, strlen(name), err);
    if (r == CK_OK)
        r = ck_secret_append(form, "=", 1, err);
    if (r == CK_OK)
        r = ck_percent_encode(form, value, size, err);
    return r;
}

enum ck_err ck_form_add(struct ck_secret **form, const char *name, const char *value,
                        struct ck_error *err)
{
    return add_field(form, name, value, strlen(value), err);
}

enum ck_err ck_form_add_secret(struct ck_secret **form, const char *name,
                               const struct ck_secret *value, struct ck_error *err)
{
    return add_field(form, name, ck_secret_bytes(value), ck_secret_size(value), err);
}
