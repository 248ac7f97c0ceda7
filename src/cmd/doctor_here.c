/* The part of doctor that looks at this computer: configuration, files with secrets, terminal. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/otp/otpauth.h"
#include "delivery.h"
#include "doctor.h"

static bool is_of_another(const struct stat *status)
{
    return status->st_uid != geteuid() && status->st_uid != 0;
}

/* It holds no secret, but commands that cowkey runs: nobody else may write to it. */
static void look_at_config(struct doctor *doctor, const struct options *options)
{
    CK_CLEANUP(ck_free_p) char *path = config_path(options);
    CK_CLEANUP(ck_free_p) char *cure = NULL;
    struct stat status;

    if (path == NULL || (stat(path, &status) != 0 && errno == ENOENT)) {
        doctor_add(doctor, "config", DOCTOR_OK, NULL,
                   "There is no configuration file, and none is needed.");
        return;
    }
    if (stat(path, &status) != 0) {
        doctor_add(doctor, "config", DOCTOR_UNKNOWN, NULL, "%s can't be looked at: %s.", path,
                   strerror(errno));
        return;
    }
    if (asprintf(&cure, "chmod go-w '%s'; make it your own.", path) < 0)
        cure = NULL;
    if (is_of_another(&status))
        doctor_add(doctor, "config", DOCTOR_PROBLEM, cure,
                   "%s is somebody else's file, who can have cowkey run any command.", path);
    else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        doctor_add(doctor, "config", DOCTOR_PROBLEM, cure,
                   "%s can be written to by others, who can have cowkey run any command.", path);
    else
        doctor_add(doctor, "config", DOCTOR_OK, NULL, "%s is written by you only.", path);
}

static void look_at_secret_file(struct doctor *doctor, enum option_id option, const char *path)
{
    CK_CLEANUP(ck_free_p) char *cure = NULL;
    struct stat status;

    if (stat(path, &status) != 0) {
        doctor_add(doctor, "secret-file", DOCTOR_PROBLEM, "Make it, or name another file.",
                   "The file of --%s, %s, can't be looked at: %s.", option_name(option), path,
                   strerror(errno));
        return;
    }
    if (S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        if (asprintf(&cure, "chmod 600 '%s'", path) < 0)
            cure = NULL;
        doctor_add(doctor, "secret-file", DOCTOR_PROBLEM, cure,
                   "The file of --%s, %s, is open to others (mode %03o).", option_name(option),
                   path, (unsigned)status.st_mode & 0777);
    } else if (access(path, R_OK) != 0) {
        doctor_add(doctor, "secret-file", DOCTOR_PROBLEM, "Make it readable for you.",
                   "The file of --%s, %s, can't be read: %s.", option_name(option), path,
                   strerror(errno));
    } else {
        doctor_add(doctor, "secret-file", DOCTOR_OK, NULL,
                   "The file of --%s, %s, is closed to others.", option_name(option), path);
    }
}

static void look_at_secret_files(struct doctor *doctor, const struct options *options)
{
    static const enum option_id files[] = {OPTION_PASSWORD_FILE, OPTION_LOGIN_SECRET_FILE,
                                           OPTION_PIN_FILE};
    bool any = false;

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        const char *path = option_value(options, files[i]);
        if (path == NULL)
            continue;
        look_at_secret_file(doctor, files[i], path);
        any = true;
    }
    if (!any)
        doctor_add(doctor, "secret-file", DOCTOR_UNKNOWN, NULL,
                   "No option names a file with a secret.");
}

/* A URI as long as that of a usual enrollment; its key is zeroes, which nobody gets to see. */
static enum ck_err measure_picture(const struct options *options, int *ret_columns, int *ret_rows,
                                   struct ck_error *err)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {.params = ck_totp_default};
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    const char *server = option_value(options, OPTION_SERVER);
    const char *account = option_value(options, OPTION_ACCOUNT);

    snprintf(otpauth.issuer, sizeof(otpauth.issuer), "%s", "mail.example.test");
    snprintf(otpauth.account, sizeof(otpauth.account), "%s", "somebody@example.test");
    if (server != NULL && strchr(server, ':') == NULL)
        snprintf(otpauth.issuer, sizeof(otpauth.issuer), "%s", server);
    if (account != NULL && strchr(account, ':') == NULL)
        snprintf(otpauth.account, sizeof(otpauth.account), "%s", account);
    enum ck_err r = ck_secret_new(NULL, CK_TOTP_KEY_SIZE, &otpauth.key, err);
    if (r == CK_OK)
        r = ck_otpauth_format(&otpauth, &uri, err);
    if (r == CK_OK)
        r = delivery_measure(uri, ret_columns, ret_rows, err);
    return r;
}

static void look_at_terminal(struct doctor *doctor, const struct options *options)
{
    static const char cure[] =
        "Make the terminal larger or its letters smaller; or use --qr png:FILE or --qr svg:FILE.";
    struct winsize window;
    struct ck_error err;
    int columns, rows;

    if (!isatty(STDERR_FILENO)) {
        doctor_add(doctor, "terminal", DOCTOR_UNKNOWN, NULL,
                   "Standard error is no terminal, so no QR code can be shown on it.");
        return;
    }
    if (measure_picture(options, &columns, &rows, &err) != CK_OK) {
        doctor_add_error(doctor, "terminal", &err);
        return;
    }
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) {
        doctor_add(doctor, "terminal", DOCTOR_UNKNOWN, NULL,
                   "The terminal does not tell its size; a QR code needs %d columns and %d lines.",
                   columns, rows);
        return;
    }
    bool fits = window.ws_col >= columns && window.ws_row > rows;
    const char *locale = delivery_is_utf8() ? "" : ", since the locale is not UTF-8";
    doctor_add(doctor, "terminal", fits ? DOCTOR_OK : DOCTOR_PROBLEM, fits ? NULL : cure,
               "A QR code needs %d columns and %d lines%s; the terminal has %d and %d.", columns,
               rows + 1, locale, window.ws_col, window.ws_row);
}

void doctor_look_here(struct doctor *doctor, const struct options *options)
{
    look_at_config(doctor, options);
    look_at_secret_files(doctor, options);
    look_at_terminal(doctor, options);
}
