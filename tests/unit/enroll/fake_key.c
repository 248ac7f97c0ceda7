#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/enroll/fake.h"

struct fake_key fake_key;

struct ck_key {
    int unused;
};

enum ck_err ck_key_open(const struct ck_key_settings *settings, struct ck_key **ret_key,
                        struct ck_error *err)
{
    static struct ck_key key;

    (void)settings;
    if (fake_key.opening != CK_OK)
        return ck_error_set(err, fake_key.opening, "no security key is plugged in");
    fake_key.is_open = true;
    *ret_key = &key;
    return CK_OK;
}

/* "credential 1", "credential 2" ... in the order of their making. */
static enum ck_err name_credential(unsigned number, struct ck_bytes *id, struct ck_error *err)
{
    char name[32];
    int size = snprintf(name, sizeof(name), "credential %u", number);

    return ck_bytes_copy(name, (size_t)size, id, err);
}

enum ck_err ck_key_make(struct ck_key *key, const struct ck_creation_options *options,
                        const char *origin, bool resident, enum ck_verification verification,
                        struct ck_registration *ret_registration, struct ck_error *err)
{
    (void)key, (void)options, (void)origin;
    if (fake_key.making != CK_OK)
        return ck_error_set(err, fake_key.making, "not touched");
    fake_key.resident = resident;
    fake_key.verified = verification == CK_VERIFY_ALWAYS;
    *ret_registration = (struct ck_registration){0};
    return name_credential(++fake_key.made, &ret_registration->credential_id, err);
}

enum ck_err ck_key_sign(struct ck_key *key, const struct ck_request_options *options,
                        const char *origin, enum ck_verification verification,
                        const struct ck_bytes *wanted, const struct ck_bytes *user,
                        struct ck_assertion *ret_assertion, struct ck_error *err)
{
    enum ck_err r = fake_key.signing[fake_key.signed_count++ % 8];

    (void)key, (void)origin, (void)verification, (void)user;
    fake_key.allowed = options->allow_count;
    if (r != CK_OK)
        return ck_error_set(err, r, "not touched");
    *ret_assertion = (struct ck_assertion){0};
    const struct ck_bytes *answering = wanted != NULL ? wanted
                                       : options->allow_count > 0
                                           ? &options->allow[options->allow_count - 1]
                                           : NULL;
    if (answering == NULL)
        return name_credential(fake_key.made, &ret_assertion->credential_id, err);
    return ck_bytes_copy(answering->data, answering->size, &ret_assertion->credential_id, err);
}

enum ck_err ck_key_forget(struct ck_key *key, const struct ck_bytes *credential_id,
                          struct ck_error *err)
{
    (void)key, (void)err;
    snprintf(fake_key.forgotten, sizeof(fake_key.forgotten), "%.*s", (int)credential_id->size,
             (const char *)credential_id->data);
    return CK_OK;
}

enum ck_err ck_key_reopen(struct ck_key **key, struct ck_error *err)
{
    (void)key, (void)err;
    fake_key.reopened++;
    return CK_OK;
}

void ck_key_close(struct ck_key **key)
{
    *key = NULL;
}

/* Instead of the room webauthn's: what this key makes is judged by word. */

enum ck_err ck_registration_verify(const struct ck_registration *registration,
                                   const struct ck_registration_terms *terms,
                                   const char **ret_reason, struct ck_credential *ret_credential,
                                   struct ck_error *err)
{
    (void)terms;
    *ret_reason = fake_key.verify_reason;
    if (fake_key.verify_reason != NULL)
        return CK_OK;
    *ret_credential = (struct ck_credential){.algorithm = -7};
    return ck_bytes_copy(registration->credential_id.data, registration->credential_id.size,
                         &ret_credential->id, err);
}

void ck_registration_clear(struct ck_registration *registration)
{
    ck_bytes_clear(&registration->credential_id);
}
