/* Drawing a bar in place. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"

enum {
    REDRAW_MS = 100,
    TELL_RATE_MS = 2000, /* before that, rates are a guess */
    BAR = 24,            /* characters between its brackets */
    WHAT_MAX = 28,       /* bytes of what is at work */
    COLUMNS_UNKNOWN = 80,
    LINE_SIZE = 256,
};

static int64_t clock_ms(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const struct options *options)
{
    const char *terminal = getenv("TERM");
    bool is_plain = terminal == NULL || strcmp(terminal, "dumb") == 0;

    *progress = (struct progress){.began_ms = clock_ms()};
    progress->possible = isatty(STDERR_FILENO) && !is_plain &&
                         !option_given(options, OPTION_QUIET) &&
                         !option_given(options, OPTION_VERBOSE);
}

/* A line that wraps could not be written over. */
static size_t columns(void)
{
    struct winsize window;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return COLUMNS_UNKNOWN;
    return window.ws_col;
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

void progress_show(struct progress *progress, const char *what, double part, size_t done,
                   const char *unit)
{
    int64_t now_ms = clock_ms();

    if (done == 0)
        progress->began_ms = now_ms; /* what comes before the first says nothing of their rate */
    if (!progress->possible || (progress->drawn && now_ms - progress->drawn_ms < REDRAW_MS))
        return;
    CK_CLEANUP(ck_free_p) char *name = ck_escape_terminal(what);
    char line[LINE_SIZE], bar[BAR + 1] = "", rate[96];
    double inside = part < 0 ? 0 : part > 1 ? 1 : part;
    size_t room = columns() - 1, length;

    memset(bar, '-', BAR);
    memset(bar, '#', (size_t)(inside * BAR));
    format_rate(inside, done, now_ms - progress->began_ms, rate, sizeof(rate));
    snprintf(line, sizeof(line), "[%s] %3.0f%%  %.*s: %zu %s%s", bar, inside * 100, WHAT_MAX,
             name != NULL ? name : "", done, unit, rate);
    length = strlen(line);
    if (length > room)
        length = room;
    /* Erases what a longer line left behind it. */
    fprintf(stderr, "\r%.*s\033[K", (int)length, line);
    fflush(stderr);
    progress->drawn = true;
    progress->drawn_ms = now_ms;
}

void progress_clear(struct progress *progress)
{
    if (!progress->drawn)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->drawn = false;
    progress->drawn_ms = 0;
}
