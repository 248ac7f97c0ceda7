/*
 * The commands. To add one:
 *
 * - a file that defines its struct command and run function,
 * - two lines in command.c: the weak declaration and, sorted by name, the table,
 * - the file in meson.build: among offline_sources when it needs neither a server nor a key, and no
 *   library that those don't load already (see offline.c); else among those of cowkey-online. What
 *   the small program lacks is NULL in its table, and it becomes the large one,
 * - the options that only it takes: see options.h,
 * - its manual page in man/, and its name in the overview there.
 *
 * The help and the completions of the shells follow from the tables.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

#include "options.h"

struct command {
    const char *words;     /* "enroll totp" */
    const char *arguments; /* what follows them, such as "ID [LABEL]" or "FILE..."; NULL: nothing */
    const char *summary;
    const enum option_id
        *options;         /* those that not every command takes, up to OPTION_COUNT; NULL: none */
    bool online;          /* talks to a server */
    bool changes;         /* may change something there */
    bool without_account; /* is about none, or about many: no error says that it is as it was */
    bool without_secrets; /* meets none, and needs no memory for them */
    int (*run)(const struct options *options); /* returns the exit status */
};

/* The command whose words these begin with, and how many those are; none is CK_ERR_USAGE. */
enum ck_err command_find(const char *const *words, int count, const struct command **ret_command,
                         int *ret_own_words, struct ck_error *err);

/* Whether the command takes so many arguments; else CK_ERR_USAGE. */
enum ck_err command_check_arguments(const struct command *command, const char *const *arguments,
                                    int count, struct ck_error *err);

/* The commands in the order of their names, from 0; NULL behind the last. */
const struct command *command_at(int index);

/* Prints the help of one command, or (NULL) of all. */
void command_print_help(const struct command *command);

#endif
