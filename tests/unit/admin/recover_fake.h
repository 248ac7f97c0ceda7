/*
 * A server of a few lines with one account on it, linked instead of the room mailcow, and a journal:
 * enough state for recovering the account, with switches for what a server may do to that.
 */
#ifndef TESTS_UNIT_ADMIN_RECOVER_FAKE_H
#define TESTS_UNIT_ADMIN_RECOVER_FAKE_H

#include "cowkey/admin/recover.h"

enum fake_cut {
    CUT_BEFORE, /* the server did not act */
    CUT_AFTER,  /* it did, and its answer is lost */
};

struct fake_server {
    struct ck_record record;
    char password[64];
    bool factors[4];  /* rows, by index; the row's id is 231 and up */
    bool factors_off; /* until the next login */
    bool passkeys[3];
    bool lists_hidden; /* the account's page does not show its lists */
    bool passkeys_hidden;
    bool operator_has_key; /* else a session of an admin */
    enum ck_role operator_role;
    char operator_name[64];

    /* The call (from 1) that is cut, 0: none. */
    unsigned cut_at;
    enum fake_cut cut;

    bool password_lies;  /* "success", nothing set */
    bool factors_lie;    /* the list is empty, and a login still asks */
    bool passkeys_lie;   /* gone from that session's page, and back in the next */
    bool flags_lie;      /* the record shows nothing of it */
    bool policy_refuses; /* the password */
    bool edits_refused;  /* the API key may only read */
    enum ck_err way;     /* how logging in as the account ends */
    bool number_stays;

    /* What happened. */
    unsigned calls, sessions_open, edits;
    bool lent; /* an operator's session rests */
    bool intended;
    char concluded[16], detail[512]; /* outcome; "" while there is none */
    enum ck_err intending, concluding;
};

extern struct fake_server server;

/* A mailbox with two factors and a passkey, and an admin's session to recover it with. */
void server_reset(void);
unsigned server_factors(void);
unsigned server_passkeys(void);

#endif
