/*
 * The small program, "cowkey": the commands that need neither a server nor a key, as code and verify,
 * and the completions of the shells. Loading the libraries for HTTP, HTML and keys, about
 * fifty with what they need, takes several times as long as one of these commands; so everything
 * else is in a second program beside it, "cowkey-online", which this one becomes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "online.h"

static const char name[] = "cowkey-online";

enum ck_err online_start(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNCHANGED, "this program has no commands that need a server");
}

void online_end(void)
{
}

/*
 * In the build directory, and wherever both were moved to, they stand beside each other. That comes
 * first: what is installed may be of another version.
 */
static void become_neighbour(char **argv)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - sizeof(name));

    if (size <= 0)
        return;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return;
    strcpy(slash + 1, name);
    execv(path, argv);
}

enum ck_err online_become(char **argv, struct ck_error *err)
{
    become_neighbour(argv);
    execv(COWKEY_LIBEXEC "/cowkey-online", argv);
    ck_error_set(err, CK_ERR_UNCHANGED, "%s can't be started: %s", name, strerror(errno));
    return ck_error_hint(err, "Install cowkey again: it stands in " COWKEY_LIBEXEC ".");
}
