/* The part of doctor that looks at the server. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/mailcow/server.h"
#include "doctor.h"
#include "target.h"

enum {
    CLOCK_PROBLEM_S = 30,       /* a step of TOTP: then a code may fit no more */
    CERTIFICATE_SOON_DAYS = 14, /* what renews by itself has done so long before */
    NAMES_TEXT_MAX = 512,
};

static const char *const names[] = {"server", "certificate", "clock", "mailcow", "name"};

/* "a.example.test, b.example.test", without one of them; as many as fit. */
static void list_names(const struct ck_server_certificate *certificate, const char *but,
                       char text[NAMES_TEXT_MAX])
{
    size_t used = 0, left = 0;

    text[0] = '\0';
    for (size_t i = 0; i < certificate->names_count; i++) {
        const char *name = i < CK_SERVER_CERTIFICATE_NAMES_MAX ? certificate->names[i] : NULL;
        if (name != NULL && but != NULL && strcasecmp(name, but) == 0)
            continue;
        if (name == NULL || used + strlen(name) + 24 > NAMES_TEXT_MAX) {
            left++;
            continue;
        }
        used += (size_t)snprintf(text + used, NAMES_TEXT_MAX - used, "%s%s", used > 0 ? ", " : "",
                                 name);
    }
    if (left > 0)
        snprintf(text + used, NAMES_TEXT_MAX - used, " and %zu more", left);
}

static void judge_trust(struct doctor *doctor, const struct ck_server_facts *facts)
{
    struct ck_error problem = facts->no_trust;
    char list[NAMES_TEXT_MAX];

    if (facts->has_certificate && facts->certificate.names_count > 0) {
        list_names(&facts->certificate, NULL, list);
        size_t used = strlen(problem.text);
        snprintf(problem.text + used, sizeof(problem.text) - used, "; it names %s", list);
    }
    doctor_add_error(doctor, "certificate", &problem);
}

static void judge_certificate(struct doctor *doctor, const struct ck_server_facts *facts)
{
    const struct ck_server_certificate *certificate = &facts->certificate;

    if (!facts->has_certificate) {
        doctor_add(doctor, "certificate", DOCTOR_UNKNOWN, NULL,
                   "It is trusted, but could not be read.");
        return;
    }
    int64_t days = (certificate->expires_s - clock_now_s()) / (24 * 3600);
    bool soon = days < CERTIFICATE_SOON_DAYS;
    doctor_add(doctor, "certificate", soon ? DOCTOR_PROBLEM : DOCTOR_OK,
               soon ? "Renew it, and look why it did not renew itself." : NULL,
               "It is trusted, by %s; the chain of %zu ends in %" PRId64 " day%s.",
               certificate->issuer[0] != '\0' ? certificate->issuer : "an authority without a name",
               certificate->chain_count, days, days == 1 ? "" : "s");
}

static void judge_clock(struct doctor *doctor, const struct ck_server_facts *facts)
{
    int64_t ahead_s = facts->clock_offset_s, off_s = ahead_s < 0 ? -ahead_s : ahead_s;

    if (!facts->has_date)
        doctor_add(doctor, "clock", DOCTOR_UNKNOWN, NULL, "The server does not tell its time.");
    else if (off_s > CLOCK_PROBLEM_S)
        doctor_add(
            doctor, "clock", DOCTOR_PROBLEM,
            "Set the clock that is wrong; here: timedatectl set-ntp true. Until then computed "
            "codes may be refused.",
            "The server's clock is %" PRId64 " seconds %s of this computer's.", off_s,
            ahead_s > 0 ? "ahead" : "behind");
    else
        doctor_add(doctor, "clock", DOCTOR_OK, NULL,
                   "This computer's and the server's are %" PRId64 " second%s apart.", off_s,
                   off_s == 1 ? "" : "s");
}

static void judge_mailcow(struct doctor *doctor, const struct ck_server_facts *facts)
{
    const char *dialect = facts->dialect == CK_DIALECT_SINGLE ? "one login page for all roles"
                                                              : "a login page for each role";
    const char *release = ck_release_name(facts->release);

    if (release != NULL)
        doctor_add(doctor, "mailcow", DOCTOR_OK, NULL, "It is a mailcow, of a release %s (%s).",
                   release, dialect);
    else
        doctor_add(doctor, "mailcow", DOCTOR_OK, NULL,
                   "It is a mailcow with %s; its release can't be told.", dialect);
}

static void refuse_address(struct doctor *doctor, const struct ck_host *host)
{
    doctor_add(doctor, "name", DOCTOR_PROBLEM,
               "Give the host name as --server, with --resolve if it is not in the DNS.",
               "Security keys work for a server's name, not for the address %s.", host->name);
}

/* A key signs for the name that it was enrolled under and no other (WebAuthn L3 section 5.1.3). */
static void judge_name(struct doctor *doctor, const struct ck_server_facts *facts,
                       const struct ck_host *host)
{
    char others[NAMES_TEXT_MAX] = "";

    if (host->is_ip) {
        refuse_address(doctor, host);
        return;
    }
    if (facts->rp_id[0] == '\0') {
        doctor_add(doctor, "name", DOCTOR_UNKNOWN, NULL,
                   "The server does not tell for which name it takes security keys.");
        return;
    }
    if (strcmp(facts->rp_id, host->name) != 0) {
        doctor_add(doctor, "name", DOCTOR_PROBLEM,
                   "Use that name as --server; or a proxy before it has to pass the host name on.",
                   "The server takes security keys for %s, not for %s.", facts->rp_id, host->name);
        return;
    }
    if (facts->has_certificate)
        list_names(&facts->certificate, host->name, others);
    doctor_add(doctor, "name", DOCTOR_OK, NULL,
               "Security keys enrolled here work under %s only%s%s.", host->name,
               others[0] != '\0' ? ", not under the certificate's other names: " : "", others);
}

/* From the first one that could not be looked at. */
static void leave_out(struct doctor *doctor, const char *first, const char *why,
                      const struct ck_host *host)
{
    bool begun = false;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        begun |= strcmp(names[i], first) == 0;
        if (!begun)
            continue;
        if (host != NULL && host->is_ip && strcmp(names[i], "name") == 0)
            refuse_address(doctor, host);
        else
            doctor_add(doctor, names[i], DOCTOR_UNKNOWN, NULL, "Not looked at: %s.", why);
    }
}

static void judge(struct doctor *doctor, const struct ck_server_facts *facts,
                  const struct ck_host *host)
{
    if (facts->no_connection.code != CK_OK) {
        doctor_add_error(doctor, "server", &facts->no_connection);
        leave_out(doctor, "certificate", "the server can't be reached", host);
        return;
    }
    if (facts->no_trust.code != CK_OK) {
        doctor_add(doctor, "server", DOCTOR_OK, NULL, "%s can be reached.", host->origin);
        judge_trust(doctor, facts);
        leave_out(doctor, "clock", "nothing is sent to a server that is not trusted", host);
        return;
    }
    if (facts->no_answer.code != CK_OK) {
        doctor_add_error(doctor, "server", &facts->no_answer);
        judge_certificate(doctor, facts);
        leave_out(doctor, "clock", "the server's answer can't be used", host);
        return;
    }
    doctor_add(doctor, "server", DOCTOR_OK, NULL, "%s answers.", host->origin);
    judge_certificate(doctor, facts);
    judge_clock(doctor, facts);
    if (facts->no_mailcow.code != CK_OK) {
        doctor_add_error(doctor, "mailcow", &facts->no_mailcow);
        leave_out(doctor, "name", "this is not known to be a mailcow", host);
        return;
    }
    judge_mailcow(doctor, facts);
    judge_name(doctor, facts, host);
}

enum ck_err doctor_look_at_server(struct doctor *doctor, const struct options *options,
                                  struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct ck_server_facts *facts = calloc(1, sizeof(*facts));
    struct ck_http_settings settings = {0};

    if (facts == NULL)
        return ck_error_no_memory(err);
    if (!option_given(options, OPTION_SERVER)) {
        leave_out(doctor, "server", "no --server was given", NULL);
        return CK_OK;
    }
    enum ck_err r = target_read_server(options, &settings, err);
    if (r == CK_OK)
        r = ck_server_look(&settings, facts, err);
    if (r == CK_OK)
        judge(doctor, facts, &settings.host);
    return r;
}
