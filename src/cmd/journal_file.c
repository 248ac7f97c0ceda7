/* The journal's place, and the user of this machine. */
#include "journal_file.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "target.h"

enum { HOST_NAME_SIZE = 256 };

enum ck_err journal_path(const struct options *options, char **ret_path, struct ck_error *err)
{
    const char *wanted = option_value(options, OPTION_JOURNAL);
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    int r;

    if (wanted != NULL)
        r = asprintf(&path, "%s", wanted);
    else if (state != NULL && *state == '/')
        r = asprintf(&path, "%s/cowkey/journal.jsonl", state);
    else if (home != NULL && *home == '/')
        r = asprintf(&path, "%s/.local/state/cowkey/journal.jsonl", home);
    else
        return ck_error_set(err, CK_ERR_USAGE,
                            "without --journal and a home directory there is no journal");
    if (r < 0)
        return ck_error_no_memory(err);
    *ret_path = path;
    return CK_OK;
}

enum ck_err journal_open(const struct options *options, struct ck_journal **ret_journal,
                         struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *path = NULL;
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = NULL;

    if (journal_path(options, &path, err) != CK_OK ||
        ck_journal_open(path, clock_now_s, &journal, err) != CK_OK)
        return err->code;
    ck_journal_tell_system(journal);
    *ret_journal = CK_TAKE(journal);
    return CK_OK;
}

char *journal_user(void)
{
    char host[HOST_NAME_SIZE] = "", number[32];
    uid_t uid = getuid();
    const struct passwd *user = getpwuid(uid);
    const char *sudo_user = uid == 0 ? getenv("SUDO_USER") : NULL; /* root alone is believed */
    char *text = NULL;

    gethostname(host, sizeof(host) - 1);
    snprintf(number, sizeof(number), "uid %ju", (uintmax_t)uid);
    int r = asprintf(&text, "%s@%s%s%s%s", user != NULL ? user->pw_name : number, host,
                     sudo_user != NULL ? " (sudo: " : "", sudo_user != NULL ? sudo_user : "",
                     sudo_user != NULL ? ")" : "");
    return r < 0 ? NULL : text;
}
