/* A new PIN for a security key, typed by a person. */
#ifndef CMD_NEW_PIN_H
#define CMD_NEW_PIN_H

#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"

/*
 * Asks for it twice, until it is one that keys take (ck_pin_check, with length_min) and both are
 * the same. hint: how else to give it, for where there is no terminal.
 */
enum ck_err new_pin_ask(int64_t length_min, const char *hint, struct ck_secret **ret_pin,
                        struct ck_error *err);

#endif
