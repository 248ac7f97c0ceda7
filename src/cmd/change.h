/* The documents of the commands that change something of the account. */
#ifndef CMD_CHANGE_H
#define CMD_CHANGE_H

#include <stdint.h>

#include "cowkey/enroll/entry.h"
#include "target.h"

struct json_t;

/* Begins a document: whose account, and the result: done ("removed"), "failed" or "unknown". */
struct json_t *change_json(const char *schema, const struct target *target,
                           enum ck_change_result result, const char *done);

/* Ends it with the times, and the error if there is one; prints and releases it. */
void change_print(struct json_t *document, int64_t started_s, const struct ck_error *err);

/* {"id","kind","label"} */
struct json_t *listed_json(const struct ck_listed *listed);

#endif
