/*
 * The options, from one table: it drives parsing, --help, the environment and the profile.
 *
 * To add an option: a row in options.c, a name here, a place in the list of each command that takes it, a
 * paragraph in the manual page of each, man/cowkey-*.1.scd.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>

#include "cowkey/base/error.h"

struct command;

enum option_id {
    OPTION_SERVER,
    OPTION_ACCOUNT,
    OPTION_ROLE,
    OPTION_PROFILE,
    OPTION_CONFIG,
    OPTION_CACERT,
    OPTION_RESOLVE,
    OPTION_TIMEOUT,
    /* Sources of secrets: always _FILE, _FD, _COMMAND in this order. */
    OPTION_PASSWORD_FILE,
    OPTION_PASSWORD_FD,
    OPTION_PASSWORD_COMMAND,
    OPTION_LOGIN_SECRET_FILE,
    OPTION_LOGIN_SECRET_FD,
    OPTION_LOGIN_SECRET_COMMAND,
    OPTION_LOGIN_FACTOR,
    OPTION_DEVICE,
    OPTION_PIN_FILE,
    OPTION_PIN_FD,
    OPTION_PIN_COMMAND,
    OPTION_TOUCH_TIMEOUT,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_YES,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COMMON_LAST = OPTION_VERSION, /* every command takes those up to here */

    /* Of commands for admins; sources as above. */
    OPTION_FOR,
    OPTION_FOR_PASSWORD_FILE,
    OPTION_FOR_PASSWORD_FD,
    OPTION_FOR_PASSWORD_COMMAND,
    OPTION_FOR_PASSWORD_OUT,
    OPTION_API_KEY_FILE,
    OPTION_API_KEY_FD,
    OPTION_API_KEY_COMMAND,
    OPTION_LOGIN_PASSKEY,
    OPTION_JOURNAL,
    OPTION_ADMINS,
    OPTION_DOMAIN_ADMINS,
    OPTION_MAILBOXES,
    OPTION_DOMAIN,
    OPTION_EXCEPT,
    OPTION_DEEP,
    OPTION_FAIL_ON,
    OPTION_JOBS,
    OPTION_JSON_LINES,
    OPTION_HTML,
    OPTION_DRY_RUN,
    OPTION_KEEP_PASSKEYS,
    OPTION_ALLOW_ONCE,
    OPTION_RESET_PASSWORD,
    OPTION_HEAD,
    OPTION_POLICY,
    OPTION_SECRETS,
    OPTION_OFFLINE,
    OPTION_LEDGER,
    OPTION_HANDOUTS,
    OPTION_SEAL_TO,
    OPTION_DELETE,
    OPTION_MAX_REFUSALS,
    OPTION_WAIT,
    OPTION_LATE,
    OPTION_RETRY,
    OPTION_NEW_PLAN,
    OPTION_ONLY,
    OPTION_CSV,

    OPTION_METHODS,
    OPTION_ALL_FACTORS,
    OPTION_PROTOCOLS,
    OPTION_LABEL,
    OPTION_ISSUER,
    OPTION_QR,
    OPTION_OUT,
    OPTION_SHOW_SECRET,
    OPTION_UNATTENDED,
    OPTION_ACCEPT_CLOCK_SKEW,
    OPTION_PROOF,
    OPTION_REPLACE,
    OPTION_CREDENTIAL_OUT,
    OPTION_APP_PASSWORD,
    OPTION_APP_PASSWORD_OUT,
    OPTION_YUBICO_ID,
    OPTION_YUBICO_KEY_FILE,
    OPTION_YUBICO_KEY_FD,
    OPTION_YUBICO_KEY_COMMAND,
    OPTION_NEW_PASSWORD_FILE,
    OPTION_NEW_PASSWORD_FD,
    OPTION_NEW_PASSWORD_COMMAND,

    OPTION_NEW_PIN_FILE,
    OPTION_NEW_PIN_FD,
    OPTION_NEW_PIN_COMMAND,
    OPTION_RANDOM,
    OPTION_MIN_LENGTH,
    OPTION_FORCE_CHANGE,

    OPTION_SECRET_FILE,
    OPTION_SECRET_FD,
    OPTION_SECRET_COMMAND,

    OPTION_ALGORITHM,
    OPTION_DIGITS,
    OPTION_PERIOD,
    OPTION_WINDOW,
    OPTION_TIME,
    OPTION_LAST_USED,
    OPTION_COUNTER,
    OPTION_WATCH,
    OPTION_CREDENTIAL,
    OPTION_PUBLIC_KEY,
    OPTION_RP_ID,
    OPTION_CHALLENGE,
    OPTION_ANY_CHALLENGE,
    OPTION_ORIGIN,
    OPTION_USER_VERIFICATION,
    OPTION_LAST_COUNT,
    OPTION_ROOTS,
    OPTION_BATCH,

    OPTION_COUNT
};

struct options; /* what was given on the command line, in the environment, in the profile */

struct options *options_new(void);
void options_free(struct options **options);

/*
 * Parses argv. Words that are no options go to words (argc pointers of room), their number to
 * *ret_count. Unknown, abbreviated and repeated options, and missing or superfluous arguments, are
 * CK_ERR_USAGE.
 */
enum ck_err options_parse(struct options *options, int argc, char **argv, const char **words,
                          int *ret_count, struct ck_error *err);

/* Whether the command takes each option that was given on the command line; else CK_ERR_USAGE. */
enum ck_err options_check_command(const struct options *options, const struct command *command,
                                  struct ck_error *err);

/* Fills from the environment and then the profile what the command line left open. */
enum ck_err options_complete(struct options *options, struct ck_error *err);

/* The words after the command's, NULL after the last; they are borrowed. */
void options_set_arguments(struct options *options, const char *const *arguments);
/* One of them, from 0; NULL when it was not given. */
const char *option_argument(const struct options *options, int index);
/* All of them. */
const char *const *option_arguments(const struct options *options);

/* The value, "" for a flag that was given, NULL when absent. */
const char *option_value(const struct options *options, enum option_id option);
bool option_given(const struct options *options, enum option_id option);
/* Whether one of the three that name the source of a secret was given; first is its _FILE. */
bool option_source_given(const struct options *options, enum option_id first);
/* Whether it was given for this run, and not by the environment or the profile. */
bool option_on_command_line(const struct options *options, enum option_id option);
const char *option_name(enum option_id option);

/*
 * What the table says of it: its short form or 0, what its argument is called (NULL for a flag),
 * the words that may be its argument with a space between them (NULL: not just those), its help.
 * command is the words of one that takes others than most, or of any; NULL: those that most take.
 */
char option_letter(enum option_id option);
const char *option_argument_name(enum option_id option);
const char *option_choices(enum option_id option, const char *command);
const char *option_help(enum option_id option);

/* The option of this name, if a profile may set it; else OPTION_COUNT. */
enum option_id option_find_for_profile(const char *name);

/*
 * Sets an option from the environment or the profile unless it (or its source group) has a value
 * already.
 */
enum ck_err option_set_default(struct options *options, enum option_id option, const char *value,
                               struct ck_error *err);

/* Prints the options that command takes and not every other does, or (NULL) those of every command. */
void options_print_help(const struct command *command);

#endif
