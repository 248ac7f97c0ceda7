/* Whether the maker of a key vouches for it as the policy wants, by what the key made. */
#ifndef ROLLOUT_ATTESTED_H
#define ROLLOUT_ATTESTED_H

#include "cowkey/rollout/policy.h"
#include "cowkey/webauthn/credential.h"

/*
 * Where the group requires an attestation: that there is a certificate, that it leads to one of the
 * group's roots, where it has some, at now_s (seconds since 1970 UTC), and that the model which it
 * vouches for is one of the group's. CK_ERR_KEY names the key, and what it lacks. serial: NULL is
 * none to read. The statement itself, with its signature, was verified where the credential came
 * from (ck_registration_verify).
 */
enum ck_err attested_check(const struct ck_policy_group *group,
                           const struct ck_credential *credential, const char *serial,
                           int64_t now_s, struct ck_error *err);

#endif
