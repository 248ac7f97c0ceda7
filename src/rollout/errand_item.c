/* One factor of the account, as far as it goes. */
#include "errand_internal.h"

/* A look leads to an enrollment and that to a look, but not for ever. */
enum { TURNS_MAX = 8 };

static enum errand_result turn(struct errand *errand, const char *serial, bool *ret_over,
                               struct ck_error *err)
{
    switch (ck_step_action(errand->item->state)) {
    case CK_STEP_DO_ENROLL:
        return errand_enroll(errand, serial, err);
    case CK_STEP_DO_LOOK:
        return errand_look(errand, err);
    case CK_STEP_DO_PROVE:
        *ret_over = !errand->item->wants_proof;
        return *ret_over ? ERRAND_DONE : errand_prove(errand, err);
    case CK_STEP_DO_REMOVE:
        *ret_over = true; /* what was undone waits to be asked for again */
        return errand_remove(errand, err);
    case CK_STEP_DO_NOTHING:
        break;
    }
    *ret_over = true;
    return ERRAND_DONE;
}

enum errand_result errand_item(struct errand *errand, struct ck_ledger_item *item,
                               const char *serial, struct ck_error *err)
{
    enum errand_result result = ERRAND_DONE;
    bool over = false;

    if (errand_load_own_totp(errand, err) != CK_OK)
        return ERRAND_BROKEN;
    errand->item = item;
    for (int i = 0; i < TURNS_MAX && result == ERRAND_DONE && !over; i++)
        result = turn(errand, serial, &over, err);
    errand->item = NULL;
    return result;
}
