/* Telling what OpenSSL refuses from what it only had no memory for. */
#ifndef WEBAUTHN_ATTEMPT_H
#define WEBAUTHN_ATTEMPT_H

#include <stdbool.h>

#include "cowkey/base/error.h"

/*
 * Calls attempt, and once more when it says false: OpenSSL's calls answer short memory like a wrong
 * signature or a bad key, and its error queue does not tell them apart. A refusal counts when there
 * was memory after it and it comes again; without memory it is an error. attempt leaves nothing
 * behind when it says false.
 */
enum ck_err ck_openssl_attempt(bool (*attempt)(void *data), void *data, bool *ret_succeeded,
                               struct ck_error *err);

#endif
