/*
 * Any bytes as mailcow's options for a security key, and as its answer to one: what is accepted is
 * for the account and the host that asked.
 */
#include "src/mailcow/webauthn_json.h"

#include <string.h>

#include "src/mailcow/answer.h"
#include "target.h"

static const struct ck_account account = {"alice@example.test", CK_ROLE_MAILBOX};
static const struct ck_host host = {.name = "mail.example.test"};

static void require_list(const struct ck_bytes *list, size_t count)
{
    require(count <= CK_CREDENTIALS_MAX);
    for (size_t i = 0; i < count; i++)
        require(list[i].size >= 1 && list[i].size <= CK_CREDENTIAL_ID_MAX);
}

static void require_challenge(const struct ck_bytes *challenge)
{
    require(challenge->size >= CK_CHALLENGE_MIN && challenge->size <= CK_CHALLENGE_MAX);
}

static void read_creation(const char *json, size_t size)
{
    struct ck_creation_options options = {0};
    struct ck_error err;
    enum ck_err e = ck_webauthn_json_read_creation(json, size, &host, &account, &options, &err);

    require(e == CK_OK || e == CK_ERR_UNREACHABLE);
    if (e != CK_OK)
        return;
    require(strcmp(options.rp_id, host.name) == 0);
    require(strcmp(options.user_name, account.name) == 0);
    require(options.user_id.size == strlen(account.name) &&
            memcmp(options.user_id.data, account.name, options.user_id.size) == 0);
    require_challenge(&options.challenge);
    require_list(options.exclude, options.exclude_count);
    ck_creation_options_clear(&options);
}

static void read_request(const char *json, size_t size)
{
    struct ck_request_options options = {0};
    struct ck_error err;
    enum ck_err e = ck_webauthn_json_read_request(json, size, &host, &options, &err);

    require(e == CK_OK || e == CK_ERR_UNREACHABLE);
    if (e != CK_OK)
        return;
    require(strcmp(options.rp_id, host.name) == 0);
    require_challenge(&options.challenge);
    require_list(options.allow, options.allow_count);
    ck_request_options_clear(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *json = (const char *)bytes;
    char message[CK_ANSWER_MESSAGE_MAX];
    struct ck_error err;

    read_creation(json, size);
    read_request(json, size);
    enum ck_err e = ck_answer_read_success(json, size, message, &err);
    require(e == CK_OK || e == CK_ERR_UNCHANGED || e == CK_ERR_UNREACHABLE || e == CK_ERR_UNKNOWN);
    require(memchr(message, '\0', sizeof(message)) != NULL);
    return 0;
}
