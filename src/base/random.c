/* Drawing letters from random bytes. */
#include "cowkey/base/random.h"

#include <string.h>

#include "cowkey/base/secret.h"

enum ck_err ck_random_text(const char *alphabet, size_t length, ck_random_source *source,
                           char *text, struct ck_error *err)
{
    size_t letters = strlen(alphabet);
    size_t fair_limit = 256 / letters * letters; /* bytes from here on would favour some letters */
    enum ck_err r = CK_OK;

    for (size_t at = 0; r == CK_OK && at < length;) {
        unsigned char byte;
        if (source(&byte, 1) != 1)
            r = ck_error_set(err, CK_ERR_UNCHANGED, "the system gave no random numbers");
        else if (byte < fair_limit)
            text[at++] = alphabet[byte % letters];
        ck_secret_erase(&byte, sizeof(byte));
    }
    return r;
}
