/* What enforce answers: lines for a person, a document, an exit status. */
#ifndef CMD_ENFORCE_ANSWER_H
#define CMD_ENFORCE_ANSWER_H

#include <stdint.h>

#include "admin_target.h"
#include "cowkey/admin/enforce.h"
#include "scope.h"

/*
 * What the plan already knows: those that stay as they are, expired exceptions and those of nobody,
 * and in a dry run what would be changed.
 */
void enforce_print_plan(const struct ck_enforcement *enforcement, const struct scope *scope,
                        bool dry_run);

/* The result of one account; among many only one that is worth a line. */
void enforce_print_row(const struct ck_enforcement *enforcement, const struct ck_enforce_row *row);

/* How many there are of each result. */
void enforce_print_summary(const struct ck_enforcement *enforcement, bool dry_run);

/* cowkey.enforce/1; by: who did it. */
void enforce_print_document(const struct admin_target *by, const struct ck_enforcement *enforcement,
                            const struct scope *scope, bool dry_run, int64_t started_s,
                            const struct ck_error *err);

/* err: what ended it before all accounts were tried, or CK_OK in its code. */
int enforce_status(const struct ck_enforcement *enforcement, const struct ck_error *err);

#endif
