/* The configuration file, read by libinih. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

/* libinih's own bound on a line (INI_MAX_LINE), less the line end and NUL; it cuts longer ones. */
enum { LINE_MAX_BYTES = 197 };

struct reading {
    struct options *options;
    bool seen[OPTION_COUNT];
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
    else if (reading->seen[option])
        reading->result =
            ck_error_set(reading->err, CK_ERR_USAGE,
                         "the profile '%.100s' has the key '%.100s' twice", section, key);
    else
        reading->result = option_set_default(reading->options, option, value, reading->err);
    if (option != OPTION_COUNT)
        reading->seen[option] = true;
    return reading->result == CK_OK;
}

/*
 * Refuses what libinih would take for something else than it looks like: a key behind blanks (it
 * continues the value before), a ';' behind a blank (the rest is dropped), a line that is too long
 * (it is cut).
 */
static enum ck_err check_lines(FILE *file, const char *path, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *line = NULL;
    size_t capacity = 0;

    for (int number = 1;; number++) {
        ssize_t size = getline(&line, &capacity, file);
        if (size < 0)
            break;
        const char *text = line + strspn(line, " \t");
        if (*text == '\n' || *text == '#' || *text == ';')
            continue;
        if (size > LINE_MAX_BYTES)
            return ck_error_set(err, CK_ERR_USAGE, "%s: line %d is longer than %d bytes", path,
                                number, LINE_MAX_BYTES);
        if (text != line)
            return ck_error_set(err, CK_ERR_USAGE, "%s: line %d begins with a blank", path, number);
        if (strstr(line, " ;") != NULL || strstr(line, "\t;") != NULL)
            return ck_error_set(err, CK_ERR_USAGE,
                                "%s: line %d has a ';' behind a blank, where a comment would begin",
                                path, number);
    }
    if (ferror(file))
        return ck_error_set(err, CK_ERR_USAGE, "%s can't be read: %s", path, strerror(errno));
    rewind(file);
    return CK_OK;
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

char *config_path(const struct options *options)
{
    const char *wanted = option_value(options, OPTION_CONFIG);

    return wanted != NULL ? strdup(wanted) : default_path();
}

enum ck_err config_apply(struct options *options, struct ck_error *err)
{
    const char *wanted_file = option_value(options, OPTION_CONFIG);
    const char *wanted_profile = option_value(options, OPTION_PROFILE);
    CK_CLEANUP(ck_free_p) char *path = config_path(options);
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
    int line = 0;
    reading.result = check_lines(file, path, err);
    if (reading.result == CK_OK)
        line = ini_parse_file(file, take_line, &reading);
    fclose(file);
    if (reading.result != CK_OK)
        return reading.result;
    if (line != 0)
        return ck_error_set(err, CK_ERR_USAGE, "%s: line %d can't be read", path, line);
    if (wanted_profile != NULL && !reading.found)
        return ck_error_set(err, CK_ERR_USAGE, "%s has no profile '%.100s'", path, wanted_profile);
    return CK_OK;
}
