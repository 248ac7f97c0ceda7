/*
 * One person's account, and one factor of it after the other: what the unattended run and the desk
 * have in common. Each step is in the ledger before the act.
 */
#ifndef ROLLOUT_ERRAND_H
#define ROLLOUT_ERRAND_H

#include "cowkey/admin/behalf.h"
#include "cowkey/base/random.h"
#include "cowkey/rollout/ledger.h"
#include "cowkey/rollout/pending.h"
#include "cowkey/rollout/sheet.h"

/* What all errands of a run share; all is borrowed. */
struct errands {
    const struct ck_policy *policy;
    const struct ck_secrets *secrets; /* NULL: no secrets file */
    const char *directory;            /* of the plan */
    struct ck_ledger *ledger;
    struct ck_pending *pending;
    const struct ck_seal *seal; /* NULL: sheets are made later, in the clear */
    const struct ck_http_settings *settings;
    enum ck_dialect dialect;
    struct ck_journal *journal;
    const struct ck_journal_deed *deed; /* server and user; operator where the route has one */
    ck_random_source *random;
    bool accept_clock_skew;
    int64_t late_s; /* seconds that a server which was told something may take to do it */
};

/* How an errand's call ended; *err says why, but for DONE and LATER. */
enum errand_result {
    ERRAND_DONE,        /* as far as it goes: see the item's state */
    ERRAND_LATER,       /* the server has nothing of it yet: look again at errand->later_s */
    ERRAND_REFUSED,     /* password, code, PIN or API key; it counts as a refusal, and is counted */
    ERRAND_NETWORK,     /* no answer: the item stays as it is in the ledger, for another try */
    ERRAND_KEY,         /* of the security key: the item stays as it is */
    ERRAND_INTERRUPTED, /* the item stays as it is */
    ERRAND_BROKEN,      /* ledger, journal or hand-outs can't be written: nothing may go on */
};

struct errand {
    const struct errands *all;
    const struct ck_operator *by; /* NULL: the account's own password */
    struct ck_ledger_person person;
    enum ck_ledger_kind kind;      /* of the items that are worked on */
    const struct ck_person *front; /* whoever is asked what a run can't answer */
    struct ck_person between;      /* the same, with what the errand does itself */
    struct ck_journal_deed deed;
    struct ck_secret *password;
    bool password_kept;         /* its hand-out has it */
    struct ck_otpauth own_totp; /* of an earlier item, which answers the account's logins */
    char own_factor[24];        /* and its row */
    bool own_sought;            /* and no item came to be there since */
    struct ck_login login;
    struct ck_behalf behalf;
    struct ck_witness behalfs; /* which the errand's own comes before */
    struct ck_enrollment done;
    struct ck_ledger_item *item; /* in work */
    const char *serial;          /* of the key that it is enrolled on; NULL: none to read */
    struct ck_otpauth otpauth;   /* its secret */
    bool secret_kept;            /* its hand-out has it */
    struct ck_witness witness;   /* which the ledger is told by */
    struct ck_secret *app_password;
    bool app_password_kept; /* its hand-out has it */
    struct ck_error broken; /* what the ledger or a hand-out said in a call that can't fail */
    int64_t later_s;        /* of ERRAND_LATER: seconds since 1970 UTC */
};

/*
 * Begins: the password is read, or made, handed out and set, as the route has it. by: of this
 * thread; NULL for the route password. key_settings: NULL where there is no desk. Keep the errand
 * where it is, and clear it whatever came of it. An account that can't be opened fails all items of
 * the kind that are yet to be enrolled (what was begun waits to be looked after); that is DONE with
 * *ret_goes_on false, and *err says why.
 */
enum errand_result errand_begin(struct errand *errand, const struct errands *all,
                                const struct ck_operator *by, const struct ck_ledger_person *person,
                                const struct ck_person *front,
                                const struct ck_key_settings *key_settings,
                                enum ck_ledger_kind kind, bool *ret_goes_on, struct ck_error *err);

/*
 * Does what the item's state asks for (ck_step_action): enrolls, looks, proves; more than one of
 * these where one leads to the next; or removes it, from the key, too, where it can. serial: of the
 * key, for the label; NULL: none to read.
 */
enum errand_result errand_item(struct errand *errand, struct ck_ledger_item *item,
                               const char *serial, struct ck_error *err);

/*
 * When the person has nothing left to do: forces the change of a new password, and makes the sealed
 * sheet.
 */
enum errand_result errand_finish(struct errand *errand, struct ck_error *err);

void errand_clear(struct errand *errand);

#endif
