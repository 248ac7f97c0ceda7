/* The configuration file, read by libinih. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

struct reading {
    struct options *options;
    const char *profile;
    bool found;
    enum ck_err result;
    struct ck_error *err;
};

static int take_line(void *data, const char *section, const char *key, const char *value)
{
    struct reading *reading = data;

    if (strcmp(section, reading->profile) != 0)
        return 1;
    reading->found = true;
    enum option_id option = option_find_for_profile(key);
    if (option == OPTION_COUNT)
        reading->result = ck_error_set(
            reading->err, CK_ERR_USAGE,
            "the profile '%.100s' has the key '%.100s', which no profile takes", section, key);
    else
        reading->result = option_set_default(reading->options, option, value, reading->err);
    return reading->result == CK_OK;
}

/* Where the file is looked for when nobody names it; NULL without a home. */
static char *default_path(void)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int r = -1;

    if (base != NULL && *base == '/')
        r = asprintf(&path, "%s/cowkey/config", base);
    else if (home != NULL && *home == '/')
        r = asprintf(&path, "%s/.config/cowkey/config", home);
    return r < 0 ? NULL : path;
}

enum ck_err config_apply(struct options *options, struct ck_error *err)
{
    const char *wanted_file = option_value(options, OPTION_CONFIG);
    const char *wanted_profile = option_value(options, OPTION_PROFILE);
    CK_CLEANUP(ck_free_p) char *path = wanted_file != NULL ? strdup(wanted_file) : default_path();
    struct reading reading = {.options = options,
                              .profile = wanted_profile != NULL ? wanted_profile : "default",
                              .err = err};

    bool named = wanted_file != NULL || wanted_profile != NULL;

    if (path == NULL)
        return named ? ck_error_set(err, CK_ERR_USAGE,
                                    "without --config and a home directory there is no profile")
                     : CK_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL && !named && errno == ENOENT)
        return CK_OK;
    if (file == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "the configuration file %s can't be opened: %s",
                            path, strerror(errno));
    int line = ini_parse_file(file, take_line, &reading);
    fclose(file);
    if (reading.result != CK_OK)
        return reading.result;
    if (line != 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s: line %d can't be read", path, line);
    if (wanted_profile != NULL && !reading.found)
        return ck_error_set(err, CK_ERR_USAGE, "%s has no profile '%.100s'", path, wanted_profile);
    return CK_OK;
}
