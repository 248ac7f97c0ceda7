/*
 * The --for parts of the enroll commands: whose factor it is, who opens that account, the account's
 * new password, and the journal. Without --for each call does what the account's own enrollment
 * needs.
 */
#ifndef CMD_ENROLL_FOR_H
#define CMD_ENROLL_FOR_H

#include "acting.h"
#include "cowkey/admin/behalf.h"
#include "options.h"
#include "person.h"
#include "private_file.h"
#include "target.h"

struct json_t;

#define FOR_OPTIONS                                                                                \
    OPTION_FOR, OPTION_FOR_PASSWORD_FILE, OPTION_FOR_PASSWORD_FD, OPTION_FOR_PASSWORD_COMMAND,     \
        ACTING_OPTIONS

/* And those that enroll a second factor, which takes the account's password. */
#define FOR_PASSWORD_OPTIONS OPTION_RESET_PASSWORD, OPTION_FOR_PASSWORD_OUT, OPTION_FORCE_CHANGE

/* Keep it where it was filled, and clear it after the target, whose session may lie in its. */
struct enroll_for {
    const struct options *options;
    const char *method;
    bool wanted;           /* --for */
    bool acts;             /* an API key, or somebody's login, is there for it */
    bool begun;            /* the enrollment itself */
    bool change_forced;    /* the account has to change its password, read back */
    bool change_not_known; /* the release can't insist on that */
    struct acting acting;
    struct speaker speaker; /* for who acts: touches and PINs of that login are not the person's */
    struct ck_person person;
    struct ck_key_person key_person;
    struct ck_secret *password; /* that person's, until the target takes it */
    struct ck_secret *new_password;
    const char *out; /* the file for it */
    struct private_file file;
    struct ck_behalf behalf;
};

/* Whose factor it is: --for, or else --account. */
enum ck_err enroll_for_account(const struct options *options, struct ck_account *ret_account,
                               struct ck_error *err);

/*
 * Fills target, in place of target_read; method is that of the command ("passkey"), person and
 * key_person are those of a speaker.
 */
enum ck_err enroll_for_read(struct enroll_for *enroll_for, const struct options *options,
                            const char *method, const struct ck_person *person,
                            const struct ck_key_person *key_person, struct target *target,
                            struct ck_error *err);

/*
 * In place of target_probe: also opens the way into the account, and gives it its new password
 * after asking. done: what the enrollment will fill.
 */
enum ck_err enroll_for_open(struct enroll_for *enroll_for, struct target *target,
                            const struct ck_enrollment *done, struct ck_error *err);

/* After the enrollment, or what came instead of it, which ended with r; *err may be another then. */
void enroll_for_conclude(struct enroll_for *enroll_for, const struct target *target, enum ck_err r,
                         struct ck_error *err);

/* Who does it for somebody else, NULL for the own account; and what the document says of it. */
const char *enroll_for_by(const struct enroll_for *enroll_for);
void enroll_for_add_members(const struct enroll_for *enroll_for, struct json_t *document);

/* The same for a person. */
void enroll_for_print(const struct enroll_for *enroll_for);

/* Whether the account may be changed although nothing was enrolled. NULL: no. */
bool enroll_for_changed(const struct enroll_for *enroll_for);

void enroll_for_clear(struct enroll_for *enroll_for);

#endif
