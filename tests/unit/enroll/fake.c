#include "tests/unit/enroll/fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/mailcow/app_password.h"
#include "cowkey/mailcow/factor.h"
#include "cowkey/mailcow/webauthn.h"

struct fake fake;

struct ck_session {
    enum ck_session_state state;
    struct ck_page page;
    const struct ck_account *account;
};

void fake_reset(void)
{
    for (size_t i = 0; i < sizeof(fake.credentials) / sizeof(*fake.credentials); i++)
        ck_bytes_clear(&fake.credentials[i]);
    for (size_t i = 0; i < fake.passkeys_count; i++)
        free(fake.passkeys[i].label);
    fake = (struct fake){.next_id = 231, .clock_known = true};
    fake_key = (struct fake_key){.opening = CK_OK};
}

void fake_add_row(const char *label, enum ck_method method)
{
    char *copy = fake.labels[fake.rows_count];

    snprintf(copy, sizeof(fake.labels[0]), "%s", label);
    fake.rows[fake.rows_count++] =
        (struct ck_factor){.id = fake.next_id++, .label = copy, .method = method};
}

static bool offers_yubiotp(void)
{
    for (size_t i = 0; i < fake.rows_count; i++) {
        if (fake.rows[i].method == CK_METHOD_YUBIOTP)
            return true;
    }
    return false;
}

static void show(struct ck_session *session)
{
    bool hide_new = fake.new_factor_not_listed && session->state == CK_SESSION_ASKS_FACTOR;

    session->page = (struct ck_page){
        .is_mailcow = true,
        .factors = fake.rows,
        .factors_count = fake.rows_count - (hide_new ? 1 : 0),
        .factors_state = fake.list_absent ? CK_LIST_ABSENT : CK_LIST_PRESENT,
        .passkeys_state = fake.list_absent ? CK_LIST_ABSENT : CK_LIST_PRESENT,
        .passkeys = fake.passkeys,
        .passkeys_count = fake.passkeys_count,
        .yubiotp_offered = offers_yubiotp() || hide_new, /* who asks offers something */
        .setup_factor = fake.held_for_setup,
        .change_password = fake.held_for_password,
    };
}

enum ck_err ck_session_login(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, const struct ck_secret *password,
                             struct ck_session **ret_session, struct ck_error *err)
{
    (void)settings, (void)dialect;
    snprintf(fake.password, sizeof(fake.password), "%s", ck_secret_bytes(password));
    if (fake.logins++ > 0) {
        if (fake.logins_refused ||
            (*fake.refused_password != '\0' && strcmp(fake.password, fake.refused_password) == 0))
            return ck_error_set(err, CK_ERR_REFUSED, "wrong password");
        if (fake.logins_cut > 0) {
            fake.logins_cut--;
            return ck_error_set(err, CK_ERR_UNREACHABLE, "cut");
        }
    }
    struct ck_session *session = calloc(1, sizeof(*session));
    bool asks = fake.rows_count > 0 && !(fake.new_factor_not_asked && fake.logins > 1);
    session->account = account;
    session->state = asks                                            ? CK_SESSION_ASKS_FACTOR
                     : fake.held_for_setup || fake.held_for_password ? CK_SESSION_HELD
                                                                     : CK_SESSION_OPEN;
    show(session);
    fake.sessions_open++;
    *ret_session = session;
    return CK_OK;
}

enum ck_session_state ck_session_state(const struct ck_session *session)
{
    return session->state;
}

const struct ck_page *ck_session_page(const struct ck_session *session)
{
    return &session->page;
}

void ck_session_wait_turn(const struct ck_session *session)
{
    (void)session;
    fake.waited_s += fake.turn_takes_s;
}

int64_t ck_session_clock_offset_s(const struct ck_session *session, bool *ret_known)
{
    (void)session;
    *ret_known = fake.clock_known;
    return fake.clock_known ? fake.clock_offset_s : 0;
}

enum ck_err ck_session_answer_totp(struct ck_session *session, uint64_t id, const char *code,
                                   struct ck_error *err)
{
    snprintf(fake.answered_code, sizeof(fake.answered_code), "%s", code);
    fake.answered_id = id;
    if (fake.codes_refused && fake.logins > 1)
        return ck_error_set(err, CK_ERR_REFUSED, "wrong code");
    session->state = CK_SESSION_OPEN;
    return CK_OK;
}

enum ck_err ck_session_answer_yubiotp(struct ck_session *session, const struct ck_secret *otp,
                                      struct ck_error *err)
{
    (void)otp;
    if (fake.codes_refused && fake.logins > 1)
        return ck_error_set(err, CK_ERR_REFUSED, "NO_VALID_ANSWER");
    session->state = CK_SESSION_OPEN;
    return CK_OK;
}

enum ck_err ck_session_visit(struct ck_session *session, struct ck_error *err)
{
    if (fake.pages_fail && fake.logins > 1)
        return ck_error_set(err, CK_ERR_UNREACHABLE, "a portal's page");
    if (fake.somebody_enrols)
        fake_add_row("somebody else's", CK_METHOD_TOTP);
    fake.somebody_enrols = false;
    show(session);
    return CK_OK;
}

enum ck_err ck_session_change_password(struct ck_session *session,
                                       const struct ck_secret *old_password,
                                       const struct ck_secret *new_password, struct ck_error *err)
{
    (void)session, (void)old_password;
    if (fake.changing != CK_OK)
        return ck_error_set(err, fake.changing, "the password stays");
    snprintf(fake.new_password, sizeof(fake.new_password), "%s", ck_secret_bytes(new_password));
    fake.held_for_password = false;
    return CK_OK;
}

enum ck_err ck_session_count_app_passwords(struct ck_session *session, int *ret_count,
                                           struct ck_error *err)
{
    (void)session, (void)err;
    *ret_count = fake.app_passwords;
    return CK_OK;
}

void ck_session_close(struct ck_session **session)
{
    if (*session == NULL)
        return;
    fake.sessions_open--;
    free(*session);
    *session = NULL;
}

static enum ck_err add_factor(struct ck_session *session, const char *label, enum ck_method method,
                              struct ck_error *err)
{
    if (fake.adding == ADD_IS_REFUSED)
        return ck_error_set(err, CK_ERR_UNCHANGED, "no");
    if (fake.adding != ADD_STORES_NOTHING)
        fake_add_row(fake.adding == ADD_STORES_OTHER_LABEL ? "other" : label, method);
    if (fake.adding == ADD_STORES_TWO)
        fake_add_row(label, method);
    if (fake.adding == ADD_IS_CUT)
        return ck_error_set(err, CK_ERR_UNKNOWN, "cut");
    fake.held_for_setup = false;
    fake.list_absent = fake.adding == ADD_HIDES_LIST;
    session->state = CK_SESSION_OPEN;
    show(session);
    return CK_OK;
}

enum ck_err ck_factor_add_totp(struct ck_session *session, const char *label,
                               const struct ck_secret *base32, const char *code,
                               const struct ck_secret *password, struct ck_error *err)
{
    (void)base32, (void)code, (void)password;
    return add_factor(session, label, CK_METHOD_TOTP, err);
}

static void drop_row(uint64_t id)
{
    size_t kept = 0;

    for (size_t i = 0; i < fake.rows_count; i++) {
        if (fake.rows[i].id != id)
            fake.rows[kept++] = fake.rows[i];
    }
    fake.rows_count = kept;
}

enum ck_err ck_factor_add_yubiotp(struct ck_session *session, const char *label,
                                  const char *client_id, const struct ck_secret *client_key,
                                  const struct ck_secret *otp, const struct ck_secret *password,
                                  struct ck_error *err)
{
    (void)client_id, (void)client_key, (void)otp, (void)password;
    drop_row(fake.same_key_id);
    return add_factor(session, label, CK_METHOD_YUBIOTP, err);
}

enum ck_err ck_app_password_add(struct ck_session *session, const char *label, unsigned protocols,
                                const struct ck_secret *password, uint64_t *ret_id,
                                struct ck_error *err)
{
    (void)session, (void)label, (void)protocols, (void)password;
    if (fake.app_password_adding != CK_OK)
        return ck_error_set(err, fake.app_password_adding, "no app password");
    fake.app_passwords++;
    *ret_id = FAKE_APP_PASSWORD_ID;
    return CK_OK;
}

enum ck_err ck_app_password_remove(struct ck_session *session, uint64_t id, struct ck_error *err)
{
    (void)session;
    if (fake.app_password_stays || id != FAKE_APP_PASSWORD_ID)
        return ck_error_set(err, CK_ERR_UNCHANGED, "it stays");
    fake.app_passwords--;
    return CK_OK;
}

enum ck_err ck_app_passwords_read(struct ck_session *session, struct ck_app_passwords *ret_list,
                                  struct ck_error *err)
{
    (void)session, (void)err;
    *ret_list = (struct ck_app_passwords){0};
    return CK_OK;
}

void ck_app_passwords_clear(struct ck_app_passwords *list)
{
    *list = (struct ck_app_passwords){0};
}

enum ck_err ck_session_read_forced(struct ck_session *session, int *ret_forced,
                                   struct ck_error *err)
{
    (void)session, (void)err;
    *ret_forced = fake.forced;
    return CK_OK;
}

static enum ck_err blocked(struct ck_error *err)
{
    return ck_error_set(err, CK_ERR_UNCHANGED, "required for your account");
}

enum ck_err ck_factor_remove(struct ck_session *session, uint64_t id, struct ck_error *err)
{
    if (fake.removal_blocked || fake.rows_count < 2)
        return blocked(err);
    drop_row(id);
    if (fake.removes_too_much)
        fake.rows_count = 0;
    fake.removed_id = id;
    show(session);
    return CK_OK;
}

enum ck_err ck_factor_remove_all(struct ck_session *session, const struct ck_secret *password,
                                 struct ck_error *err)
{
    (void)password;
    if (fake.removal_blocked)
        return blocked(err);
    fake.rows_count = 0;
    fake.removed_all = true;
    show(session);
    return CK_OK;
}

const struct ck_factor *ck_page_find_factor(const struct ck_page *page, uint64_t id)
{
    for (size_t i = 0; i < page->factors_count; i++) {
        if (page->factors[i].id == id)
            return &page->factors[i];
    }
    return NULL;
}

const struct ck_passkey *ck_page_find_passkey(const struct ck_page *page, const char *cid)
{
    for (size_t i = 0; i < page->passkeys_count; i++) {
        if (strcmp(page->passkeys[i].cid, cid) == 0)
            return &page->passkeys[i];
    }
    return NULL;
}

int ck_page_cid_digits(const struct ck_page *page, const char *cid)
{
    (void)page, (void)cid;
    return CK_PAGE_CID_MIN;
}

const char *ck_page_alert(const struct ck_page *page, const char *type)
{
    (void)page;
    return fake.adding == ADD_SAYS_NO && strcmp(type, "danger") == 0 ? "no" : NULL;
}

const char *ck_method_name(enum ck_method method)
{
    return method == CK_METHOD_TOTP ? "totp" : "other";
}

/* Security keys. */

static enum ck_err copy(const struct ck_bytes *from, struct ck_bytes *to)
{
    struct ck_error err;

    return ck_bytes_copy(from->data, from->size, to, &err);
}

enum ck_err ck_webauthn_creation_options(struct ck_session *session, enum ck_webauthn_kind kind,
                                         struct ck_creation_options *ret_options,
                                         struct ck_error *err)
{
    (void)session, (void)err;
    *ret_options = (struct ck_creation_options){.rp_id = "mail.example.test"};
    ret_options->exclude = calloc(8, sizeof(struct ck_bytes));
    for (size_t i = 0; kind == CK_WEBAUTHN_FACTOR && i < fake.rows_count; i++) {
        if (fake.credentials[i].size > 0 && !fake.credential_not_offered)
            copy(&fake.credentials[i], &ret_options->exclude[ret_options->exclude_count++]);
    }
    return CK_OK;
}

/* What is said of a key that was stored. */
static enum ck_err stored(struct ck_error *err)
{
    return fake.adding == ADD_SAYS_NO ? ck_error_set(err, CK_ERR_UNCHANGED, "no") : CK_OK;
}

enum ck_err ck_passkey_cid(const struct ck_bytes *credential_id, char ret_cid[CK_PAGE_CID_SIZE + 1],
                           struct ck_error *err)
{
    uint8_t hash[CK_SHA256_SIZE];
    enum ck_err r = ck_sha256(credential_id->data, credential_id->size, hash, err);

    for (size_t i = 0; r == CK_OK && i < sizeof(hash); i++)
        sprintf(ret_cid + 2 * i, "%02x", hash[i]);
    return r;
}

enum ck_err ck_webauthn_register(struct ck_session *session, enum ck_webauthn_kind kind,
                                 const struct ck_registration *registration, const char *label,
                                 const struct ck_secret *password, struct ck_error *err)
{
    (void)session, (void)password;
    fake.registrations++;
    if (fake.adding == ADD_IS_REFUSED)
        return ck_error_set(err, CK_ERR_UNCHANGED, "no");
    if (fake.adding == ADD_IS_CUT)
        return ck_error_set(err, CK_ERR_UNKNOWN, "cut");
    if (fake.adding == ADD_STORES_NOTHING)
        return CK_OK;
    if (kind == CK_WEBAUTHN_FACTOR) {
        copy(&registration->credential_id, &fake.credentials[fake.rows_count]);
        fake_add_row(label, CK_METHOD_WEBAUTHN);
        return stored(err);
    }
    struct ck_passkey *passkey = &fake.passkeys[fake.passkeys_count++];
    ck_passkey_cid(&registration->credential_id, passkey->cid, err);
    passkey->label = strdup("Unknown");
    return stored(err);
}

enum ck_err ck_webauthn_settle(struct ck_session *session, struct ck_error *err)
{
    fake.held_for_setup = false;
    session->state = CK_SESSION_OPEN;
    return ck_session_visit(session, err);
}

enum ck_err ck_webauthn_request_options(struct ck_session *session,
                                        struct ck_request_options *ret_options,
                                        struct ck_error *err)
{
    (void)session, (void)err;
    *ret_options = (struct ck_request_options){.rp_id = "mail.example.test"};
    ret_options->allow = calloc(8, sizeof(struct ck_bytes));
    for (size_t i = 0; i < fake.rows_count; i++) {
        bool newest = i + 1 == fake.rows_count;
        if (fake.credentials[i].size > 0 && !(newest && fake.credential_not_offered))
            copy(&fake.credentials[i], &ret_options->allow[ret_options->allow_count++]);
    }
    return CK_OK;
}

enum ck_err ck_webauthn_answer(struct ck_session *session, uint64_t id,
                               const struct ck_assertion *assertion, struct ck_error *err)
{
    fake.answered_id = id;
    for (size_t i = 0; i < fake.rows_count; i++) {
        if (fake.rows[i].id == id && !fake_key.server_refuses &&
            ck_bytes_equal(&fake.credentials[i], &assertion->credential_id)) {
            session->state = CK_SESSION_OPEN;
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_REFUSED, "invalid signature");
}

enum ck_err ck_passkey_begin(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, struct ck_session **ret_session,
                             struct ck_request_options *ret_options, struct ck_error *err)
{
    (void)settings, (void)dialect;
    if (fake.logins_cut > 0) {
        fake.logins_cut--;
        return ck_error_set(err, CK_ERR_UNREACHABLE, "cut");
    }
    struct ck_session *session = calloc(1, sizeof(*session));
    session->account = account;
    fake.sessions_open++;
    *ret_session = session;
    *ret_options = (struct ck_request_options){.rp_id = "mail.example.test"};
    return CK_OK;
}

enum ck_err ck_passkey_finish(struct ck_session *session, const struct ck_assertion *assertion,
                              struct ck_error *err)
{
    char cid[CK_PAGE_CID_SIZE + 1];

    ck_passkey_cid(&assertion->credential_id, cid, err);
    for (size_t i = 0; i < fake.passkeys_count; i++) {
        if (strcmp(fake.passkeys[i].cid, cid) == 0 && !fake_key.server_refuses) {
            session->state = CK_SESSION_OPEN;
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_REFUSED, "login failed");
}

enum ck_err ck_passkey_rename(struct ck_session *session, const char *cid, const char *label,
                              struct ck_error *err)
{
    show(session);
    for (size_t i = 0; i < fake.passkeys_count; i++) {
        if (strcmp(fake.passkeys[i].cid, cid) == 0 && !fake.rename_fails) {
            free(fake.passkeys[i].label);
            fake.passkeys[i].label = strdup(label);
            show(session);
            return CK_OK;
        }
    }
    return ck_error_set(err, CK_ERR_UNCHANGED, "not renamed");
}

enum ck_err ck_passkey_remove(struct ck_session *session, const char *cid, struct ck_error *err)
{
    size_t kept = 0;

    if (fake.removal_blocked)
        return blocked(err);
    for (size_t i = 0; i < fake.passkeys_count; i++) {
        if (strcmp(fake.passkeys[i].cid, cid) != 0)
            fake.passkeys[kept++] = fake.passkeys[i];
        else
            free(fake.passkeys[i].label);
    }
    fake.passkeys_count = kept;
    snprintf(fake.removed_cid, sizeof(fake.removed_cid), "%s", cid);
    show(session);
    return CK_OK;
}

/* The person. */

static void tell_stage(void *data, enum ck_stage stage)
{
    struct fake_person *person = data;

    if (person->stages_count < sizeof(person->stages) / sizeof(*person->stages))
        person->stages[person->stages_count++] = stage;
}

static enum ck_err ask_login_code(void *data, const struct ck_factor *factor,
                                  char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    (void)data, (void)factor, (void)err;
    strcpy(ret_code, "111111");
    return CK_OK;
}

static enum ck_err ask_factor(void *data, const struct ck_factor *factors, size_t count,
                              size_t *ret_index, struct ck_error *err)
{
    (void)data, (void)factors, (void)err;
    *ret_index = count > 1 ? 1 : 0;
    return CK_OK;
}

static enum ck_err ask_mail_programs(void *data, enum ck_mail_programs programs,
                                     struct ck_error *err)
{
    struct fake_person *person = data;

    person->mail_asked = true;
    person->mail_programs = programs;
    return person->mail_answer == CK_OK ? CK_OK : ck_error_set(err, person->mail_answer, "no");
}

static void tell_clock(void *data, int64_t server_off_s)
{
    (void)server_off_s;
    ((struct fake_person *)data)->clock_told = true;
}

static enum ck_err give_totp(void *data, const struct ck_otpauth *otpauth, struct ck_error *err)
{
    (void)err;
    ((struct fake_person *)data)->given = otpauth;
    return CK_OK;
}

static void void_totp(void *data)
{
    ((struct fake_person *)data)->voided = true;
}

static enum ck_err ask_new_code(void *data, const struct ck_code_misfit *misfit,
                                char ret_code[CK_TOTP_CODE_MAX], struct ck_error *err)
{
    struct fake_person *person = data;

    if (misfit != NULL)
        person->misfit = *misfit;
    if (person->codes_asked++ < person->wrong_codes) {
        strcpy(ret_code, "0");
        return CK_OK;
    }
    return ck_totp_code(person->given->key, &person->given->params,
                        FAKE_NOW_S + person->phone_off_s, ret_code, err);
}

static enum ck_err ask_forget(void *data, bool *ret_forget, struct ck_error *err)
{
    (void)err;
    *ret_forget = ((struct fake_person *)data)->forgets;
    return CK_OK;
}

static enum ck_err ask_other_key(void *data, struct ck_error *err)
{
    (void)data, (void)err;
    return CK_OK;
}

static enum ck_err ask_yubico_otp(void *data, struct ck_secret **ret_otp, struct ck_error *err)
{
    (void)data;
    return ck_secret_new("ccccccmadeupmadeup", 18, ret_otp, err);
}

static enum ck_err ask_retry_proof(void *data, const struct ck_error *why, bool *ret_again,
                                   struct ck_error *err)
{
    struct fake_person *person = data;

    (void)why, (void)err;
    *ret_again = person->retries_asked++ < person->retries_granted;
    return CK_OK;
}

static int64_t now_s(void)
{
    return FAKE_NOW_S + fake.waited_s;
}

void fake_person_init(struct fake_person *person)
{
    *person = (struct fake_person){
        .calls = {.data = person,
                  .tell_stage = tell_stage,
                  .ask_login_code = ask_login_code,
                  .ask_factor = ask_factor,
                  .ask_mail_programs = ask_mail_programs,
                  .tell_clock = tell_clock,
                  .give_totp = give_totp,
                  .void_totp = void_totp,
                  .ask_new_code = ask_new_code,
                  .ask_yubico_otp = ask_yubico_otp,
                  .ask_other_key = ask_other_key,
                  .ask_forget = ask_forget,
                  .ask_retry_proof = ask_retry_proof},
    };
}

struct ck_login fake_login(struct fake_person *person)
{
    static struct ck_http_settings settings = {.now_s = now_s};
    static struct ck_account account = {.name = "alice@example.test", .role = CK_ROLE_MAILBOX};
    static struct ck_secret *password;
    struct ck_error err;

    ck_secret_free(&password);
    ck_secret_new("made-up", strlen("made-up"), &password, &err);
    return (struct ck_login){
        .settings = &settings, .account = &account, .password = password, .person = &person->calls};
}
