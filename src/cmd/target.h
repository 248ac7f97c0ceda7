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
    struct ck_key_settings key_settings;
    struct ck_key_person key_person;
    struct ck_login login;
    struct ck_server_clock clock; /* known once it was probed, if the server tells its time */
};

/* The part of target_read that asks for nothing: whose account. */
enum ck_err target_read_account(const struct options *options, struct ck_account *ret_account,
                                struct ck_error *err);

/*
 * Fills target from the options, and asks for the password when it is needed and none of them gives
 * it. No exchange with the server yet.
 */
enum ck_err target_read(const struct options *options, const struct ck_person *person,
                        const struct ck_key_person *key_person, bool password_needed,
                        struct target *target, struct ck_error *err);

/*
 * The same for somebody else's account, whose password was read elsewhere (it is taken; may be
 * NULL). logs_in: the account logs in itself, and the options' other secrets are about that.
 */
enum ck_err target_read_other(const struct options *options, const struct ck_person *person,
                              const struct ck_key_person *key_person,
                              const struct ck_account *account, struct ck_secret **password,
                              bool logs_in, struct target *target, struct ck_error *err);

/* Only how to reach the server; a missing --server is CK_ERR_USAGE. */
enum ck_err target_read_server(const struct options *options, struct ck_http_settings *settings,
                               struct ck_error *err);

/* How long a person has to touch the key, each time. */
enum ck_err target_read_touch_timeout(const struct options *options, unsigned *ret_timeout_ms,
                                      struct ck_error *err);

/* Keys know servers by name: an IP address is CK_ERR_USAGE, before anything is asked or sent. */
enum ck_err target_check_name(const struct target *target, struct ck_error *err);

/* The first exchange: which dialect the server speaks. */
enum ck_err target_probe(struct target *target, struct ck_error *err);

void target_clear(struct target *target);

/* A document of this schema that says whose account it is about: account, role, server. */
struct json_t *target_json(const char *schema, const struct target *target);

/* This computer's clock. */
int64_t clock_now_s(void);

/* Adds the command that looks (its words: "list") to the hint of an unknown outcome. */
void target_hint_look(const struct options *options, const char *words, struct ck_error *err);

#endif
