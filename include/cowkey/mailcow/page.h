/*
 * What a page of mailcow's web interface says, read from its structure and never from its
 * (localised) texts. The markers are those of the protocol notes, sections 1 to 3.
 */
#ifndef COWKEY_MAILCOW_PAGE_H
#define COWKEY_MAILCOW_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/account.h"

enum {
    CK_PAGE_SIZE_MAX = 2 * 1024 * 1024, /* bytes; the largest seen has 230 kB */
    CK_PAGE_FACTORS_MAX = 256,          /* factors, and passkeys, that one page may list */
    CK_PAGE_ALERTS_MAX = 32,            /* more are dropped */
    CK_PAGE_CSRF_SIZE = 64,             /* hex digits of a token */
    CK_PAGE_CID_SIZE = 64,              /* hex digits of a passkey's cid */
    CK_PAGE_CID_MIN = 8,                /* how many of them an ID has at least */
};

enum ck_method { CK_METHOD_UNKNOWN, CK_METHOD_TOTP, CK_METHOD_WEBAUTHN, CK_METHOD_YUBIOTP };

/*
 * One row of table tfa as a page shows it. The factor page hides the method, the login page tells.
 */
struct ck_factor {
    uint64_t id;
    char *label; /* UTF-8, as the server gave it; owned */
    enum ck_method method;
    bool current; /* the one that this session logged in with, if the page marks_current */
};

struct ck_passkey {
    char cid[CK_PAGE_CID_SIZE + 1]; /* hex SHA-256 of the credential id */
    char *label;                    /* owned */
    char *created; /* "2026-11-23 08:21:24", server time; NULL where the server kept none; owned */
    bool current;  /* the one that this session logged in with */
};

/* What the server wanted to tell the person: the type is reliable, the text is a hint. */
struct ck_alert {
    char type[16]; /* success, info, warning, danger */
    char *text;    /* decoded; owned */
};

enum ck_list_state {
    CK_LIST_ABSENT,  /* the page does not have the list's element: nothing is known */
    CK_LIST_PRESENT, /* the list is there, and complete */
};

struct ck_page {
    bool is_mailcow;   /* has mailcow's own script variables */
    bool logged_in;    /* mailcow_cc_role is not empty */
    enum ck_role role; /* when logged_in */
    char *account;     /* from the head, or else the script; NULL when neither names it */
    char csrf[CK_PAGE_CSRF_SIZE + 1]; /* "" when the page has none */

    bool confirm_factor;  /* id="ConfirmTFAModal": a second factor is asked for */
    bool setup_factor;    /* id="SetupTFAModal": held until a factor is set up */
    bool change_password; /* id="ChangePWModal": held until the password is changed */

    enum ck_list_state factors_state;
    struct ck_factor *factors; /* the factor page's list, or the login page's authenticators */
    size_t factors_count;
    bool marks_current; /* the list tells the factor in use: not a domain admin's, nor a login's */
    bool yubiotp_offered; /* the login page has a Yubico OTP tab; its keys are not listed */

    enum ck_list_state passkeys_state;
    struct ck_passkey *passkeys;
    size_t passkeys_count;

    struct ck_alert *alerts;
    size_t alerts_count;
};

/*
 * Reads size bytes of HTML. Bytes that are no page of mailcow's give one where all is absent. What
 * can't be believed is CK_ERR_UNREACHABLE ("not understood"): a list whose element is there but
 * whose rows can't be read whole, that has more than CK_PAGE_FACTORS_MAX of them, that is there
 * twice, or that no form token follows, since it may have been cut; a role that is unknown or told
 * in two ways; and a page that is larger than CK_PAGE_SIZE_MAX or would keep the parser busy.
 */
enum ck_err ck_page_parse(const char *html, size_t size, struct ck_page *ret_page,
                          struct ck_error *err);

/* The row of a list; NULL when the page does not have it. */
const struct ck_factor *ck_page_find_factor(const struct ck_page *page, uint64_t id);
const struct ck_passkey *ck_page_find_passkey(const struct ck_page *page, const char *cid);

/* The text of the first alert of this type, or of any type with NULL; NULL when there is none. */
const char *ck_page_alert(const struct ck_page *page, const char *type);

/*
 * How many hex digits of this cid tell it from the page's other passkeys, CK_PAGE_CID_MIN at least:
 * what stands behind "pk:" in an ID.
 */
int ck_page_cid_digits(const struct ck_page *page, const char *cid);

const char *ck_method_name(enum ck_method method);

/* Frees what the page owns and zeroes it; an all-zero page is fine. */
void ck_page_clear(struct ck_page *page);

#endif
