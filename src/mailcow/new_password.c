/* Generating passwords. */
#include "cowkey/mailcow/new_password.h"

#include <openssl/rand.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/random.h"

/*
 * Six groups of four characters that nobody takes for one another, 139 bits. With a small letter, a
 * capital, a digit and the dashes it meets whatever mailcow's password policy can ask for but its
 * length.
 */
static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
enum {
    GROUPS = 6,
    GROUP_SIZE = 4,
    SIZE = GROUPS * (GROUP_SIZE + 1) - 1,
    DRAWS_MAX = 1000,
};

static enum ck_err draw(char *text, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    for (int i = 0; r == CK_OK && i < SIZE; i += GROUP_SIZE + 1) {
        if (i > 0)
            text[i - 1] = '-';
        r = ck_random_text(letters, GROUP_SIZE, RAND_priv_bytes, text + i, err);
    }
    return r;
}

static bool has_all_kinds(const char *text)
{
    return strpbrk(text, "abcdefghijkmnpqrstuvwxyz") != NULL &&
           strpbrk(text, "ABCDEFGHJKLMNPQRSTUVWXYZ") != NULL && strpbrk(text, "23456789") != NULL;
}

/* Drawn afresh as a whole until it has all kinds, so that all that have are as likely. */
enum ck_err ck_new_password_make(struct ck_secret **ret_password, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *password = NULL;
    enum ck_err r = ck_secret_new(NULL, SIZE, &password, err);

    for (int i = 0; r == CK_OK && i < DRAWS_MAX; i++) {
        r = draw(ck_secret_bytes(password), err);
        if (r == CK_OK && has_all_kinds(ck_secret_bytes(password))) {
            *ret_password = CK_TAKE(password);
            return CK_OK;
        }
    }
    return r != CK_OK
               ? r
               : ck_error_set(err, CK_ERR_UNCHANGED, "the system's random numbers are not random");
}
