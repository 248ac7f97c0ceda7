/*
 * How many assertions libfido2 checks in a second: fido2 SECONDS RP_ID HASH DATA SIGNATURE X Y, the last
 * five in hex. Built by tests/bench/run; prints one number.
 */
#include <fido.h>
#include <fido/es256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct part {
    unsigned char bytes[1024];
    size_t size;
};

static struct part part_of(const char *hex)
{
    struct part part = {.size = strlen(hex) / 2};

    for (size_t i = 0; i < part.size && i < sizeof(part.bytes); i++)
        sscanf(hex + 2 * i, "%2hhx", &part.bytes[i]);
    return part;
}

/* As a relying party does it for each login. */
static int check(const char *rp_id, const struct part *parts, const es256_pk_t *key)
{
    fido_assert_t *assertion = fido_assert_new();
    int r = fido_assert_set_clientdata_hash(assertion, parts[0].bytes, parts[0].size);

    r |= fido_assert_set_rp(assertion, rp_id);
    r |= fido_assert_set_count(assertion, 1);
    r |= fido_assert_set_authdata_raw(assertion, 0, parts[1].bytes, parts[1].size);
    r |= fido_assert_set_up(assertion, FIDO_OPT_TRUE);
    r |= fido_assert_set_sig(assertion, 0, parts[2].bytes, parts[2].size);
    r |= fido_assert_verify(assertion, 0, COSE_ES256, key);
    fido_assert_free(&assertion);
    return r;
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct part parts[5];
    unsigned char point[64];
    es256_pk_t *key = es256_pk_new();
    unsigned long count = 0;

    if (argc != 8)
        return 2;
    fido_init(0);
    for (int i = 0; i < 5; i++)
        parts[i] = part_of(argv[3 + i]);
    memcpy(point, parts[3].bytes, 32);
    memcpy(point + 32, parts[4].bytes, 32);
    if (es256_pk_from_ptr(key, point, sizeof(point)) != FIDO_OK)
        return 1;
    double start_s = now_s(), seconds = atof(argv[1]), spent_s = 0;
    for (; spent_s < seconds; count++) {
        if (check(argv[2], parts, key) != FIDO_OK)
            return 1;
        if (count % 100 == 0)
            spent_s = now_s() - start_s;
    }
    printf("%.0f\n", (double)count / (now_s() - start_s));
    es256_pk_free(&key);
    return 0;
}
