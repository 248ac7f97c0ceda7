/* Carrying out a plan: intents, one edit, a look at what came of it, outcomes; then the next. */
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "deed.h"
#include "enforce_internal.h"

enum { TRIES_MAX = 5 }; /* of an edit that the server does not take */

static void tell(const struct ck_enforce_batch *batch, size_t i)
{
    if (batch->enforcer->settled != NULL && !ck_enforce_is_pending(batch->rows[i]))
        batch->enforcer->settled(batch->enforcer->data, batch->rows[i]);
}

/* --- seeing it as it is now --- */

static void drop(struct ck_enforce_batch *batch, size_t i)
{
    memmove(&batch->rows[i], &batch->rows[i + 1], (batch->count - i - 1) * sizeof(batch->rows[0]));
    batch->count--;
}

/*
 * What is going to be sent along has to be as it is now: a person may have thought about the
 * question for long, and somebody else have changed something meanwhile. That may have been seen
 * already, with the results of an earlier batch.
 */
static enum ck_err refresh(struct ck_enforce_batch *batch, struct ck_error *err)
{
    int64_t now_ms = ck_clock_steady_ms();
    bool fresh = true;

    for (size_t i = 0; i < batch->count; i++)
        fresh = fresh && now_ms - batch->rows[i]->read_ms <= CK_ENFORCE_FRESH_MS;
    for (size_t i = 0; i < batch->count; i++)
        batch->looks[i] = CK_LOOK_SEEN;
    if (!fresh && ck_enforce_batch_look(batch, err) != CK_OK)
        return err->code;
    for (size_t i = batch->count; i-- > 0;) {
        struct ck_enforce_row *row = batch->rows[i];
        if (batch->looks[i] == CK_LOOK_GONE)
            ck_enforce_settle(row, CK_ENFORCE_FAILED, "it is not there any more");
        else
            ck_enforce_judge(row, batch->enforcement->on);
        tell(batch, i);
        if (!ck_enforce_is_pending(row))
            drop(batch, i);
    }
    return CK_OK;
}

/* --- the journal --- */

static enum ck_err conclude(struct ck_enforce_batch *batch, size_t i,
                            enum ck_journal_outcome outcome, const char *evidence,
                            const char *detail, struct ck_error *err)
{
    struct ck_error failed;

    /* The first failure is told, and later ones change nothing about it. */
    if (ck_journal_conclude(batch->enforcer->journal, batch->ids[i], outcome, evidence, NULL, NULL,
                            detail, &failed) == CK_OK)
        return CK_OK;
    if (err->code == CK_OK)
        *err = failed;
    return failed.code;
}

/* Either all of them, or nothing may be sent. */
static enum ck_err intend(struct ck_enforce_batch *batch, struct ck_error *err)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct ck_journal_deed deed =
            deed_of(&batch->enforcer->deed, &batch->rows[i]->record.account, "enforce");

        deed.detail = batch->enforcement->on ? "insist on a second factor"
                                             : "insist on a second factor no longer";
        if (ck_journal_intend(batch->enforcer->journal, &deed, batch->ids[i], err) == CK_OK)
            continue;
        while (i-- > 0)
            conclude(batch, i, CK_JOURNAL_FAILED, NULL, "nothing was sent", err);
        return err->code;
    }
    return CK_OK;
}

/* --- sending --- */

static bool may_have_acted(const struct ck_error *error)
{
    return error->code == CK_OK || error->code == CK_ERR_UNKNOWN;
}

static int sent_pw_update(const struct ck_record *record)
{
    return record->force_pw_update == 1;
}

static bool is_cancelled(const struct ck_enforcer *enforcer)
{
    return enforcer->cancel != NULL && *enforcer->cancel;
}

/*
 * The server sent the request away for so long that what it says may be out of date. Whether it is
 * still true after that time; then it may be sent again.
 */
static bool is_still_so(struct ck_enforce_batch *batch)
{
    struct ck_error ignored;

    ck_admin_wait_turn(batch->enforcer->admin);
    if (is_cancelled(batch->enforcer) || ck_enforce_batch_look(batch, &ignored) != CK_OK)
        return false;
    for (size_t i = 0; i < batch->count; i++) {
        const struct ck_record *was = &batch->was[i], *now = &batch->rows[i]->record;
        if (batch->looks[i] != CK_LOOK_SEEN || was->force_pw_update != now->force_pw_update ||
            was->authsource != now->authsource)
            return false;
    }
    return true;
}

static enum ck_err send_patiently(struct ck_enforce_batch *batch,
                                  const struct ck_record *const *records, size_t count,
                                  int pw_update, struct ck_said *said, struct ck_error *err)
{
    struct ck_admin *admin = batch->enforcer->admin;
    enum ck_err r;

    for (int tries = 1;; tries++) {
        ck_admin_wait_turn(admin);
        err->code = CK_OK;
        r = ck_admin_set_flags(admin, records, count, batch->enforcement->on, pw_update, said, err);
        bool again = r == CK_ERR_UNREACHABLE && ck_admin_not_taken(admin) && tries < TRIES_MAX;
        if (!again || !is_still_so(batch))
            return r;
    }
}

/* One request for those with this value; *err is of its kind. */
static void send_some(struct ck_enforce_batch *batch, int pw_update, struct ck_error *err)
{
    const struct ck_record *records[CK_ADMIN_EDIT_MAX];
    struct ck_said said[CK_ADMIN_EDIT_MAX] = {0};
    size_t places[CK_ADMIN_EDIT_MAX], count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        if (sent_pw_update(&batch->was[i]) != pw_update)
            continue;
        places[count] = i;
        records[count++] = &batch->was[i];
    }
    if (count == 0)
        return;
    enum ck_err r = send_patiently(batch, records, count, pw_update, said, err);
    for (size_t i = 0; i < count; i++) {
        batch->sent[places[i]] = true;
        if (r == CK_OK)
            batch->said[places[i]] = said[i];
    }
}

static void send_all(struct ck_enforce_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->was[i] = batch->rows[i]->record;
        batch->sent[i] = false;
        batch->said[i] = (struct ck_said){0};
    }
    for (int pw_update = 0; pw_update <= 1; pw_update++)
        batch->errors[pw_update].code = CK_OK;
    send_some(batch, 0, &batch->errors[0]);
    if (may_have_acted(&batch->errors[0]))
        send_some(batch, 1, &batch->errors[1]);
}

static const struct ck_error *error_of(const struct ck_enforce_batch *batch, size_t i)
{
    return &batch->errors[sent_pw_update(&batch->was[i])];
}

/* The request that can't have done anything, if there is one: then the next ones can't either. */
static const struct ck_error *stopping(const struct ck_enforce_batch *batch)
{
    for (int i = 0; i <= 1; i++) {
        if (!may_have_acted(&batch->errors[i]))
            return &batch->errors[i];
    }
    return NULL;
}

static bool acted_in_part(const struct ck_enforce_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->sent[i] && may_have_acted(error_of(batch, i)))
            return true;
    }
    return false;
}

/* --- judging --- */

/* What was not asked for, and yet reads otherwise than before. */
static const char *find_side_effect(const struct ck_record *was, const struct ck_record *now)
{
    if (was->active != now->active)
        return "whether it is active changed, too, which was not asked for";
    if (was->force_pw_update >= 0 && was->force_pw_update != now->force_pw_update &&
        ck_enforce_loss(was) == NULL)
        return "whether its password has to be changed at the next login changed, too, which was "
               "not asked for";
    return NULL;
}

static void judge_seen(struct ck_enforce_batch *batch, size_t i)
{
    struct ck_enforce_row *row = batch->rows[i];
    const struct ck_said *said = &batch->said[i];
    const struct ck_error *error = error_of(batch, i);
    const char *side_effect = find_side_effect(&batch->was[i], &row->record);

    row->after = row->record.force_tfa;
    if (side_effect != NULL && may_have_acted(error))
        ck_enforce_settle(row, CK_ENFORCE_UNKNOWN, "%s", side_effect);
    else if (row->after == batch->enforcement->on && !may_have_acted(error))
        ck_enforce_settle(row, CK_ENFORCE_ALREADY, NULL); /* somebody else did it */
    else if (row->after == batch->enforcement->on && ck_enforce_loss(&batch->was[i]) != NULL)
        ck_enforce_settle(row, CK_ENFORCE_CHANGED, "%s", ck_enforce_loss(&batch->was[i]));
    else if (row->after == batch->enforcement->on)
        ck_enforce_settle(row, CK_ENFORCE_CHANGED, NULL);
    else if (error->code == CK_ERR_UNKNOWN)
        /* A server that is still at work on the others of a request does not stop with the answer. */
        ck_enforce_settle(row, CK_ENFORCE_UNKNOWN,
                          "%s; it reads as before, but the server may still be at it", error->text);
    else if (error->code != CK_OK)
        ck_enforce_settle(row, CK_ENFORCE_FAILED, "%s", error->text);
    else if (said->refused)
        ck_enforce_settle(row, CK_ENFORCE_FAILED, "the server refused: %s", said->message);
    else if (said->done)
        ck_enforce_settle(row, CK_ENFORCE_FAILED, "the server said success and changed nothing");
    else if (batch->count > 1)
        row->alone = true; /* and pending: the server ended with another one before it */
    else
        ck_enforce_settle(row, CK_ENFORCE_FAILED, "the server said nothing of it");
}

/* One that is not shown any more was deleted, or was taken away from whoever asks. */
static bool may_be_done(const struct ck_enforce_batch *batch, size_t i)
{
    return batch->said[i].done || error_of(batch, i)->code == CK_ERR_UNKNOWN;
}

static void judge(struct ck_enforce_batch *batch, size_t i)
{
    struct ck_enforce_row *row = batch->rows[i];
    const struct ck_error *error = error_of(batch, i);

    if (!batch->sent[i])
        ck_enforce_settle(row, CK_ENFORCE_NOT_TRIED, NULL);
    else if (batch->looks[i] == CK_LOOK_SEEN)
        judge_seen(batch, i);
    else if (batch->looks[i] == CK_LOOK_GONE && !may_be_done(batch, i))
        ck_enforce_settle(row, CK_ENFORCE_FAILED, "it is not there any more");
    else if (!may_have_acted(error))
        ck_enforce_settle(row, CK_ENFORCE_FAILED, "%s", error->text);
    else {
        ck_enforce_settle(row, CK_ENFORCE_UNKNOWN, "it could not be read back: %s",
                          batch->looks[i] == CK_LOOK_GONE ? "the server does not show it any more"
                                                          : batch->looking.text);
        row->after = -1;
    }
}

static void write_outcome(struct ck_enforce_batch *batch, size_t i, struct ck_error *err)
{
    const struct ck_enforce_row *row = batch->rows[i];
    const char *evidence = batch->looks[i] == CK_LOOK_SEEN ? "read back" : NULL;

    switch (row->result) {
    case CK_ENFORCE_CHANGED:
        conclude(batch, i, CK_JOURNAL_DONE, evidence, NULL, err);
        break;
    case CK_ENFORCE_UNKNOWN:
        conclude(batch, i, CK_JOURNAL_UNKNOWN, evidence, row->reason, err);
        break;
    case CK_ENFORCE_NOT_TRIED:
        conclude(batch, i, CK_JOURNAL_FAILED, NULL, "nothing was sent", err);
        break;
    case CK_ENFORCE_PENDING: /* its next try is another deed */
        conclude(batch, i, CK_JOURNAL_FAILED, evidence, "the server did not come to it", err);
        break;
    default:
        conclude(batch, i, CK_JOURNAL_FAILED, evidence, row->reason, err);
    }
}

/* --- batch by batch --- */

/* Whether the journal has the outcomes, and there is a server to go on with. */
static enum ck_err finish(struct ck_enforce_batch *batch, struct ck_error *err)
{
    const struct ck_error *stopped = stopping(batch);
    struct ck_error journal = {.code = CK_OK};
    bool blind = false;

    for (size_t i = 0; i < batch->count; i++) {
        judge(batch, i);
        write_outcome(batch, i, &journal);
        tell(batch, i);
        blind = blind || (batch->sent[i] && batch->looks[i] == CK_LOOK_FAILED);
    }
    if (journal.code != CK_OK)
        *err = journal;
    else if (stopped != NULL)
        *err = *stopped;
    else if (blind)
        *err = batch->looking;
    else
        return CK_OK;
    return err->code;
}

/* One hitch on the way shall not leave the results of so many accounts unknown. */
static void look_back(struct ck_enforce_batch *batch)
{
    if (ck_enforce_batch_look(batch, &batch->looking) == CK_ERR_UNREACHABLE)
        ck_enforce_batch_look(batch, &batch->looking);
}

static enum ck_err run_batch(struct ck_enforce_batch *batch, struct ck_error *err)
{
    if (refresh(batch, err) != CK_OK || batch->count == 0)
        return batch->count == 0 ? CK_OK : err->code;
    if (intend(batch, err) != CK_OK)
        return err->code;
    send_all(batch);
    for (size_t i = 0; i < batch->count; i++)
        batch->looks[i] = CK_LOOK_FAILED;
    /* A refused key counts at the server, and would once more. */
    const struct ck_error *stopped = stopping(batch);
    if (stopped == NULL || stopped->code != CK_ERR_REFUSED || acted_in_part(batch))
        look_back(batch);
    return finish(batch, err);
}

static void leave(const struct ck_enforcer *enforcer, struct ck_enforcement *enforcement)
{
    for (size_t i = 0; i < enforcement->count; i++) {
        struct ck_enforce_row *row = &enforcement->rows[i];
        if (!ck_enforce_is_pending(row))
            continue;
        ck_enforce_settle(row, CK_ENFORCE_NOT_TRIED, NULL);
        if (enforcer->settled != NULL)
            enforcer->settled(enforcer->data, row);
    }
}

enum ck_err ck_enforce_run(const struct ck_enforcer *enforcer, struct ck_enforcement *enforcement,
                           struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_enforce_batch *batch = calloc(1, sizeof(*batch));
    enum ck_err r = batch != NULL ? CK_OK : ck_error_no_memory(err);
    size_t at = 0;

    while (r == CK_OK) {
        batch->enforcer = enforcer;
        batch->enforcement = enforcement;
        ck_enforce_batch_fill(batch, &at);
        if (batch->count == 0)
            break;
        r = is_cancelled(enforcer) ? ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted")
                                   : run_batch(batch, err);
    }
    leave(enforcer, enforcement);
    return r;
}
