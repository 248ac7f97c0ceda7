/*
 * An app password that the program makes: generated, put where the person wants it, or shown once.
 */
#ifndef CMD_NEW_APP_PASSWORD_H
#define CMD_NEW_APP_PASSWORD_H

#include "cowkey/enroll/app_password.h"
#include "options.h"
#include "private_file.h"

struct ck_enrollment;

struct new_app_password {
    const struct options *options;
    const char *out; /* the file that it goes into, or NULL */
    struct ck_secret *password;
    struct private_file file;
    struct ck_app_password_wish wish; /* its label is NULL when none is wanted */
};

/*
 * Generates the password for label, and has the wish ready. out is an option's value or NULL. A
 * label that the server can't keep, a file that exists, and (with --json) nobody who would get the
 * password are CK_ERR_USAGE. new_app_password is borrowed by its wish: keep it where it is.
 */
enum ck_err new_app_password_init(struct new_app_password *new_app_password,
                                  const struct options *options, const char *label,
                                  unsigned protocols, const char *out, struct ck_error *err);

/* The same as --app-password and --app-password-out wish it; without them wish.label is NULL. */
enum ck_err new_app_password_read(struct new_app_password *new_app_password,
                                  const struct options *options, struct ck_error *err);

/* What new_app_password_read found, for struct ck_wish; NULL when none is wanted. */
const struct ck_app_password_wish *
new_app_password_wish(const struct new_app_password *new_app_password);

/* After the enrollment, and its report: shows the password, or removes the file, or leaves it. */
void new_app_password_conclude(struct new_app_password *new_app_password,
                               const struct ck_enrollment *done);

/* Shows it, unless it is in a file: it is in force. */
void new_app_password_show(const struct new_app_password *new_app_password);

/* Removes the file: the server does not know the password. */
void new_app_password_void(struct new_app_password *new_app_password);

void new_app_password_clear(struct new_app_password *new_app_password);

#endif
