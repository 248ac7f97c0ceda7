/* What doctor looks at, and how each look ends. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "cowkey/base/error.h"
#include "options.h"

enum doctor_state { DOCTOR_OK, DOCTOR_PROBLEM, DOCTOR_UNKNOWN };

struct doctor; /* the report */

/*
 * Adds a line to the report, and shows it to a person. name: one plain word; text: whole sentences;
 * cure: what to do, or NULL.
 */
void doctor_add(struct doctor *doctor, const char *name, enum doctor_state state, const char *cure,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* An error found on the way: its text and hint as they are. */
void doctor_add_error(struct doctor *doctor, const char *name, const struct ck_error *problem);

/* Files and the terminal on this computer. */
void doctor_look_here(struct doctor *doctor, const struct options *options);

/* The server, without a login; and the security keys. Errors are only those that end the whole. */
enum ck_err doctor_look_at_server(struct doctor *doctor, const struct options *options,
                                  struct ck_error *err);
enum ck_err doctor_look_at_keys(struct doctor *doctor, const struct options *options,
                                struct ck_error *err);

#endif
