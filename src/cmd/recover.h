/* The sentences of cowkey recover, and the file that it hands out. */
#ifndef CMD_RECOVER_H
#define CMD_RECOVER_H

#include "cowkey/admin/recover.h"
#include "options.h"
#include "private_file.h"

/* What one run of recover knows; its parts are borrowed. */
struct recovering {
    const struct options *options;
    const struct ck_operator *by;
    const struct ck_host *host;
    const char *out; /* the file for the new password; NULL with --allow-once */
    const struct ck_secret *password;
    struct private_file file;
    struct ck_recover_plan plan; /* what was agreed to; page is not valid any more */
    bool asked;
};

/* Says what is there and what will be done, and asks; then the hand-out and the progress. */
struct ck_recover_person recover_person(struct recovering *recovering);

/* The result for a person. */
void recover_print(const struct recovering *recovering, const struct ck_recovery *done);

#endif
