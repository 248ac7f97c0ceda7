/* Drawing a bar in place. */
#include "progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "cowkey/base/escape.h"
#include "output.h"

enum {
    REDRAW_MS = 100,
    TELL_RATE_MS = 2000, /* before that, rates are a guess */
    BAR = 24,            /* characters between its brackets */
    WHAT_MAX = 28,       /* bytes of what is at work */
    COLUMNS_UNKNOWN = 80,
    LINE_SIZE = 256,
};

/* The bar that is on the terminal; it is wiped for what other threads have to say. */
static struct progress *drawn_now;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of it, and of the terminal's line */

void progress_begin(struct progress *progress, const struct options *options)
{
    const char *terminal = getenv("TERM");
    bool is_plain = terminal == NULL || strcmp(terminal, "dumb") == 0;

    *progress = (struct progress){.began_ms = ck_clock_steady_ms()};
    progress->possible = isatty(STDERR_FILENO) && !is_plain &&
                         !option_given(options, OPTION_QUIET) &&
                         !option_given(options, OPTION_VERBOSE);
}

/* "about 3 min" */
static void format_left(double seconds, char *text, size_t size)
{
    if (seconds < 90)
        snprintf(text, size, "about %.0f s left", seconds);
    else if (seconds < 90 * 60)
        snprintf(text, size, "about %.0f min left", seconds / 60);
    else
        snprintf(text, size, "about %.0f h left", seconds / 3600);
}

static void format_rate(double part, size_t done, int64_t elapsed_ms, char *text, size_t size)
{
    char left[48] = "";
    double rate = (double)done * 1000 / (double)(elapsed_ms + 1);

    text[0] = '\0';
    if (elapsed_ms < TELL_RATE_MS)
        return;
    if (part > 0)
        format_left((double)elapsed_ms / 1000 * (1 - part) / part, left, sizeof(left));
    snprintf(text, size, rate < 10 ? ", %.1f a second%s%s" : ", %.0f a second%s%s", rate,
             left[0] != '\0' ? ", " : "", left);
}

static bool is_recent(const struct progress *progress, int64_t now_ms)
{
    pthread_mutex_lock(&lock);
    bool recent = progress->drawn && now_ms - progress->drawn_ms < REDRAW_MS;
    pthread_mutex_unlock(&lock);
    return recent;
}

void progress_show(struct progress *progress, const char *what, double part, size_t done,
                   const char *unit)
{
    int64_t now_ms = ck_clock_steady_ms();

    if (done == 0)
        progress->began_ms = now_ms; /* what comes before the first says nothing of their rate */
    if (!progress->possible || is_recent(progress, now_ms))
        return;
    CK_CLEANUP(ck_free_p) char *name = ck_escape_terminal(what);
    char line[LINE_SIZE], bar[BAR + 1] = "", rate[96];
    double inside = part < 0 ? 0 : part > 1 ? 1 : part;
    /* A line that wraps could not be written over. */
    size_t room = output_columns(STDERR_FILENO, COLUMNS_UNKNOWN) - 1, length;

    memset(bar, '-', BAR);
    memset(bar, '#', (size_t)(inside * BAR));
    format_rate(inside, done, now_ms - progress->began_ms, rate, sizeof(rate));
    snprintf(line, sizeof(line), "[%s] %3.0f%%  %.*s: %zu %s%s", bar, inside * 100, WHAT_MAX,
             name != NULL ? name : "", done, unit, rate);
    length = strlen(line);
    if (length > room)
        length = room;
    pthread_mutex_lock(&lock);
    /* Erases what a longer line left behind it. */
    fprintf(stderr, "\r%.*s\033[K", (int)length, line);
    fflush(stderr);
    progress->drawn = true;
    progress->drawn_ms = now_ms;
    drawn_now = progress;
    pthread_mutex_unlock(&lock);
}

/* With the lock held. */
static void wipe(struct progress *progress)
{
    if (!progress->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
    progress->drawn_ms = 0;
    drawn_now = NULL;
}

void progress_clear(struct progress *progress)
{
    pthread_mutex_lock(&lock);
    wipe(progress);
    pthread_mutex_unlock(&lock);
}

void progress_say(const struct options *options, const char *format, ...)
{
    va_list arguments;

    pthread_mutex_lock(&lock);
    if (drawn_now != NULL)
        wipe(drawn_now);
    va_start(arguments, format);
    say_list(options, format, arguments);
    va_end(arguments);
    pthread_mutex_unlock(&lock);
}
