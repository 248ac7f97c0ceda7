/* A mailbox's app passwords as a server lists them: what is read has an ID, a label and a bound. */
#include "cowkey/base/cleanup.h"
#include "src/mailcow/app_password_json.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CK_CLEANUP(ck_app_passwords_clear) struct ck_app_passwords list = {0};
    const char *text = size > 0 ? (const char *)bytes : "";
    struct ck_error err;

    if (ck_app_passwords_parse(text, size, "alice@example.test", &list, &err) != CK_OK) {
        require(err.code == CK_ERR_UNREACHABLE && list.rows == NULL);
        return 0;
    }
    require(list.count <= CK_APP_PASSWORDS_MAX);
    for (size_t i = 0; i < list.count; i++)
        require(list.rows[i].label != NULL && list.rows[i].protocols <= CK_PROTOCOL_ALL);
    return 0;
}
