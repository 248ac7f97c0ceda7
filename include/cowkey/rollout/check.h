/* Whether a plan can run: what its files say together, and what the server says. Nothing is changed. */
#ifndef COWKEY_ROLLOUT_CHECK_H
#define COWKEY_ROLLOUT_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/admin/operator.h"
#include "cowkey/base/error.h"
#include "cowkey/rollout/complaints.h"
#include "cowkey/rollout/plan.h"
#include "cowkey/rollout/policy.h"
#include "cowkey/rollout/secrets_file.h"

enum { CK_CHECK_LIST_FROM = 16 }; /* accounts of a domain, from which on all are read at once */

/* All is borrowed. */
struct ck_rollout {
    const struct ck_plan *plan;
    const struct ck_policy *policy;
    const struct ck_secrets *secrets; /* NULL: there is no secrets file */
    const char *directory;            /* of the plan, which its password files lie below */
};

/* The pattern of the item's label, its own or its group's; the group has to be there. */
const char *ck_rollout_label(const struct ck_rollout *rollout, const struct ck_plan_item *item);

/*
 * Looks at each item with what it refers to: the group, the label, the password, and the other items
 * (the same account, method and label; other ways into the same account). What is wrong goes to
 * complaints.
 */
enum ck_err ck_check_files(const struct ck_rollout *rollout, struct ck_complaints *complaints,
                           struct ck_error *err);

/* What is to be done, of a plan without complaints. */
struct ck_check_counts {
    size_t accounts;
    size_t factors;                     /* each key counts */
    size_t methods[CK_ROLLOUT_METHODS]; /* factors */
    size_t routes[CK_ROUTES];           /* rows */
    /* Touches of keys. A person's keys are reset once each, whatever is registered on them. */
    size_t resets, registrations, proofs;
    /* Labels that name the serial number: of keys, of which most have none, and rows' own of apps. */
    size_t serial_keys, serial_apps;
    /* Factors whose keys have to show a maker's certificate, but not whose: there are no roots. */
    size_t attested_by_any;
};
enum ck_err ck_check_count(const struct ck_rollout *rollout, struct ck_check_counts *ret_counts,
                           struct ck_error *err);

struct ck_check_found {
    struct ck_complaints problems; /* lines of the plan that can't run on this server */
    /* Mailboxes whose mail programs will stop: they have no app password. Owned. */
    char **mail_programs; /* names */
    size_t mail_programs_count;
    size_t mail_programs_unknown; /* mailboxes of which it was not told */
    size_t asked_singly; /* mailboxes whose domain's list could not be had: see singly_cause */
    struct ck_error singly_cause; /* the first one's */
    int enforceable;         /* whether the release can insist on second factors; -1: not seen */
    size_t changes_unforced; /* new passwords whose change it can't insist on */
};
void ck_check_found_clear(struct ck_check_found *found);

enum ck_check_depth {
    CK_CHECK_TO_RUN,  /* what could stop a run */
    CK_CHECK_TO_TELL, /* and whose mail programs will stop: an exchange more for each mailbox */
};

/*
 * Reads what the server tells of the accounts of the plan's rows: of those count whose indexes are
 * given, or (NULL) of all. A domain's list is read while it arrives, whatever its size; where it
 * can't be had, its mailboxes are asked for one by one. An account that is not there, or that this
 * operator can't get into by the row's route, is a problem of its line. The plan gets the people's
 * names. Errors are those of ck_admin_read that end all: CK_ERR_REFUSED, CK_ERR_UNREACHABLE,
 * CK_ERR_INTERRUPTED, ... progress may be NULL.
 */
enum ck_err ck_check_server(struct ck_plan *plan, const uint32_t *rows, size_t count,
                            const struct ck_operator *by, enum ck_check_depth depth,
                            void (*progress)(void *data, size_t done, size_t count), void *data,
                            struct ck_check_found *ret_found, struct ck_error *err);

#endif
