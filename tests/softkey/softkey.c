/*
 * A security key in software: CTAP 2.1 and U2F over CTAPHID, with behaviour and faults to order.
 *
 *   softkey [--state FILE] [--log FILE] [--script FILE|JSON]... [--until-eof] [--uhid] SOCKET
 *   softkey ctl SOCKET JSON
 *
 * The first form is the key. It says "ready" on standard output, and ends with SIGTERM or SIGINT
 * (with --until-eof, also when its standard input does, so that no key outlives its test). Programs
 * reach it
 *
 *   - by the shim:     SOFTKEYS=SOCKET[:SOCKET...] LD_PRELOAD=.../libsoftkey-shim.so PROGRAM
 *                      the keys are /dev/softkey0, /dev/softkey1... to libfido2;
 *                      with AddressSanitizer: LD_PRELOAD="libasan.so.8 .../libsoftkey-shim.so"
 *   - by umockdev:     umockdev-run SOCKET... -- PROGRAM     (see umockdev.c)
 *   - by the kernel:   softkey --uhid, as root; SOCKET then only names the control socket
 *
 * The second form changes the key while it is in use, and prints {"error", "settings", "state"};
 * its status is 0, or 1 when something was wrong. state.waiting is true while the key blinks.
 *
 * A script is a JSON object. Settings, with what they are at first:
 *
 *   touch: "instant"          also "never", or milliseconds that the key blinks first
 *   touch_timeout_ms: 30000   then the key gives up
 *   keepalives: 0             at least so many before a touch counts, keepalive_ms: 100 apart
 *   processing_ms: 0          each CTAP command takes so long
 *   uv: "none"                built-in user verification: also "unset", "set"
 *   uv_result: "ok"           also "fail", "timeout"
 *   client_pin: true          has PINs at all
 *   ctap21: true              false: CTAP 2.0, without permissions (give "protocols": [1], too)
 *   u2f: true                 speaks U2F, too;   u2f_only: false
 *   resident_keys: true       credential_management: true      cred_protect: true
 *   make_cred_uv_not_required: true
 *   forced_change_status: "pin-policy-violation"               also "pin-invalid"
 *   capacity: 25              resident keys;     list_max: 0   credentials in a list, 0: any
 *   credential_id_size: 64    1 to 1023          firmware: 328707 (5.4.3)
 *   all_info: false           getInfo also tells of blobs, modality, certifications
 *   rp_id_max: 0              lists so many bytes of an RP ID, 0: all of it
 *   reset_window_ms: 10000    after power-on, 0: always
 *   attestation: "batch"      also "self", "none"              aaguid: "c03ce450-..."
 *   algorithms: [-7, -8, -257]                                 protocols: [2, 1]
 *   faults: []      a list of {"at": COMMAND, "do": FAULT, "code": N, "skip": 0, "times": 1}
 *
 * A fault meets the next commands of that name (without "at": any), times: -1 all of them. COMMAND
 * is as in the log: makeCredential, getAssertion, getNextAssertion, getInfo, clientPIN, reset,
 * selection, credentialManagement, config, u2fRegister, u2fAuthenticate, u2fVersion. FAULT is one
 * of
 *
 *   short-frame, wrong-sequence, wrong-channel, truncated      in the frames of the answer
 *   garbage, silence, pull, status (code), hid-error (code)    instead of the answer
 *   wrong-signature, wrong-rp-id-hash, wrong-credential, wrong-algorithm, no-up, no-uv   in it
 *
 * Done at once, and what a store keeps:
 *
 *   pin: "1234" or null   pin_tries: N   pin_change_forced: BOOL   pin_length_min: N
 *   always_uv: BOOL
 *   press: true           touches the key now
 *   plugged: BOOL         pulls the key, plugs it in again;   replug: true   both
 *
 * The state file (JSON) is what the key keeps without power; attestation.ca in it is the CA's
 * certificate. The log has one JSON object a line: {"command", ..., "outcome"}, written before the
 * answer leaves; outcome is CTAP's name of the status, or a U2F status word. Besides CTAP's
 * commands there are lines for INIT, PING, WINK, CANCEL and BUSY, with "during" when a command was
 * worked on.
 */
#include <cbor.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "key.h"
#include "must.h"

static volatile sig_atomic_t ended;

static void end(int number)
{
    (void)number;
    ended = 1;
}

static _Noreturn void usage(void)
{
    fputs(
        "Usage: softkey [--state FILE] [--log FILE] [--script FILE|JSON]... [--until-eof] [--uhid] "
        "SOCKET\n"
        "       softkey ctl SOCKET JSON\n",
        stderr);
    exit(2);
}

static void read_script(const char *path, char text[SCRIPT_SIZE_MAX])
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        perror(path);
        exit(2);
    }
    text[fread(text, 1, SCRIPT_SIZE_MAX - 1, file)] = '\0';
    fclose(file);
}

/* A script that does not fit is a mistake in the test. */
static void apply(struct key *key, const char *file_or_json)
{
    static char text[SCRIPT_SIZE_MAX];

    if (file_or_json[0] != '{') {
        read_script(file_or_json, text);
        file_or_json = text;
    }
    char *answer = control_apply(key, file_or_json, strlen(file_or_json));
    if (strncmp(answer, "{\"error\":null", 13) != 0) {
        fprintf(stderr, "softkey: %s\n", answer);
        exit(2);
    }
    free(answer);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = end}; /* without SA_RESTART: poll() has to return */

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

static void serve(struct key *key)
{
    server_plug(key);
    puts("ready");
    fflush(stdout);
    while (!ended)
        server_step(key, key->hid.state == HID_IDLE ? -1 : 100);
    server_close(&key->server);
    store_clear(&key->store);
    pin_clear(&key->pin);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"state", required_argument, NULL, 's'},  {"log", required_argument, NULL, 'l'},
        {"script", required_argument, NULL, 'c'}, {"until-eof", no_argument, NULL, 'e'},
        {"uhid", no_argument, NULL, 'u'},         {NULL, 0, NULL, 0},
    };
    static struct key key; /* large */
    const char *state = NULL, *log = NULL;
    const char *scripts[16];
    size_t script_count = 0;
    bool use_uhid = false, until_eof = false;

    if (argc == 4 && strcmp(argv[1], "ctl") == 0)
        return control_send(argv[2], argv[3]);
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's')
            state = optarg;
        else if (c == 'l')
            log = optarg;
        else if (c == 'c' && script_count < 16)
            scripts[script_count++] = optarg;
        else if (c == 'e')
            until_eof = true;
        else if (c == 'u')
            use_uhid = true;
        else
            usage();
    }
    if (optind != argc - 1)
        usage();
    catch_signals();
    script_init(&key.script);
    store_init(&key.store, state);
    log_open(&key.log, log);
    server_open(&key.server, argv[optind], use_uhid, until_eof);
    for (size_t i = 0; i < script_count; i++)
        apply(&key, scripts[i]);
    serve(&key);
    return 0;
}
