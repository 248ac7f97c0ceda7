/*
 * Pending hand-outs: the secrets of a roll-out from before the server (or the key) is told until
 * the person's sheet is made. One file each, mode 0600, in "pending" below the directory of
 * hand-outs (0700). A file is there whole or not at all, and on disk when a call returns.
 */
#ifndef COWKEY_ROLLOUT_PENDING_H
#define COWKEY_ROLLOUT_PENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

enum ck_pending_kind {
    CK_PENDING_TOTP,     /* an otpauth URI; id is the item's */
    CK_PENDING_PASSWORD, /* id is the person's, as of the others */
    CK_PENDING_APP_PASSWORD,
    CK_PENDING_PIN, /* n is the key's */
};

struct ck_pending; /* several threads may use one, each for people of its own */

/*
 * Opens directory, or makes it (its parent has to be there). One that is not ours, or that others
 * may enter, is CK_ERR_USAGE. What a crash left half written is removed.
 */
enum ck_err ck_pending_open(const char *directory, struct ck_pending **ret_pending,
                            struct ck_error *err);
void ck_pending_close(struct ck_pending **pending);
const char *ck_pending_directory(const struct ck_pending *pending);

enum ck_pending_stage {
    CK_PENDING_UNBEGUN, /* nothing of the ledger was begun: a new directory becomes its own */
    CK_PENDING_BEGUN,   /* its directory is there already */
    CK_PENDING_TO_LOOK, /* any but another ledger's */
};

/*
 * Whether the directory is that of the ledger of this name (ck_ledger_name), which stands in its
 * file "ledger": what is pending bears numbers only, and people of one ledger would get the secrets
 * of another's. CK_ERR_USAGE: it is another's, nobody's but not empty, or new with a ledger that was
 * begun.
 */
enum ck_err ck_pending_belong(const struct ck_pending *pending, const char *name,
                              enum ck_pending_stage stage, struct ck_error *err);

/* NULL with CK_OK: there is none. A file that others may read, is too large or empty: CK_ERR_USAGE. */
enum ck_err ck_pending_get(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                           unsigned n, struct ck_secret **ret_secret, struct ck_error *err);

/* Keeps a new one; one that is there already is CK_ERR_UNCHANGED and stays. */
enum ck_err ck_pending_put(const struct ck_pending *pending, enum ck_pending_kind kind, int64_t id,
                           unsigned n, const struct ck_secret *secret, struct ck_error *err);

/* Overwrites and removes; none is CK_OK. */
enum ck_err ck_pending_remove(const struct ck_pending *pending, enum ck_pending_kind kind,
                              int64_t id, unsigned n, struct ck_error *err);

#endif
