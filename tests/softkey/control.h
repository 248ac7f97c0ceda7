/* A script's words: settings (script.h), and what is done to the key at once. */
#ifndef SOFTKEY_CONTROL_H
#define SOFTKEY_CONTROL_H

#include <stddef.h>

struct key;

/*
 * Does what the script says. Returns a JSON object for whoever sent it (to be freed): "error"
 * (null, or what was wrong; what stood before it is done), the settings, and the key's state.
 */
char *control_apply(struct key *key, const char *script, size_t size);

/* Sends a script to the key at path, and prints its answer. Returns the exit status. */
int control_send(const char *path, const char *script);

#endif
