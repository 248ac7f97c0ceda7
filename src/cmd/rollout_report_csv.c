/* The table of a roll-out for spreadsheets. */
#include "cowkey/report/csv.h"
#include "rollout_report.h"
#include "spool.h"

enum ck_err rollout_csv_begin(struct rollout_report *report, struct ck_error *err)
{
    static const char *const headers[] = {"account", "role",   "group",    "method",    "key",
                                          "label",   "state",  "evidence", "id",        "aaguid",
                                          "model",   "serial", "firmware", "submitted", "finished",
                                          "tries",   "cause"};
    enum ck_err r = spool_open(&report->table, err);

    if (r == CK_OK)
        r = ck_csv_row(report->table, headers, sizeof(headers) / sizeof(*headers), err);
    return r;
}

enum ck_err rollout_csv_item(struct rollout_report *report, const struct ck_ledger_person *person,
                             const struct ck_ledger_item *item, const struct ck_ledger_key *key,
                             struct ck_error *err)
{
    char n[16] = "", id[ROLLOUT_ID_MAX], tries[16], submitted[ROLLOUT_TIME_MAX],
         finished[ROLLOUT_TIME_MAX];

    if (item->n > 0)
        snprintf(n, sizeof(n), "%u", item->n);
    rollout_item_id(item, id);
    snprintf(tries, sizeof(tries), "%u", item->tries);
    rollout_time_iso(item->submitted_s, submitted);
    rollout_time_iso(rollout_item_finished_s(item), finished);
    const char *cells[] = {person->account.name,
                           ck_role_name(person->account.role),
                           person->group,
                           ck_rollout_method_name(item->method),
                           n,
                           item->label,
                           ck_step_state_name(item->state),
                           rollout_item_evidence(item),
                           id,
                           key != NULL ? key->aaguid : NULL,
                           key != NULL ? rollout_key_model(key) : NULL,
                           key != NULL ? key->serial : NULL,
                           key != NULL ? key->firmware : NULL,
                           submitted,
                           finished,
                           tries,
                           rollout_item_cause(item)};
    return ck_csv_row(report->table, cells, sizeof(cells) / sizeof(*cells), err);
}
