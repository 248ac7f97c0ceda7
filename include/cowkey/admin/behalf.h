/*
 * Enrolling for somebody else: the way into the account, a new password where one is wanted, and
 * what the journal is told of each. The sequences are those of cowkey/enroll.
 *
 * With a new password the order is: handed out, set without a forced change, tried out; the
 * enrollment and its proof; the forced change last.
 */
#ifndef COWKEY_ADMIN_BEHALF_H
#define COWKEY_ADMIN_BEHALF_H

#include "cowkey/admin/operator.h"
#include "cowkey/base/secret.h"
#include "cowkey/enroll/enrollment.h"
#include "cowkey/enroll/login.h"
#include "cowkey/journal/journal.h"

/* All is borrowed. Keep it where it is: the login borrows from it. */
struct ck_behalf {
    const struct ck_operator *by;     /* NULL: the account's own password opens it */
    struct ck_login *login;           /* of that account; gets the entrance and the witness */
    const struct ck_enrollment *done; /* what the sequence fills */
    struct ck_journal *journal;
    const struct ck_journal_deed *deed; /* who and where; the rest is filled in here */
    const char *method;                 /* "passkey", ... */
    bool keys_answer; /* the account's own security keys are at hand, and answer its logins */

    /* Filled by the calls below. */
    struct ck_record record; /* with an operator: what the server told last */
    struct ck_entrance entrance;
    struct ck_witness witness;
    bool intended;
    char intent[CK_JOURNAL_ID_SIZE + 1];
    bool password_set;    /* or may be: the account's password is, or may be, the new one */
    bool cut;             /* setting or trying it was cut off: the same again makes sense */
    enum ck_err hindered; /* what ck_behalf_force_change failed by, or CK_OK */
};

/*
 * Whose account: a name with '@' is a mailbox, any other a domain admin's. An admin's can't be
 * entered by others, which is known of the name "admin" only: CK_ERR_USAGE.
 */
enum ck_err ck_behalf_account(const char *name, struct ck_account *ret_account,
                              struct ck_error *err);

/*
 * Looks at the account, and gives behalf->login its way in, which is then opened without the
 * password, and the witness that writes the intent. Nothing is changed. needs_password: the server
 * asks for the account's password on the way (second factors, not passkeys), and login->password
 * is it, or will be (ck_behalf_reset).
 * - CK_ERR_USAGE: no such account, the own one, not to be managed; or no way in, as with only an API
 *   key for a mailbox's passkey: the server would store it for nobody.
 */
enum ck_err ck_behalf_begin(struct ck_behalf *behalf, bool needs_password, struct ck_error *err);

/*
 * Whether a login with the password that the account has could prove a factor: CK_ERR_UNCHANGED for
 * an account that is deactivated, or held until its password is changed.
 */
enum ck_err ck_behalf_check_proof(const struct ck_behalf *behalf, struct ck_error *err);

/* Whether ck_behalf_force_change can do its work: CK_ERR_UNCHANGED for a password kept elsewhere. */
enum ck_err ck_behalf_check_change(const struct ck_behalf *behalf, struct ck_error *err);

/*
 * Whether ck_behalf_reset can do its work: CK_ERR_UNCHANGED for a password that is kept elsewhere,
 * and for a deactivated account, where no login could prove anything.
 */
enum ck_err ck_behalf_check_reset(const struct ck_behalf *behalf, struct ck_error *err);

/*
 * Hands out password (the call hand_out makes it safe), sets it, tries it out, and gives it to the
 * login. Errors before the server was told leave the account as it was; after it, behalf->
 * password_set says so and the error is CK_ERR_UNKNOWN: also when a factor is asked for that nobody
 * here can answer.
 */
enum ck_err ck_behalf_reset(struct ck_behalf *behalf, const struct ck_secret *password,
                            enum ck_err (*hand_out)(void *data, struct ck_error *err), void *data,
                            struct ck_error *err);

/*
 * After the enrollment, which ended with r and *err: tells the journal what came of it, with the
 * key's model and serial number. Returns r, or CK_ERR_UNKNOWN when the journal did not take it.
 */
enum ck_err ck_behalf_conclude(struct ck_behalf *behalf, enum ck_err r, struct ck_error *err);

/*
 * The last step: the account has to change its password at the next login; *ret_known is false
 * where the release can't insist on that. CK_ERR_UNKNOWN when it is not known to be set: the
 * enrollment stands.
 */
enum ck_err ck_behalf_force_change(struct ck_behalf *behalf, bool *ret_known, struct ck_error *err);

#endif
