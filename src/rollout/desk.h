/*
 * The desk: an operator registers security keys, person after person and key after key. What is
 * shown and asked there is the program's (struct desk_person); nothing is printed here.
 *
 * The unit is one key of one person: all items of that person with this number of the key are
 * registered on it in one sitting. No session of an account is open while the operator is asked
 * for the next key, so a pause there may take as long as it likes.
 */
#ifndef ROLLOUT_DESK_H
#define ROLLOUT_DESK_H

#include "cowkey/key/info.h"
#include "errand.h"

/* Which key is asked for, for whom, and how far the desk is. All is borrowed for the call. */
struct desk_turn {
    const struct ck_ledger_person *person;
    unsigned n, keys;                   /* key n of so many of this person */
    const struct ck_ledger_item *items; /* what is registered on it, in the order of the plan */
    size_t count;
    const struct ck_ledger_key *key; /* as far as it was seen before: an interrupted sitting */
    size_t people_left, keys_left;   /* this one included */
    int64_t pace_ms, left_ms; /* for a key in this run, and for all that are left; -1: not known */
    const char *last;         /* whose key is undone next ("alice@x.test"), or NULL: nothing is */
    unsigned last_n;
};

enum desk_answer {
    DESK_GO,   /* the key is plugged in; after a failure: try again */
    DESK_SKIP, /* this key, for now */
    DESK_UNDO, /* the last one that was done; only where the turn names one */
    DESK_PAUSE,
    DESK_QUIT,
};

enum desk_news {
    DESK_NEWS_RESUMED,      /* the key that a sitting was broken off with: it goes on */
    DESK_NEWS_UNPLUG,       /* for the reset: now */
    DESK_NEWS_PLUG,         /* and in again, then a touch */
    DESK_NEWS_RESET,        /* it is reset */
    DESK_NEWS_PIN_SET,      /* a random one, which is in the PIN letter */
    DESK_NEWS_PIN_FORCED,   /* and has to be changed before the key is used again */
    DESK_NEWS_PIN_UNFORCED, /* the key can't insist on that: the person has to be told */
    DESK_NEWS_LATE,         /* the server may still be at it: waiting until it is known */
    DESK_NEWS_SKIPPED,      /* it is left as it is */
    DESK_NEWS_UNDOING,
    DESK_NEWS_UNDONE,
};

/* What came of a key. */
struct desk_done {
    const struct ck_ledger_item *items; /* with states, labels and causes */
    size_t count;
    const struct ck_ledger_key *key;
};

/* The operator. An ask_ that fails ends the desk, as that error; Ctrl-C is CK_ERR_INTERRUPTED. */
struct desk_person {
    void *data;
    enum ck_err (*ask_next)(void *data, const struct desk_turn *turn, enum desk_answer *ret_answer,
                            struct ck_error *err);
    /*
     * After a failure, or when the key won't do: why says what, and what helps. DESK_UNDO is no
     * answer here.
     */
    enum ck_err (*ask_after)(void *data, const struct desk_turn *turn, const struct ck_error *why,
                             enum desk_answer *ret_answer, struct ck_error *err);
    /* Until the operator goes on, or quits; what goes by meanwhile counts for no pace. */
    enum ck_err (*ask_go_on)(void *data, const struct desk_turn *turn, enum desk_answer *ret_answer,
                             struct ck_error *err);
    /*
     * The person's key n has to be plugged in: another one than the turn's answers the login; the
     * turn's own one is to be registered after that. DESK_UNDO is no answer here.
     */
    enum ck_err (*ask_key)(void *data, const struct desk_turn *turn, unsigned n,
                           enum desk_answer *ret_answer, struct ck_error *err);
    /* The key has no PIN, and needs one of length_min characters or more: the person's new one. */
    enum ck_err (*ask_new_pin)(void *data, const struct desk_turn *turn, int64_t length_min,
                               struct ck_secret **ret_pin, struct ck_error *err);
    /* Which key was found. */
    void (*tell_key)(void *data, const struct desk_turn *turn, const struct ck_plugged_key *key);
    void (*tell_news)(void *data, const struct desk_turn *turn, enum desk_news news);
    void (*tell_done)(void *data, const struct desk_turn *turn, const struct desk_done *done);
    /*
     * How long the operator was waited for so far, in all: prompts, PINs, touches. Milliseconds of
     * the steady clock, up to now.
     */
    int64_t (*waited_ms)(void *data);
};

/*
 * Who acts for others, of this thread: asked for whenever a person's route needs one. afresh: more
 * than DESK_SESSION_S went by since it was used last, or it did not bring anybody in, so a session
 * that it has may have ended. An error ends the desk, but for CK_ERR_UNREACHABLE.
 */
enum { DESK_SESSION_S = 15 * 60 };
struct desk_operators {
    void *data;
    enum ck_err (*get)(void *data, bool afresh, const struct ck_operator **ret_by,
                       struct ck_error *err);
};

/* All is borrowed. */
struct desk {
    const struct errands *all;
    const struct desk_operators *operators;
    const struct ck_person *front;              /* for what a login or a proof asks */
    const struct ck_key_settings *key_settings; /* device: NULL but where the operator names one */
    const struct desk_person *person;
    unsigned max_refusals; /* in total, as the ledger counts them */
};

/* What this run did. */
struct desk_result {
    size_t keys;  /* sittings in which all items of a key came to be recorded or proved */
    size_t items; /* factors that came to be recorded or proved */
    bool quit;    /* by the operator, with something left to do */
    bool changed; /* the server was told something */
};

/* How many keys there are that have something left to do; no more than the last step counts, too. */
enum ck_err desk_count(const struct errands *all, size_t *ret_keys, struct ck_error *err);

/*
 * Until no key is left to do or the operator has enough, which is CK_OK. Else, with *ret_result
 * filled all the same: CK_ERR_REFUSED (max_refusals is reached), CK_ERR_INTERRUPTED,
 * CK_ERR_UNCHANGED (ledger, journal or hand-outs can't be written), or an ask_'s own.
 */
enum ck_err desk_run(const struct desk *desk, struct desk_result *ret_result, struct ck_error *err);

#endif
