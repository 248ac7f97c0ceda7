/* An account, and what its key gives: in what is written, and in a session. */
#ifndef COWKEY_TESTS_WEBAUTHN_SAMPLE_H
#define COWKEY_TESTS_WEBAUTHN_SAMPLE_H

#include "cowkey/mailcow/account.h"
#include "cowkey/webauthn/assertion.h"
#include "cowkey/webauthn/registration.h"

static const struct ck_account alice = {"alice@example.test", CK_ROLE_MAILBOX};

/* In base64 "+/8=", and 0x00: "AA==". */
static uint8_t special[] = "\xfb\xff";
static uint8_t zero[] = "";
static const struct ck_registration registration = {.client_data_json = {special, 2},
                                                    .attestation_object = {zero, 1}};
static const struct ck_assertion assertion = {.credential_id = {special, 2},
                                              .client_data_json = {zero, 1},
                                              .authenticator_data = {special, 2},
                                              .signature = {NULL, 0}};

#endif
