/*
 * WebAuthn second factors and passkeys through a session (protocol 5 and 6). mailcow's own JSON
 * form is translated here, and nowhere else.
 */
#ifndef COWKEY_MAILCOW_WEBAUTHN_H
#define COWKEY_MAILCOW_WEBAUTHN_H

#include "cowkey/mailcow/session.h"
#include "cowkey/webauthn/assertion.h"
#include "cowkey/webauthn/options.h"
#include "cowkey/webauthn/registration.h"

enum ck_webauthn_kind { CK_WEBAUTHN_FACTOR, CK_WEBAUTHN_PASSKEY };

/*
 * The options for a new credential, in a session that is open with its factor page read, or held.
 * They must be for this session's account (user.name and user.id) and for this host as relying
 * party: else CK_ERR_UNREACHABLE, and the key is not asked. A fresh set also shows, in exclude,
 * which credentials the server has stored. An account that is not offered this kind, or whose name
 * no key has room for, is CK_ERR_UNCHANGED; a server that is reached by its address is
 * CK_ERR_USAGE.
 */
enum ck_err ck_webauthn_creation_options(struct ck_session *session, enum ck_webauthn_kind kind,
                                         struct ck_creation_options *ret_options,
                                         struct ck_error *err);

/*
 * Posts a registration for the latest options of the session, in one that is open or held for a
 * set-up. label and password are for a factor (a passkey ignores them and gets its name by
 * ck_passkey_rename); the password is not sent, and may be NULL, in a forced set-up. The session's
 * page is still the one from before. The server's success is no evidence (a wrong password
 * "succeeds"): read back with ck_session_visit, or ck_webauthn_settle, and a fresh set of options.
 * - CK_ERR_USAGE: the label, or the password, is missing or can't be sent.
 * - CK_ERR_UNCHANGED: the server refused, with its message; or it had ended the login.
 * - CK_ERR_UNKNOWN: cut, or an answer that is not understood.
 */
enum ck_err ck_webauthn_register(struct ck_session *session, enum ck_webauthn_kind kind,
                                 const struct ck_registration *registration, const char *label,
                                 const struct ck_secret *password, struct ck_error *err);

/*
 * After a registration in a forced set-up: the session is open and its factor page read, or still
 * held, and its page says for what. A passkey, too, releases the session, but not the account: its
 * next login with the password is held again.
 */
enum ck_err ck_webauthn_settle(struct ck_session *session, struct ck_error *err);

/*
 * The options for answering a second factor that the session is asked for; allow is not empty and
 * has all security keys of the account, whichever row is answered.
 */
enum ck_err ck_webauthn_request_options(struct ck_session *session,
                                        struct ck_request_options *ret_options,
                                        struct ck_error *err);

/*
 * Answers with row id, which the session's page has to list as a security key (else
 * CK_ERR_UNCHANGED, and the login still waits for its answer); else as ck_session_answer_totp.
 */
enum ck_err ck_webauthn_answer(struct ck_session *session, uint64_t id,
                               const struct ck_assertion *assertion, struct ck_error *err);

/*
 * A passkey login in two steps: a fresh session with the options (no allow list), then the answer.
 * Whether it was accepted is read from the factor page, which is then the session's page:
 * CK_ERR_REFUSED when it was not. An assertion whose user handle is another account's is not sent:
 * CK_ERR_USAGE, and another one may follow.
 */
enum ck_err ck_passkey_begin(const struct ck_http_settings *settings, enum ck_dialect dialect,
                             const struct ck_account *account, struct ck_session **ret_session,
                             struct ck_request_options *ret_options, struct ck_error *err);
enum ck_err ck_passkey_finish(struct ck_session *session, const struct ck_assertion *assertion,
                              struct ck_error *err);

/* How the server's pages name a credential: the hex SHA-256 of its id (protocol 3). */
enum ck_err ck_passkey_cid(const struct ck_bytes *credential_id, char ret_cid[CK_PAGE_CID_SIZE + 1],
                           struct ck_error *err);

/*
 * Renames or removes a passkey by its cid; confirmed by reading back, after which the session's
 * page is the new one. To be removed it has to be listed on the session's page; renamed it may be
 * right after its registration, so that one look shows both. The label is as ck_factor_label_check
 * wants it, and not "0", which the server does not show (CK_ERR_USAGE). Rows of the same credential
 * share a cid.
 */
enum ck_err ck_passkey_rename(struct ck_session *session, const char *cid, const char *label,
                              struct ck_error *err);
enum ck_err ck_passkey_remove(struct ck_session *session, const char *cid, struct ck_error *err);

#endif
