/* A person's sheet, section by section. */
#include "sheet_page.h"

#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/otp/otpauth.h"
#include "cowkey/otp/qr.h"
#include "cowkey/report/html.h"
#include "page_stream.h"

enum {
    QR_MODULE_UM = 700, /* width of a module on paper: phones read half of that */
    QR_MIN_MM = 38,
    QR_MAX_MM = 120,
};

static void put_item(FILE *to, const char *text)
{
    fprintf(to, "<li>%s</li>\n", text);
}

/* --- what to do --- */

static void put_login_steps(FILE *to, const struct sheet_facts *facts, bool totp, bool key)
{
    bool new_password = facts->person.password != CK_PASSWORD_KEPT;

    put_item(to, new_password ? "Open the login page and log in with the <strong>new "
                                "password</strong> below."
                              : "Open the login page and log in with your password, as before.");
    if (totp && key)
        put_item(to,
                 "Then you are asked for a second factor. Choose the app, and type the code that "
                 "it shows at that moment; or choose the security key, plug it in, and touch "
                 "it when it blinks.");
    else if (totp)
        put_item(to, "Then you are asked for a code: type the one that the app shows at that "
                     "moment.");
    else if (key)
        put_item(to, "Then you are asked for your security key: plug it in, and touch it when it "
                     "blinks. If it asks for its PIN, type that.");
}

static void put_password_steps(FILE *to, const struct sheet_facts *facts)
{
    switch (facts->person.password) {
    case CK_PASSWORD_TO_CHANGE:
        put_item(to, "Set a password of your own when you are told to: the new one is for this one "
                     "login.");
        break;
    case CK_PASSWORD_IN_FORCE:
    case CK_PASSWORD_UNFORCED:
    case CK_PASSWORD_HANDED_OUT:
        put_item(to, "<strong>Change the password at once</strong>, in the settings of your "
                     "account. The server does not insist on it, but others have handled the one "
                     "below.");
        break;
    default:
        break;
    }
}

static bool has_pin_to_change(const struct sheet_facts *facts)
{
    for (unsigned n = 1; n <= CK_POLICY_KEYS_MAX; n++) {
        enum ck_key_pin_state pin = facts->keys[n].is.pin;
        if (facts->keys[n].on_sheet && pin != CK_KEY_PIN_ITS_OWN)
            return true;
    }
    return false;
}

static void put_steps(FILE *to, const struct sheet_facts *facts)
{
    bool totp = sheet_facts_have(facts, CK_ROLLOUT_TOTP);
    bool key = sheet_facts_have(facts, CK_ROLLOUT_WEBAUTHN);
    bool passkey = sheet_facts_have(facts, CK_ROLLOUT_PASSKEY);

    fputs("<section>\n<h2>What to do</h2>\n<ol>\n", to);
    if (totp)
        put_item(to, "Scan the code below with an authenticator app on your phone.");
    if (has_pin_to_change(facts))
        put_item(to, "The PIN of your security key comes in a letter of its own. Change it first, "
                     "as that letter says.");
    if (totp || key || !passkey || facts->person.password != CK_PASSWORD_KEPT)
        put_login_steps(to, facts, totp, key);
    put_password_steps(to, facts);
    if (passkey)
        put_item(to, "With your passkey you need no password: choose the login with a passkey "
                     "(FIDO2/WebAuthn) on the login page, plug the security key in, type its PIN, "
                     "and touch it when it blinks.");
    if (sheet_keys_count(facts) > 1)
        put_item(to,
                 "Keep your security keys apart: the primary one with you, the backup where you "
                 "find it when that is lost.");
    fputs("</ol>\n</section>\n", to);
}

/* --- apps --- */

/* The picture without its XML declaration, which has no place in a page; it is as wide as it is high. */
static void put_picture(FILE *to, const struct ck_secret *picture)
{
    const char *svg = strstr(ck_secret_bytes(picture), "<svg");
    const char *box = svg != NULL ? strstr(svg, "viewBox=\"0 0 ") : NULL;
    int modules = 0;

    if (box == NULL || sscanf(box, "viewBox=\"0 0 %d", &modules) != 1)
        return;
    int width_mm = modules * QR_MODULE_UM / 1000;
    width_mm = width_mm < QR_MIN_MM ? QR_MIN_MM : width_mm > QR_MAX_MM ? QR_MAX_MM : width_mm;
    fprintf(to, "<div class=\"qr\" style=\"width:%dmm\">\n%s</div>\n", width_mm, svg);
}

static void put_params(FILE *to, const struct ck_totp_params *params)
{
    static const char *const algorithms[] = {"SHA1", "SHA256", "SHA512"};

    if (memcmp(params, &ck_totp_default, sizeof(*params)) != 0)
        fprintf(to, "<p>Algorithm %s, %u digits, %u seconds.</p>\n", algorithms[params->algorithm],
                params->digits, params->period_s);
}

static enum ck_err put_code(FILE *to, const char *label, const struct ck_secret *uri,
                            struct ck_error *err)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *picture = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *base32 = NULL;
    enum ck_err r = ck_otpauth_parse(uri, &otpauth, err);

    if (r == CK_OK)
        r = ck_totp_key_format(otpauth.key, &base32, err);
    if (r == CK_OK)
        r = ck_qr_draw(uri, CK_QR_SVG, &picture, err);
    if (r != CK_OK)
        return r;
    fputs("<div class=\"code\">\n", to);
    put_picture(to, picture);
    fputs("<div><p>The server calls it <strong>", to);
    ck_html_text(to, label);
    fputs("</strong>.</p>\n<p>Who can't scan it types this key into the app (based on time):</p>\n"
          "<p class=\"secret\">",
          to);
    page_put_groups(to, base32);
    fputs("</p>\n", to);
    put_params(to, &otpauth.params);
    fputs("</div>\n</div>\n", to);
    return CK_OK;
}

static enum ck_err put_app(FILE *to, const struct sheet_facts *facts, size_t i,
                           struct ck_error *err)
{
    const struct ck_ledger_item *item = &facts->items[i];
    bool doubtful = sheet_item_is_doubtful(item);

    fputs("<section class=\"whole\">\n<h2>Code for your authenticator app</h2>\n", to);
    if (doubtful)
        fputs(
            "<p class=\"warning\"><strong>It is not certain that this one works.</strong> Whether "
            "the server took it was not seen. Scan it all the same: if the server asks for a "
            "code, try this one; if that is refused, tell your administrator.</p>\n",
            to);
    if (facts->uris[i] == NULL) {
        fputs("<p>The code of <strong>", to);
        ck_html_text(to, item->label);
        fputs("</strong> was handed out on an earlier sheet.</p>\n</section>\n", to);
        return CK_OK;
    }
    enum ck_err r = put_code(to, item->label, facts->uris[i], err);
    fputs("</section>\n", to);
    return r;
}

/* --- keys --- */

static const char *use_of(enum ck_rollout_method method)
{
    return method == CK_ROLLOUT_PASSKEY ? "passkey, with its PIN instead of the password"
                                        : "second factor, after the password";
}

/* The names are what the server lists the key as, one for each of its uses. */
static void put_key(FILE *to, const struct sheet_facts *facts, unsigned n)
{
    const char *rank = sheet_keys_count(facts) == 1 ? "" : n == 1 ? ", primary" : ", backup";

    fprintf(to, "<tr><td>%u%s</td><td>", n, rank);
    sheet_put_key(to, &facts->keys[n].is);
    fputs("</td><td>", to);
    for (size_t i = 0; i < facts->count; i++) {
        const struct ck_ledger_item *item = &facts->items[i];
        if (item->n != n || !ck_step_is_there(item->state))
            continue;
        fputs("<div><strong>", to);
        ck_html_text(to, item->label);
        fprintf(to, "</strong>: %s%s</div>", use_of(item->method),
                item->state == CK_STEP_PROVED ? "" : " (not tried yet)");
    }
    fputs("</td></tr>\n", to);
}

static void put_keys(FILE *to, const struct sheet_facts *facts)
{
    unsigned count = sheet_keys_count(facts);

    if (count == 0)
        return;
    fprintf(to,
            "<section class=\"whole\">\n<h2>Your security key%s</h2>\n<table class=\"keys\">\n"
            "<thead><tr><th>Key</th><th>Model</th><th>Name at the server, and what it is for</th>"
            "</tr></thead>\n<tbody>\n",
            count > 1 ? "s" : "");
    for (unsigned n = 1; n <= CK_POLICY_KEYS_MAX; n++) {
        if (facts->keys[n].on_sheet)
            put_key(to, facts, n);
    }
    fputs("</tbody>\n</table>\n<p class=\"soft\">Such a key answers to the login page above and "
          "to no other address.</p>\n</section>\n",
          to);
}

/* --- passwords --- */

static void put_new_password(FILE *to, const struct sheet_facts *facts)
{
    if (facts->person.password == CK_PASSWORD_KEPT)
        return;
    fputs("<section class=\"whole\">\n<h2>Your new password</h2>\n", to);
    if (facts->person.password == CK_PASSWORD_HANDED_OUT)
        fputs(
            "<p class=\"warning\"><strong>It is not certain that this one works.</strong> Whether "
            "the server took it was not seen. If it is refused, your old password is still in "
            "force: tell your administrator.</p>\n",
            to);
    if (facts->password != NULL) {
        fputs("<p class=\"secret boxed\">", to);
        page_put_secret(to, facts->password);
        fputs("</p>\n", to);
    } else {
        fputs("<p>It was handed out on an earlier sheet.</p>\n", to);
    }
    fputs("</section>\n", to);
}

static void put_app_password(FILE *to, const struct sheet_facts *facts)
{
    fputs("<p>Mail programs, phones and calendars can't ask for a second factor. In them use this "
          "<strong>app password</strong> instead of your own, with the same account name. It is "
          "good for mail (IMAP, POP3, SMTP, Sieve), calendars and contacts (CalDAV, CardDAV) and "
          "ActiveSync, and does not log in at the page above.</p>\n",
          to);
    if (facts->person.app_password_id == 0)
        fputs("<p class=\"warning\"><strong>It is not certain that this one works.</strong> If it "
              "is refused, make one yourself: log in and look for <em>App passwords</em>.</p>\n",
              to);
    if (facts->app_password != NULL) {
        fputs("<p class=\"secret boxed\">", to);
        page_put_secret(to, facts->app_password);
        fputs("</p>\n", to);
    } else {
        fputs("<p>It was handed out on an earlier sheet.</p>\n", to);
    }
}

/* A passkey alone shuts no mail program out. */
static bool may_have_second_factor(const struct sheet_facts *facts)
{
    bool may = false;

    for (size_t i = 0; i < facts->count && !may; i++)
        may = facts->items[i].method != CK_ROLLOUT_PASSKEY && sheet_item_counts(&facts->items[i]);
    return may;
}

/* Other accounts than mailboxes have no mail. */
static void put_mail_programs(FILE *to, const struct sheet_facts *facts)
{
    bool has_app_password = facts->app_password != NULL || facts->person.app_password_id != 0;

    if (!has_app_password &&
        (facts->person.account.role != CK_ROLE_MAILBOX || !may_have_second_factor(facts)))
        return;
    fputs("<section class=\"whole\">\n<h2>Mail programs</h2>\n", to);
    if (has_app_password)
        put_app_password(to, facts);
    else
        fprintf(to,
                "<p>Mail programs, phones and calendars can't ask for a second factor, and your "
                "password %s in them. Each needs an <strong>app password</strong>: log in at the "
                "page above, look for <em>App passwords</em> in the settings of your mailbox, make "
                "one, and put it into the program instead of your password.</p>\n",
                sheet_facts_have(facts, CK_ROLLOUT_TOTP) ||
                        sheet_facts_have(facts, CK_ROLLOUT_WEBAUTHN)
                    ? "no longer works"
                    : "may no longer work");
    fputs("</section>\n", to);
}

/* --- the page --- */

static enum ck_err put_page(FILE *to, const struct sheet_frame *frame,
                            const struct sheet_facts *facts, struct ck_error *err)
{
    enum ck_err r = CK_OK;

    sheet_put_begin(to, "Your login from now on", frame, facts);
    put_steps(to, facts);
    put_new_password(to, facts);
    for (size_t i = 0; i < facts->count && r == CK_OK; i++) {
        if (facts->items[i].method == CK_ROLLOUT_TOTP && sheet_item_counts(&facts->items[i]))
            r = put_app(to, facts, i, err);
    }
    put_keys(to, facts);
    put_mail_programs(to, facts);
    sheet_put_end(to, frame, sheet_facts_any_secret(facts));
    return r;
}

enum ck_err sheet_page_write(const struct sheet_frame *frame, const struct sheet_facts *facts,
                             struct ck_secret **ret_page, struct ck_error *err)
{
    CK_CLEANUP(page_stream_clear) struct page_stream stream = {.to = NULL};
    enum ck_err r = page_stream_open(&stream, err);

    if (r == CK_OK)
        r = put_page(stream.to, frame, facts, err);
    return r == CK_OK ? page_stream_finish(&stream, ret_page, err) : r;
}

/* --- looking something up on a page --- */

static bool holds(const struct ck_secret *page, const struct ck_secret *text)
{
    return memmem(ck_secret_bytes(page), ck_secret_size(page), ck_secret_bytes(text),
                  ck_secret_size(text)) != NULL;
}

enum ck_err sheet_page_has(const struct ck_secret *page, const struct ck_secret *secret,
                           bool is_uri, bool *ret_has, struct ck_error *err)
{
    CK_CLEANUP(ck_otpauth_clear) struct ck_otpauth otpauth = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *base32 = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *written = NULL;
    CK_CLEANUP(page_stream_clear) struct page_stream stream = {.to = NULL};
    enum ck_err r = is_uri ? ck_otpauth_parse(secret, &otpauth, err) : CK_OK;

    if (r == CK_OK && is_uri)
        r = ck_totp_key_format(otpauth.key, &base32, err);
    if (r == CK_OK)
        r = page_stream_open(&stream, err);
    if (r != CK_OK)
        return r;
    fputc('>', stream.to); /* a short one may be part of something else */
    if (is_uri)
        page_put_groups(stream.to, base32);
    else
        page_put_secret(stream.to, secret);
    fputc('<', stream.to);
    r = page_stream_finish(&stream, &written, err);
    if (r == CK_OK)
        *ret_has = holds(page, written);
    return r;
}
