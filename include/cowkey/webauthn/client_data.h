/* The collected client data that a key signs (WebAuthn Level 3, section 5.8.1). */
#ifndef COWKEY_WEBAUTHN_CLIENT_DATA_H
#define COWKEY_WEBAUTHN_CLIENT_DATA_H

#include <stdbool.h>

#include "cowkey/base/bytes.h"

enum ck_ceremony { CK_CEREMONY_CREATE, CK_CEREMONY_GET };

enum {
    CK_CLIENT_DATA_MAX = 4096,  /* bytes of the JSON text */
    CK_CLIENT_TYPE_MAX = 32,    /* bytes, with NUL */
    CK_CLIENT_ORIGIN_MAX = 512, /* bytes, with NUL */
};

/*
 * Exactly what a browser writes (section 5.8.1.1): {"type":...,"challenge":...,"origin":...,
 * "crossOrigin":false}, in this order and without spaces. An origin that is not UTF-8, and more
 * than CK_CLIENT_DATA_MAX bytes in all, are CK_ERR_USAGE.
 */
enum ck_err ck_client_data_make(enum ck_ceremony ceremony, const struct ck_bytes *challenge,
                                const char *origin, struct ck_bytes *ret_json,
                                struct ck_error *err);

/* The members of client data that are checked; unknown ones are ignored. */
struct ck_client_data {
    char type[CK_CLIENT_TYPE_MAX];
    struct ck_bytes challenge;
    char origin[CK_CLIENT_ORIGIN_MAX];
    bool cross_origin; /* made for a frame of another origin: crossOrigin is true, or topOrigin is
                          there */
};

/*
 * More than CK_CLIENT_DATA_MAX bytes, other JSON than an object of these members with their types,
 * a key twice: CK_ERR_USAGE.
 */
enum ck_err ck_client_data_parse(const struct ck_bytes *json, struct ck_client_data *ret_data,
                                 struct ck_error *err);
void ck_client_data_clear(struct ck_client_data *data);

#endif
