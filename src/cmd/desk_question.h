/* A question to the operator at the desk, which is answered by a letter. */
#ifndef CMD_DESK_QUESTION_H
#define CMD_DESK_QUESTION_H

#include <stdbool.h>
#include <stddef.h>

#include "rollout/desk.h"

struct desk_choice {
    char letter; /* '\0': Enter alone, which is DESK_GO's also where that has a letter */
    enum desk_answer answer;
    const char *meaning;
};

struct desk_question {
    const char *text;
    const struct desk_choice *choices;
    size_t count;
    bool undo_possible; /* else DESK_UNDO is not offered */
};

/*
 * Asks until a choice is made; "?" and what is no answer explain the choices. The end of the input
 * (Ctrl-D) is DESK_QUIT, Ctrl-C is CK_ERR_INTERRUPTED.
 */
enum ck_err desk_question_ask(const struct desk_question *question, enum desk_answer *ret_answer,
                              struct ck_error *err);

#endif
