/* cowkey prove totp|webauthn|passkey|yubiotp */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/proof.h"
#include "cowkey/mailcow/webauthn.h"
#include "output.h"
#include "person.h"
#include "target.h"

enum { STATUS_NO = 1 };

/* Why the answer is no; NULL when it is yes. */
static const char *reason_name(enum ck_verdict verdict)
{
    switch (verdict) {
    case CK_VERDICT_REFUSED:
        return "refused";
    case CK_VERDICT_NOT_ASKED:
        return "not-asked";
    case CK_VERDICT_NOT_LISTED:
        return "not-listed";
    default:
        return NULL;
    }
}

struct proof {
    const char *method;
    const char *noun; /* for sentences */
    struct ck_proving proving;
    char id[80]; /* as 'list' shows it; "" when no factor answered */
};

static void print_document(const struct target *target, const struct proof *proof,
                           int64_t started_s)
{
    const char *reason = reason_name(proof->proving.verdict);
    json_t *document = target_json("cowkey.prove/1", target);
    json_t *id = proof->proving.id != 0 ? json_integer((json_int_t)proof->proving.id)
                 : proof->id[0] != '\0' ? json_string(proof->id)
                                        : json_null();

    json_object_set_new(document, "method", json_string(proof->method));
    json_object_set_new(document, "factor_id", id);
    json_object_set_new(document, "result", json_string(reason == NULL ? "accepted" : "refused"));
    json_object_set_new(document, "reason", reason != NULL ? json_string(reason) : json_null());
    json_object_set_new(document, "code_source",
                        proof->proving.id == 0 || strcmp(proof->method, "totp") != 0
                            ? json_null()
                            : json_string(proof->proving.computed ? "computed" : "person"));
    json_object_set_new(document, "started", time_json(started_s));
    json_object_set_new(document, "finished", time_json(clock_now_s()));
    print_json(document);
}

static void print_sentence(const struct target *target, const struct proof *proof)
{
    const char *name = target->account.name;
    const char *id = proof->id;

    switch (proof->proving.verdict) {
    case CK_VERDICT_ACCEPTED:
        print_result("Yes: a fresh login of %s with the %s%s%s%s worked.", name, proof->noun,
                     *id != '\0' ? " (ID " : "", id, *id != '\0' ? ")" : "");
        break;
    case CK_VERDICT_REFUSED:
        print_result("No: the server refused the %s%s%s%s. Nothing was changed.", proof->noun,
                     *id != '\0' ? " (ID " : "", id, *id != '\0' ? ")" : "");
        if (strcmp(proof->method, "yubiotp") == 0)
            say_always("  It looks the same when Yubico's service did not answer the server.");
        if (strcmp(proof->method, "totp") == 0)
            say_always("  A wrong clock looks like this too: compare 'cowkey code' with the app.");
        break;
    case CK_VERDICT_NOT_ASKED:
        print_result("No: the server did not ask %s for a second factor at login.", name);
        break;
    default:
        print_result("No: the server asked %s for a second factor, but not for this one.", name);
        break;
    }
}

/* How 'list' shows a row; nothing when none answered. */
static void name_row(struct proof *proof)
{
    if (proof->proving.id != 0)
        snprintf(proof->id, sizeof(proof->id), "%" PRIu64, proof->proving.id);
}

static enum ck_err prove_totp(struct ck_login *login, struct proof *proof, struct ck_error *err)
{
    enum ck_err r = ck_prove_existing_totp(login, &proof->proving, err);

    if (r == CK_OK)
        name_row(proof);
    return r;
}

static enum ck_err prove_webauthn(struct ck_login *login, struct proof *proof, struct ck_error *err)
{
    enum ck_err r = ck_prove_existing_webauthn(login, &proof->proving, err);

    if (r == CK_OK)
        name_row(proof);
    return r;
}

static enum ck_err prove_yubiotp(struct ck_login *login, struct proof *proof, struct ck_error *err)
{
    enum ck_err r = ck_prove_existing_yubiotp(login, &proof->proving, err);

    if (r == CK_OK)
        name_row(proof);
    return r;
}

static enum ck_err prove_passkey(struct ck_login *login, struct proof *proof, struct ck_error *err)
{
    CK_CLEANUP(ck_bytes_clear) struct ck_bytes credential = {0};
    char cid[CK_PAGE_CID_SIZE + 1];

    proof->proving.verdict = ck_prove_passkey(login, NULL, NULL, &credential, err);
    if (proof->proving.verdict == CK_VERDICT_NOT_CARRIED_OUT)
        return err->code;
    enum ck_err r = ck_passkey_cid(&credential, cid, err);
    if (r == CK_OK)
        snprintf(proof->id, sizeof(proof->id), "pk:%.*s", CK_PAGE_CID_MIN, cid);
    return r;
}

static int run(const struct options *options, const char *method, const char *noun,
               enum ck_err (*prove)(struct ck_login *, struct proof *, struct ck_error *))
{
    CK_CLEANUP(target_clear) struct target target = {0};
    struct speaker speaker = {.options = options, .target = &target};
    struct ck_person person = person_new(&speaker);
    struct ck_key_person key_person = key_person_new(&speaker);
    struct proof proof = {.method = method, .noun = noun};
    struct ck_error err = {.code = CK_OK};
    int64_t started_s = clock_now_s();

    /* A passkey login is without a password: asking for one would say otherwise. */
    enum ck_err r =
        target_read(options, &person, &key_person, prove != prove_passkey, &target, &err);
    if (r == CK_OK && (prove == prove_webauthn || prove == prove_passkey))
        r = target_check_name(&target, &err);
    if (r == CK_OK)
        r = target_probe(&target, &err);
    if (r == CK_OK)
        r = prove(&target.login, &proof, &err);
    if (r != CK_OK)
        return report_error(option_given(options, OPTION_JSON), &err);
    if (option_given(options, OPTION_JSON))
        print_document(&target, &proof, started_s);
    else
        print_sentence(&target, &proof);
    return proof.proving.verdict == CK_VERDICT_ACCEPTED ? 0 : STATUS_NO;
}

static int run_totp(const struct options *options)
{
    return run(options, "totp", "TOTP factor", prove_totp);
}

static int run_webauthn(const struct options *options)
{
    return run(options, "webauthn", "security key", prove_webauthn);
}

static int run_passkey(const struct options *options)
{
    return run(options, "passkey", "passkey", prove_passkey);
}

static int run_yubiotp(const struct options *options)
{
    return run(options, "yubiotp", "YubiKey", prove_yubiotp);
}

const struct command command_prove_totp = {
    .words = "prove totp",
    .summary = "does this TOTP factor log in, now? changes nothing",
    .online = true,
    .run = run_totp,
};

const struct command command_prove_webauthn = {
    .words = "prove webauthn",
    .summary = "does this security key answer as second factor, now?",
    .online = true,
    .run = run_webauthn,
};

const struct command command_prove_passkey = {
    .words = "prove passkey",
    .summary = "does this security key log in without a password, now?",
    .online = true,
    .run = run_passkey,
};

const struct command command_prove_yubiotp = {
    .words = "prove yubiotp",
    .summary = "does the YubiKey's one-time password answer as second factor, now?",
    .online = true,
    .run = run_yubiotp,
};
