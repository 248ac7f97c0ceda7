/* A software key (tests/softkey) for a test in C, which is linked with the shim. */
#ifndef COWKEY_TESTS_SOFT_H
#define COWKEY_TESTS_SOFT_H

/* Whoever includes this defines what program it is (argv[1]). */
extern const char *softkey_program;

struct soft {
    char directory[64], socket[96], log[96];
    int pid, standing; /* its standard input: it ends when that does */
};

/* A script as tests/softkey/softkey.c says it. From now on it is the only key that there is. */
void soft_start(struct soft *soft, const char *script);
void soft_tell(const struct soft *soft, const char *script);
void soft_end(struct soft *soft);

/* How many lines of its log hold both texts. */
unsigned soft_count(const struct soft *soft, const char *one, const char *other);
void soft_forget_log(const struct soft *soft);

#endif
