/* What the tests of the client and of sessions share: a server, and a client of it. */
#ifndef COWKEY_TESTS_BENCH_H
#define COWKEY_TESTS_BENCH_H

#include <stdio.h>
#include <stdlib.h>

#include "cowkey/mailcow/http.h"
#include "server.h"
#include "tests/unit/base/expect.h"

__attribute__((unused)) static int64_t fixed_now_s(void)
{
    return 1700000000 - 40; /* the server's Date less 40 s */
}

/* What one test needs: a server, and a client of it. */
struct bench {
    struct server *server;
    struct ck_http_settings settings;
    char resolve[96];
    struct ck_http *http;
    struct ck_error err;
};

__attribute__((unused)) static struct ck_http *new_client(struct bench *bench)
{
    struct ck_http *http = NULL;

    assert_int_equal(ck_http_new(&bench->settings, &http, &bench->err), CK_OK);
    return http;
}

__attribute__((unused)) static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    char host[64];

    bench->server = server_start();
    assert_int_equal(ck_http_init(&bench->err), CK_OK);
    snprintf(host, sizeof(host), "mail.example.test:%d", bench->server->port);
    snprintf(bench->resolve, sizeof(bench->resolve), "%s:127.0.0.1", host);
    assert_int_equal(ck_host_parse(host, &bench->settings.host, &bench->err), CK_OK);
    bench->settings.resolve = bench->resolve;
    bench->settings.cacert = bench->server->cacert;
    bench->settings.timeout_ms = 60000;
    bench->settings.now_s = fixed_now_s;
    bench->http = new_client(bench);
    *state = bench;
    return 0;
}

__attribute__((unused)) static int tear_down(void **state)
{
    struct bench *bench = *state;

    ck_http_free(&bench->http);
    ck_http_exit();
    server_stop(bench->server);
    free(bench);
    return 0;
}

/* The proxy of whoever runs the tests is not the server's. */
__attribute__((unused)) static void no_proxy(void)
{
    unsetenv("https_proxy");
    unsetenv("HTTPS_PROXY");
    unsetenv("all_proxy");
    unsetenv("ALL_PROXY");
}

#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
