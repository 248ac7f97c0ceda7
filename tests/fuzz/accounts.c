/* Any bytes as what an admin is told: records, lists, domains, answers to edits, sign-ons. */
#include <string.h>

#include "src/mailcow/admin_json.h"
#include "target.h"

static void check(const struct ck_record *record, enum ck_role role)
{
    require(record->account.role == role);
    require(memchr(record->account.name, '\0', CK_ACCOUNT_NAME_MAX) != NULL);
    require((strchr(record->account.name, '@') != NULL) == (role == CK_ROLE_MAILBOX));
    require(record->force_tfa >= -1 && record->force_tfa <= 1);
    require(record->force_pw_update >= -1 && record->force_pw_update <= 1);
    require((record->tfa_active == -1) == (role == CK_ROLE_MAILBOX));
    require(!record->force_is_number || record->force_tfa == 1);
}

static void read_list(const char *json, size_t size, enum ck_role role, const char *domain)
{
    struct ck_records records = {0};
    struct ck_error err;
    enum ck_err r = ck_records_parse(json, size, role, domain, &records, &err);

    require(r == CK_OK || r == CK_ERR_UNREACHABLE || (r == CK_ERR_USAGE && domain != NULL));
    require(r == CK_OK || records.rows == NULL);
    for (size_t i = 0; i < records.count; i++) {
        const char *at = strrchr(records.rows[i].account.name, '@');
        check(&records.rows[i], role);
        require(domain == NULL || strcmp(at + 1, domain) == 0);
    }
    ck_records_clear(&records);
}

static void read_record(const char *json, size_t size, const struct ck_account *account)
{
    struct ck_record record;
    struct ck_error err;
    bool found = false;

    if (ck_record_parse(json, size, account, &record, &found, &err) != CK_OK || !found)
        return;
    check(&record, account->role);
    require(strcmp(record.account.name, account->name) == 0);
}

static void read_answers(const char *json, size_t size)
{
    static const struct ck_record a = {.account = {.name = "a@b.test"}};
    static const struct ck_record b = {.account = {.name = "b@b.test"}};
    static const struct ck_record *const both[] = {&a, &b};
    struct ck_said said[2];
    struct ck_secret *token = NULL;
    struct ck_error err;
    char message[8];

    if (ck_said_parse(json, size, both, 2, said, &err) == CK_OK) {
        for (int i = 0; i < 2; i++) {
            require(!(said[i].done && said[i].refused));
            require(memchr(said[i].message, '\0', sizeof(said[i].message)) != NULL);
        }
    } else {
        require(err.code == CK_ERR_UNKNOWN);
    }
    if (ck_api_error_parse(json, size, message, sizeof(message)))
        require(memchr(message, '\0', sizeof(message)) != NULL);
    if (ck_sign_on_token_parse(json, size, &token, &err) == CK_OK)
        require(strspn(ck_secret_bytes(token), "0123456789ABCDEFabcdef-") == 34);
    ck_secret_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct ck_account mailbox = {.name = "a@b.test", .role = CK_ROLE_MAILBOX};
    static const struct ck_account admin = {.name = "admin", .role = CK_ROLE_ADMIN};
    const char *json = (const char *)data;
    struct ck_domains domains = {0};
    struct ck_error err;

    read_list(json, size, CK_ROLE_MAILBOX, "b.test");
    read_list(json, size, CK_ROLE_DOMAIN_ADMIN, NULL);
    read_record(json, size, &mailbox);
    read_record(json, size, &admin);
    read_answers(json, size);
    if (ck_domains_parse(json, size, &domains, &err) == CK_OK) {
        for (size_t i = 0; i < domains.count; i++)
            require(ck_domain_is_valid(domains.names[i]));
    }
    ck_domains_clear(&domains);
    return 0;
}
