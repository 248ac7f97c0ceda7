/*
 * For LD_PRELOAD: counts what a process does to its files for good (writes, syncs, renames, links,
 * removals), and kills it with SIGKILL at one of these.
 *
 *   KILLER_AT    which one, from 1; 0 or none: only counts
 *   KILLER_SIDE  "before" it, or "after" it
 *   KILLER_FROM  begin to count where a path has this in it
 *   KILLER_WHEN  begin to count when there is a file of this name
 *   KILLER_LOG   a file that gets a line "NUMBER NAME PATH" for each, before it happens
 *
 * Only regular files and directories count, and not the first three descriptors. What a killed
 * process has written stays in the kernel's cache: this is about the order of things, not about
 * a machine that loses power.
 */
#undef _FILE_OFFSET_BITS /* else pwrite and pwrite64 are one name, and libraries use both */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long done;
static atomic_bool counts;
static _Thread_local bool within; /* a function of libc that calls another one of these */

static void die(void)
{
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;)
        pause();
}

/* --- the log --- */

/* "?" for whom /proc is closed: a process without core dumps, but for root. */
static void path_of(int fd, char *path, size_t size)
{
    char link[64];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0)
        length = snprintf(path, size, "?");
    path[length] = '\0';
}

static void note(long number, const char *name, const char *path)
{
    char line[PATH_MAX + 64];
    const char *log = getenv("KILLER_LOG");
    int fd = log == NULL ? -1 : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (fd < 0)
        return;
    int length = snprintf(line, sizeof(line), "%ld %s %s\n", number, name, path);
    syscall(SYS_write, fd, line, (size_t)length);
    close(fd);
}

/* --- counting --- */

static bool is_the_one(long number, const char *side)
{
    const char *at = getenv("KILLER_AT"), *wanted = getenv("KILLER_SIDE");

    return at != NULL && wanted != NULL && number == atol(at) && strcmp(side, wanted) == 0;
}

static bool has_begun(const char *path)
{
    const char *from = getenv("KILLER_FROM"), *when = getenv("KILLER_WHEN");

    if (!counts && (from == NULL || strstr(path, from) != NULL) &&
        (when == NULL || access(when, F_OK) == 0))
        counts = true;
    return counts;
}

/* The number of this one, 0 when it doesn't count. */
static long begin(const char *name, const char *path)
{
    if (within || !has_begun(path))
        return 0;
    long number = atomic_fetch_add(&done, 1) + 1;
    note(number, name, path);
    if (is_the_one(number, "before"))
        die();
    within = true;
    return number;
}

static long begin_fd(const char *name, int fd)
{
    struct stat status;
    char path[PATH_MAX];

    if (within || fd <= STDERR_FILENO || fstat(fd, &status) != 0 ||
        (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)))
        return 0;
    path_of(fd, path, sizeof(path));
    return begin(name, path);
}

static void end(long number)
{
    if (number == 0)
        return;
    within = false;
    if (is_the_one(number, "after"))
        die();
}

/* What libc has under a name that is also ours. */
static void *original(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL)
        abort();
    return function;
}

/* --- what is replaced: each is libc's own function, counted --- */

#define COUNTED(type, name, parameters, arguments, begun)                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*real) parameters;                                                             \
        if (real == NULL)                                                                          \
            *(void **)&real = original(#name);                                                     \
        long number = begun;                                                                       \
        type result = real arguments;                                                              \
        end(number);                                                                               \
        return result;                                                                             \
    }
#define COUNTED_FD(type, name, parameters, arguments)                                              \
    COUNTED(type, name, parameters, arguments, begin_fd(#name, fd))
#define COUNTED_PATH(name, parameters, arguments, path)                                            \
    COUNTED(int, name, parameters, arguments, begin(#name, path))

COUNTED_FD(int, fsync, (int fd), (fd))
COUNTED_FD(int, fdatasync, (int fd), (fd))
COUNTED_FD(int, ftruncate, (int fd, off_t size), (fd, size))
COUNTED_FD(int, ftruncate64, (int fd, off64_t size), (fd, size))
COUNTED_FD(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
COUNTED_FD(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
COUNTED_FD(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at),
           (fd, data, size, at))
COUNTED_FD(ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))

COUNTED_PATH(rename, (const char *old, const char *new), (old, new), new)
COUNTED_PATH(renameat, (int from, const char *old, int to, const char *new), (from, old, to, new),
             new)
COUNTED_PATH(renameat2, (int from, const char *old, int to, const char *new, unsigned flags),
             (from, old, to, new, flags), new)
COUNTED_PATH(link, (const char *old, const char *new), (old, new), new)
COUNTED_PATH(linkat, (int from, const char *old, int to, const char *new, int flags),
             (from, old, to, new, flags), new)
COUNTED_PATH(unlink, (const char *path), (path), path)
COUNTED_PATH(unlinkat, (int directory, const char *path, int flags), (directory, path, flags), path)
