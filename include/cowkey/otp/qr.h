/* QR codes (ISO/IEC 18004, by libqrencode) drawn so that a phone can read them. */
#ifndef COWKEY_OTP_QR_H
#define COWKEY_OTP_QR_H

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

/*
 * All have the quiet zone of four modules that the standard asks for.
 * TERMINAL: UTF-8 half blocks, two modules a character cell, with black and white fixed by colour
 *           numbers 16 and 231 of the 256, which no theme changes.
 * ASCII:    "##" and two spaces, in the same fixed colours; still a picture where colours are not
 *           shown.
 * SVG, PNG: for a file; black on white whatever the page's background.
 */
enum ck_qr_style { CK_QR_TERMINAL, CK_QR_ASCII, CK_QR_SVG, CK_QR_PNG };

/*
 * Draws text (at most CK_OTPAUTH_URI_MAX bytes), at error correction level M for a file
 * and L for a terminal, where nothing smudges and every line counts. The picture is as secret
 * as the text. Text that no QR code holds is CK_ERR_USAGE.
 */
enum ck_err ck_qr_draw(const struct ck_secret *text, enum ck_qr_style style,
                       struct ck_secret **ret_picture, struct ck_error *err);

#endif
