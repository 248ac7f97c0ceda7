/* Going on only when the person agrees. */
#ifndef CMD_CONFIRM_H
#define CMD_CONFIRM_H

#include <stdbool.h>

#include "cowkey/base/error.h"
#include "options.h"

/*
 * Whether to say beforehand what is going to happen: always to a person who is asked, and only
 * without --quiet to one who is not.
 */
bool confirm_tells(const struct options *options);

/*
 * Asks question (foreign text in it is escaped) unless --yes is given. A no is CK_ERR_UNCHANGED; no
 * terminal to ask on is CK_ERR_USAGE.
 */
enum ck_err confirm(const struct options *options, const char *question, struct ck_error *err);

#endif
