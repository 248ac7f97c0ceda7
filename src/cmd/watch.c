/* Showing a code in place. */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "output.h"

enum { LINE_MAX_BYTES = 80, COLUMNS_UNKNOWN = 80 };

enum ck_err watch_check(struct ck_error *err)
{
    if (isatty(STDOUT_FILENO))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "--watch needs a terminal as standard output");
    return ck_error_hint(err, "Without --watch the code of the moment is printed once.");
}

/* Over what stood there, with blanks up to its length; any terminal knows how to do that. */
static bool show(const char *line, size_t *length_before)
{
    /* A line that wraps could not be written over. */
    size_t room = output_columns(STDOUT_FILENO, COLUMNS_UNKNOWN) - 1, length = strlen(line);

    if (length > room)
        length = room;
    size_t blanks = *length_before > length ? *length_before - length : 0;
    if (blanks + length > room)
        blanks = room - length;
    printf("\r%.*s%*s\r", (int)length, line, (int)blanks, "");
    *length_before = length;
    return fflush(stdout) == 0;
}

static enum ck_err show_codes(const struct ck_otpauth *otpauth, int64_t now_s,
                              size_t *length_before, struct ck_error *err)
{
    const int64_t period_s = otpauth->params.period_s;
    char code[CK_TOTP_CODE_MAX] = "", next[CK_TOTP_CODE_MAX] = "", line[LINE_MAX_BYTES];

    enum ck_err r = ck_totp_code(otpauth->key, &otpauth->params, now_s, code, err);
    if (r == CK_OK)
        r = ck_totp_code(otpauth->key, &otpauth->params, now_s + period_s, next, err);
    if (r == CK_OK) {
        snprintf(line, sizeof(line), "%s  %4d s left, then %s", code,
                 (int)(period_s - now_s % period_s), next);
        if (!show(line, length_before) && !interrupt_noted)
            r = ck_error_set(err, CK_ERR_UNCHANGED, "the terminal can't be written to: %s",
                             strerror(errno));
    }
    ck_secret_erase(code, sizeof(code));
    ck_secret_erase(next, sizeof(next));
    ck_secret_erase(line, sizeof(line));
    return r;
}

/* Not time(), whose second may begin a little late: the same one would be shown again at once. */
static time_t clock_s(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

/* Whichever comes first, the next second of the clock or a signal. */
static void await_next_second(time_t now_s)
{
    const struct timespec next = {.tv_sec = now_s + 1};

    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &next, NULL);
}

enum ck_err watch_run(const struct ck_otpauth *otpauth, struct ck_error *err)
{
    size_t length = 0;
    enum ck_err r = CK_OK;

    while (r == CK_OK && !interrupt_noted) {
        time_t now_s = clock_s();
        r = show_codes(otpauth, now_s, &length, err);
        if (r == CK_OK && !interrupt_noted)
            await_next_second(now_s);
    }
    show("", &length);
    return r;
}
