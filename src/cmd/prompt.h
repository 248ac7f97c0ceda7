/* Questions on the terminal, never on standard input or output, so that both stay free for data. */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "cowkey/base/secret.h"
#include "cowkey/otp/totp.h"

enum { PROMPT_ATTEMPTS_MAX = 5 }; /* answers that make no sense before a question is given up */

/* Whether there is a terminal to ask on. */
bool prompt_possible(void);

/*
 * Asks and reads one line of at most CK_SECRET_INPUT_MAX bytes, with the echo off for a secret. No
 * terminal, end of input and too long a line are CK_ERR_USAGE, Ctrl-C is CK_ERR_INTERRUPTED. what
 * names the thing in error texts ("the password"), hint says how to give it otherwise.
 */
enum ck_err prompt_secret(const char *question, const char *what, const char *hint,
                          struct ck_secret **ret_answer, struct ck_error *err);
enum ck_err prompt_line(const char *question, const char *what, const char *hint,
                        struct ck_secret **ret_answer, struct ck_error *err);

/*
 * Asks by ask_once until check takes what was typed; after PROMPT_ATTEMPTS_MAX times the error is
 * that of check.
 */
enum ck_err prompt_until(enum ck_err (*ask_once)(struct ck_secret **ret_typed,
                                                 struct ck_error *err),
                         enum ck_err (*check)(const struct ck_secret *typed, struct ck_error *err),
                         struct ck_secret **ret_typed, struct ck_error *err);

/*
 * Asks for a new secret twice, as nobody sees what is typed, until both are the same and check
 * takes it (NULL: as it is; data is its second argument). name: "new PIN". An empty line ends it.
 */
typedef enum ck_err prompt_check(const struct ck_secret *secret, const void *data,
                                 struct ck_error *err);
enum ck_err prompt_twice(const char *question, const char *name, const char *hint,
                         prompt_check *check, const void *data, struct ck_secret **ret_secret,
                         struct ck_error *err);

/*
 * Asks and reads a short answer that is no secret; what was typed before the question does not
 * count, and what is too long is no answer, but never cut to one. *ret_ended: Ctrl-D, or the
 * terminal is gone. Ctrl-C is CK_ERR_INTERRUPTED, no terminal CK_ERR_USAGE.
 */
enum { PROMPT_ANSWER_MAX = 64 }; /* bytes, with the terminating NUL */
enum ck_err prompt_answer(const char *question, char ret_answer[PROMPT_ANSWER_MAX], bool *ret_ended,
                          struct ck_error *err);

/*
 * Asks for a code of exactly this many digits (fewer than CK_TOTP_CODE_MAX), spaces between them
 * allowed, until one is typed. An empty line is CK_ERR_INTERRUPTED.
 */
enum ck_err prompt_code(const char *question, const char *hint, size_t digits,
                        char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err);

/*
 * Writes a secret between two texts to the terminal, and nowhere else; without one it is
 * CK_ERR_USAGE.
 */
enum ck_err prompt_show_secret(const char *before, const struct ck_secret *secret,
                               const char *after, struct ck_error *err);

/* Asks a yes-or-no question; anything but a yes is no. */
enum ck_err prompt_yes(const char *question, const char *hint, bool *ret_yes, struct ck_error *err);

#endif
