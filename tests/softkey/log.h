/*
 * What the key was asked, and how that went: one JSON line for each command, written before the
 * answer leaves, so that whoever has the answer finds the line.
 */
#ifndef SOFTKEY_LOG_H
#define SOFTKEY_LOG_H

#include <jansson.h>

struct log {
    int fd;        /* -1: none */
    json_t *entry; /* the command that is being worked on */
};

void log_open(struct log *log, const char *path);

void log_begin(struct log *log, const char *command);
/* Takes over value. */
void log_note(struct log *log, const char *name, json_t *value);
void log_end(struct log *log, const char *outcome);

/* A line of its own, in the middle of another command perhaps. */
void log_event(struct log *log, const char *command);

#endif
