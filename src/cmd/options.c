/* The table of options and what reads it. */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"

struct row {
    const char *name;
    char letter;             /* short form, or 0 */
    const char *argument;    /* what help calls its argument; NULL for a flag */
    const char *environment; /* variable, or NULL */
    bool in_profile;
    const char *help;
};

static const struct row rows[OPTION_COUNT] = {
    [OPTION_SERVER] = {"server", 0, "HOST|URL", "COWKEY_SERVER", true,
                       "the mailcow server, by host name"},
    [OPTION_ACCOUNT] = {"account", 0, "NAME", "COWKEY_ACCOUNT", true, "who logs in"},
    [OPTION_ROLE] = {"role", 0, "ROLE", "COWKEY_ROLE", true, "mailbox, domain-admin or admin"},
    [OPTION_PROFILE] = {"profile", 0, "NAME", "COWKEY_PROFILE", false,
                        "section of the configuration file"},
    [OPTION_CONFIG] = {"config", 0, "FILE", "COWKEY_CONFIG", false, "configuration file"},
    [OPTION_CACERT] = {"cacert", 0, "FILE", "COWKEY_CACERT", true,
                       "trust these certificate authorities (PEM)"},
    [OPTION_RESOLVE] = {"resolve", 0, "HOST:PORT:ADDRESS", "COWKEY_RESOLVE", true,
                        "connect to ADDRESS, without DNS"},
    [OPTION_TIMEOUT] = {"timeout", 0, "SECONDS", "COWKEY_TIMEOUT", true,
                        "for each exchange with the server (30)"},
    [OPTION_PASSWORD_FILE] = {"password-file", 0, "FILE", NULL, true, "password from a file"},
    [OPTION_PASSWORD_FD] = {"password-fd", 0, "N", NULL, false, "the same from an open descriptor"},
    [OPTION_PASSWORD_COMMAND] = {"password-command", 0, "COMMAND", NULL, true,
                                 "the same from a command's output"},
    [OPTION_LOGIN_SECRET_FILE] = {"login-secret-file", 0, "FILE", NULL, true,
                                  "TOTP secret that answers at login, from a file"},
    [OPTION_LOGIN_SECRET_FD] = {"login-secret-fd", 0, "N", NULL, false,
                                "the same from an open descriptor"},
    [OPTION_LOGIN_SECRET_COMMAND] = {"login-secret-command", 0, "COMMAND", NULL, true,
                                     "the same from a command's output"},
    [OPTION_LOGIN_FACTOR] = {"login-factor", 0, "ID", NULL, true,
                             "which existing factor answers at login"},
    [OPTION_DEVICE] = {"device", 0, "PATH", "COWKEY_DEVICE", true,
                       "use this security key, such as /dev/hidraw3"},
    [OPTION_PIN_FILE] = {"pin-file", 0, "FILE", NULL, true, "PIN of the security key from a file"},
    [OPTION_PIN_FD] = {"pin-fd", 0, "N", NULL, false, "the same from an open descriptor"},
    [OPTION_PIN_COMMAND] = {"pin-command", 0, "COMMAND", NULL, true,
                            "the same from a command's output"},
    [OPTION_TOUCH_TIMEOUT] = {"touch-timeout", 0, "SECONDS", "COWKEY_TOUCH_TIMEOUT", true,
                              "for each touch of the security key (60)"},
    [OPTION_JSON] = {"json", 0, NULL, NULL, false, "one JSON document on standard output"},
    [OPTION_QUIET] = {"quiet", 'q', NULL, NULL, false, "only errors and questions"},
    [OPTION_VERBOSE] = {"verbose", 'v', NULL, NULL, false, "say what is exchanged with the server"},
    [OPTION_YES] = {"yes", 'y', NULL, NULL, false, "answer yes to questions"},
    [OPTION_HELP] = {"help", 'h', NULL, NULL, false, "print this"},
    [OPTION_VERSION] = {"version", 'V', NULL, NULL, false, "print the version"},

    [OPTION_FOR] = {"for", 0, "NAME", NULL, false,
                    "whose factor it is, when that is somebody else"},
    [OPTION_FOR_PASSWORD_FILE] = {"for-password-file", 0, "FILE", NULL, false,
                                  "that person's password, from a file"},
    [OPTION_FOR_PASSWORD_FD] = {"for-password-fd", 0, "N", NULL, false,
                                "the same from an open descriptor"},
    [OPTION_FOR_PASSWORD_COMMAND] = {"for-password-command", 0, "COMMAND", NULL, false,
                                     "the same from a command's output"},
    [OPTION_FOR_PASSWORD_OUT] = {"for-password-out", 0, "FILE", NULL, false,
                                 "write the new one (--reset-password) into a new private file"},
    [OPTION_API_KEY_FILE] = {"api-key-file", 0, "FILE", NULL, true,
                             "the server's API key, from a file"},
    [OPTION_API_KEY_FD] = {"api-key-fd", 0, "N", NULL, false, "the same from an open descriptor"},
    [OPTION_API_KEY_COMMAND] = {"api-key-command", 0, "COMMAND", NULL, true,
                                "the same from a command's output"},
    [OPTION_LOGIN_PASSKEY] = {"login-passkey", 0, NULL, NULL, false,
                              "log in with a passkey instead of the password"},
    [OPTION_JOURNAL] = {"journal", 0, "FILE", "COWKEY_JOURNAL", true,
                        "journal of what is done for others"},
    [OPTION_ADMINS] = {"admins", 0, NULL, NULL, false, "all admins"},
    [OPTION_DOMAIN_ADMINS] = {"domain-admins", 0, NULL, NULL, false, "all domain admins"},
    [OPTION_MAILBOXES] = {"mailboxes", 0, NULL, NULL, false, "all mailboxes"},
    [OPTION_DOMAIN] = {"domain", 0, "DOMAIN", NULL, false, "only mailboxes of this domain"},
    [OPTION_EXCEPT] = {"except", 0, "FILE", NULL, true,
                       "accounts that are excepted, with reason and expiry"},
    [OPTION_DEEP] = {"deep", 0, NULL, NULL, false,
                     "open each account through the server's \"log in as\""},
    [OPTION_FAIL_ON] = {"fail-on", 0, "LEVEL", NULL, false,
                        "exit 1 for findings of info, warning (default) or critical and above"},
    [OPTION_JOBS] = {"jobs", 0, "N", NULL, false,
                     "so many sessions side by side (1; rollout run: 4)"},
    [OPTION_JSON_LINES] = {"json-lines", 0, NULL, NULL, false,
                           "one JSON document a line for each account, then a summary"},
    [OPTION_HTML] = {"html", 0, "FILE", NULL, false, "write a page for a browser into a new file"},
    [OPTION_DRY_RUN] = {"dry-run", 0, NULL, NULL, false, "only say what would be changed"},
    [OPTION_KEEP_PASSKEYS] = {"keep-passkeys", 0, NULL, NULL, false,
                              "leave passkeys, which log in without password and factor"},
    [OPTION_ALLOW_ONCE] = {"allow-once", 0, NULL, NULL, false,
                           "only switch the second factors off for the next login"},
    [OPTION_RESET_PASSWORD] = {"reset-password", 0, NULL, NULL, false,
                               "first give the account a new random password"},
    [OPTION_HEAD] = {"head", 0, "HASH", NULL, false,
                     "head that was kept elsewhere: is it in the chain?"},
    [OPTION_POLICY] = {"policy", 0, "FILE", NULL, false,
                       "what keys have to be and how they are enrolled, by group"},
    [OPTION_SECRETS] = {"secrets", 0, "FILE", NULL, false,
                        "passwords that the plan refers to, in a private file"},
    [OPTION_OFFLINE] = {"offline", 0, NULL, NULL, false, "check the files only, and no server"},
    [OPTION_LEDGER] = {"ledger", 0, "FILE", NULL, false, "where the roll-out is written down"},
    [OPTION_HANDOUTS] = {"handouts", 0, "DIR", NULL, false,
                         "where secrets and sheets for people are kept"},
    [OPTION_SEAL_TO] = {"seal-to", 0, "CERT", NULL, false, "seal sheets to this certificate"},
    [OPTION_DELETE] = {"delete", 0, NULL, NULL, false, "remove the sheets after printing"},
    [OPTION_MAX_REFUSALS] = {"max-refusals", 0, "N", NULL, false,
                             "stop at so many refused logins in all runs (3)"},
    [OPTION_WAIT] = {"wait", 0, "SECONDS", NULL, false,
                     "how long to wait for a server that went away (0)"},
    [OPTION_LATE] = {"late", 0, "SECONDS", NULL, false,
                     "how long a server may take to do what it was told (60)"},
    [OPTION_RETRY] = {"retry", 0, NULL, NULL, false,
                      "take up again what failed, was skipped or is unknown"},
    [OPTION_NEW_PLAN] = {"new-plan", 0, NULL, NULL, false,
                         "have the ledger take over a plan that was changed"},
    [OPTION_ONLY] = {"only", 0, "WHAT", NULL, false, "apps or keys: do the others another time"},
    [OPTION_CSV] = {"csv", 0, "FILE", NULL, false, "write a table into a new file"},

    [OPTION_METHODS] = {"methods", 0, NULL, NULL, false,
                        "log in once more, if it takes that, to name each factor's method"},
    [OPTION_ALL_FACTORS] = {"all-factors", 0, NULL, NULL, false,
                            "all second factors instead of one; passkeys stay"},
    [OPTION_PROTOCOLS] = {"protocols", 0, "LIST", NULL, false,
                          "imap,smtp,dav,eas,pop3,sieve: those that it may be used for (all)"},
    [OPTION_LABEL] = {"label", 0, "TEXT", NULL, false,
                      "name in the server's list (\"cowkey\", date, mark)"},
    [OPTION_ISSUER] = {"issuer", 0, "TEXT", NULL, false,
                       "name of the server in the app (its host name)"},
    [OPTION_QR] = {"qr", 0, "HOW", NULL, false, "terminal, ascii, png:FILE, svg:FILE or none"},
    [OPTION_OUT] = {"out", 0, "FILE", NULL, false, "write the new secret into a new private file"},
    [OPTION_SHOW_SECRET] = {"show-secret", 0, NULL, NULL, false, "print the otpauth:// URI too"},
    [OPTION_UNATTENDED] = {"unattended", 0, NULL, NULL, false,
                           "compute the code instead of asking; needs --out"},
    [OPTION_ACCEPT_CLOCK_SKEW] = {"accept-clock-skew", 0, NULL, NULL, false,
                                  "unattended although the clocks differ"},
    [OPTION_PROOF] = {"proof", 0, "HOW", NULL, false, "login (default) or recorded"},
    [OPTION_REPLACE] = {"replace", 0, "ID", NULL, false,
                        "in the end remove this factor: a new phone"},
    [OPTION_CREDENTIAL_OUT] = {"credential-out", 0, "FILE", NULL, false,
                               "write a record of the credential into a new file"},
    [OPTION_APP_PASSWORD] = {"app-password", 0, "LABEL", NULL, false,
                             "make an app password for the mail programs on the way"},
    [OPTION_APP_PASSWORD_OUT] = {"app-password-out", 0, "FILE", NULL, false,
                                 "write it into a new private file instead of showing it"},
    [OPTION_YUBICO_ID] = {"yubico-id", 0, "ID", NULL, true,
                          "client ID of the YubiCloud API, a number"},
    [OPTION_YUBICO_KEY_FILE] = {"yubico-key-file", 0, "FILE", NULL, true,
                                "secret key that goes with it, from a file"},
    [OPTION_YUBICO_KEY_FD] = {"yubico-key-fd", 0, "N", NULL, false,
                              "the same from an open descriptor"},
    [OPTION_YUBICO_KEY_COMMAND] = {"yubico-key-command", 0, "COMMAND", NULL, true,
                                   "the same from a command's output"},
    [OPTION_NEW_PASSWORD_FILE] = {"new-password-file", 0, "FILE", NULL, false,
                                  "new password (enroll: if the server insists), from a file"},
    [OPTION_NEW_PASSWORD_FD] = {"new-password-fd", 0, "N", NULL, false,
                                "the same from an open descriptor"},
    [OPTION_NEW_PASSWORD_COMMAND] = {"new-password-command", 0, "COMMAND", NULL, false,
                                     "the same from a command's output"},

    [OPTION_NEW_PIN_FILE] = {"new-pin-file", 0, "FILE", NULL, false, "new PIN from a file"},
    [OPTION_NEW_PIN_FD] = {"new-pin-fd", 0, "N", NULL, false, "the same from an open descriptor"},
    [OPTION_NEW_PIN_COMMAND] = {"new-pin-command", 0, "COMMAND", NULL, false,
                                "the same from a command's output"},
    [OPTION_RANDOM] = {"random", 0, "LENGTH", NULL, false,
                       "make a random PIN of so many characters"},
    [OPTION_MIN_LENGTH] = {"min-length", 0, "N", NULL, false,
                           "from now on take no PIN of fewer characters"},
    [OPTION_FORCE_CHANGE] =
        {"force-change", 0, NULL, NULL, false,
         "the PIN (enroll: that person's password) has to be changed before it is used"},

    [OPTION_SECRET_FILE] = {"secret-file", 0, "FILE", NULL, false,
                            "secret of the codes from a file"},
    [OPTION_SECRET_FD] = {"secret-fd", 0, "N", NULL, false, "the same from an open descriptor"},
    [OPTION_SECRET_COMMAND] = {"secret-command", 0, "COMMAND", NULL, false,
                               "the same from a command's output"},

    [OPTION_ALGORITHM] = {"algorithm", 0, "NAME", NULL, false,
                          "SHA1 (default), SHA256 or SHA512, for a base32 secret"},
    [OPTION_DIGITS] = {"digits", 0, "N", NULL, false, "6 (default) to 8, for a base32 secret"},
    [OPTION_PERIOD] = {"period", 0, "SECONDS", NULL, false,
                       "of one step (30), for a base32 secret"},
    [OPTION_WINDOW] = {"window", 0, "N", NULL, false, "how many steps off a code may be (1)"},
    [OPTION_TIME] = {"time", 0, "MOMENT", NULL, false,
                     "seconds since 1970 or a date (RFC 3339); now by default"},
    [OPTION_LAST_USED] = {"last-used", 0, "STEP", NULL, false,
                          "refuse a code of this step or before"},
    [OPTION_COUNTER] = {"counter", 0, "N", NULL, false, "the counter that is expected next"},
    [OPTION_WATCH] = {"watch", 0, NULL, NULL, false,
                      "go on showing it on the terminal, until Ctrl-C"},
    [OPTION_CREDENTIAL] = {"credential", 0, "FILE", NULL, false,
                           "record of the credential, as enroll writes it"},
    [OPTION_PUBLIC_KEY] = {"public-key", 0, "FILE", NULL, false,
                           "public key in PEM instead; needs --rp-id"},
    [OPTION_RP_ID] = {"rp-id", 0, "NAME", NULL, false, "server name that the key is for"},
    [OPTION_CHALLENGE] = {"challenge", 0, "BASE64URL", NULL, false,
                          "challenge that had to be answered"},
    [OPTION_ANY_CHALLENGE] = {"any-challenge", 0, NULL, NULL, false,
                              "take any: a response can then be used twice"},
    [OPTION_ORIGIN] = {"origin", 0, "ORIGIN", NULL, false, "page's origin (https:// and the name)"},
    [OPTION_USER_VERIFICATION] = {"user-verification", 0, "HOW", NULL, false,
                                  "required, preferred (default); of a key: or discouraged"},
    [OPTION_LAST_COUNT] = {"last-count", 0, "N", NULL, false,
                           "last sign count (that of the record)"},
    [OPTION_ROOTS] = {"roots", 0, "FILE", NULL, false,
                      "attestation must lead to one of these (PEM)"},
    [OPTION_BATCH] = {"batch", 0, "FILE", NULL, false, "judge each line of FILE, - for stdin"},
};

/* The arguments of options that take one of a few words, for completion. */
static const struct {
    enum option_id option;
    const char *words;
    const char *command; /* the only one that takes these; NULL: all others */
} choices[] = {
    {OPTION_ROLE, "mailbox domain-admin admin", NULL},
    {OPTION_FAIL_ON, "info warning critical", NULL},
    {OPTION_QR, "terminal ascii png: svg: none", NULL},
    {OPTION_PROOF, "login recorded", NULL},
    {OPTION_ALGORITHM, "SHA1 SHA256 SHA512", NULL},
    {OPTION_USER_VERIFICATION, "required preferred discouraged", "verify key"},
    {OPTION_USER_VERIFICATION, "required preferred", NULL},
    {OPTION_ONLY, "apps keys", NULL},
    {OPTION_PROTOCOLS, "imap smtp dav eas pop3 sieve", NULL},
};

struct options {
    char *values[OPTION_COUNT]; /* owned */
    bool on_command_line[OPTION_COUNT];
    const char *const *arguments; /* ends with NULL; borrowed */
};

struct options *options_new(void)
{
    return calloc(1, sizeof(struct options));
}

void options_free(struct options **options)
{
    if (*options == NULL)
        return;
    for (int i = 0; i < OPTION_COUNT; i++)
        free((*options)->values[i]);
    free(*options);
    *options = NULL;
}

const char *option_value(const struct options *options, enum option_id option)
{
    return options->values[option];
}

bool option_given(const struct options *options, enum option_id option)
{
    return options->values[option] != NULL;
}

bool option_source_given(const struct options *options, enum option_id first)
{
    return option_given(options, first) || option_given(options, first + 1) ||
           option_given(options, first + 2);
}

bool option_on_command_line(const struct options *options, enum option_id option)
{
    return options->on_command_line[option];
}

const char *option_name(enum option_id option)
{
    return rows[option].name;
}

char option_letter(enum option_id option)
{
    return rows[option].letter;
}

const char *option_argument_name(enum option_id option)
{
    return rows[option].argument;
}

const char *option_help(enum option_id option)
{
    return rows[option].help;
}

const char *option_choices(enum option_id option, const char *command)
{
    for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
        const char *only = choices[i].command;
        if (choices[i].option == option &&
            (only == NULL || (command != NULL && strcmp(only, command) == 0)))
            return choices[i].words;
    }
    return NULL;
}

void options_set_arguments(struct options *options, const char *const *arguments)
{
    options->arguments = arguments;
}

const char *option_argument(const struct options *options, int index)
{
    for (int i = 0; i < index; i++) {
        if (options->arguments[i] == NULL)
            return NULL;
    }
    return options->arguments[index];
}

const char *const *option_arguments(const struct options *options)
{
    return options->arguments;
}

static enum ck_err set(struct options *options, enum option_id option, const char *value,
                       struct ck_error *err)
{
    options->values[option] = strdup(value != NULL ? value : "");
    return options->values[option] != NULL ? CK_OK : ck_error_no_memory(err);
}

/* The first of the three options that name the same secret; for any other, the option itself. */
static enum option_id source_group(enum option_id option)
{
    static const enum option_id groups[] = {
        OPTION_PASSWORD_FILE,     OPTION_LOGIN_SECRET_FILE, OPTION_PIN_FILE,
        OPTION_NEW_PASSWORD_FILE, OPTION_NEW_PIN_FILE,      OPTION_SECRET_FILE,
        OPTION_YUBICO_KEY_FILE,   OPTION_FOR_PASSWORD_FILE, OPTION_API_KEY_FILE};

    for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
        if (option >= groups[i] && option <= groups[i] + 2)
            return groups[i];
    }
    return option;
}

static bool group_given(const struct options *options, enum option_id option)
{
    enum option_id first = source_group(option);

    if (first == option && source_group(option + 1) != first)
        return option_given(options, option);
    return option_source_given(options, first);
}

enum ck_err option_set_default(struct options *options, enum option_id option, const char *value,
                               struct ck_error *err)
{
    return group_given(options, option) ? CK_OK : set(options, option, value, err);
}

enum option_id option_find_for_profile(const char *name)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (rows[i].in_profile && strcmp(rows[i].name, name) == 0)
            return (enum option_id)i;
    }
    return OPTION_COUNT;
}

static enum ck_err set_from_command_line(struct options *options, enum option_id option,
                                         const char *value, struct ck_error *err)
{
    if (options->on_command_line[option] && rows[option].argument != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "--%s is given twice", rows[option].name);
    if (!options->on_command_line[option] && group_given(options, option))
        return ck_error_set(err, CK_ERR_USAGE,
                            "--%s: give one of -file, -fd and -command, not several",
                            rows[option].name);
    options->on_command_line[option] = true;
    free(options->values[option]);
    return set(options, option, value, err);
}

/*
 * getopt_long takes unique prefixes for the whole; a script that used one would break with the next
 * option.
 */
static bool is_abbreviated(char **argv, const char *name)
{
    bool apart = optarg != NULL && optarg == argv[optind - 1];
    const char *word = argv[optind - (apart ? 2 : 1)];

    return strcspn(word, "=") != strlen(name) + strlen("--");
}

enum ck_err options_parse(struct options *options, int argc, char **argv, const char **words,
                          int *ret_count, struct ck_error *err)
{
    struct option longs[OPTION_COUNT + 1] = {0};
    char shorts[2 * OPTION_COUNT + 2] = ":";
    size_t at = 1;

    for (int i = 0; i < OPTION_COUNT; i++) {
        longs[i] = (struct option){rows[i].name,
                                   rows[i].argument != NULL ? required_argument : no_argument, NULL,
                                   256 + i};
        if (rows[i].letter != 0)
            shorts[at++] = rows[i].letter;
    }
    opterr = 0;
    for (int got; (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        int option = got - 256;
        if (got == '?' || got == ':') {
            ck_error_set(err, CK_ERR_USAGE,
                         got == ':' ? "the option '%.*s' needs an argument"
                                    : "the option '%.*s' is not known or can't stand like this",
                         /* never what stands behind the '=': it may have been meant as a secret */
                         (int)strcspn(argv[optind - 1], "="), argv[optind - 1]);
            return ck_error_hint(err, "'cowkey --help' lists the options.");
        }
        for (int i = 0; got < 256 && i < OPTION_COUNT; i++) {
            if (rows[i].letter == got)
                option = i;
        }
        if (got >= 256 && is_abbreviated(argv, rows[option].name)) {
            ck_error_set(err, CK_ERR_USAGE, "options can't be abbreviated");
            return ck_error_hint(err, "Write --%s.", rows[option].name);
        }
        enum ck_err r = set_from_command_line(options, (enum option_id)option, optarg, err);
        if (r != CK_OK)
            return r;
    }
    *ret_count = 0;
    while (optind < argc)
        words[(*ret_count)++] = argv[optind++];
    return CK_OK;
}

static bool is_common(enum option_id option)
{
    return option <= OPTION_COMMON_LAST;
}

static bool takes(const struct command *command, enum option_id option)
{
    if (is_common(option))
        return true;
    for (const enum option_id *own = command->options; own != NULL && *own != OPTION_COUNT; own++) {
        if (*own == option)
            return true;
    }
    return false;
}

enum ck_err options_check_command(const struct options *options, const struct command *command,
                                  struct ck_error *err)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options->on_command_line[i] && !takes(command, (enum option_id)i)) {
            ck_error_set(err, CK_ERR_USAGE, "'%s' does not take --%s", command->words,
                         rows[i].name);
            return ck_error_hint(err, "'cowkey %s --help' lists what it takes.", command->words);
        }
    }
    return CK_OK;
}

enum ck_err options_complete(struct options *options, struct ck_error *err)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const char *value = rows[i].environment != NULL ? getenv(rows[i].environment) : NULL;
        if (value == NULL || *value == '\0')
            continue;
        enum ck_err r = option_set_default(options, (enum option_id)i, value, err);
        if (r != CK_OK)
            return r;
    }
    return config_apply(options, err);
}

void options_print_help(const struct command *command)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        enum option_id option = (enum option_id)i;
        if (command == NULL ? !is_common(option) : is_common(option) || !takes(command, option))
            continue;
        char left[64];
        snprintf(left, sizeof(left), "%c%c%c --%s %s", rows[i].letter != 0 ? '-' : ' ',
                 rows[i].letter != 0 ? rows[i].letter : ' ', rows[i].letter != 0 ? ',' : ' ',
                 rows[i].name, rows[i].argument != NULL ? rows[i].argument : "");
        printf("  %-38s %s\n", left, rows[i].help);
    }
}
