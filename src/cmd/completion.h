/* What shells complete, from the same tables as parsing and --help. */
#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

#include "cowkey/base/error.h"

/* Prints the completion script for "bash", "zsh" or "fish"; another shell is CK_ERR_USAGE. */
enum ck_err completion_print(const char *shell, struct ck_error *err);

#endif
