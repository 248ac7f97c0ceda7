/* Saying how a run goes. */
#include "rollout_speech.h"

#include <stdio.h>

#include "output.h"

void rollout_speech_init(struct rollout_speech *speech, const struct options *options)
{
    *speech = (struct rollout_speech){.options = options};
    pthread_mutex_init(&speech->lock, NULL);
}

void rollout_speech_clear(struct rollout_speech *speech)
{
    pthread_mutex_destroy(&speech->lock);
}

static void begin(struct rollout_speech *speech)
{
    pthread_mutex_lock(&speech->lock);
    progress_clear(&speech->progress);
}

static void end(struct rollout_speech *speech)
{
    pthread_mutex_unlock(&speech->lock);
}

void rollout_speech_tell_pause(void *data, int64_t pause_ms)
{
    struct rollout_speech *speech = data;

    begin(speech);
    say(speech->options, "The server asks for fewer requests: waiting %lld s ...",
        (long long)(pause_ms + 999) / 1000);
    end(speech);
}

void rollout_speech_tell_progress(struct rollout_speech *speech,
                                  const struct unattended_progress *progress)
{
    char what[64];

    snprintf(what, sizeof(what), progress->failed > 0 ? "apps, %zu failed" : "apps",
             progress->failed);
    pthread_mutex_lock(&speech->lock);
    progress_show(&speech->progress, what, (double)progress->done / (double)progress->count,
                  progress->done, "people");
    pthread_mutex_unlock(&speech->lock);
}

void rollout_speech_tell_news(struct rollout_speech *speech, enum unattended_news news,
                              int64_t number, const struct ck_error *why)
{
    const struct options *options = speech->options;

    begin(speech);
    switch (news) {
    case UNATTENDED_LATE:
        say(options,
            "The answers to the last requests were cut off. In %lld s it is looked what "
            "the server did of them ...",
            (long long)number);
        break;
    case UNATTENDED_AWAY:
        say(options, "The server is away: %s. Waiting for it, for %lld s at most ...", why->text,
            (long long)number);
        break;
    case UNATTENDED_BACK:
        say(options, "The server is back.");
        break;
    case UNATTENDED_ENDING:
        say(options, "Finishing the %lld in work; another Ctrl-C breaks them off.",
            (long long)number);
        break;
    }
    end(speech);
}
