/*
 * A mailcow of a few lines, linked instead of the room mailcow: enough state for the sequences of
 * src/enroll, with switches for what a server may do to them. One server at a time, in fake.
 */
#ifndef TESTS_UNIT_ENROLL_FAKE_H
#define TESTS_UNIT_ENROLL_FAKE_H

#include "cowkey/enroll/login.h"

enum fake_adding {
    ADD_STORES,
    ADD_STORES_NOTHING, /* and says nothing about it */
    ADD_STORES_TWO,
    ADD_STORES_OTHER_LABEL,
    ADD_HIDES_LIST,
    ADD_SAYS_NO,    /* and yet somebody's row with our label appears */
    ADD_IS_REFUSED, /* CK_ERR_UNCHANGED */
    ADD_IS_CUT,     /* CK_ERR_UNKNOWN; stored */
};

struct fake {
    struct ck_factor rows[8];
    char labels[8][64];
    size_t rows_count;
    uint64_t next_id;
    bool list_absent;
    bool held_for_setup;
    bool held_for_password;
    int app_passwords;
    bool clock_known;
    int64_t clock_offset_s;
    int64_t turn_takes_s, waited_s; /* a busy server's brake holds up whoever wants to send */
    enum fake_adding adding;
    bool new_factor_not_asked; /* logins do not ask for rows that were added */
    bool new_factor_not_listed;
    bool codes_refused;
    unsigned logins_cut; /* how many of the logins after the first end with UNREACHABLE */
    bool logins_refused; /* logins after the first: password refused */
    bool removal_blocked;
    struct ck_bytes credentials[8]; /* of the rows, where they are security keys' */
    struct ck_passkey passkeys[4];
    size_t passkeys_count;
    bool credential_not_offered; /* logins leave out the newest one */
    bool rename_fails;
    bool pages_fail;                 /* visits after the first end with UNREACHABLE */
    bool somebody_enrols;            /* another row appears before the next visit */
    uint64_t same_key_id;            /* row that goes when a YubiKey is added */
    enum ck_err app_password_adding; /* how making one ends */
    bool app_password_stays;         /* it can't be removed */
    int forced;                      /* what the account's record says */
    bool removes_too_much;
    enum ck_err changing;      /* how a password change ends */
    char refused_password[64]; /* logins after the first with this one are refused */

    /* What happened. */
    unsigned logins;
    unsigned sessions_open;
    unsigned registrations;
    char removed_cid[CK_PAGE_CID_SIZE + 1];
    uint64_t removed_id;
    bool removed_all;
    char answered_code[CK_TOTP_CODE_MAX];
    uint64_t answered_id;
    char password[64]; /* of the latest login */
    char new_password[64];
};

extern struct fake fake;

/* An empty, well-behaved server. */
void fake_reset(void);
void fake_add_row(const char *label, enum ck_method method);

enum { FAKE_NOW_S = 1800000000, FAKE_APP_PASSWORD_ID = 77 };

/* What the person is asked and told; the defaults agree to everything and type the right code. */
struct fake_person {
    struct ck_person calls;
    const struct ck_otpauth *given;
    unsigned codes_asked;
    unsigned wrong_codes;    /* how many wrong codes are typed before the right one */
    int64_t phone_off_s;     /* the phone's clock, for the codes that are typed */
    enum ck_err mail_answer; /* of ask_mail_programs */
    enum ck_mail_programs mail_programs;
    bool mail_asked;
    bool forgets;
    unsigned retries_granted;
    unsigned retries_asked;
    bool voided;
    bool clock_told;
    struct ck_code_misfit misfit;
    enum ck_stage stages[32];
    size_t stages_count;
};

void fake_person_init(struct fake_person *person);

/* A security key of a few lines, linked instead of the room key. */
struct fake_key {
    enum ck_err opening, making; /* how these end */
    enum ck_err signing[8];      /* each signature, in turn */
    const char *verify_reason;   /* why what it makes does not hold, or NULL */
    bool server_refuses;         /* its signatures */

    unsigned made, signed_count, reopened;
    bool resident, verified;
    size_t allowed;     /* credentials in the latest request */
    char forgotten[32]; /* id of a credential that was deleted */
    bool is_open;
};

extern struct fake_key fake_key;

/* A login to the fake with password "made-up"; person must outlive it. */
struct ck_login fake_login(struct fake_person *person);

#endif
