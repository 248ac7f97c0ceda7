/* The lines of verify totp --batch. */
#include "totp_batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json_view.h"
#include "document.h"
#include "moment.h"
#include "otp_secret.h"

enum { TEXT_MAX = 64 }; /* bytes of a code, a date or an algorithm in a line, with NUL */

void totp_terms_set_secret(struct totp_terms *terms, const struct ck_otpauth *otpauth)
{
    terms->key = otpauth->key;
    terms->params = otpauth->params;
    terms->is_uri = otpauth->account[0] != '\0';
}

enum ck_err totp_judge(const struct totp_terms *terms, struct ck_otp_mac *mac, const char *code,
                       struct totp_verdict *verdict, struct ck_error *err)
{
    if (ck_totp_check_by(mac, terms->key, &terms->params, code, terms->now_s, terms->window,
                         &verdict->fits, &verdict->offset, err) != CK_OK)
        return err->code;
    verdict->step = terms->now_s / terms->params.period_s + (verdict->fits ? verdict->offset : 0);
    verdict->valid = verdict->fits && verdict->step > terms->last_used;
    verdict->reason = verdict->valid ? NULL : verdict->fits ? "used" : "code";
    return CK_OK;
}

struct worker {
    const struct totp_terms *defaults;
    struct ck_json_view view;
    struct ck_secret *key; /* of the last line that brought one */
    struct ck_otp_mac *mac;
};

static void worker_free(void *data)
{
    struct worker *worker = data;

    ck_json_view_clear(&worker->view);
    ck_secret_free(&worker->key);
    ck_otp_mac_free(&worker->mac);
    free(worker);
}

static void *worker_new(const void *terms)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    struct ck_error err;

    if (worker == NULL)
        return NULL;
    worker->defaults = terms;
    if (ck_otp_mac_new(&worker->mac, &err) == CK_OK)
        return worker;
    worker_free(worker);
    return NULL;
}

/* --- the members of a line --- */

enum member { ALGORITHM, CODE, DIGITS, LAST_USED, PERIOD, SECRET, TIME, WINDOW, MEMBERS };

static const char *const keys[MEMBERS] = {
    [ALGORITHM] = "algorithm", [CODE] = "code",     [DIGITS] = "digits", [LAST_USED] = "last_used",
    [PERIOD] = "period",       [SECRET] = "secret", [TIME] = "time",     [WINDOW] = "window"};

/* A line's members; NULL for those that it does not have. */
struct line {
    const struct ck_json_item *of[MEMBERS];
};

static enum ck_err read_text(const struct line *line, enum member member, char text[TEXT_MAX],
                             struct ck_error *err)
{
    const struct ck_json_item *item = line->of[member];

    if (item->kind != CK_JSON_STRING || !ck_json_item_copy(item, text, TEXT_MAX, NULL))
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is not text of up to %d bytes", keys[member],
                            TEXT_MAX - 1);
    return CK_OK;
}

static enum ck_err read_number(const struct line *line, enum member member, int64_t min,
                               int64_t max, int64_t *number, struct ck_error *err)
{
    const struct ck_json_item *item = line->of[member];

    if (item == NULL)
        return CK_OK;
    int64_t value = item->kind == CK_JSON_INTEGER ? ck_json_item_integer(item) : -1;
    if (item->kind != CK_JSON_INTEGER || value < min || value > max)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is not a number from %" PRId64 " to %" PRId64,
                            keys[member], min, max);
    *number = value;
    return CK_OK;
}

/* The bare secret's parameters; *ret_any when the line has one of them. */
static enum ck_err read_params(const struct line *line, struct ck_totp_params *params,
                               const char **ret_any, struct ck_error *err)
{
    static const enum member members[] = {ALGORITHM, DIGITS, PERIOD};
    int64_t digits = params->digits, period_s = params->period_s;
    char text[TEXT_MAX];

    *ret_any = NULL;
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        *ret_any = line->of[members[i]] != NULL ? keys[members[i]] : *ret_any;
    if (line->of[ALGORITHM] != NULL &&
        (read_text(line, ALGORITHM, text, err) != CK_OK ||
         otp_algorithm_parse(text, "'algorithm'", &params->algorithm, err) != CK_OK))
        return err->code;
    if (read_number(line, DIGITS, CK_TOTP_DIGITS_MIN, CK_TOTP_DIGITS_MAX, &digits, err) != CK_OK ||
        read_number(line, PERIOD, 1, CK_TOTP_PERIOD_MAX_S, &period_s, err) != CK_OK)
        return err->code;
    params->digits = (unsigned)digits;
    params->period_s = (unsigned)period_s;
    return CK_OK;
}

/* A URI, which brings its params, or a bare key. */
static enum ck_err parse_any(struct worker *worker, const struct ck_json_item *item,
                             struct totp_terms *terms, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *text = NULL;
    struct ck_otpauth otpauth;
    size_t size;

    if (ck_secret_new(NULL, item->size, &text, err) != CK_OK)
        return err->code;
    if (!ck_json_item_copy(item, ck_secret_bytes(text), item->size + 1, &size))
        return ck_error_set(err, CK_ERR_USAGE, "it is not text");
    ck_secret_truncate(text, size);
    if (ck_otpauth_parse_any(text, &otpauth, err) != CK_OK)
        return err->code;
    ck_secret_free(&worker->key);
    worker->key = CK_TAKE(otpauth.key);
    if (otpauth.account[0] != '\0') {
        terms->params = otpauth.params;
        terms->is_uri = true;
    }
    return CK_OK;
}

/* The options speak of a bare key that a line brings, too; a URI only of its own. */
static enum ck_err parse_secret(struct worker *worker, const struct ck_json_item *item,
                                struct totp_terms *terms, struct ck_error *err)
{
    if (item->kind != CK_JSON_STRING || item->size > CK_SECRET_INPUT_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "it is not text of up to %d bytes",
                            CK_SECRET_INPUT_MAX);
    if (terms->is_uri)
        terms->params = ck_totp_default;
    terms->is_uri = false;
    /* A bare key is read where it stands: the line is erased. */
    enum ck_err r = item->is_escaped || memchr(item->text, ':', item->size) != NULL
                        ? parse_any(worker, item, terms, err)
                        : ck_totp_key_replace(&worker->key, item->text, item->size, err);
    terms->key = worker->key;
    return r;
}

static enum ck_err read_secret(struct worker *worker, const struct line *line,
                               struct totp_terms *terms, struct ck_error *err)
{
    const struct ck_json_item *secret = line->of[SECRET];
    const char *given;

    if (secret == NULL && terms->key == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'secret' is missing");
    if (secret != NULL && parse_secret(worker, secret, terms, err) != CK_OK)
        return error_at(err, "'secret'");
    if (read_params(line, &terms->params, &given, err) != CK_OK)
        return err->code;
    if (terms->is_uri && given != NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'%s' is for a bare secret: an otpauth URI says it",
                            given);
    return CK_OK;
}

static enum ck_err read_time(const struct line *line, int64_t *now_s, struct ck_error *err)
{
    const struct ck_json_item *item = line->of[TIME];
    char text[TEXT_MAX];

    if (item == NULL || item->kind != CK_JSON_STRING)
        return read_number(line, TIME, 0, MOMENT_LAST_S, now_s, err);
    enum ck_err r = read_text(line, TIME, text, err);
    return r == CK_OK ? moment_parse(text, "'time'", now_s, err) : r;
}

static enum ck_err read_terms(struct worker *worker, const struct line *line,
                              struct totp_terms *terms, struct ck_error *err)
{
    int64_t window = terms->window;

    if (read_secret(worker, line, terms, err) != CK_OK ||
        read_time(line, &terms->now_s, err) != CK_OK ||
        read_number(line, WINDOW, 0, CK_TOTP_WINDOW_MAX, &window, err) != CK_OK ||
        read_number(line, LAST_USED, 0, INT64_MAX, &terms->last_used, err) != CK_OK)
        return err->code;
    terms->window = (unsigned)window;
    return CK_OK;
}

static enum ck_err read_code(const struct line *line, size_t digits,
                             char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    char text[TEXT_MAX];

    if (line->of[CODE] == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "'code' is missing");
    enum ck_err r = read_text(line, CODE, text, err);
    return r == CK_OK ? otp_code_parse(text, digits, ret_code, err) : r;
}

/* --- one line --- */

static void write_answer(const struct totp_verdict *verdict, struct batch_answer *answer)
{
    answer->reason = verdict->reason;
    batch_put_text(answer, "method", "totp");
    if (verdict->fits) {
        batch_put_number(answer, "step_offset", verdict->offset);
        batch_put_number(answer, "step", verdict->step);
    } else {
        batch_put_null(answer, "step_offset");
        batch_put_null(answer, "step");
    }
}

static enum ck_err judge_line(void *data, char *text, size_t size, struct batch_answer *answer,
                              struct ck_error *err)
{
    struct worker *worker = data;
    struct totp_terms terms = *worker->defaults;
    struct totp_verdict verdict = {0};
    struct line line;
    char code[CK_TOTP_CODE_MAX];

    if (ck_json_view_parse(&worker->view, text, size, "the line", CK_ERR_USAGE, err) != CK_OK)
        return err->code;
    ck_json_view_find_all(worker->view.items, keys, MEMBERS, line.of);
    if (read_terms(worker, &line, &terms, err) != CK_OK ||
        read_code(&line, terms.params.digits, code, err) != CK_OK ||
        totp_judge(&terms, worker->mac, code, &verdict, err) != CK_OK)
        return err->code;
    write_answer(&verdict, answer);
    return CK_OK;
}

static const struct batch_judge batch_judge = {
    .schema = "cowkey.verify/1",
    .worker_new = worker_new,
    .worker_free = worker_free,
    .judge = judge_line,
};

int totp_batch_run(const struct options *options, const struct totp_terms *terms)
{
    return batch_run(options, option_value(options, OPTION_BATCH), &batch_judge, terms);
}
