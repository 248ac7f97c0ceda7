/*
 * Plays a roll-out into a ledger and its hand-outs, without a server and without keys:
 *
 *     ledger-play LEDGER HANDOUTS SERVER PLAN POLICY < LINES
 *
 * PLAN and POLICY are files; POLICY may be "". Each line is one thing that happens, fields are
 * separated by tabs, numbers are those of people and items in the order of the plan, from 1:
 *
 *     EVENT ITEM [LABEL]           an event of cowkey/rollout/steps.h, by its name
 *     totp ITEM URI                a hand-out, as of the following
 *     password PERSON TEXT STATE   and the state's number; TEXT may be ""
 *     app-password PERSON TEXT ID  row of the server, or 0
 *     pin PERSON N TEXT
 *     key PERSON N AAGUID SERIAL PIN-STATE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/rollout/ledger.h"
#include "cowkey/rollout/pending.h"

enum { FIELDS_MAX = 6, LINE_MAX_SIZE = 8192 };

static struct ck_ledger *ledger;
static struct ck_pending *pending;

static int64_t now_s(void)
{
    return (int64_t)time(NULL);
}

static void must(enum ck_err r, const struct ck_error *err)
{
    if (r == CK_OK)
        return;
    fprintf(stderr, "ledger-play: %s\n", err->text);
    exit(1);
}

static char *read_text(const char *path)
{
    static char text[2][1 << 20];
    static int turn;
    char *to = text[turn++ % 2];
    FILE *from = *path != '\0' ? fopen(path, "r") : NULL;

    memset(to, 0, sizeof(text[0]));
    if (from != NULL) {
        if (fread(to, 1, sizeof(text[0]) - 1, from) == 0 && ferror(from))
            exit(1);
        fclose(from);
    }
    return to;
}

static void open_all(char **argv)
{
    CK_CLEANUP(ck_plan_clear) struct ck_plan plan = {0};
    CK_CLEANUP(ck_policy_clear) struct ck_policy policy = {0};
    CK_CLEANUP(ck_complaints_clear) struct ck_complaints complaints = {0};
    const char *plan_text = read_text(argv[4]), *policy_text = read_text(argv[5]);
    struct ck_rollout rollout = {.plan = &plan, .policy = &policy, .directory = "."};
    struct ck_error err;
    size_t kept;

    must(ck_secret_heap_init(&err), &err);
    must(ck_policy_parse(policy_text, strlen(policy_text), &policy, &complaints, &err), &err);
    must(ck_plan_parse(plan_text, strlen(plan_text), &plan, &complaints, &err), &err);
    if (complaints.count > 0) {
        fprintf(stderr, "ledger-play: %s\n", complaints.rows[0].text);
        exit(1);
    }
    must(ck_ledger_open(argv[1], &rollout, argv[3], CK_LEDGER_SAME_PLAN, now_s, &ledger, &kept,
                        &err),
         &err);
    must(ck_pending_open(argv[2], &pending, &err), &err);
}

static void keep(enum ck_pending_kind kind, int64_t id, unsigned n, const char *text)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *secret = NULL;
    struct ck_error err;

    if (*text == '\0')
        return;
    must(ck_secret_new(text, strlen(text), &secret, &err), &err);
    must(ck_pending_put(pending, kind, id, n, secret, &err), &err);
}

static void play_password(int64_t person, int state)
{
    struct ck_error err;

    for (int i = CK_PASSWORD_HANDED_OUT; i <= state; i++) {
        bool skipped = i == CK_PASSWORD_TO_CHANGE && state == CK_PASSWORD_UNFORCED;
        if (!skipped)
            must(ck_ledger_password(ledger, person, (enum ck_password_state)i, &err), &err);
    }
}

static void play_key(char **fields)
{
    struct ck_ledger_key key = {.person = atoll(fields[1]), .n = (unsigned)atoi(fields[2])};
    int state = atoi(fields[5]);
    struct ck_error err;

    snprintf(key.aaguid, sizeof(key.aaguid), "%s", fields[3]);
    snprintf(key.serial, sizeof(key.serial), "%s", fields[4]);
    for (int i = CK_KEY_PIN_ITS_OWN; i <= state; i++) {
        key.pin = (enum ck_key_pin_state)i;
        if (i != CK_KEY_PIN_TO_CHANGE || state != CK_KEY_PIN_UNFORCED)
            must(ck_ledger_put_key(ledger, &key, &err), &err);
    }
}

static void play_event(char **fields)
{
    struct ck_ledger_facts facts = {.label = fields[2]};
    enum ck_step_event event = 0;
    struct ck_error err;

    while (event < CK_STEP_EVENTS && strcmp(ck_step_event_name(event), fields[0]) != 0)
        event++;
    if (event == CK_STEP_EVENTS) {
        fprintf(stderr, "ledger-play: there is no event '%s'\n", fields[0]);
        exit(1);
    }
    must(ck_ledger_step(ledger, atoll(fields[1]), event, &facts, NULL, &err), &err);
}

static void play(char **fields)
{
    struct ck_error err;

    if (strcmp(fields[0], "totp") == 0) {
        keep(CK_PENDING_TOTP, atoll(fields[1]), 0, fields[2]);
    } else if (strcmp(fields[0], "password") == 0) {
        keep(CK_PENDING_PASSWORD, atoll(fields[1]), 0, fields[2]);
        play_password(atoll(fields[1]), atoi(fields[3]));
    } else if (strcmp(fields[0], "app-password") == 0) {
        keep(CK_PENDING_APP_PASSWORD, atoll(fields[1]), 0, fields[2]);
        if (atoll(fields[3]) != 0)
            must(ck_ledger_app_password(ledger, atoll(fields[1]), atoll(fields[3]), &err), &err);
    } else if (strcmp(fields[0], "pin") == 0) {
        keep(CK_PENDING_PIN, atoll(fields[1]), (unsigned)atoi(fields[2]), fields[3]);
    } else if (strcmp(fields[0], "key") == 0) {
        play_key(fields);
    } else {
        play_event(fields);
    }
}

int main(int argc, char **argv)
{
    static char line[LINE_MAX_SIZE];

    if (argc != 6)
        return 2;
    open_all(argv);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *fields[FIELDS_MAX] = {NULL}, *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < FIELDS_MAX && rest != NULL; i++)
            fields[i] = strsep(&rest, "\t");
        play(fields);
    }
    ck_pending_close(&pending);
    ck_ledger_close(&ledger);
    return 0;
}
