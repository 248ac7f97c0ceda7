/* The report of a roll-out: its table and its page, written item by item. */
#ifndef CMD_ROLLOUT_REPORT_H
#define CMD_ROLLOUT_REPORT_H

#include <stdio.h>

#include "options.h"
#include "rollout_figures.h"

enum { ROLLOUT_PACE_MAX = 72 }; /* columns of the chart */

/* How many factors were enrolled in each hour, or in longer times where there are many hours. */
struct rollout_pace {
    int64_t unit_s;
    struct {
        int64_t begin_s;
        size_t count;
    } times[ROLLOUT_PACE_MAX]; /* in order; those without any are left out */
    size_t times_count;
};
/* A ck_ledger_pace_visitor. */
enum ck_err rollout_pace_add(void *pace, int64_t hour_begin_s, size_t count, struct ck_error *err);

/* All is borrowed but the figures and the spools. */
struct rollout_report {
    const struct options *options;
    const char *csv, *html; /* NULL: none is wanted */
    struct ck_ledger *ledger;
    int64_t started_s;
    struct rollout_figures figures;
    struct rollout_pace pace;

    FILE *table;                /* the CSV file that is to be */
    FILE *problems, *passwords; /* rows of the page's tables, until it is known what stands above */
    FILE *accounts;
    size_t problems_count;
    int64_t last_person; /* whose password was looked at */
};

/* The line of headers, then a line for each item. */
enum ck_err rollout_csv_begin(struct rollout_report *report, struct ck_error *err);
enum ck_err rollout_csv_item(struct rollout_report *report, const struct ck_ledger_person *person,
                             const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                             struct ck_error *err);

/*
 * The page's rows of an item, or (NULL) of somebody who has none; then the page, of all that was
 * counted meanwhile.
 */
enum ck_err rollout_page_begin(struct rollout_report *report, struct ck_error *err);
void rollout_page_item(struct rollout_report *report, const struct ck_ledger_person *person,
                       const struct ck_ledger_item *item, const struct ck_ledger_key *key);
enum ck_err rollout_page_write(struct rollout_report *report, struct ck_error *err);

#endif
