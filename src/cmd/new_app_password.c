/* Making an app password, and handing it out. */
#include "new_app_password.h"

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "cowkey/enroll/enrollment.h"
#include "cowkey/mailcow/new_password.h"
#include "enroll_for.h"
#include "output.h"
#include "target.h"

static enum ck_err give(void *data, struct ck_error *err)
{
    struct new_app_password *made = data;

    if (made->out == NULL)
        return CK_OK;
    return private_file_write_line(made->options, "app password", made->out, made->password,
                                   &made->file, err);
}

enum ck_err new_app_password_init(struct new_app_password *new_app_password,
                                  const struct options *options, const char *label,
                                  unsigned protocols, const char *out, struct ck_error *err)
{
    *new_app_password = (struct new_app_password){.options = options, .out = out};
    enum ck_err r = ck_app_password_label_check(label, err);
    if (r == CK_OK && out == NULL && option_given(options, OPTION_JSON)) {
        ck_error_set(err, CK_ERR_USAGE, "nobody would get the app password");
        r = ck_error_hint(err, "The JSON document holds no secrets: name a file for it.");
    }
    if (r == CK_OK)
        r = ck_file_check_new(out, err);
    if (r == CK_OK)
        r = ck_new_password_make(&new_app_password->password, err);
    if (r == CK_OK)
        new_app_password->wish = (struct ck_app_password_wish){
            .label = label,
            .protocols = protocols,
            .password = new_app_password->password,
            .give = give,
            .data = new_app_password,
        };
    return r;
}

void new_app_password_show(const struct new_app_password *new_app_password)
{
    if (new_app_password->out != NULL)
        return;
    say_always("The app password, which is shown this once:");
    print_result("%s", ck_secret_bytes(new_app_password->password));
}

void new_app_password_void(struct new_app_password *new_app_password)
{
    private_file_remove(&new_app_password->file, new_app_password->out);
}

void new_app_password_clear(struct new_app_password *new_app_password)
{
    ck_secret_free(&new_app_password->password);
}

enum ck_err new_app_password_read(struct new_app_password *new_app_password,
                                  const struct options *options, struct ck_error *err)
{
    const char *label = option_value(options, OPTION_APP_PASSWORD);
    const char *out = option_value(options, OPTION_APP_PASSWORD_OUT);
    struct ck_account account;

    if (label == NULL && out == NULL)
        return CK_OK;
    if (label == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "--app-password-out goes with --app-password");
    enum ck_err r = enroll_for_account(options, &account, err);
    if (r == CK_OK)
        r = ck_app_password_check_role(&account, err);
    return r == CK_OK
               ? new_app_password_init(new_app_password, options, label, CK_PROTOCOL_ALL, out, err)
               : r;
}

const struct ck_app_password_wish *
new_app_password_wish(const struct new_app_password *new_app_password)
{
    return new_app_password->wish.label != NULL ? &new_app_password->wish : NULL;
}

void new_app_password_conclude(struct new_app_password *new_app_password,
                               const struct ck_enrollment *done)
{
    if (done->app_password_id != 0)
        new_app_password_show(new_app_password);
    else if (!done->app_password_unknown)
        new_app_password_void(new_app_password);
}
