/*
 * A person's sheet: what he or she needs on paper (HTML with the QR code as inline SVG), and the
 * letter with a key's PIN, which is a file of its own. Made of the ledger and the pending
 * hand-outs; in the clear (0600), or sealed to a certificate (CMS, enveloped, AES-256, DER), which
 * "openssl cms -decrypt -inform DER" opens.
 */
#ifndef COWKEY_ROLLOUT_SHEET_H
#define COWKEY_ROLLOUT_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/rollout/ledger.h"
#include "cowkey/rollout/pending.h"

struct ck_seal; /* to whom sheets are sealed */

/* Reads a PEM certificate (RSA or EC key); an expired one, or one that can't be sealed to: CK_ERR_USAGE. */
enum ck_err ck_seal_load(const char *path, int64_t now_s, struct ck_seal **ret_seal,
                         struct ck_error *err);
void ck_seal_free(struct ck_seal **seal);

/* All is borrowed. */
struct ck_sheets {
    struct ck_ledger *ledger;
    const struct ck_pending *pending; /* its directory gets "sheets" and "letters" */
    const struct ck_seal *seal;       /* NULL: in the clear */
};

/*
 * Makes the sheet and the letters of a person, of what is proved or recorded by now. Files that are
 * there already are replaced (whole or not at all). With a seal, pending hand-outs that are in it
 * are removed once the sealed file is on disk and the ledger has noted it; in the clear they stay
 * for ck_sheets_delete. *ret_count: files that were made; 0 when there is nothing to hand out.
 */
enum ck_err ck_sheets_make(const struct ck_sheets *sheets, int64_t person, size_t *ret_count,
                           struct ck_error *err);

/*
 * Removes the person's sheets and letters (overwritten once before, which today's disks need not
 * honour), and the pending hand-outs of what is on them; the ledger notes when. What was not handed
 * out yet stays.
 */
enum ck_err ck_sheets_delete(const struct ck_sheets *sheets, int64_t person, size_t *ret_count,
                             struct ck_error *err);

#endif
