/*
 * For LD_PRELOAD: writes down what anybody on the machine could see of a process by "ps", when it
 * begins and when it ends, and also of each process that it starts. These are events that can't be
 * missed: the constructor runs before main, the destructor after it. What a process tells the
 * system's log is written down instead of told.
 *
 *   WITNESS_DIR  a directory; each process adds files there: PID.begin, PID.end, PID.syslog
 *
 * A process that is killed, or that leaves by _exit, has no end.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static char **arguments;

static void put(int fd, char *const *texts)
{
    for (; texts != NULL && *texts != NULL; texts++) {
        if (write(fd, *texts, strlen(*texts) + 1) < 0)
            abort();
    }
}

/* -1: nobody wants to know. */
static int open_file(const char *what)
{
    char path[PATH_MAX];
    const char *directory = getenv("WITNESS_DIR");

    if (directory == NULL)
        return -1;
    snprintf(path, sizeof(path), "%s/%d.%s", directory, (int)getpid(), what);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        abort();
    return fd;
}

/* Not from /proc, which a process that may not be looked into has closed for itself, too. */
static void write_down(const char *what)
{
    int fd = open_file(what);

    if (fd < 0)
        return;
    put(fd, arguments);
    put(fd, environ);
    close(fd);
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
    (void)argc;
    arguments = argv;
    write_down("begin");
}

__attribute__((destructor)) static void finish(void)
{
    write_down("end");
}

/* --- the system's log --- */

void vsyslog(int priority, const char *format, va_list list)
{
    char text[8192];
    char *const texts[] = {text, NULL};

    (void)priority;
    vsnprintf(text, sizeof(text), format, list);
    int fd = open_file("syslog");
    if (fd < 0)
        return;
    put(fd, texts);
    close(fd);
}

void syslog(int priority, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsyslog(priority, format, list);
    va_end(list);
}

/* What syslog is called where the compiler fortifies it. */
void __syslog_chk(int priority, int flag, const char *format, ...);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
    va_list list;

    (void)flag;
    va_start(list, format);
    vsyslog(priority, format, list);
    va_end(list);
}
