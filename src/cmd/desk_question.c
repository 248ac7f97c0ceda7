/* Asking the operator. */
#include "desk_question.h"

#include <string.h>

#include "output.h"
#include "prompt.h"

static bool is_offered(const struct desk_question *question, const struct desk_choice *choice)
{
    return choice->answer != DESK_UNDO || question->undo_possible;
}

static void explain(const struct desk_question *question)
{
    for (size_t i = 0; i < question->count; i++) {
        const struct desk_choice *choice = &question->choices[i];
        if (!is_offered(question, choice))
            continue;
        if (choice->letter == '\0')
            say_always("  Enter  %s", choice->meaning);
        else
            say_always("  %c      %s", choice->letter, choice->meaning);
    }
    say_always("  ?      these lines");
    say_always("No answer does harm: what is begun is in the ledger, and can be gone on with.");
}

/* A letter, alone, in either case; a question that can be answered by Enter takes an empty line. */
static bool read_answer(const struct desk_question *question, const char *line,
                        enum desk_answer *ret_answer)
{
    while (*line == ' ')
        line++;
    size_t length = strcspn(line, " ");
    char letter = *line >= 'A' && *line <= 'Z' ? (char)(*line | 0x20) : *line;

    if (length > 1 || line[length + strspn(line + length, " ")] != '\0')
        return false;
    for (size_t i = 0; i < question->count; i++) {
        const struct desk_choice *choice = &question->choices[i];
        bool entered = letter == '\0' && choice->answer == DESK_GO;
        if ((entered || letter == choice->letter) && is_offered(question, choice)) {
            *ret_answer = choice->answer;
            return true;
        }
    }
    return false;
}

enum ck_err desk_question_ask(const struct desk_question *question, enum desk_answer *ret_answer,
                              struct ck_error *err)
{
    for (;;) {
        char line[PROMPT_ANSWER_MAX];
        bool ended = false;
        enum ck_err r = prompt_answer(question->text, line, &ended, err);
        if (r != CK_OK)
            return r;
        if (ended) {
            *ret_answer = DESK_QUIT;
            return CK_OK;
        }
        if (read_answer(question, line, ret_answer))
            return CK_OK;
        if (strcmp(line, "?") != 0)
            say_always("That is no answer. Nothing was done.");
        explain(question);
    }
}
