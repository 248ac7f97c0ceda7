/* Writing: what is about to be done, and what became of it. */
#include "cowkey/journal/journal.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/base/random.h"
#include "entry.h"
#include "file.h"
#include "system_log.h"
#include "tail.h"

struct ck_journal {
    char *path; /* for error texts */
    int fd;
    int64_t (*now_s)(void);
    bool tells_system;
    bool outcomes_wait;
    pthread_mutex_t lock; /* flock does not keep threads apart that share fd; guards what follows */
    char window[TAIL_WINDOW];
    char line[1 + CK_JOURNAL_LINE_MAX + 1]; /* LF for what was torn, the line, NUL */
};

const char *ck_journal_outcome_name(enum ck_journal_outcome outcome)
{
    static const char *const names[] = {
        [CK_JOURNAL_DONE] = "done",
        [CK_JOURNAL_FAILED] = "failed",
        [CK_JOURNAL_UNKNOWN] = "unknown",
    };

    return names[outcome];
}

enum ck_err ck_journal_open(const char *path, int64_t (*now_s)(void), struct ck_journal **ret,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_journal_close) struct ck_journal *journal = calloc(1, sizeof(*journal));

    if (journal == NULL)
        return ck_error_no_memory(err);
    journal->fd = -1;
    journal->now_s = now_s;
    pthread_mutex_init(&journal->lock, NULL);
    journal->path = strdup(path);
    if (journal->path == NULL)
        return ck_error_no_memory(err);
    if (file_open(path, &journal->fd, err) != CK_OK)
        return err->code;
    *ret = CK_TAKE(journal);
    return CK_OK;
}

void ck_journal_close(struct ck_journal **journal)
{
    if (*journal == NULL)
        return;
    file_close(&(*journal)->fd);
    pthread_mutex_destroy(&(*journal)->lock);
    free((*journal)->path);
    free(*journal);
    *journal = NULL;
}

void ck_journal_tell_system(struct ck_journal *journal)
{
    journal->tells_system = true;
}

void ck_journal_let_outcomes_wait(struct ck_journal *journal)
{
    journal->outcomes_wait = true;
}

/* The line chained to the end of the file, behind an LF where that end was torn. */
static enum ck_err append_locked(struct ck_journal *journal, json_t *members, enum file_rule rule,
                                 size_t *ret_size, struct ck_error *err)
{
    struct tail tail;

    if (tail_read(journal->fd, journal->path, journal->window, &tail, err) != CK_OK ||
        entry_compose(tail.n, tail.prev, tail.after_torn, members, journal->line + 1, ret_size,
                      err) != CK_OK)
        return err->code;
    journal->line[0] = '\n';
    size_t skipped = tail.needs_line_end ? 0 : 1;
    return file_append(journal->fd, journal->line + skipped, 1 + *ret_size - skipped, rule,
                       journal->path, err);
}

/* Without the file's end, a line still tells the system's log what became of an act. */
static void compose_unchained(struct ck_journal *journal, json_t *members, size_t *ret_size)
{
    struct ck_error ignored;

    if (entry_compose(0, entry_no_hash, false, members, journal->line + 1, ret_size, &ignored) !=
        CK_OK)
        *ret_size = 0;
}

static void tell_system(struct ck_journal *journal, size_t size)
{
    if (!journal->tells_system || size == 0)
        return;
    journal->line[size] = '\0'; /* instead of its LF */
    system_log_write(journal->line + 1);
}

static enum ck_err append(struct ck_journal *journal, json_t *members, bool is_outcome,
                          struct ck_error *err)
{
    enum file_rule rule = !is_outcome              ? FILE_ALL_OR_NONE
                          : journal->outcomes_wait ? FILE_MAY_WAIT
                                                   : FILE_KEEP;
    size_t size = 0;

    if (members == NULL)
        return ck_error_no_memory(err);
    pthread_mutex_lock(&journal->lock);
    enum ck_err r = file_lock(journal->fd, LOCK_EX, journal->path, err);
    if (r == CK_OK) {
        r = append_locked(journal, members, rule, &size, err);
        file_unlock(journal->fd);
    }
    if (r != CK_OK && is_outcome)
        compose_unchained(journal, members, &size);
    if (r == CK_OK || is_outcome)
        tell_system(journal, size);
    pthread_mutex_unlock(&journal->lock);
    return r;
}

enum ck_err ck_journal_intend(struct ck_journal *journal, const struct ck_journal_deed *deed,
                              char ret_id[CK_JOURNAL_ID_SIZE + 1], struct ck_error *err)
{
    char id[CK_JOURNAL_ID_SIZE + 1] = "";

    /* Unlike a key or a mark in a label, it is nothing that a test would want to foresee. */
    if (ck_random_text("0123456789abcdef", CK_JOURNAL_ID_SIZE, RAND_bytes, id, err) != CK_OK)
        return err->code;
    CK_CLEANUP(ck_json_free) json_t *members = entry_intent(journal->now_s(), id, deed);
    if (append(journal, members, false, err) != CK_OK)
        return err->code;
    strcpy(ret_id, id);
    return CK_OK;
}

static enum ck_err not_concluded(struct ck_error *err)
{
    char hint[CK_ERROR_HINT_MAX];

    strcpy(hint, err->hint);
    ck_error_set(err, CK_ERR_UNKNOWN, "the outcome is missing in the journal: %s", err->text);
    return ck_error_hint(err, "%s", hint);
}

enum ck_err ck_journal_conclude(struct ck_journal *journal, const char *id,
                                enum ck_journal_outcome outcome, const char *evidence,
                                const char *aaguid, const char *serial, const char *detail,
                                struct ck_error *err)
{
    CK_CLEANUP(ck_json_free)
    json_t *members =
        entry_outcome(journal->now_s(), id, outcome, evidence, aaguid, serial, detail);

    if (append(journal, members, true, err) == CK_OK)
        return CK_OK;
    return not_concluded(err);
}

enum ck_err ck_journal_settle(struct ck_journal *journal, struct ck_error *err)
{
    if (!journal->outcomes_wait)
        return CK_OK;
    journal->outcomes_wait = false;
    return file_settle(journal->fd, journal->path, err) == CK_OK ? CK_OK : not_concluded(err);
}
