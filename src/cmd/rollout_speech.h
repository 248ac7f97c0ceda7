/* What is said while a run is at work, by several threads: one after the other, around its bar. */
#ifndef CMD_ROLLOUT_SPEECH_H
#define CMD_ROLLOUT_SPEECH_H

#include <pthread.h>

#include "progress.h"
#include "rollout/unattended.h"

/* Keep it where it was initialised: it has a lock. */
struct rollout_speech {
    const struct options *options;
    struct progress progress;
    pthread_mutex_t lock;
};

void rollout_speech_init(struct rollout_speech *speech, const struct options *options);
void rollout_speech_clear(struct rollout_speech *speech);

/* Of struct ck_brake, with the speech as data. */
void rollout_speech_tell_pause(void *speech, int64_t pause_ms);

/* Of struct unattended; between progress_begin and progress_clear of its bar. */
void rollout_speech_tell_progress(struct rollout_speech *speech,
                                  const struct unattended_progress *progress);
void rollout_speech_tell_news(struct rollout_speech *speech, enum unattended_news news,
                              int64_t number, const struct ck_error *why);

#endif
