/* A bar on the terminal for work that takes its time. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

/* All zero: nothing is drawn. */
struct progress {
    bool possible;
    bool drawn;
    int64_t began_ms, drawn_ms; /* of a clock that is never set */
};

/*
 * From now on it may be drawn, on standard error: where that is a terminal that lines can be
 * written over on, without --quiet, and without --verbose, whose lines tell more.
 */
void progress_begin(struct progress *progress, const struct options *options);

/*
 * Draws it anew, ten times a second at most: what is at work (foreign text), how much of all is
 * done (0 to 1), and how many of what (unit: "accounts"), with their rate and the time that is
 * left.
 */
void progress_show(struct progress *progress, const char *what, double part, size_t done,
                   const char *unit);

/* Says a line beside whatever bar is drawn just now. Any thread may. */
void progress_say(const struct options *options, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Wipes it, before anything else is printed, and in the end. */
void progress_clear(struct progress *progress);

#endif
