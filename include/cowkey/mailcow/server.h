/* What a server shows to anybody who asks, without a login. */
#ifndef COWKEY_MAILCOW_SERVER_H
#define COWKEY_MAILCOW_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "cowkey/base/error.h"
#include "cowkey/mailcow/dialect.h"
#include "cowkey/mailcow/http.h"
#include "cowkey/mailcow/server_certificate.h"

/* The families of releases that can be told apart from outside (dialects 1.1). */
enum ck_release {
    CK_RELEASE_UNKNOWN,
    CK_RELEASE_TO_2025_02,   /* one login page for all roles */
    CK_RELEASE_FROM_2025_03, /* a login page for each role */
    CK_RELEASE_FROM_2026_03, /* and a second factor can be enforced */
};

/*
 * How far one gets. Each problem is CK_OK, or says why it went no further: then what comes behind
 * it is not known.
 */
struct ck_server_facts {
    struct ck_error no_connection;
    struct ck_error no_trust; /* TLS */
    bool has_certificate;     /* also without trust, where TLS came so far */
    struct ck_server_certificate certificate;
    struct ck_error no_answer;
    bool has_date;
    int64_t clock_offset_s; /* how far the server's clock is ahead of ours */
    struct ck_error no_mailcow;
    enum ck_dialect dialect;
    enum ck_release release;
    char rp_id[CK_HOST_MAX]; /* for passkeys (protocol 6); "" where the server does not tell */
};

/*
 * Asks: three or four exchanges, on one new connection. What is wrong with the
 * server is among the facts; an error is only CK_ERR_USAGE, CK_ERR_INTERRUPTED, or short memory.
 */
enum ck_err ck_server_look(const struct ck_http_settings *settings,
                           struct ck_server_facts *ret_facts, struct ck_error *err);

/* "since 2026-03"; NULL when it is not known. */
const char *ck_release_name(enum ck_release release);

#endif
