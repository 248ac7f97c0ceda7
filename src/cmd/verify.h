/* What the commands have in common that verify a WebAuthn response. */
#ifndef CMD_VERIFY_H
#define CMD_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/host.h"
#include "cowkey/base/json_view.h"
#include "cowkey/webauthn/client_data.h"
#include "cowkey/webauthn/options.h"
#include "options.h"

enum { VERIFY_FILE_MAX = 256 * 1024 }; /* bytes of a response or a credential record */

/* What a response is judged by: from the options, and in a batch first from the line. */
struct verify_terms {
    bool any_challenge;
    struct ck_bytes challenge; /* empty: not given */
    char rp_id[CK_HOST_MAX];   /* empty: not given */
    char origin[CK_CLIENT_ORIGIN_MAX];
    bool user_verification_required;
    bool last_count_given;
    uint32_t last_count;
};

void verify_terms_clear(struct verify_terms *terms);

enum ck_err verify_terms_read(const struct options *options, struct verify_terms *terms,
                              struct ck_error *err);

/*
 * A line's own terms: its members challenge, rp_id, origin, user_verification and last_count, the
 * others from the options.
 */
enum ck_err verify_terms_read_line(const struct ck_json_item *line,
                                   const struct verify_terms *defaults, struct verify_terms *terms,
                                   struct ck_error *err);

/*
 * Whether there is a challenge, or none is wanted; and the origin that follows from rp_id where
 * none was given.
 */
enum ck_err verify_terms_complete(struct verify_terms *terms, const char *rp_id,
                                  struct ck_error *err);

/*
 * The FILE behind the command's words; NULL for --batch. Neither, and both, are CK_ERR_USAGE; and so
 * is "-" for more than one of the files that the command reads.
 */
enum ck_err verify_find_file(const struct options *options, const char **ret_path,
                             struct ck_error *err);

/*
 * A malformed part of a response is no verdict but an error, although it is a step that fails: says
 * whether reason is of that kind, and completes err, which the check left with the cause.
 */
bool verify_is_malformed(const char *reason, struct ck_error *err);

/* For a person: what it means that this step fails, and what to do about it. */
const char *verify_sentence(const char *reason);
const char *verify_advice(const char *reason);

#endif
