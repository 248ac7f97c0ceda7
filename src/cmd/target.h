/* From options to what every command that logs in needs: server, account, secrets. */
#ifndef CMD_TARGET_H
#define CMD_TARGET_H

#include "cowkey/base/secret.h"
#include "cowkey/enroll/login.h"
#include "cowkey/mailcow/account.h"
#include "cowkey/mailcow/http.h"
#include "options.h"

/* login borrows from the rest; keep the target where it was filled. */
struct target {
    struct ck_http_settings settings;
    struct ck_account account;
    struct ck_secret *password;
    struct ck_secret *new_password;
    struct ck_otpauth login_secret;
    struct ck_login login;
};

/*
 * Fills target from the options, asks for the password when no option gives it, and asks the server
 * which dialect it speaks. Nothing that would have to be asked later is asked after the server was
 * told anything.
 */
enum ck_err target_open(const struct options *options, const struct ck_person *person,
                        struct target *ret_target, struct ck_error *err);
void target_clear(struct target *target);

/* A document of this schema that says whose account it is about: account, role, server. */
struct json_t *target_json(const char *schema, const struct target *target);

/* This computer's clock. */
int64_t clock_now_s(void);

/* Makes the hint of an unknown outcome: the command that looks. */
void hint_look(const struct options *options, const struct target *target, struct ck_error *err);

#endif
