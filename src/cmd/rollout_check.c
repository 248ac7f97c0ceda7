/* cowkey rollout check */
#include "command.h"
#include "cowkey/base/cleanup.h"
#include "output.h"
#include "rollout_checking.h"

static enum ck_err check_options(const struct options *options, struct ck_error *err)
{
    static const enum option_id ignored[] = {OPTION_API_KEY_FILE, OPTION_API_KEY_FD,
                                             OPTION_API_KEY_COMMAND, OPTION_LOGIN_PASSKEY};
    bool offline = option_given(options, OPTION_OFFLINE);

    for (size_t i = 0; offline && i < sizeof(ignored) / sizeof(*ignored); i++) {
        if (option_on_command_line(options, ignored[i]))
            return ck_error_set(err, CK_ERR_USAGE,
                                "with --offline no server is asked: it goes without --%s",
                                option_name(ignored[i]));
    }
    if (offline || option_source_given(options, OPTION_API_KEY_FILE) ||
        option_given(options, OPTION_ACCOUNT))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "neither an API key nor --account is given");
    return ck_error_hint(err, "The accounts are looked up on the server: give its API key "
                              "(--api-key-file), or the account of an admin or domain admin. "
                              "--offline checks the files alone.");
}

static enum ck_err ask_server(struct rollout_checking *checking, struct ck_error *err)
{
    enum ck_err r = rollout_checking_read_server(checking, false, err);

    if (r == CK_OK)
        r = rollout_checking_open_server(checking, err);
    return r == CK_OK ? rollout_checking_ask_server(checking, NULL, 0, CK_CHECK_TO_TELL, err) : r;
}

static int run(const struct options *options)
{
    CK_CLEANUP(rollout_checking_clear) struct rollout_checking checking;
    struct ck_error err = {.code = CK_OK};

    rollout_checking_init(&checking, options);
    enum ck_err r = check_options(options, &err);

    if (r == CK_OK)
        r = rollout_checking_read_files(&checking, &err);
    if (r == CK_OK && !rollout_check_report_is_bad(&checking.report) &&
        !option_given(options, OPTION_OFFLINE))
        r = ask_server(&checking, &err);
    return r == CK_OK ? rollout_check_report_print(&checking.report)
                      : report_error(option_given(options, OPTION_JSON), &err);
}

static const enum option_id own_options[] = {
    OPTION_API_KEY_FILE, OPTION_API_KEY_FD, OPTION_API_KEY_COMMAND, OPTION_LOGIN_PASSKEY,
    OPTION_POLICY,       OPTION_SECRETS,    OPTION_OFFLINE,         OPTION_COUNT};

const struct command command_rollout_check = {
    .words = "rollout check",
    .arguments = "PLAN",
    .summary = "whether a plan of whom to enroll can run, and what it takes",
    .options = own_options,
    .online = true,
    .run = run,
};
