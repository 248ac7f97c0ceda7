/* The pages of a person, as HTML for A4 paper. */
#ifndef ROLLOUT_SHEET_PAGE_H
#define ROLLOUT_SHEET_PAGE_H

#include <stdio.h>

#include "sheet_facts.h"

/* What is the same on all pages of a roll-out; borrowed. */
struct sheet_frame {
    const char *server; /* origin */
    int64_t made_s;
};

/* The sheet; a new secret. */
enum ck_err sheet_page_write(const struct sheet_frame *frame, const struct sheet_facts *facts,
                             struct ck_secret **ret_page, struct ck_error *err);

/* The letter with the PIN of the person's key n, which is pending. */
enum ck_err sheet_letter_write(const struct sheet_frame *frame, const struct sheet_facts *facts,
                               unsigned n, struct ck_secret **ret_page, struct ck_error *err);

/* Whether a page that was written before has this secret; the key of an otpauth URI counts. */
enum ck_err sheet_page_has(const struct ck_secret *page, const struct ck_secret *secret,
                           bool is_uri, bool *ret_has, struct ck_error *err);

/* --- what both pages are made of --- */

void sheet_put_begin(FILE *to, const char *title, const struct sheet_frame *frame,
                     const struct sheet_facts *facts);
/* has_secrets: it is said what to do with the paper. */
void sheet_put_end(FILE *to, const struct sheet_frame *frame, bool has_secrets);
/* What is known of a key: "YubiKey 5 NFC, serial number 1234"; nothing where that is nothing. */
void sheet_put_key(FILE *to, const struct ck_ledger_key *key);
/* How many keys of the person are on the sheet. */
unsigned sheet_keys_count(const struct sheet_facts *facts);

#endif
