/* What may happen to a factor, to an account's new password and to a key's PIN: tables. */
#include "cowkey/rollout/steps.h"

#include <stddef.h>
#include <string.h>

/* One more than the next state; 0: the event may not happen. */
#define TO(state) (CK_STEP_##state + 1)

/*
 * A look at what was in flight that finds nothing lets it be tried again, with the same secret. At
 * what had ended, or what the list had shown before, it says that this has failed: somebody has to
 * ask for another try. What is removed again is as if nothing was done.
 */
static const unsigned char steps[CK_STEP_STATES][CK_STEP_EVENTS] = {
    [CK_STEP_PLANNED] =
        {
            [CK_STEP_PREPARE] = TO(PREPARED),
            [CK_STEP_FAIL] = TO(FAILED),
            [CK_STEP_SKIP] = TO(SKIPPED),
        },
    [CK_STEP_PREPARED] =
        {
            [CK_STEP_PREPARE] = TO(PREPARED),
            [CK_STEP_SUBMIT] = TO(SUBMITTED),
            [CK_STEP_FAIL] = TO(FAILED),
            [CK_STEP_SKIP] = TO(SKIPPED),
        },
    [CK_STEP_SUBMITTED] =
        {
            [CK_STEP_LIST] = TO(RECORDED),
            [CK_STEP_ACCEPT] = TO(PROVED),
            [CK_STEP_FAIL] = TO(FAILED),
            [CK_STEP_LOSE] = TO(UNKNOWN),
            [CK_STEP_MISS] = TO(PREPARED),
        },
    [CK_STEP_RECORDED] =
        {
            [CK_STEP_LIST] = TO(RECORDED), /* why it was not proved */
            [CK_STEP_ACCEPT] = TO(PROVED),
            [CK_STEP_FAIL] = TO(FAILED),
            [CK_STEP_LOSE] = TO(UNKNOWN),
            [CK_STEP_MISS] = TO(FAILED),
            [CK_STEP_UNDO] = TO(UNDOING),
        },
    [CK_STEP_PROVED] =
        {
            [CK_STEP_UNDO] = TO(UNDOING),
        },
    [CK_STEP_FAILED] =
        {
            [CK_STEP_RETRY] = TO(PLANNED),
        },
    [CK_STEP_UNKNOWN] =
        {
            [CK_STEP_LIST] = TO(RECORDED),
            [CK_STEP_ACCEPT] = TO(PROVED),
            [CK_STEP_MISS] = TO(FAILED),
            [CK_STEP_RETRY] = TO(SUBMITTED),
        },
    [CK_STEP_SKIPPED] =
        {
            [CK_STEP_RETRY] = TO(PLANNED),
        },
    [CK_STEP_UNDOING] =
        {
            [CK_STEP_LIST] = TO(RECORDED), /* the server keeps it */
            [CK_STEP_LOSE] = TO(UNKNOWN),
            [CK_STEP_GONE] = TO(PLANNED),
        },
};

bool ck_step_next(enum ck_step_state state, enum ck_step_event event, enum ck_step_state *ret_state)
{
    if ((unsigned)state >= CK_STEP_STATES || (unsigned)event >= CK_STEP_EVENTS)
        return false;
    unsigned char next = steps[state][event];
    if (next == 0)
        return false;
    *ret_state = (enum ck_step_state)(next - 1);
    return true;
}

enum ck_step_action ck_step_action(enum ck_step_state state)
{
    static const enum ck_step_action actions[CK_STEP_STATES] = {
        [CK_STEP_PLANNED] = CK_STEP_DO_ENROLL, [CK_STEP_PREPARED] = CK_STEP_DO_ENROLL,
        [CK_STEP_SUBMITTED] = CK_STEP_DO_LOOK, [CK_STEP_RECORDED] = CK_STEP_DO_PROVE,
        [CK_STEP_UNDOING] = CK_STEP_DO_REMOVE,
    };

    return (unsigned)state < CK_STEP_STATES ? actions[state] : CK_STEP_DO_NOTHING;
}

bool ck_step_may_wait(enum ck_step_event event, bool wants_proof)
{
    return event == CK_STEP_PREPARE || (event == CK_STEP_LIST && wants_proof);
}

bool ck_step_is_left(enum ck_step_state state, bool wants_proof)
{
    enum ck_step_action action = ck_step_action(state);

    return action != CK_STEP_DO_NOTHING && (action != CK_STEP_DO_PROVE || wants_proof);
}

bool ck_step_is_there(enum ck_step_state state)
{
    return state == CK_STEP_RECORDED || state == CK_STEP_PROVED;
}

/* --- names --- */

const char *ck_step_state_name(enum ck_step_state state)
{
    static const char *const names[CK_STEP_STATES] = {
        [CK_STEP_PLANNED] = "planned",     [CK_STEP_PREPARED] = "prepared",
        [CK_STEP_SUBMITTED] = "submitted", [CK_STEP_RECORDED] = "recorded",
        [CK_STEP_PROVED] = "proved",       [CK_STEP_FAILED] = "failed",
        [CK_STEP_UNKNOWN] = "unknown",     [CK_STEP_SKIPPED] = "skipped",
        [CK_STEP_UNDOING] = "undoing",
    };

    return (unsigned)state < CK_STEP_STATES ? names[state] : NULL;
}

bool ck_step_state_parse(const char *name, enum ck_step_state *ret_state)
{
    for (int i = 0; i < CK_STEP_STATES; i++) {
        if (strcmp(name, ck_step_state_name((enum ck_step_state)i)) == 0) {
            *ret_state = (enum ck_step_state)i;
            return true;
        }
    }
    return false;
}

const char *ck_step_event_name(enum ck_step_event event)
{
    static const char *const names[CK_STEP_EVENTS] = {
        [CK_STEP_PREPARE] = "prepare", [CK_STEP_SUBMIT] = "submit", [CK_STEP_LIST] = "list",
        [CK_STEP_ACCEPT] = "accept",   [CK_STEP_FAIL] = "fail",     [CK_STEP_LOSE] = "lose",
        [CK_STEP_MISS] = "miss",       [CK_STEP_SKIP] = "skip",     [CK_STEP_RETRY] = "retry",
        [CK_STEP_UNDO] = "undo",       [CK_STEP_GONE] = "gone",
    };

    return (unsigned)event < CK_STEP_EVENTS ? names[event] : NULL;
}

/* --- passwords and PINs --- */

/* Another try, once it is to be changed, needs a new one: the person may have changed it. */
bool ck_password_may_become(enum ck_password_state from, enum ck_password_state to)
{
    static const bool may[CK_PASSWORD_STATES][CK_PASSWORD_STATES] = {
        [CK_PASSWORD_KEPT] = {[CK_PASSWORD_HANDED_OUT] = true},
        [CK_PASSWORD_HANDED_OUT] = {[CK_PASSWORD_IN_FORCE] = true},
        [CK_PASSWORD_IN_FORCE] = {[CK_PASSWORD_TO_CHANGE] = true, [CK_PASSWORD_UNFORCED] = true},
        [CK_PASSWORD_TO_CHANGE] = {[CK_PASSWORD_HANDED_OUT] = true},
        [CK_PASSWORD_UNFORCED] = {[CK_PASSWORD_HANDED_OUT] = true},
    };

    return (unsigned)from < CK_PASSWORD_STATES && (unsigned)to < CK_PASSWORD_STATES &&
           may[from][to];
}

const char *ck_password_state_name(enum ck_password_state state)
{
    static const char *const names[CK_PASSWORD_STATES] = {
        [CK_PASSWORD_KEPT] = "kept",           [CK_PASSWORD_HANDED_OUT] = "handed-out",
        [CK_PASSWORD_IN_FORCE] = "in-force",   [CK_PASSWORD_TO_CHANGE] = "to-change",
        [CK_PASSWORD_UNFORCED] = "not-forced",
    };

    return (unsigned)state < CK_PASSWORD_STATES ? names[state] : NULL;
}

/* Another key may take the place of one: that has its own again. */
bool ck_key_pin_may_become(enum ck_key_pin_state from, enum ck_key_pin_state to)
{
    static const bool may[CK_KEY_PIN_STATES][CK_KEY_PIN_STATES] = {
        [CK_KEY_PIN_ITS_OWN] = {[CK_KEY_PIN_HANDED_OUT] = true},
        [CK_KEY_PIN_HANDED_OUT] = {[CK_KEY_PIN_ITS_OWN] = true, [CK_KEY_PIN_SET] = true},
        [CK_KEY_PIN_SET] = {[CK_KEY_PIN_ITS_OWN] = true,
                            [CK_KEY_PIN_TO_CHANGE] = true,
                            [CK_KEY_PIN_UNFORCED] = true},
        [CK_KEY_PIN_TO_CHANGE] = {[CK_KEY_PIN_ITS_OWN] = true},
        [CK_KEY_PIN_UNFORCED] = {[CK_KEY_PIN_ITS_OWN] = true},
    };

    return (unsigned)from < CK_KEY_PIN_STATES && (unsigned)to < CK_KEY_PIN_STATES && may[from][to];
}

const char *ck_key_pin_state_name(enum ck_key_pin_state state)
{
    static const char *const names[CK_KEY_PIN_STATES] = {
        [CK_KEY_PIN_ITS_OWN] = "its-own",
        [CK_KEY_PIN_HANDED_OUT] = "handed-out",
        [CK_KEY_PIN_SET] = "set",
        [CK_KEY_PIN_TO_CHANGE] = "to-change",
        [CK_KEY_PIN_UNFORCED] = "not-forced",
    };

    return (unsigned)state < CK_KEY_PIN_STATES ? names[state] : NULL;
}
