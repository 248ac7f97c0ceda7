/* Asking, unless --yes has answered. */
#include "confirm.h"

#include "cowkey/base/cleanup.h"
#include "cowkey/base/escape.h"
#include "prompt.h"

bool confirm_tells(const struct options *options)
{
    return !option_given(options, OPTION_YES) || !option_given(options, OPTION_QUIET);
}

enum ck_err confirm(const struct options *options, const char *question, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) char *safe = ck_escape_terminal(question);
    bool yes = false;

    if (option_given(options, OPTION_YES))
        return CK_OK;
    if (safe == NULL)
        return ck_error_no_memory(err);
    if (!prompt_possible()) {
        ck_error_set(err, CK_ERR_USAGE, "there is no terminal to ask on whether to go on");
        return ck_error_hint(err, "Pass --yes to go on without being asked.");
    }
    enum ck_err r = prompt_yes(safe, "Pass --yes to go on without being asked.", &yes, err);
    if (r != CK_OK || yes)
        return r;
    ck_error_set(err, CK_ERR_UNCHANGED, "ended, as you wished");
    return ck_error_hint(err, "Nothing was sent that would change something.");
}
