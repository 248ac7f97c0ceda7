/* SHA-256 of a line that need not be in memory as a whole, in hex. */
#ifndef JOURNAL_DIGEST_H
#define JOURNAL_DIGEST_H

#include <stddef.h>

#include "cowkey/journal/journal.h"

struct digest; /* may be used for one line after the other */

/* NULL: no memory. */
struct digest *digest_new(void);
void digest_free(struct digest **digest);

enum ck_err digest_add(struct digest *digest, const char *bytes, size_t size, struct ck_error *err);

/* The hash of all that was added since the one before. */
enum ck_err digest_end(struct digest *digest, char ret_hash[CK_JOURNAL_HASH_SIZE + 1],
                       struct ck_error *err);

#endif
