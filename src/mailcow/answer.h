/* The JSON answers of mailcow's API that cowkey reads in an account's own session. */
#ifndef MAILCOW_ANSWER_H
#define MAILCOW_ANSWER_H

#include <stddef.h>

#include "cowkey/base/error.h"

/*
 * Bytes, with NUL: more than a hint holds, so that a secret which a hint would show the beginning
 * of is long enough here to be noticed.
 */
enum { CK_ANSWER_MESSAGE_MAX = 1024 };

struct json_t;

/* A member that is text, or "" where there is none. */
const char *ck_answer_text(const struct json_t *object, const char *key);

/*
 * What an element says. A message is a name, or a list of a name and what it speaks of:
 * ["mailbox_modified", "a@b.c"].
 */
const char *ck_answer_message(const struct json_t *element);

/* Copies text that came in JSON, and so is UTF-8; cut between characters where it is too long. */
void ck_answer_copy(const char *text, char *message, size_t message_max);

/* 1 and 0, also as text, which the server uses for some; -1 for anything else. */
int ck_answer_flag(const struct json_t *value);

/*
 * The answer to an edit: a list of messages, those of earlier calls that were not shown yet first
 * (protocol 6, 7.1). It was made when an element of type success has the message done
 * ("mailbox_modified"), and no refusal comes after that.
 * - CK_ERR_UNCHANGED: refused, and ret_message is what the server said last.
 * - CK_ERR_UNKNOWN: neither, both, or not understood.
 */
enum ck_err ck_answer_read_edit(const char *json, size_t size, const char *done,
                                char ret_message[static CK_ANSWER_MESSAGE_MAX],
                                struct ck_error *err);

/*
 * The answer to a security key's registration, and to the passkey login of old releases:
 * {"success":true}, or {"success":false,"msg":"..."} where msg may be missing (protocol 5.3).
 * - CK_ERR_UNCHANGED: it says no, and ret_message why.
 * - CK_ERR_UNREACHABLE: {"type":"error","msg":"..."}, the API turned it away since nobody is logged
 *   in.
 * - CK_ERR_UNKNOWN: not understood.
 */
enum ck_err ck_answer_read_success(const char *json, size_t size,
                                   char ret_message[static CK_ANSWER_MESSAGE_MAX],
                                   struct ck_error *err);

/* How many active app passwords a list has that is all of mailbox's; -1 when that can't be told. */
int ck_answer_count_app_passwords(const char *json, size_t size, const char *mailbox);

/*
 * An admin's own record, or a mailbox's: whether it is forced to have a second factor. 1 and 0, or
 * -1 where the record does not tell (releases before 2026-03). Not this account's:
 * CK_ERR_UNCHANGED.
 */
enum ck_err ck_answer_read_admin(const char *json, size_t size, const char *name,
                                 int *ret_force_tfa, struct ck_error *err);

#endif
