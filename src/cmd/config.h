/* Profiles: sections of an INI file that give options their defaults. */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include "options.h"

/* Where the file is that is read, or would be: a new string. NULL without a home. */
char *config_path(const struct options *options);

/*
 * Reads --config, or $XDG_CONFIG_HOME/cowkey/config (~/.config without it) where that exists, and
 * takes the section --profile, or [default] where there is one. A named file or profile that is not
 * there, unknown keys and lines that can't be read are CK_ERR_USAGE.
 */
enum ck_err config_apply(struct options *options, struct ck_error *err);

#endif
