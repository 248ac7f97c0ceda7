/* Enrolling a passkey: a list of its own, a name given afterwards, a login without a password. */
#include <stdio.h>
#include <string.h>

#include "course.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/enroll/webauthn.h"
#include "new_credential.h"

/* "pk:" and the first digits of a cid, or a label; exactly one passkey has to fit. */
static bool is_meant(const struct ck_passkey *passkey, const char *what)
{
    if (strncmp(what, "pk:", 3) == 0)
        return strlen(what + 3) >= CK_PAGE_CID_MIN &&
               strncmp(passkey->cid, what + 3, strlen(what + 3)) == 0;
    return strcmp(passkey->label, what) == 0;
}

static enum ck_err pick_replaced(struct course *course, char cid[CK_PAGE_CID_SIZE + 1],
                                 struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(course->session);
    const char *what = course->wish->replace;
    size_t matches = 0;

    cid[0] = '\0';
    for (size_t i = 0; what != NULL && i < page->passkeys_count; i++) {
        if (is_meant(&page->passkeys[i], what)) {
            memcpy(cid, page->passkeys[i].cid, CK_PAGE_CID_SIZE + 1);
            matches++;
        }
    }
    if (what == NULL || matches == 1)
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE, "%s is called '%.200s'",
                 matches == 0 ? "no passkey of the account" : "more than one passkey", what);
    return ck_error_hint(err, "'cowkey list' shows the passkeys and their IDs.");
}

static enum ck_err open_session(struct course *course, struct ck_error *err)
{
    enum ck_err r = ck_login_open(course->login, &course->session, err);
    if (r != CK_OK)
        return r;
    const struct ck_page *page = ck_session_page(course->session);
    course->done->forced = ck_session_state(course->session) == CK_SESSION_HELD;
    course->done->mail_programs = CK_MAIL_UNAFFECTED; /* a passkey changes nothing for them */
    if (course->done->forced || page->passkeys_state == CK_LIST_PRESENT)
        return CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED, "the server's page offers no passkeys for the account '%s'",
                 course->login->account->name);
    return ck_error_hint(err,
                         "Accounts that log in through an outside provider (LDAP, Keycloak, OIDC) "
                         "can't have them here.");
}

/* The list has to show our credential now, by the name that it was given. */
static enum ck_err read_back(struct course *course, struct ck_error *err)
{
    const struct ck_page *page = ck_session_page(course->session);
    const struct ck_passkey *ours = ck_page_find_passkey(page, course->done->cid);

    if (page->passkeys_state == CK_LIST_ABSENT)
        return ck_error_set(
            err, CK_ERR_UNKNOWN,
            "the server's answer does not show the list of passkeys, so it is not known "
            "whether the new one was stored");
    if (ours == NULL) {
        ck_error_set(err, CK_ERR_UNCHANGED, "the server stored nothing, whatever it says");
        return ck_error_hint(err, "Try again.");
    }
    if (strcmp(ours->label, course->wish->label) != 0)
        snprintf(course->done->listed_as, sizeof(course->done->listed_as), "%s", ours->label);
    course->done->cid_digits = ck_page_cid_digits(page, course->done->cid);
    course->done->evidence = CK_EVIDENCE_RECORDED;
    return CK_OK;
}

/*
 * After the server's no: when its list shows our passkey all the same, that is not to be believed.
 */
static enum ck_err check_refusal(struct course *course, enum ck_err r, struct ck_error *err)
{
    struct ck_session *session = course->session;
    struct ck_error cause = *err, ignored;

    if (r != CK_ERR_UNCHANGED || (course->done->forced ? ck_webauthn_settle(session, &ignored)
                                                       : ck_session_visit(session, &ignored)))
        return r;
    const struct ck_page *page = ck_session_page(session);
    if (ck_page_find_passkey(page, course->done->cid) == NULL)
        return r;
    course->done->cid_digits = ck_page_cid_digits(page, course->done->cid);
    course->done->evidence = CK_EVIDENCE_RECORDED;
    ck_error_set(err, CK_ERR_UNKNOWN, "%.300s; and yet its list shows the passkey (pk:%.8s)",
                 cause.text, course->done->cid);
    return ck_error_hint(err, "It was not removed. %.300s", cause.hint);
}

/* No login asks for a passkey. */
static enum ck_err unknown(struct ck_error *err)
{
    outcome_unknown(err->code = CK_ERR_UNKNOWN, "the key", err);
    return ck_error_hint(err, "Keep the key until you have looked: if it was stored, it logs in.");
}

/* A resident credential stays on the key, whatever becomes of it at the server. */
static enum ck_err note_leftover(enum ck_err r, struct ck_error *err)
{
    struct ck_error cause = *err;

    if (r == CK_OK || r == CK_ERR_UNKNOWN)
        return r;
    return ck_error_hint(err, "%.300s%sThe key holds a passkey now that is of no use.", cause.hint,
                         cause.hint[0] != '\0' ? " " : "");
}

static enum ck_err submit(struct course *course, const struct ck_registration *registration,
                          struct ck_error *err)
{
    const struct ck_login *login = course->login;
    struct ck_error name_err = {.code = CK_OK};

    enum ck_err r = ck_login_witness(course->login, err);
    if (r != CK_OK)
        return r;
    login->person->tell_stage(login->person->data, CK_STAGE_SUBMIT);
    course->done->submitted = true;
    r = ck_webauthn_register(course->session, CK_WEBAUTHN_PASSKEY, registration, NULL, NULL, err);
    if (r != CK_OK)
        return r == CK_ERR_UNKNOWN ? unknown(err) : check_refusal(course, r, err);
    if (course->done->forced)
        r = ck_webauthn_settle(course->session, err);
    /* The rename reads the page, too: one look shows both. A name alone is no reason to fail. */
    if (r == CK_OK && ck_passkey_rename(course->session, course->done->cid, course->wish->label,
                                        &name_err) != CK_OK)
        r = ck_session_visit(course->session, err);
    if (r != CK_OK)
        return unknown(err);
    return read_back(course, err);
}

static enum ck_err record(struct course *course, char replaced[CK_PAGE_CID_SIZE + 1],
                          struct ck_error *err)
{
    CK_CLEANUP(ck_registration_clear) struct ck_registration registration = {0};

    enum ck_err r = open_session(course, err);
    if (r == CK_OK)
        r = pick_replaced(course, replaced, err);
    if (r == CK_OK)
        r = new_credential_make(course->login, course->session, CK_WEBAUTHN_PASSKEY, &registration,
                                &course->done->credential, err);
    if (r != CK_OK)
        return r;
    course->done->credential_known = true;
    r = ck_passkey_cid(&course->done->credential.id, course->done->cid, err);
    return r == CK_OK ? note_leftover(submit(course, &registration, err), err) : r;
}

static enum ck_verdict prove(struct course *course, const void *data, struct ck_error *ret_why)
{
    (void)data;
    return ck_prove_passkey(course->login, &course->done->credential.id, NULL, NULL, ret_why);
}

/* From the server, and, if the person agrees, from the key, which would go on offering it. */
static enum ck_err take_back(struct course *course, enum ck_verdict verdict, struct ck_error *err)
{
    const struct ck_person *person = course->login->person;
    struct ck_error ignored;
    bool forget = false;

    person->tell_stage(person->data, CK_STAGE_TAKE_BACK);
    if (ck_passkey_remove(course->session, course->done->cid, err) != CK_OK) {
        struct ck_error cause = *err;
        ck_error_set(err, CK_ERR_UNKNOWN,
                     "the new passkey does not log in and could not be taken back: %.300s",
                     cause.text);
        return ck_error_hint(err, "It is in the account's list as 'pk:%.*s'.",
                             course->done->cid_digits, course->done->cid);
    }
    course->done->evidence = CK_EVIDENCE_NONE;
    if (person->ask_forget(person->data, &forget, &ignored) == CK_OK && forget)
        forget = ck_key_forget(course->login->key, &course->done->credential.id, &ignored) == CK_OK;
    ck_error_set(err, CK_ERR_UNCHANGED,
                 "the server stored the passkey, but %s; it was taken back%s", why_refused(verdict),
                 forget ? ", and deleted from the key" : "");
    return ck_error_hint(err, "%s",
                         forget ? "Try again; if it happens again, ask the server's admin."
                                : "The key still holds it, and will offer it in vain.");
}

static enum ck_err remove_replaced(struct course *course, const char *replaced,
                                   struct ck_error *err)
{
    const struct ck_person *person = course->login->person;

    if (*replaced == '\0')
        return CK_OK;
    person->tell_stage(person->data, CK_STAGE_REMOVE_OLD);
    if (ck_passkey_remove(course->session, replaced, err) == CK_OK) {
        memcpy(course->done->replaced_cid, replaced, CK_PAGE_CID_SIZE + 1);
        return CK_OK;
    }
    struct ck_error cause = *err;
    return ck_error_set(
        err, CK_ERR_UNKNOWN,
        "the new passkey works, but the old one (pk:%.*s) could not be removed: %.300s",
        course->done->cid_digits, replaced, cause.text);
}

static enum ck_err conclude(struct course *course, const char *replaced, struct ck_error *err)
{
    struct ck_error why = {.code = CK_OK};

    if (course->wish->evidence == CK_EVIDENCE_RECORDED) {
        course->done->result = CK_ENROLL_RECORDED;
        return remove_replaced(course, replaced, err);
    }
    enum ck_verdict verdict = prove_until_verdict(course, prove, NULL, &why);
    if (verdict == CK_VERDICT_ACCEPTED) {
        course->done->evidence = CK_EVIDENCE_LOGIN;
        course->done->result = CK_ENROLL_ENROLLED;
        return remove_replaced(course, replaced, err);
    }
    if (verdict != CK_VERDICT_NOT_CARRIED_OUT)
        return take_back(course, verdict, err);
    ck_error_set(
        err, CK_ERR_UNKNOWN,
        "the passkey is in the server's list (pk:%.*s), but the proof could not be carried out: "
        "%.300s",
        course->done->cid_digits, course->done->cid, why.text);
    return ck_error_hint(err, "Prove it with 'cowkey prove passkey' before you rely on it.");
}

enum ck_err ck_enroll_passkey(struct ck_login *login, const struct ck_wish *wish,
                              struct ck_enrollment *ret_enrollment, struct ck_error *err)
{
    struct course course = {.login = login, .wish = wish, .done = ret_enrollment};
    char replaced[CK_PAGE_CID_SIZE + 1];

    *ret_enrollment = (struct ck_enrollment){.result = CK_ENROLL_FAILED};
    enum ck_err r = record(&course, replaced, err);
    if (r == CK_OK)
        r = conclude(&course, replaced, err);
    return course_end(&course, r, err);
}
