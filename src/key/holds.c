/* Which credentials a key holds. */
#include "cowkey/key/holds.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "internal.h"

enum {
    LIST_MAX_UNTOLD = 8,   /* ids in a list, for keys that don't tell how many they take */
    MESSAGE_UNTOLD = 1024, /* bytes of a message, likewise (CTAP 2.1 section 6.4, maxMsgSize) */
    MESSAGE_HEAD = 128,    /* of that, for all but the RP ID and the list */
    DESCRIPTOR_FRAME = 32, /* bytes of a list's entry around its id */
};

/* How much a key takes at once. */
struct bounds {
    size_t list, id, message; /* entries; bytes */
};

struct question {
    struct ck_key *key;
    const char *rp_id;
    const struct ck_bytes *ids;
    struct bounds bounds;
    size_t *open; /* indices of the ids that are still to be asked for */
    size_t open_count;
    bool *held;
};

static size_t told_or(uint64_t told, size_t otherwise)
{
    return told > 0 && told <= SIZE_MAX ? (size_t)told : otherwise;
}

static enum ck_err read_bounds(struct ck_key *key, const char *rp_id, struct bounds *bounds,
                               struct ck_error *err)
{
    CK_CLEANUP(cbor_info_free) fido_cbor_info_t *info = NULL;

    *bounds = (struct bounds){.list = 1, .id = SIZE_MAX, .message = SIZE_MAX};
    if (ck_key_is_u2f_only(key))
        return CK_OK;
    enum ck_err r = cbor_info_read(key, &info, err);
    if (r != CK_OK)
        return r;
    size_t message = told_or(fido_cbor_info_maxmsgsiz(info), MESSAGE_UNTOLD);
    size_t head = MESSAGE_HEAD + strlen(rp_id);
    *bounds = (struct bounds){
        .list = told_or(fido_cbor_info_maxcredcntlst(info), LIST_MAX_UNTOLD),
        .id = told_or(fido_cbor_info_maxcredidlen(info), SIZE_MAX),
        .message = message > head ? message - head : 0,
    };
    return CK_OK;
}

/* --- one list --- */

static void assert_free(fido_assert_t **assertion)
{
    fido_assert_free(assertion);
}

static int look(struct ck_key *key, void *data)
{
    return fido_dev_get_assert(key->device, data, NULL);
}

static int describe(fido_assert_t *assertion, const struct question *question, size_t count)
{
    static const unsigned char no_challenge[32]; /* what is signed for it is worth nothing */
    int r = fido_assert_set_clientdata_hash(assertion, no_challenge, sizeof(no_challenge));

    if (r == FIDO_OK)
        r = fido_assert_set_rp(assertion, question->rp_id);
    if (r == FIDO_OK)
        r = fido_assert_set_up(assertion, FIDO_OPT_FALSE);
    for (size_t i = 0; r == FIDO_OK && i < count; i++) {
        const struct ck_bytes *id = &question->ids[question->open[i]];
        r = fido_assert_allow_cred(assertion, id->data, id->size);
    }
    return r;
}

static void close_front(struct question *question, size_t count)
{
    question->open_count -= count;
    memmove(question->open, question->open + count, question->open_count * sizeof(size_t));
}

static void note_held(struct question *question, size_t at)
{
    question->held[question->open[at]] = true;
    question->open_count--;
    memmove(question->open + at, question->open + at + 1,
            (question->open_count - at) * sizeof(size_t));
}

/* A key that was given one credential need not name it (CTAP 2.1 section 6.2.2). */
static bool find_answer(const struct question *question, const fido_assert_t *answer, size_t count,
                        size_t *ret_at)
{
    const unsigned char *data = fido_assert_id_ptr(answer, 0);
    size_t size = fido_assert_id_len(answer, 0);

    for (size_t i = 0; i < count; i++) {
        const struct ck_bytes *id = &question->ids[question->open[i]];
        if ((count == 1 && size == 0) || (size == id->size && memcmp(data, id->data, size) == 0)) {
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* What the key said to the first count open ids; some of them are open no more, or the list is cut. */
static enum ck_err take_answer(struct question *question, const fido_assert_t *answer, int fido,
                               size_t count, struct ck_error *err)
{
    size_t at = 0;

    switch (fido) {
    case FIDO_ERR_USER_PRESENCE_REQUIRED: /* libfido2 of a U2F key that would sign */
        note_held(question, 0);
        return CK_OK;
    case FIDO_OK:
        if (fido_assert_count(answer) == 0) {
            close_front(question, count);
            return CK_OK;
        }
        if (!find_answer(question, answer, count, &at))
            return key_translate(question->key, FIDO_ERR_INVALID_CREDENTIAL, err);
        note_held(question, at);
        return CK_OK;
    case FIDO_ERR_LIMIT_EXCEEDED:
    case FIDO_ERR_REQUEST_TOO_LARGE:
    case FIDO_ERR_INVALID_LENGTH:
        if (count > 1)
            question->bounds.list = count / 2;
        else
            close_front(question, count);
        return CK_OK;
    case FIDO_ERR_NO_CREDENTIALS:
    case FIDO_ERR_INVALID_CREDENTIAL:
        close_front(question, count);
        return CK_OK;
    default:
        return key_translate(question->key, fido, err);
    }
}

static size_t list_size(const struct question *question)
{
    size_t count = 0, bytes = 0;

    while (count < question->open_count && count < question->bounds.list) {
        bytes += question->ids[question->open[count]].size + DESCRIPTOR_FRAME;
        if (bytes > question->bounds.message)
            break;
        count++;
    }
    return count;
}

static enum ck_err ask(struct question *question, struct ck_error *err)
{
    CK_CLEANUP(assert_free) fido_assert_t *asked = fido_assert_new();
    const volatile sig_atomic_t *cancel = question->key->settings->cancel;
    size_t count = list_size(question);

    if (asked == NULL)
        return ck_error_no_memory(err);
    /* A key that answers faster than it can be told to stop would never be interrupted. */
    if (cancel != NULL && *cancel)
        return ck_error_set(err, CK_ERR_INTERRUPTED,
                            "interrupted while waiting for the security key");
    int fido = describe(asked, question, count);
    if (fido != FIDO_OK)
        return key_translate(question->key, fido, err);
    enum ck_err r = key_wait(question->key, WAIT_FOR_ANSWER, look, asked, &fido, err);
    return r == CK_OK ? take_answer(question, asked, fido, count, err) : r;
}

enum ck_err ck_key_holds(struct ck_key *key, const char *rp_id, const struct ck_bytes *ids,
                         size_t count, bool *ret_held, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) size_t *open = calloc(count + 1, sizeof(*open));
    CK_CLEANUP(ck_free_p) bool *held = calloc(count + 1, sizeof(*held));
    struct question question = {.key = key, .rp_id = rp_id, .ids = ids, .open = open, .held = held};

    if (open == NULL || held == NULL)
        return ck_error_no_memory(err);
    enum ck_err r = read_bounds(key, rp_id, &question.bounds, err);
    for (size_t i = 0; r == CK_OK && i < count; i++) {
        if (ids[i].size > 0 && ids[i].size <= question.bounds.id &&
            ids[i].size + DESCRIPTOR_FRAME <= question.bounds.message)
            open[question.open_count++] = i;
    }
    while (r == CK_OK && question.open_count > 0)
        r = ask(&question, err);
    if (r == CK_OK)
        memcpy(ret_held, held, count * sizeof(*held));
    return r;
}
