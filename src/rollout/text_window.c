/* Holding a part of a text. */
#include "text_window.h"

#include <stdlib.h>
#include <string.h>

#include "cowkey/base/secret.h"

enum ck_err text_window_open(struct text_window *window, const struct ck_text_source *source,
                             const char *text, size_t size, struct ck_error *err)
{
    *window = (struct text_window){
        .source = source, .text = text, .size = source == NULL ? size : 0, .ended = source == NULL};
    if (source == NULL)
        return CK_OK;
    window->text = window->store = malloc(WINDOW_SIZE);
    return window->store != NULL ? CK_OK : ck_error_no_memory(err);
}

void text_window_clear(struct text_window *window)
{
    if (window->store != NULL)
        ck_secret_erase(window->store, WINDOW_SIZE);
    free(window->store);
    *window = (struct text_window){0};
}

size_t text_window_line(const struct text_window *window, size_t at, bool *ret_whole)
{
    const char *from = window->text + at;
    size_t left = window->size - at;
    const char *end = left > 0 ? memchr(from, '\n', left) : NULL;

    *ret_whole = end != NULL || window->ended;
    return end != NULL ? (size_t)(end + 1 - from) : left;
}

enum ck_err text_window_fill(struct text_window *window, size_t keep, size_t at, size_t *ret_gone,
                             struct ck_error *err)
{
    bool whole;
    size_t held = text_window_line(window, at, &whole);
    enum ck_err r = CK_OK;

    *ret_gone = 0;
    if (whole || held > WINDOW_LINE_MAX)
        return CK_OK;
    if (keep > 0)
        memmove(window->store, window->store + keep, window->size - keep);
    window->size -= keep;
    *ret_gone = keep;
    while (r == CK_OK && !window->ended && window->size < WINDOW_SIZE) {
        size_t got = 0;
        r = window->source->read(window->source->data, window->store + window->size,
                                 WINDOW_SIZE - window->size, &got, err);
        window->size += got;
        window->ended = r == CK_OK && got == 0;
    }
    return r;
}
