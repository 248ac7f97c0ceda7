/* What the enroll commands have in common: reading the wish, reporting what came of it. */
#ifndef CMD_ENROLLMENT_H
#define CMD_ENROLLMENT_H

#include "cowkey/enroll/enrollment.h"
#include "cowkey/mailcow/factor.h"
#include "options.h"
#include "target.h"

struct json_t;
struct enroll_for;

/* What every enroll command takes. */
#define ENROLL_OPTIONS                                                                             \
    OPTION_LABEL, OPTION_PROOF, OPTION_REPLACE, OPTION_NEW_PASSWORD_FILE, OPTION_NEW_PASSWORD_FD,  \
        OPTION_NEW_PASSWORD_COMMAND

struct wish {
    char label[CK_FACTOR_LABEL_MAX];
    struct ck_wish common;
};

/* And those that enroll a second factor. */
#define APP_PASSWORD_OPTIONS OPTION_APP_PASSWORD, OPTION_APP_PASSWORD_OUT

/* Reads --label, --proof and --replace. */
enum ck_err wish_read(const struct options *options, struct wish *wish, struct ck_error *err);

/*
 * What one run of an enroll command is about; otpauth: a secret to show in the document, or NULL.
 */
struct enrollment_report {
    const struct options *options;
    const struct target *target;
    const char *method;
    const char *label;
    const struct ck_enrollment *done;
    int64_t started_s;
    const struct ck_secret *otpauth;
    const struct enroll_for *enroll_for; /* NULL: not one that can be for somebody else */
};

/* Prints the result, or the error, for a person or a script; returns the exit status. */
int enrollment_report(const struct enrollment_report *report, const struct ck_error *err);

#endif
