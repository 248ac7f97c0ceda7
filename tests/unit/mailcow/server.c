#include "server.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server server;
static SSL_CTX *tls;
static int listener;
static pthread_t thread;

static void must(bool worked, const char *what)
{
    if (!worked) {
        perror(what);
        abort();
    }
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    must(extension && X509_add_ext(certificate, extension, -1), "extension");
    X509_EXTENSION_free(extension);
}

static X509 *new_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"a test", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    add_extension(certificate, NID_subject_alt_name, "DNS:mail.example.test");
    must(X509_sign(certificate, key, EVP_sha256()) > 0, "sign");
    return certificate;
}

static void make_tls(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = new_certificate(key);

    strcpy(server.cacert, "/tmp/cowkey-unit-XXXXXX");
    FILE *file = fdopen(mkstemp(server.cacert), "w");
    must(file && PEM_write_X509(file, certificate), "certificate");
    fclose(file);
    tls = SSL_CTX_new(TLS_server_method());
    must(SSL_CTX_use_certificate(tls, certificate) == 1, "use certificate");
    must(SSL_CTX_use_PrivateKey(tls, key) == 1, "use key");
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void make_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    must(listen(listener, 8) == 0, "listen");
    must(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    server.port = ntohs(address.sin_port);
}

static bool read_request(SSL *ssl, struct request *request)
{
    size_t size = 0;

    while (size < sizeof(request->head) - 1) {
        if (SSL_read(ssl, request->head + size, 1) != 1)
            return false;
        request->head[++size] = '\0';
        if (size >= 4 && strcmp(request->head + size - 4, "\r\n\r\n") == 0)
            break;
    }
    const char *length = strcasestr(request->head, "\r\nContent-Length:");
    size_t body = length ? strtoul(length + 17, NULL, 10) : 0;
    for (size = 0; size < body && size < sizeof(request->body) - 1;) {
        int got = SSL_read(ssl, request->body + size, (int)(body - size));
        if (got <= 0)
            return false;
        size += (size_t)got;
    }
    /* The request line without " HTTP/1.1". */
    char *version = strstr(request->head, " HTTP/");
    size_t line = version ? (size_t)(version - request->head) : 0;
    if (line == 0 || line >= sizeof(request->line))
        return false;
    memcpy(request->line, request->head, line);
    return true;
}

static void send_text(SSL *ssl, const char *text)
{
    if (*text != '\0')
        SSL_write(ssl, text, (int)strlen(text));
}

static void send_answer(SSL *ssl, const char *head, const char *body)
{
    char answer[8192];

    snprintf(answer, sizeof(answer),
             "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: %zu\r\n"
             "%s\r\n%s",
             strlen(body), head, body);
    send_text(ssl, answer);
}

static void send_redirect(SSL *ssl, const char *location)
{
    char answer[2048];

    snprintf(answer, sizeof(answer),
             "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %s\r\n\r\n", location);
    send_text(ssl, answer);
}

static void send_much(SSL *ssl, const char *start, const char *piece, size_t size)
{
    send_text(ssl, start);
    for (size_t sent = 0; sent < size; sent += strlen(piece)) {
        if (SSL_write(ssl, piece, (int)strlen(piece)) <= 0)
            return;
    }
}

static const char *header(const struct request *request, const char *name)
{
    static char value[512];
    const char *found = strcasestr(request->head, name);

    snprintf(value, sizeof(value), "%.*s", found ? (int)strcspn(found, "\r") : 0,
             found ? found : "");
    return value;
}

static void redirect_home(SSL *ssl, const char *rest)
{
    char location[256];

    snprintf(location, sizeof(location), "https://MAIL.example.test:%d%s", server.port, rest);
    send_redirect(ssl, location);
}

static const char kilobyte[] =
    "X-Filler: 0000000000000000000000000000000000000000000000000000000000000000000000000000\r\n";

/* "/busy/WISH" (429) and "/away/WISH" (503), whose blanks are '_': come back when WISH says. */
static void send_busy(SSL *ssl, int status, const char *wish)
{
    char answer[1024];

    snprintf(answer, sizeof(answer),
             "HTTP/1.1 %d Busy\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Length: 0\r\n"
             "%s%s\r\n\r\n",
             status, *wish ? "Retry-After: " : "X: ", wish);
    for (char *c = strstr(answer, "\r\nContent"); (c = strchr(c, '_')) != NULL;)
        *c = ' ';
    send_text(ssl, answer);
}

/* What spoils an exchange; false: not such a path. The connection is closed after it. */
static bool spoil(SSL *ssl, const char *path)
{
    char byte;

    if (strcmp(path, "/drop") == 0)
        return true;
    if (strcmp(path, "/big") == 0)
        send_much(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n", kilobyte, 5000000);
    else if (strcmp(path, "/heads") == 0)
        send_much(ssl, "HTTP/1.1 200 OK\r\n", kilobyte, 80000);
    else if (strcmp(path, "/endless") == 0)
        send_much(ssl, "HTTP/1.1 200 OK\r\nX-Filler: ", "0123456789", 200000);
    else if (strcmp(path, "/short") == 0)
        send_text(ssl, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nten bytes.");
    else if (strcmp(path, "/hang") == 0)
        SSL_read(ssl, &byte, 1); /* until the client has enough of it */
    else if (strcmp(path, "/cancel") == 0)
        server.cancel = 1, SSL_read(ssl, &byte, 1);
    else
        return false;
    return true;
}

static void answer(SSL *ssl, const struct request *request, const char *path)
{
    if (strcmp(path, "/cookie") == 0)
        send_answer(ssl, "Set-Cookie: MCSESSID=abc; path=/; secure; HttpOnly\r\n", "");
    else if (strcmp(path, "/cookies") == 0)
        send_answer(ssl, "", header(request, "Cookie:"));
    else if (strcmp(path, "/agent") == 0)
        send_answer(ssl, "", header(request, "User-Agent:"));
    else if (strcmp(path, "/json") == 0)
        send_answer(ssl, "Content-Type: Application/JSON; charset=utf-8\r\n", "{}");
    else if (strcmp(path, "/empty") == 0)
        send_answer(ssl, "", "");
    else if (strcmp(path, "/away") == 0)
        send_redirect(ssl, "http://portal.example/login?x");
    else if (strcmp(path, "/plain") == 0)
        send_redirect(ssl, "http://mail.example.test/");
    else if (strcmp(path, "/port") == 0)
        send_redirect(ssl, "https://mail.example.test/");
    else if (strcmp(path, "/near") == 0)
        send_redirect(ssl, "/SOGo/so/?a=b");
    else if (strcmp(path, "/beside") == 0)
        send_redirect(ssl, "next");
    else if (strcmp(path, "/home") == 0)
        redirect_home(ssl, "/admin?x=1");
    else if (strncmp(path, "/busy/", 6) == 0)
        send_busy(ssl, 429, path + 6);
    else if (strncmp(path, "/away/", 6) == 0)
        send_busy(ssl, 503, path + 6);
    else
        send_answer(ssl, "Content-Type: text/html\r\n", "hello");
}

static void send_scripted(SSL *ssl, const struct scripted *scripted)
{
    char head[8192];
    const char *location = scripted->location ? scripted->location : "";
    const char *body = scripted->body ? scripted->body : "";
    /* Without the word, the client may send its next request before it notices. */
    const char *close = scripted->status >= 500 ? "Connection: close\r\n" : "";

    snprintf(head, sizeof(head), "HTTP/1.1 %d So\r\nContent-Length: %zu\r\n%s%s%s%s\r\n",
             scripted->status, strlen(body), close, *location ? "Location: " : "", location,
             *location ? "\r\n" : "");
    send_text(ssl, head);
    send_text(ssl, body);
}

static void serve(SSL *ssl)
{
    unsigned connection = ++server.connections;

    while (server.count < SERVER_REQUESTS_MAX) {
        struct request *request = &server.requests[server.count];
        memset(request, 0, sizeof(*request));
        request->connection = connection;
        if (!read_request(ssl, request))
            return;
        server.count++;
        if (server.script) {
            /* A copy: once it is answered, the test may be over, and its script with it. */
            const struct scripted scripted = *server.script++;
            if (scripted.status == 0)
                return;
            send_scripted(ssl, &scripted);
            if (scripted.status >= 500)
                return;
            continue;
        }
        const char *path = strchr(request->line, ' ') + 1;
        if (spoil(ssl, path))
            return;
        answer(ssl, request, path);
    }
}

static void *run(void *argument)
{
    (void)argument;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            return NULL;
        SSL *ssl = SSL_new(tls);
        SSL_set_fd(ssl, client);
        if (SSL_accept(ssl) == 1)
            serve(ssl);
        SSL_free(ssl);
        close(client);
    }
}

struct server *server_start(void)
{
    signal(SIGPIPE, SIG_IGN);
    memset(&server, 0, sizeof(server));
    make_tls();
    make_listener();
    must(pthread_create(&thread, NULL, run, NULL) == 0, "thread");
    return &server;
}

void server_stop(struct server *stopped)
{
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    SSL_CTX_free(tls);
    unlink(stopped->cacert);
}

unsigned server_count(const struct server *counted, const char *line)
{
    unsigned count = 0;

    for (unsigned i = 0; i < counted->count; i++)
        count += strcmp(counted->requests[i].line, line) == 0;
    return count;
}
