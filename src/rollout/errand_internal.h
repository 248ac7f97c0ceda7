/* The parts of an errand. */
#ifndef ROLLOUT_ERRAND_INTERNAL_H
#define ROLLOUT_ERRAND_INTERNAL_H

#include "errand.h"

/* The person who stands between a sequence and the errand's front: errand->between is filled. */
void errand_person_init(struct errand *errand);

/* Moves the item in work on, here and in the ledger; an error is also kept as errand->broken. */
enum ck_err errand_step(struct errand *errand, enum ck_step_event event,
                        const struct ck_ledger_facts *facts, struct ck_error *err);

/* Keeps *err as what broke the errand; returns its code. */
enum ck_err errand_break(struct errand *errand, const struct ck_error *err);

/* Moves on to what a failure means, with its cause, which *err is then, too. */
enum errand_result errand_end_with(struct errand *errand, enum ck_step_event event,
                                   const struct ck_error *cause, struct ck_error *err);

/* With errand->broken as *err. */
enum errand_result errand_broken(struct errand *errand, struct ck_error *err);

/*
 * Counts failed logins: ERRAND_REFUSED, or ERRAND_DONE for none; ERRAND_BROKEN when the ledger does
 * not take it.
 */
enum errand_result errand_count_refusals(struct errand *errand, unsigned count,
                                         struct ck_error *err);

/* What an error means that left the item as it was: one that is none of these is DONE. */
enum errand_result errand_obstacle(enum ck_err code);

/* A PIN or finger that the key did not take is no login that the server counts: CK_ERR_KEY. */
enum ck_err errand_blame(const struct errand *errand, enum ck_err r, struct ck_error *err);

/* Fails what the person has still to enroll of this kind; what was begun waits to be looked after. */
enum errand_result errand_fail_all(struct errand *errand, const struct ck_error *cause,
                                   struct ck_error *err);

/* The policy's group of this person. */
const struct ck_policy_group *errand_group(const struct errand *errand);

/* The item's secret: from its hand-out, or a new one, which is not kept yet. */
enum ck_err errand_load_totp(struct errand *errand, bool *ret_kept, struct ck_error *err);

/*
 * A TOTP that this roll-out gave the account answers its logins from then on: also those for the
 * person's next factor.
 */
enum ck_err errand_load_own_totp(struct errand *errand, struct ck_error *err);

/* Before any sequence on errand->item: the ledger hears of the submit, and nothing is done yet. */
void errand_begin_item(struct errand *errand);

/*
 * A passkey that is listed by another name than the item's label ("" is the label) gets it in one
 * more try; else the item's label is from then on what the server calls it.
 */
void errand_name_passkey(struct errand *errand, const char *cid, const char *listed_as);

/* What the states ask for, on errand->item. */
enum errand_result errand_enroll(struct errand *errand, const char *serial, struct ck_error *err);
enum errand_result errand_look(struct errand *errand, struct ck_error *err);
enum errand_result errand_prove(struct errand *errand, struct ck_error *err);
enum errand_result errand_remove(struct errand *errand, struct ck_error *err);

#endif
