/*
 * An enrollment in progress: the steps that a second factor of any kind has in common. Each may end
 * it; what has happened up to there is in the struct ck_enrollment, which is filled as it goes.
 */
#ifndef ENROLL_COURSE_H
#define ENROLL_COURSE_H

#include "cowkey/enroll/enrollment.h"
#include "cowkey/enroll/proof.h"

struct course {
    struct ck_login *login;
    enum ck_method method; /* of the new factor */
    const struct ck_wish *wish;
    struct ck_enrollment *done;
    struct ck_session *session; /* the one that adds, takes back and removes */
    uint64_t replace_id;        /* 0: nothing to replace */
};

/* One try of the proof: what the factor's kind does. */
typedef enum ck_verdict prove_once(struct course *course, const void *data,
                                   struct ck_error *ret_why);

/* Logs in, and remembers the list as it was: later, "ours" is what it gained. */
enum ck_err course_open(struct course *course, struct ck_error *err);

/* A first second factor shuts out the mail programs that use the password: says so before. */
enum ck_err course_warn_mail_programs(struct course *course, struct ck_error *err);

/*
 * The last step before the factor is submitted: tells the witness, and makes the app password that
 * was wished for. course_end takes it back when nothing was enrolled.
 */
enum ck_err course_prepare(struct course *course, struct ck_error *err);

/*
 * The list must have gained exactly one entry, with our label; the server's "success" says nothing.
 * stored_nothing is the error's code for a list that gained none.
 */
enum ck_err course_read_back(struct course *course, enum ck_err stored_nothing,
                             struct ck_error *err);

/*
 * After the server's no, which is r: when its list shows a gain all the same it is CK_ERR_UNKNOWN.
 * A page that can't be read leaves the no as it is.
 */
enum ck_err course_check_refusal(struct course *course, enum ck_err r, struct ck_error *err);

/*
 * Proves until there is a verdict, and takes back what was refused; then removes what was to be
 * replaced.
 */
enum ck_err course_conclude(struct course *course, prove_once *once, const void *data,
                            struct ck_error *err);

/*
 * Proves until there is a verdict. What was merely in the way is tried again: the network once
 * unasked, all else as often as the person wants; a password that is suddenly refused is not.
 */
enum ck_verdict prove_until_verdict(struct course *course, prove_once *once, const void *data,
                                    struct ck_error *ret_why);

/* "a fresh login with it was refused", for sentences. */
const char *why_refused(enum ck_verdict verdict);

/* Words an unknown outcome of the submit. */
enum ck_err outcome_unknown(enum ck_err r, const char *what, struct ck_error *err);

/* Logs out, and settles what the result is. */
enum ck_err course_end(struct course *course, enum ck_err r, struct ck_error *err);

#endif
