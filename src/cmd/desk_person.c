/* Every sentence and question of the desk. */
#include "desk_person.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/clock.h"
#include "cowkey/key/aaguid.h"
#include "desk_question.h"
#include "interrupt.h"
#include "key_command.h"
#include "new_pin.h"
#include "output.h"
#include "prompt.h"

/* --- the clock stands while the operator is waited for --- */

static void begin_wait(struct desk_front *front)
{
    front->waiting_since_ms = ck_clock_steady_ms();
}

static void end_wait(struct desk_front *front)
{
    if (front->waiting_since_ms != 0)
        front->waited_ms += ck_clock_steady_ms() - front->waiting_since_ms;
    front->waiting_since_ms = 0;
}

/* A question that Ctrl-C ends, ends its line, too. */
static enum ck_err end_ask(struct desk_front *front, enum ck_err r)
{
    end_wait(front);
    front->line_ended = r == CK_ERR_INTERRUPTED;
    return r;
}

static int64_t waited_ms(void *data)
{
    const struct desk_front *front = data;
    int64_t now_ms = ck_clock_steady_ms();

    return front->waited_ms + (front->waiting_since_ms != 0 ? now_ms - front->waiting_since_ms : 0);
}

/* --- answers --- */

static const struct desk_choice next_choices[] = {
    {'\0', DESK_GO, "the key is plugged in: go on"},
    {'s', DESK_SKIP, "skip this key; --retry takes it up again another time"},
    {'u', DESK_UNDO, "undo the last key: it is removed from the account again"},
    {'p', DESK_PAUSE, "pause"},
    {'q', DESK_QUIT, "quit; the same command goes on where this ended"},
};
static const struct desk_choice after_choices[] = {
    {'r', DESK_GO, "try again (Enter, too)"},
    {'s', DESK_SKIP, "leave this key as it is, and go on with the next"},
    {'p', DESK_PAUSE, "pause"},
    {'q', DESK_QUIT, "quit; the same command goes on where this ended"},
};
static const struct desk_choice key_choices[] = {
    {'\0', DESK_GO, "it is plugged in"},
    {'s', DESK_SKIP, "leave this key as it is, and go on with the next"},
    {'q', DESK_QUIT, "quit; the same command goes on where this ended"},
};

static const struct desk_choice pause_choices[] = {
    {'\0', DESK_GO, "go on"},
    {'q', DESK_QUIT, "quit; the same command goes on where this ended"},
};

static enum ck_err ask(struct desk_front *front, const struct desk_question *question,
                       enum desk_answer *ret_answer, struct ck_error *err)
{
    begin_wait(front);
    enum ck_err r = desk_question_ask(question, ret_answer, err);
    return end_ask(front, r);
}

/* --- who is next --- */

static const char *method_words(enum ck_rollout_method method)
{
    return method == CK_ROLLOUT_PASSKEY ? "passkey" : "second factor";
}

/* "second factor, passkey"; what has no room is left out. */
static void list_methods(const struct desk_turn *turn, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < turn->count && used < size; i++) {
        int more = snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
                            method_words(turn->items[i].method));
        used += more > 0 ? (size_t)more : 0;
    }
}

/* "40 s", "12 min", "3 h 20 min" */
static void format_time(int64_t ms, char *text, size_t size)
{
    int64_t seconds = (ms + 999) / 1000, minutes = (seconds + 30) / 60;

    if (seconds < 90)
        snprintf(text, size, "%" PRId64 " s", seconds);
    else if (minutes < 90)
        snprintf(text, size, "%" PRId64 " min", minutes);
    else
        snprintf(text, size, "%" PRId64 " h %" PRId64 " min", minutes / 60, minutes % 60);
}

static void tell_left(const struct desk_turn *turn)
{
    char pace[48], left[48];

    if (turn->pace_ms < 0) {
        say_always("  Left: %zu %s, %zu %s, with this one.", turn->people_left,
                   turn->people_left == 1 ? "person" : "people", turn->keys_left,
                   turn->keys_left == 1 ? "key" : "keys");
        return;
    }
    format_time(turn->pace_ms, pace, sizeof(pace));
    format_time(turn->left_ms, left, sizeof(left));
    say_always("  Left: %zu %s, %zu %s, with this one. %s a key so far: about %s to go.",
               turn->people_left, turn->people_left == 1 ? "person" : "people", turn->keys_left,
               turn->keys_left == 1 ? "key" : "keys", pace, left);
}

/* What an earlier sitting left, or the last try of this one. */
static bool is_begun(const struct desk_turn *turn)
{
    bool begun = false;

    for (size_t i = 0; i < turn->count; i++)
        begun = begun || turn->items[i].state != CK_STEP_PLANNED;
    return begun;
}

static bool is_being_undone(const struct desk_turn *turn)
{
    for (size_t i = 0; i < turn->count; i++) {
        if (turn->items[i].state == CK_STEP_UNDOING)
            return true;
    }
    return false;
}

static void tell_next(const struct desk_turn *turn)
{
    const struct ck_ledger_person *person = turn->person;
    char methods[128];

    list_methods(turn, methods, sizeof(methods));
    say_always("%s", "");
    say_always("Next: %s (%s, group %s), key %u of %u", person->account.name,
               ck_role_noun(person->account.role, false), person->group, turn->n, turn->keys);
    if (is_being_undone(turn))
        say_always("  Undoing it was broken off, and comes first: Enter goes on with that, with a "
                   "key plugged in that logs in. Then you are asked for the new key.");
    else
        say_always("  It gets: %s.%s", methods, is_begun(turn) ? " It was begun already." : "");
    tell_left(turn);
}

static void turn_to(struct desk_front *front, const struct desk_turn *turn)
{
    front->target.account = turn->person->account;
}

static enum ck_err ask_next(void *data, const struct desk_turn *turn, enum desk_answer *ret_answer,
                            struct ck_error *err)
{
    struct desk_front *front = data;
    const struct desk_question question = {
        .text = turn->last != NULL
                    ? "Plug in the key and press Enter (s skip, u undo, p pause, q quit, ? help): "
                    : "Plug in the key and press Enter (s skip, p pause, q quit, ? help): ",
        .choices = next_choices,
        .count = sizeof(next_choices) / sizeof(*next_choices),
        .undo_possible = turn->last != NULL,
    };

    turn_to(front, turn);
    tell_next(turn);
    if (turn->last != NULL)
        say(front->options, "  The last one was %s, key %u.", turn->last, turn->last_n);
    return ask(front, &question, ret_answer, err);
}

static enum ck_err ask_after(void *data, const struct desk_turn *turn, const struct ck_error *why,
                             enum desk_answer *ret_answer, struct ck_error *err)
{
    const struct desk_question question = {
        .text = "Try again? (r retry, s leave it, p pause, q quit, ? help): ",
        .choices = after_choices,
        .count = sizeof(after_choices) / sizeof(*after_choices),
    };

    say_always("Not done for %s, key %u: %s.", turn->person->account.name, turn->n, why->text);
    /* A PIN that nobody typed; Ctrl-C ends the desk and is asked nothing. */
    const char *hint = why->code == CK_ERR_INTERRUPTED
                           ? "Try again when the person is ready: nothing is lost."
                           : error_hint(why);
    if (hint[0] != '\0')
        say_always("  %s", hint);
    return ask(data, &question, ret_answer, err);
}

static enum ck_err ask_key(void *data, const struct desk_turn *turn, unsigned n,
                           enum desk_answer *ret_answer, struct ck_error *err)
{
    const struct desk_question question = {
        .text = "Plug it in and press Enter (s leave this key, q quit, ? help): ",
        .choices = key_choices,
        .count = sizeof(key_choices) / sizeof(*key_choices),
    };

    if (n == turn->n)
        say_always("Now the new key again: %s, key %u.", turn->person->account.name, n);
    else
        say_always("The account has a key already, which has to log in first: %s, key %u. Both "
                   "may be plugged in.",
                   turn->person->account.name, n);
    return ask(data, &question, ret_answer, err);
}

static enum ck_err ask_go_on(void *data, const struct desk_turn *turn, enum desk_answer *ret_answer,
                             struct ck_error *err)
{
    const struct desk_front *front = data;
    const struct desk_question question = {
        .text = "Press Enter to go on (q quit, ? help): ",
        .choices = pause_choices,
        .count = sizeof(pause_choices) / sizeof(*pause_choices),
    };

    (void)turn;
    say_always("Paused. The terminal may also be closed: the same command, with the ledger %s, "
               "goes on here.",
               front->ledger);
    return ask(data, &question, ret_answer, err);
}

static enum ck_err ask_new_pin(void *data, const struct desk_turn *turn, int64_t length_min,
                               struct ck_secret **ret_pin, struct ck_error *err)
{
    struct desk_front *front = data;

    say_always("The key has no PIN yet. %s chooses one, and types it twice.",
               turn->person->account.name);
    begin_wait(front);
    enum ck_err r =
        new_pin_ask(length_min, "The person has to type it on a terminal.", ret_pin, err);
    return end_ask(front, r);
}

/* --- what happens --- */

static void tell_key(void *data, const struct desk_turn *turn, const struct ck_plugged_key *key)
{
    const struct desk_front *front = data;
    CK_CLEANUP(ck_free_p) char *title = key_title(key);
    const char *model = key->info.fido2 ? ck_aaguid_name(key->info.aaguid) : "U2F key";

    (void)turn;
    say(front->options, "  %s%s%s%s%s", title != NULL ? title : key->path,
        model != NULL ? ", " : "", model != NULL ? model : "",
        key->info.device_version[0] != '\0' ? ", firmware " : "", key->info.device_version);
}

static void tell_news(void *data, const struct desk_turn *turn, enum desk_news news)
{
    static const char *const sentences[] = {
        [DESK_NEWS_RESUMED] = "  It is the key that was begun with: going on.",
        [DESK_NEWS_UNPLUG] = "  The key is reset, which deletes all that is on it. Unplug it now "
                             "...",
        [DESK_NEWS_PLUG] = "  Plug it in again, and touch it as soon as it blinks ...",
        [DESK_NEWS_RESET] = "  The key is reset.",
        [DESK_NEWS_PIN_SET] = "  The key has a random PIN, which is in the PIN letter.",
        [DESK_NEWS_PIN_FORCED] = "  The PIN has to be changed before the key is used again.",
        [DESK_NEWS_PIN_UNFORCED] =
            "  The key does not insist on a new PIN: the person has to be told to change it.",
        [DESK_NEWS_LATE] = "  The server may still be at work on it. Waiting until that is known "
                           "...",
    };
    struct desk_front *front = data;

    turn_to(front, turn);
    switch (news) {
    case DESK_NEWS_UNPLUG:
    case DESK_NEWS_PLUG:
    case DESK_NEWS_PIN_UNFORCED:
        say_always("%s", sentences[news]);
        break;
    case DESK_NEWS_SKIPPED:
        say(front->options, "Left as it is: %s, key %u. --retry takes it up again another time.",
            turn->person->account.name, turn->n);
        break;
    case DESK_NEWS_UNDOING:
        say_always("Undoing %s, key %u ...", turn->person->account.name, turn->n);
        break;
    case DESK_NEWS_UNDONE:
        say_always("Undone: %s has nothing of key %u any more. Take its label off.",
                   turn->person->account.name, turn->n);
        break;
    case DESK_NEWS_RESUMED:
    case DESK_NEWS_RESET:
    case DESK_NEWS_PIN_SET:
    case DESK_NEWS_PIN_FORCED:
    case DESK_NEWS_LATE:
        say(front->options, "%s", sentences[news]);
        break;
    }
}

static void tell_done(void *data, const struct desk_turn *turn, const struct desk_done *done)
{
    const char *label = NULL;

    (void)data;
    for (size_t i = 0; i < done->count; i++) {
        const struct ck_ledger_item *item = &done->items[i];
        if (!ck_step_is_there(item->state))
            continue;
        say_always("  %s: %s.", method_words(item->method),
                   item->state == CK_STEP_PROVED ? "it works, a login with it shows"
                                                 : "in the server's list");
        if (label == NULL)
            label = item->label;
    }
    if (label != NULL)
        say_always("Done. Put this label on the key: %s, key %u (%s)", turn->person->account.name,
                   turn->n, label);
    else
        say_always("Nothing is left to do with %s, key %u.", turn->person->account.name, turn->n);
}

/* --- what a login or a proof asks --- */

static void tell_stage(void *data, enum ck_stage stage)
{
    const struct desk_front *front = data;

    front->asks.tell_stage(front->asks.data, stage);
}

static enum ck_err ask_login_code(void *data, const struct ck_factor *factor,
                                  char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    struct desk_front *front = data;

    begin_wait(front);
    enum ck_err r = front->asks.ask_login_code(front->asks.data, factor, ret_code, err);
    return end_ask(front, r);
}

static enum ck_err ask_yubico_otp(void *data, struct ck_secret **ret_otp, struct ck_error *err)
{
    struct desk_front *front = data;

    begin_wait(front);
    enum ck_err r = front->asks.ask_yubico_otp(front->asks.data, ret_otp, err);
    return end_ask(front, r);
}

static enum ck_err ask_factor(void *data, const struct ck_factor *factors, size_t count,
                              size_t *ret_index, struct ck_error *err)
{
    struct desk_front *front = data;

    begin_wait(front);
    enum ck_err r = front->asks.ask_factor(front->asks.data, factors, count, ret_index, err);
    return end_ask(front, r);
}

static void tell_clock(void *data, int64_t server_off_s)
{
    const struct desk_front *front = data;

    front->asks.tell_clock(front->asks.data, server_off_s);
}

/* The desk asks about it, with all other failures. */
static enum ck_err ask_retry_proof(void *data, const struct ck_error *why, bool *ret_again,
                                   struct ck_error *err)
{
    (void)data;
    (void)why;
    (void)err;
    *ret_again = false;
    return CK_OK;
}

/* --- what a key asks --- */

static void tell_touch(void *data, size_t count)
{
    struct desk_front *front = data;

    front->key_asks.tell_touch(front->key_asks.data, count);
    begin_wait(front);
}

static void tell_touched(void *data)
{
    struct desk_front *front = data;

    end_wait(front);
    front->key_asks.tell_touched(front->key_asks.data);
}

static enum ck_err ask_pin(void *data, int retries, bool again, struct ck_secret **ret_pin,
                           struct ck_error *err)
{
    struct desk_front *front = data;

    begin_wait(front);
    enum ck_err r = front->key_asks.ask_pin(front->key_asks.data, retries, again, ret_pin, err);
    return end_ask(front, r);
}

/* --- all of it --- */

static void fill(struct desk_front *front)
{
    front->person = (struct desk_person){
        .data = front,
        .ask_next = ask_next,
        .ask_after = ask_after,
        .ask_go_on = ask_go_on,
        .ask_key = ask_key,
        .ask_new_pin = ask_new_pin,
        .tell_key = tell_key,
        .tell_news = tell_news,
        .tell_done = tell_done,
        .waited_ms = waited_ms,
    };
    front->front = front->asks;
    front->front.data = front;
    front->front.tell_stage = tell_stage;
    front->front.ask_login_code = ask_login_code;
    front->front.ask_yubico_otp = ask_yubico_otp;
    front->front.ask_factor = ask_factor;
    front->front.tell_clock = tell_clock;
    front->front.ask_retry_proof = ask_retry_proof;
    front->key_person = (struct ck_key_person){
        .data = front, .tell_touch = tell_touch, .tell_touched = tell_touched, .ask_pin = ask_pin};
}

enum ck_err desk_front_init(struct desk_front *front, const struct options *options,
                            const char *server, const char *ledger, struct ck_error *err)
{
    unsigned touch_timeout_ms = 0;

    *front = (struct desk_front){.options = options, .ledger = ledger};
    if (!prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE, "security keys are registered by somebody at a terminal");
        return ck_error_hint(err, "--only apps leaves them out.");
    }
    enum ck_err r = target_read_touch_timeout(options, &touch_timeout_ms, err);
    if (r != CK_OK)
        return r;
    snprintf(front->target.settings.host.name, sizeof(front->target.settings.host.name), "%s",
             server);
    front->speaker = (struct speaker){.options = options, .target = &front->target};
    front->asks = person_new(&front->speaker);
    front->key_asks = key_person_new(&front->speaker);
    fill(front);
    front->key_settings = (struct ck_key_settings){
        .device = option_value(options, OPTION_DEVICE),
        .touch_timeout_ms = touch_timeout_ms,
        .cancel = &interrupt_noted,
        .person = &front->key_person,
    };
    return CK_OK;
}
