/* The parts of the desk. */
#ifndef ROLLOUT_DESK_INTERNAL_H
#define ROLLOUT_DESK_INTERNAL_H

#include "cowkey/rollout/policy.h"
#include "desk.h"
#include "desk_fit.h"
#include "desk_queue.h"

/* One key of one person, as it is being worked on; items are those of this key. */
struct sitting {
    struct ck_ledger_person person;
    const struct ck_policy_group *group;
    struct ck_ledger_item *items; /* owned */
    size_t count;
    struct ck_ledger_key key;
    int64_t begun_s;
    struct desk_turn turn;
};

struct desk_work {
    struct errand errand; /* the first: what an errand asks finds the rest from it */
    const struct desk *desk;
    struct desk_queue queue;
    struct desk_result *result;
    struct sitting *sitting; /* in work */

    /* The key on the desk. */
    struct ck_plugged_key plugged;
    struct ck_key *key;    /* open while the desk itself works with it, and not the errand, which
                              goes on with it: another one may come by the same path meanwhile */
    bool resumed;          /* it holds a credential of this sitting already */
    struct ck_secret *pin; /* which this run gave it: it need not be asked for */
    struct ck_key_person key_person;
    struct ck_key_settings key_settings; /* device: the path of the key that is to be used next */
    char login_path[CK_KEY_PATH_MAX];    /* of another one, which answers the login */

    bool stopped;  /* the last error ends the desk: the ledger or a hand-out can't be written */
    bool answered; /* the operator said already what shall be done about the last error */
    enum desk_answer answer;

    int64_t elsewhere_ms; /* that went by with what the desk does not do: a reset, a late server */
    int64_t begun_ms, paused_ms;
    int64_t acted_ms;    /* when somebody acted for others last */
    bool act_afresh;     /* that went wrong: the session may have ended */
    int64_t last_person; /* whose key is undone next; 0: nothing is */
    unsigned last_n;
    size_t last_items; /* that this run brought into its account */
    char last_name[CK_ACCOUNT_NAME_MAX];
};

/* desk.c */
bool desk_is_cancelled(const struct desk_work *work);
/* Returns the code of *err, and remembers that nothing may go on. */
enum ck_err desk_stop(struct desk_work *work, const struct ck_error *err);
enum ck_err desk_put_key(struct desk_work *work, struct ck_error *err);
void desk_tell(const struct desk_work *work, enum desk_news news);

/* desk_sitting.c */
void sitting_clear(struct sitting *sitting);
/* Begins with a key; it is work->sitting from then on. */
enum ck_err sitting_open(struct desk_work *work, int64_t person, unsigned n,
                         struct sitting *sitting, struct ck_error *err);
/* Reads the items afresh. */
enum ck_err sitting_load_items(struct desk_work *work, struct sitting *sitting,
                               struct ck_error *err);
bool sitting_any_is(const struct sitting *sitting, enum ck_step_state state);
/*
 * Does all that is left to do with the key. An error is what the operator is asked about, unless
 * work->stopped; an item that failed or is unknown is one.
 */
enum ck_err sitting_try(struct desk_work *work, struct ck_error *err);
/* Removes what is in the account, last things first. */
enum ck_err sitting_undo(struct desk_work *work, struct ck_error *err);

/* desk_key.c: everything up to the moment when the errand may begin, and what comes behind it. */
void desk_key_init(struct desk_work *work);
void desk_key_close(struct desk_work *work);
/* Finds the key, refuses one that won't do, resets it, and gives it its PIN; it stays open. */
enum ck_err desk_key_prepare(struct desk_work *work, struct ck_error *err);
/* The key that work->plugged is now, instead of the one that was looked at: nobody else's? */
enum ck_err desk_key_look_again(struct desk_work *work, struct ck_error *err);
/* Forces the change of a random PIN, if that is what is left to do. */
enum ck_err desk_key_force_change(struct desk_work *work, struct ck_error *err);

/* desk_pin.c */
enum ck_err desk_pin_load(struct desk_work *work, struct ck_error *err);
enum ck_err desk_pin_give(struct desk_work *work, struct ck_error *err);

/* desk_login_key.c: an account's other key, which answers its login before a new one is enrolled. */
enum ck_err desk_login_key_need(struct desk_work *work, const struct ck_ledger_item *item,
                                struct ck_error *err);
void desk_login_key_init(struct desk_work *work);

/* desk_used.c: what the key holds of this roll-out. */
struct desk_used {
    bool by_other; /* a key of somebody else, or another one of this person: */
    char account[CK_ACCOUNT_NAME_MAX];
    unsigned n;
    bool by_this; /* it is the sitting's own key */
};
enum ck_err desk_find_used(struct desk_work *work, struct desk_used *ret_used,
                           struct ck_error *err);

#endif
