/* The files of root certificates that a policy names. */
#ifndef CMD_ROLLOUT_ROOTS_H
#define CMD_ROLLOUT_ROOTS_H

#include "cowkey/rollout/policy.h"

/*
 * Reads them; their places are relative to that of the policy (its path; "-", standard input, is in
 * the current directory). What is wrong with one is a complaint about the policy's line.
 */
enum ck_err rollout_roots_read(struct ck_policy *policy, const char *policy_path,
                               struct ck_complaints *complaints, struct ck_error *err);

#endif
