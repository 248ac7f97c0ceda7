/* The ledger and the hand-outs that options name. */
#include "rollout_paths.h"

#include <stdio.h>

enum ck_err rollout_ledger_path(const struct options *options, const char **ret_path,
                                struct ck_error *err)
{
    const char *path = option_value(options, OPTION_LEDGER);

    if (path == NULL) {
        ck_error_set(err, CK_ERR_USAGE, "no ledger is given (--ledger)");
        return ck_error_hint(err, "Name it with --ledger: the file in which 'cowkey rollout run' "
                                  "writes down what is done and what is left. A new one begins a "
                                  "roll-out there, and the same one goes on with it.");
    }
    *ret_path = path;
    return CK_OK;
}

enum ck_err rollout_ledger_open(const struct options *options, struct ck_ledger **ret_ledger,
                                struct ck_error *err)
{
    const char *path = NULL;
    enum ck_err r = rollout_ledger_path(options, &path, err);

    return r == CK_OK ? ck_ledger_open_to_read(path, ret_ledger, err) : r;
}

enum ck_err rollout_handouts_path(const struct options *options, char **ret_path,
                                  struct ck_error *err)
{
    const char *given = option_value(options, OPTION_HANDOUTS), *ledger = NULL;
    enum ck_err r = given == NULL ? rollout_ledger_path(options, &ledger, err) : CK_OK;
    char *path;

    if (r != CK_OK)
        return r;
    if (asprintf(&path, "%s%s", given != NULL ? given : ledger, given != NULL ? "" : ".handouts") <
        0)
        return ck_error_no_memory(err);
    *ret_path = path;
    return CK_OK;
}
