/* Texts that are at hand, as sources. */
#include "cowkey/base/text_source.h"

#include <string.h>

enum ck_err ck_text_rest_read(void *data, char *to, size_t room, size_t *ret_size,
                              struct ck_error *err)
{
    struct ck_text_rest *rest = data;
    size_t size = rest->size < room ? rest->size : room;

    (void)err;
    if (size > 0)
        memcpy(to, rest->text, size);
    rest->text += size;
    rest->size -= size;
    *ret_size = size;
    return CK_OK;
}
