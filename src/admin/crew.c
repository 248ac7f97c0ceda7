/*
 * Several sessions at work on one list: each thread takes the next row that nobody has taken. The
 * caller is one of them, and the only one that tells of rows.
 */
#include <pthread.h>
#include <stdlib.h>

#include "audit_internal.h"
#include "cowkey/mailcow/http.h"

struct audit_crew {
    const struct ck_audit *audit;
    pthread_t threads[CK_AUDIT_JOBS_MAX];
    size_t threads_count;

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    struct audit_row *rows;
    size_t count, next; /* rows from next on are not taken */
    size_t at_work;     /* rows that are taken and not done */
    bool over;          /* nobody takes another row: the end, or an error */
    struct ck_error error;
};

/* With the lock held. The first error counts, since others follow from it. */
static void fail(struct audit_crew *crew, const struct ck_error *err)
{
    if (crew->error.code == CK_OK)
        crew->error = *err;
    crew->over = true;
}

static void note_cancel(struct audit_crew *crew)
{
    struct ck_error err;

    if (crew->audit->cancel == NULL || !*crew->audit->cancel)
        return;
    ck_error_set(&err, CK_ERR_INTERRUPTED, "interrupted");
    fail(crew, &err);
}

/* Looks at the next row; with the lock held, which is let go of meanwhile. */
static void work_once(struct audit_crew *crew, struct ck_session **session)
{
    struct audit_row *row = &crew->rows[crew->next++];
    const struct ck_audit *audit = crew->audit;
    struct ck_error err = {.code = CK_OK};

    crew->at_work++;
    pthread_mutex_unlock(&crew->lock);
    enum ck_err r = CK_OK;
    if (row->open && *session == NULL)
        r = audit->open(audit->open_data, session, &err);
    if (r == CK_OK && row->open)
        r = audit_row_open(row, *session, &err);
    pthread_mutex_lock(&crew->lock);
    crew->at_work--;
    row->done = r == CK_OK;
    if (r != CK_OK)
        fail(crew, &err);
    pthread_cond_broadcast(&crew->changed);
}

static bool has_work(const struct audit_crew *crew)
{
    return !crew->over && crew->next < crew->count;
}

static void *work(void *data)
{
    struct audit_crew *crew = data;
    struct ck_session *session = NULL;

    pthread_mutex_lock(&crew->lock);
    while (!crew->over) {
        note_cancel(crew);
        if (has_work(crew))
            work_once(crew, &session);
        else
            pthread_cond_wait(&crew->changed, &crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
    ck_session_close(&session);
    ck_http_thread_end();
    return NULL;
}

enum ck_err audit_crew_new(const struct ck_audit *audit, struct audit_crew **ret_crew,
                           struct ck_error *err)
{
    struct audit_crew *crew = calloc(1, sizeof(*crew));

    if (crew == NULL)
        return ck_error_no_memory(err);
    crew->audit = audit;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    while (audit->deep && crew->threads_count + 1 < audit->jobs) {
        if (pthread_create(&crew->threads[crew->threads_count], NULL, work, crew) != 0) {
            audit_crew_free(&crew);
            return ck_error_set(err, CK_ERR_UNCHANGED, "no thread could be started");
        }
        crew->threads_count++;
    }
    *ret_crew = crew;
    return CK_OK;
}

void audit_crew_free(struct audit_crew **crew)
{
    struct audit_crew *c = *crew;

    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->over = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->threads_count; i++)
        pthread_join(c->threads[i], NULL);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    free(c);
    *crew = NULL;
}

/* With the lock held, which is let go of meanwhile: what is done stays as it is. */
static void tell_done(struct audit_crew *crew, size_t *told, audit_tell *tell, void *data)
{
    size_t end = *told;

    while (end < crew->count && crew->rows[end].done)
        end++;
    if (end == *told)
        return;
    pthread_mutex_unlock(&crew->lock);
    tell(data, crew->rows, *told, end - *told);
    pthread_mutex_lock(&crew->lock);
    *told = end;
}

/* After an error: what others had finished behind a row that nobody did. */
static void tell_rest(struct audit_crew *crew, size_t told, audit_tell *tell, void *data)
{
    for (size_t i = told; i < crew->count; i++) {
        if (crew->rows[i].done)
            tell(data, crew->rows, i, 1);
    }
}

enum ck_err audit_crew_work(struct audit_crew *crew, struct audit_row *rows, size_t count,
                            audit_tell *tell, void *data, struct ck_error *err)
{
    struct ck_session *session = crew->audit->session;
    size_t told = 0;

    pthread_mutex_lock(&crew->lock);
    crew->rows = rows;
    crew->count = count;
    crew->next = 0;
    pthread_cond_broadcast(&crew->changed);
    while (has_work(crew) || crew->at_work > 0) {
        note_cancel(crew);
        if (has_work(crew))
            work_once(crew, &session);
        else if (crew->at_work > 0)
            pthread_cond_wait(&crew->changed, &crew->lock);
        tell_done(crew, &told, tell, data);
    }
    tell_rest(crew, told, tell, data);
    crew->rows = NULL;
    crew->count = crew->next = 0;
    if (crew->error.code != CK_OK)
        *err = crew->error;
    enum ck_err r = crew->error.code;
    pthread_mutex_unlock(&crew->lock);
    return r;
}
