/* Judging TOTP codes: one, or the lines of a file. */
#ifndef CMD_TOTP_BATCH_H
#define CMD_TOTP_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/otp/otpauth.h"
#include "options.h"

/* What codes are judged by. */
struct totp_terms {
    const struct ck_secret *key; /* borrowed; NULL where each line of a batch brings its own */
    struct ck_totp_params params;
    bool is_uri;       /* the key came with its params */
    unsigned window;   /* steps to either side */
    int64_t last_used; /* codes of this step and before are refused; -1 for none */
    int64_t now_s;
};

/* Borrows the key; sets the params and is_uri, too. */
void totp_terms_set_secret(struct totp_terms *terms, const struct ck_otpauth *otpauth);

/* What a check found; step is a counter for HOTP. */
struct totp_verdict {
    bool valid;
    const char *reason; /* NULL when it is valid: "code" or "used" */
    bool fits;          /* has an offset and a step: it is valid, or was used before */
    int offset;
    int64_t step;
};

/* mac: what is kept between several checks, NULL for one alone. */
enum ck_err totp_judge(const struct totp_terms *terms, struct ck_otp_mac *mac, const char *code,
                       struct totp_verdict *verdict, struct ck_error *err);

/*
 * Judges the lines of --batch: objects with code and, where they differ from terms, secret (base32
 * or URI), time (seconds or a date), window, last_used, and for a base32 secret algorithm, digits
 * and period. Returns the exit status, see batch.h.
 */
int totp_batch_run(const struct options *options, const struct totp_terms *terms);

#endif
