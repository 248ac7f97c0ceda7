/*
 * The commands. To add one: a file that defines its struct command and run function, a line in
 * the table in main.c (sorted by name), its options in options.c, its section in the manual page.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdbool.h>

enum command_id {
    COMMAND_CODE = 1 << 0,
    COMMAND_ENROLL_PASSKEY = 1 << 1,
    COMMAND_ENROLL_TOTP = 1 << 2,
    COMMAND_ENROLL_WEBAUTHN = 1 << 3,
    COMMAND_LIST = 1 << 4,
    COMMAND_PROVE_PASSKEY = 1 << 5,
    COMMAND_PROVE_TOTP = 1 << 6,
    COMMAND_PROVE_WEBAUTHN = 1 << 7,
    COMMAND_ALL = ~0,
    COMMAND_ENROLL_KEY = COMMAND_ENROLL_PASSKEY | COMMAND_ENROLL_WEBAUTHN,
    COMMAND_ENROLL = COMMAND_ENROLL_KEY | COMMAND_ENROLL_TOTP,
};

struct options;

struct command {
    const char *words; /* "enroll totp" */
    enum command_id id;
    const char *summary;
    bool online;                               /* talks to a server */
    bool changes;                              /* may change something there */
    int (*run)(const struct options *options); /* returns the exit status */
};

extern const struct command command_code;
extern const struct command command_enroll_passkey;
extern const struct command command_enroll_totp;
extern const struct command command_enroll_webauthn;
extern const struct command command_list;
extern const struct command command_prove_passkey;
extern const struct command command_prove_totp;
extern const struct command command_prove_webauthn;

#endif
