/* Any bytes as an answer of the API's. */
#include "src/mailcow/answer.h"

#include <string.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *json = (const char *)data;
    char message[CK_ANSWER_MESSAGE_MAX];
    struct ck_error err;
    int force_tfa = -7;

    enum ck_err e = ck_answer_read_edit(json, size, "mailbox_modified", message, &err);
    require(e == CK_OK || e == CK_ERR_UNCHANGED || e == CK_ERR_UNKNOWN);
    require(memchr(message, '\0', sizeof(message)) != NULL);

    require(ck_answer_count_app_passwords(json, size, "a@b.test") >= -1);

    e = ck_answer_read_admin(json, size, "admin", &force_tfa, &err);
    require(e == CK_OK ? force_tfa >= -1 && force_tfa <= 1 : force_tfa == -7);
    return 0;
}
