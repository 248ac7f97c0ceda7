/*
 * What may happen to a factor of a roll-out, as a pure table: (state, event) -> state. Each state
 * says what a run has to do next. The events are written into the ledger before the act that they
 * announce, or after what they report.
 */
#ifndef COWKEY_ROLLOUT_STEPS_H
#define COWKEY_ROLLOUT_STEPS_H

#include <stdbool.h>

enum ck_step_state {
    CK_STEP_PLANNED,   /* nothing was done */
    CK_STEP_PREPARED,  /* its secret is safe in its hand-out, or its key made a credential; the
                          server knows nothing */
    CK_STEP_SUBMITTED, /* the server was told, or is just being told */
    CK_STEP_RECORDED,  /* the server's list shows it */
    CK_STEP_PROVED,    /* a fresh login with it worked */
    CK_STEP_FAILED,    /* it ended, and the account has nothing of it */
    CK_STEP_UNKNOWN,   /* it ended, and what the account has of it is not known */
    CK_STEP_SKIPPED,   /* by the operator; the account has nothing of it */
    CK_STEP_UNDOING,   /* it is being removed again */
    CK_STEP_STATES
};

enum ck_step_event {
    CK_STEP_PREPARE, /* the secret was handed out, or the key made a credential */
    CK_STEP_SUBMIT,  /* the server is about to be told */
    CK_STEP_LIST,    /* its list shows the factor */
    CK_STEP_ACCEPT,  /* a login with it worked */
    CK_STEP_FAIL,    /* it went wrong, and the account has nothing of it */
    CK_STEP_LOSE,    /* it went wrong, and what the account has is not known */
    CK_STEP_MISS,    /* a later look showed that the account has nothing of it */
    CK_STEP_SKIP,    /* the operator passed it over */
    CK_STEP_RETRY,   /* what failed, was skipped or is unknown shall be taken up again */
    CK_STEP_UNDO,    /* it is about to be removed */
    CK_STEP_GONE,    /* the list shows that it is removed */
    CK_STEP_EVENTS
};

enum ck_step_action {
    CK_STEP_DO_NOTHING,
    CK_STEP_DO_ENROLL, /* from the start; a secret that is in its hand-out is taken again */
    CK_STEP_DO_LOOK,   /* whether the server has it; never post again before that is known */
    CK_STEP_DO_PROVE,  /* by a login; where the policy wants no proof, nothing */
    CK_STEP_DO_REMOVE, /* go on with the removal */
};

/* Whether the event may happen in this state, and then the next state. */
bool ck_step_next(enum ck_step_state state, enum ck_step_event event,
                  enum ck_step_state *ret_state);

enum ck_step_action ck_step_action(enum ck_step_state state);

/*
 * Whether a step needs no disk of its own, but may be lost when the power fails before the next one
 * is there. What was prepared is prepared again, with the same secret, which is in its hand-out; and
 * what the list showed is looked for again before its proof.
 */
bool ck_step_may_wait(enum ck_step_event event, bool wants_proof);

/* Whether a run has something left to do: recorded is the end where no proof is wanted. */
bool ck_step_is_left(enum ck_step_state state, bool wants_proof);
/* Whether the account has the factor, by what is known: recorded or proved. */
bool ck_step_is_there(enum ck_step_state state);

/* "planned", ...; NULL for what is none. So are all names here. */
const char *ck_step_state_name(enum ck_step_state state);
bool ck_step_state_parse(const char *name, enum ck_step_state *ret_state);
const char *ck_step_event_name(enum ck_step_event event);

/*
 * The new password of an account (route reset-password), likewise: handed out before the server is
 * told, forced to be changed when nothing of the account is left to do.
 */
enum ck_password_state {
    CK_PASSWORD_KEPT,       /* nothing was done */
    CK_PASSWORD_HANDED_OUT, /* the hand-out has it; the server may have been told */
    CK_PASSWORD_IN_FORCE,   /* a login with it worked */
    CK_PASSWORD_TO_CHANGE,  /* and the account has to change it */
    CK_PASSWORD_UNFORCED,   /* the release can't insist on that: the person was told to */
    CK_PASSWORD_STATES
};
bool ck_password_may_become(enum ck_password_state from, enum ck_password_state to);
const char *ck_password_state_name(enum ck_password_state state);

/* The PIN that a key gets (policy: random), likewise. */
enum ck_key_pin_state {
    CK_KEY_PIN_ITS_OWN,    /* nothing was done: the person's own, or none */
    CK_KEY_PIN_HANDED_OUT, /* the letter has it; the key may have it */
    CK_KEY_PIN_SET,
    CK_KEY_PIN_TO_CHANGE, /* before the key is used again */
    CK_KEY_PIN_UNFORCED,  /* the key can't insist on that */
    CK_KEY_PIN_STATES
};
bool ck_key_pin_may_become(enum ck_key_pin_state from, enum ck_key_pin_state to);
const char *ck_key_pin_state_name(enum ck_key_pin_state state);

#endif
