/* Handing a new TOTP secret to the person: the private file, the QR code, the URI. */
#ifndef CMD_DELIVERY_H
#define CMD_DELIVERY_H

#include <stdbool.h>

#include "cowkey/base/error.h"
#include "cowkey/otp/otpauth.h"
#include "cowkey/otp/qr.h"
#include "options.h"
#include "private_file.h"

struct delivery {
    const struct options *options;
    const char *out;     /* --out, or NULL */
    const char *qr_file; /* FILE of --qr png:FILE and svg:FILE, or NULL */
    enum ck_qr_style qr_style;
    bool qr_wanted;
    struct private_file out_file;
    struct private_file qr_picture;
};

/*
 * Reads --qr, --out and --show-secret. Without --qr the QR code goes to standard error when that is
 * a terminal and somebody is there to scan it.
 */
enum ck_err delivery_init(struct delivery *delivery, const struct options *options, bool unattended,
                          struct ck_error *err);

/* Whether the secret would reach anybody at all. */
bool delivery_reaches(const struct delivery *delivery);

/*
 * What can be known to fail before there is a session: a file that exists, a QR code wider than the
 * terminal. CK_ERR_USAGE.
 */
enum ck_err delivery_check(const struct delivery *delivery, const struct ck_otpauth *otpauth,
                           struct ck_error *err);

enum ck_err delivery_give(struct delivery *delivery, const struct ck_otpauth *otpauth,
                          struct ck_error *err);

/* Removes the files that were written: the secret in them is worth nothing. */
void delivery_void(struct delivery *delivery);

/* Whether the terminal can be sent the half blocks that make a QR code small. */
bool delivery_is_utf8(void);

/* How much room a terminal needs to show the QR code of uri. */
enum ck_err delivery_measure(const struct ck_secret *uri, int *ret_columns, int *ret_rows,
                             struct ck_error *err);

#endif
