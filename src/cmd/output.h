/* What a person reads and what a script reads. */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/bytes.h"
#include "cowkey/base/error.h"
#include "options.h"

struct json_t;

/*
 * One line of conversation on standard error, silent with --quiet; foreign text in it is escaped.
 */
void say(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void say_list(const struct options *options, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* The same where --quiet does not apply. */
void say_always(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One line of the result on standard output, escaped likewise. */
void print_result(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The ending of a noun of which there are so many: "" or "s". */
const char *plural(size_t count);

/* How many columns the terminal at fd has; otherwise where there is none, or it does not tell. */
size_t output_columns(int fd, size_t otherwise);

/* Prints document on standard output, on one line, and releases it. */
void print_json(struct json_t *document);

/*
 * The same as a new string (free it), without the line end, for documents that are printed piece by
 * piece; NULL when memory is short. Releases document.
 */
char *document_text(struct json_t *document);

/*
 * Prints a piece of a document that nobody keeps whole, and releases it: an object without its
 * beginning or its end, unless it opens or closes. False when memory is short.
 */
bool print_json_piece(struct json_t *object, bool opens, bool closes);

/* The words of the command that runs, borrowed: where nothing better can be said its help is named. */
void output_set_command(const char *words);

/*
 * Whether the command talks to a server, and whether it is about one account there, of which errors
 * then say that it is as it was. Until it is known, they say nothing of either.
 */
void output_set_online(bool online, bool about_account);

/*
 * Reports an error that ended the command before anything was changed on the server: sentences
 * for a person, or a cowkey.error/1 document. Returns the exit status.
 */
int report_error(bool json, const struct ck_error *err);

/* The same for a person only; the document then has its own error member, see error_json. */
int say_error(const struct ck_error *err);

/* The error's own hint, or what its code says about what to do next; may be empty. */
const char *error_hint(const struct ck_error *err);

/* {"status","error","hint"} */
struct json_t *error_json(const struct ck_error *err);

/* "2026-11-23T08:21:24Z" as a JSON string. */
struct json_t *time_json(int64_t time_s);

/* A JSON string, with what is not UTF-8 escaped. */
struct json_t *text_json(const char *text);
/* One in base64url. */
struct json_t *base64_json(const struct ck_bytes *bytes);

/* The same where NULL, "" and what is negative say that something is not known: null then. */
struct json_t *text_or_null_json(const char *text);
struct json_t *number_or_null_json(int64_t number);
struct json_t *flag_or_null_json(int flag);

#endif
