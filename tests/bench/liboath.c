/*
 * How many TOTP checks liboath makes in a second, by itself: liboath COUNT WINDOW [BASE32]. With
 * BASE32 the key is decoded for each check. The codes are wrong: liboath stops at the right one.
 */
#include <liboath/oath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long check(const char *key, size_t size, long i, size_t window)
{
    return oath_totp_validate4(key, size, (time_t)(1795440000 + 30 * i), 30, 0, window, NULL, NULL,
                               0, "000000") >= 0;
}

static long decode_and_check(const char *base32, long i, size_t window)
{
    char *key;
    size_t size;

    if (oath_base32_decode(base32, strlen(base32), &key, &size) != OATH_OK)
        exit(2);
    long found = check(key, size, i, window);
    free(key);
    return found;
}

int main(int argc, char **argv)
{
    static const char key[] = "12345678901234567890";
    long count = argc >= 3 ? atol(argv[1]) : 0, found = 0;
    size_t window = argc >= 3 ? (size_t)atol(argv[2]) : 0;

    if (count <= 0)
        return 2;
    double begun_s = now_s();
    for (long i = 0; i < count; i++)
        found += argc > 3 ? decode_and_check(argv[3], i, window)
                          : check(key, sizeof(key) - 1, i, window);
    printf("%.0f\n", (double)count / (now_s() - begun_s));
    return found < 0;
}
