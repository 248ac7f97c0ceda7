/* Where the files of a roll-out are, from the options. */
#ifndef CMD_ROLLOUT_PATHS_H
#define CMD_ROLLOUT_PATHS_H

#include "cowkey/rollout/ledger.h"
#include "options.h"

/* What --ledger names; borrowed. That it has to be given is said here. */
enum ck_err rollout_ledger_path(const struct options *options, const char **ret_path,
                                struct ck_error *err);

/* Opens that, to look. */
enum ck_err rollout_ledger_open(const struct options *options, struct ck_ledger **ret_ledger,
                                struct ck_error *err);

/* The directory of hand-outs: what --handouts names, or the one beside the ledger. A new string. */
enum ck_err rollout_handouts_path(const struct options *options, char **ret_path,
                                  struct ck_error *err);

#endif
