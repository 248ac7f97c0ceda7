#include "ceremony.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/hash.h"

static const char *const types[] = {
    [CK_CEREMONY_CREATE] = "webauthn.create", [CK_CEREMONY_GET] = "webauthn.get"};

bool ck_ceremony_is_over(enum ck_err *r, const char *reason, const char **ret_reason)
{
    if (*r == CK_OK)
        return false;
    if (*r == CK_ERR_USAGE) {
        *ret_reason = reason;
        *r = CK_OK;
    }
    return true;
}

/* The numbers are the steps of 7.1; those of 7.2 are 3 higher. */
enum ck_err ck_ceremony_check_client_data(const struct ck_bytes *json,
                                          const struct ck_ceremony_terms *terms,
                                          const char **ret_reason, struct ck_error *err)
{
    CK_CLEANUP(ck_client_data_clear) struct ck_client_data client_data = {0};

    /* 5, 6: UTF-8 decode and JSON. */
    enum ck_err r = ck_client_data_parse(json, &client_data, err);
    if (ck_ceremony_is_over(&r, "client-data", ret_reason))
        return r;
    const char *reason = NULL;
    /* 7: the type. */
    if (strcmp(client_data.type, types[terms->ceremony]) != 0)
        reason = "type";
    /* 8: the challenge. */
    else if (terms->challenge != NULL && !ck_bytes_equal(&client_data.challenge, terms->challenge))
        reason = "challenge";
    /* 9: the origin. */
    else if (strcmp(client_data.origin, terms->origin) != 0)
        reason = "origin";
    /* 10, 11: no frame of another origin is expected. */
    else if (client_data.cross_origin)
        reason = "cross-origin";
    *ret_reason = reason;
    return CK_OK;
}

/* The numbers are the steps of 7.1; those of 7.2 are 1 higher. */
enum ck_err ck_ceremony_check_data(const struct ck_authenticator_data *data,
                                   const struct ck_ceremony_terms *terms, const char **ret_reason,
                                   struct ck_error *err)
{
    uint8_t rp_id_hash[CK_SHA256_SIZE];

    if (ck_sha256(terms->rp_id, strlen(terms->rp_id), rp_id_hash, err) != CK_OK)
        return err->code;
    const char *reason = NULL;
    /* 14: the RP ID. */
    if (memcmp(data->rp_id_hash, rp_id_hash, sizeof(rp_id_hash)) != 0)
        reason = "rp-id";
    /* 15: the user was present. */
    else if ((data->flags & CK_FLAG_USER_PRESENT) == 0)
        reason = "user-present";
    /* 16: and was verified, where that is asked for. */
    else if (terms->user_verification_required && (data->flags & CK_FLAG_USER_VERIFIED) == 0)
        reason = "user-verified";
    /* 17: what can't be backed up is not backed up. */
    else if ((data->flags & CK_FLAG_BACKED_UP) != 0 && (data->flags & CK_FLAG_BACKUP_ELIGIBLE) == 0)
        reason = "backup-state";
    *ret_reason = reason;
    return CK_OK;
}
