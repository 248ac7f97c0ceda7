/*
 * A person's sheet: what he or she needs on paper (HTML with the QR code as inline SVG), and the
 * letter with a key's PIN, which is a file of its own. Made of the ledger and the pending
 * hand-outs; in the clear (0600), or sealed to a certificate (CMS with AES-256-GCM, DER; RFC 5652,
 * 5083), which "openssl cms -decrypt -inform DER" opens.
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
    int64_t now_s;                    /* seconds since 1970 UTC: on the sheet and in the ledger */
};

enum ck_sheets_state {
    CK_SHEETS_NOTHING, /* nothing is proved or recorded yet */
    CK_SHEETS_AGAIN,   /* all was handed out before, and nothing is new */
    CK_SHEETS_EARLY,   /* to be sealed, and the run needs what is pending */
    CK_SHEETS_READY,
};

/* What ck_sheets_make would find for a person. */
struct ck_sheets_look {
    enum ck_sheets_state state;
    bool work_left; /* a run has something left to do for the person */
    bool doubtful;  /* the sheet has something that the server may not have */
    bool pending;   /* secrets that are on the sheet or the letters, or wait for them */
};
enum ck_err ck_sheets_look(const struct ck_sheets *sheets, int64_t person,
                           struct ck_sheets_look *ret_look, struct ck_error *err);

/*
 * Makes the sheet and the letters of a person, of what is proved or recorded by now; a secret that
 * the server may have (unknown) goes on it with a warning. A sheet in the clear that is there still
 * is replaced (whole or not at all); else it is a new file.
 *
 * With a seal, pending hand-outs that are in it are removed once the sealed file is on disk and the
 * ledger has noted it, but for those of unknown factors, which another try needs; nothing is made
 * while a run has something left to do for the person, since it needs them, too. In the clear they
 * stay for ck_sheets_delete. *ret_count: files that were made; 0 when there is nothing to hand out,
 * or nothing new. A secret that should be pending and was on no sheet is CK_ERR_USAGE: that is
 * another directory.
 */
enum ck_err ck_sheets_make(const struct ck_sheets *sheets, int64_t person, size_t *ret_count,
                           struct ck_error *err);

/*
 * Makes those of everybody that want to be made: a run that was cut off between a person's last
 * outcome and the sheet left what is pending unsealed.
 */
enum ck_err ck_sheets_make_rest(const struct ck_sheets *sheets, struct ck_error *err);

/*
 * Removes the person's sheets and letters (overwritten once before, which today's disks need not
 * honour), and the pending hand-outs of what is on them; the ledger notes when. What was not handed
 * out yet stays, and what a run needs for what it has left to do. *ret_count: files.
 */
enum ck_err ck_sheets_delete(const struct ck_sheets *sheets, int64_t person, size_t *ret_count,
                             struct ck_error *err);

#endif
