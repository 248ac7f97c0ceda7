/*
 * What went wrong, said once, by the layer that understood the cause.
 *
 * Functions that can fail return enum ck_err and take a struct ck_error * as last argument (never
 * NULL). On failure they fill it and leave their ret_* outputs untouched; upper layers pass it on.
 * The codes are the exit statuses of the program: they say what the caller can do.
 */
#ifndef COWKEY_BASE_ERROR_H
#define COWKEY_BASE_ERROR_H

enum ck_err {
    CK_OK = 0,
    CK_ERR_USAGE = 2,         /* usage error, unreadable or invalid input */
    CK_ERR_UNCHANGED = 3,     /* failed, and nothing changed on the server */
    CK_ERR_UNKNOWN = 4,       /* outcome unknown, or something is left behind */
    CK_ERR_REFUSED = 5,       /* wrong password, code, PIN or API key; do not simply retry */
    CK_ERR_UNREACHABLE = 6,   /* server not reachable, TLS not trusted, not a mailcow */
    CK_ERR_KEY = 7,           /* no security key, no permission for it, not touched in time */
    CK_ERR_INTERRUPTED = 130, /* interrupted before any change */
};

enum {
    CK_ERROR_TEXT_MAX = 512, /* bytes, with the terminating NUL */
    CK_ERROR_HINT_MAX = 512,
};

/*
 * text: what happened, as a clause without capital and full stop, so that it can stand behind
 * "cowkey: " or another clause. hint: what to do next, in whole sentences; may be empty. Both are
 * UTF-8, hold no secret, and are not yet escaped: whoever prints them does that
 * (cowkey/base/escape.h).
 */
struct ck_error {
    enum ck_err code;
    char text[CK_ERROR_TEXT_MAX];
    char hint[CK_ERROR_HINT_MAX];
};

/* Fills *err, with an empty hint, and returns code. Too long text is cut between characters. */
enum ck_err ck_error_set(struct ck_error *err, enum ck_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sets the hint of an error that was set before, and returns its code. */
enum ck_err ck_error_hint(struct ck_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The error for a failed allocation. */
enum ck_err ck_error_no_memory(struct ck_error *err);

#endif
