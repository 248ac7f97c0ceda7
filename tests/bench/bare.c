/*
 * The bare loop beside "cowkey rollout run": sends the same HTTP requests on the same number of
 * connections, and does nothing else: no checks, no ledger, no hand-outs.
 *
 *   bare URL CACERT RESOLVE CONNECTIONS SCRIPT ACCOUNTS
 *
 * SCRIPT has a line for each request: SESSION, METHOD, PATH, BODY, with tabs between them. It is
 * gone through once for each line of ACCOUNTS (NAME, tab, PASSWORD). In path and body {account},
 * {password}, {secret}, {code}, {csrf} and {id} stand for what they say. Prints
 * the processor seconds; status 1 when an answer is none of a server that goes along.
 */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    STEPS_MAX = 64,
    SESSIONS_MAX = 4,
    SECRET_SIZE = 20, /* bytes */
    BODY_MAX = 1 << 20,
    TEXT_MAX = 4096,
};

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "bare: %s:%d: %s failed\n", __FILE__, __LINE__, #condition);           \
            exit(2);                                                                               \
        }                                                                                          \
    } while (0)

struct step {
    int session;
    char *method, *path, *body;
};

static struct step steps[STEPS_MAX];
static size_t step_count;
static char **accounts; /* NAME, tab, PASSWORD */
static size_t account_count;
static atomic_size_t next_account;
static const char *url, *cacert;
static struct curl_slist *resolve;
static atomic_bool failed;

/* What the server told this session. */
struct session {
    char cookie[256]; /* NAME=VALUE; "": none yet */
    char csrf[128];
};

struct worker {
    CURL *curl;
    struct session sessions[SESSIONS_MAX], *session;
    char body[BODY_MAX]; /* of the answer */
    size_t body_size;
    char account[256], password[256], secret[64], id[32];
    unsigned char key[SECRET_SIZE];
};

/* --- what comes back --- */

static size_t take_body(char *data, size_t one, size_t size, void *closure)
{
    struct worker *w = closure;

    (void)one;
    MUST(w->body_size + size < sizeof(w->body));
    memcpy(w->body + w->body_size, data, size);
    w->body_size += size;
    return size;
}

static size_t take_header(char *data, size_t one, size_t size, void *closure)
{
    static const char name[] = "set-cookie: ";
    struct worker *w = closure;

    (void)one;
    if (size <= strlen(name) || strncasecmp(data, name, strlen(name)) != 0)
        return size;
    data += strlen(name);
    size_t length = strcspn(data, ";\r\n");
    if (strncmp(data, "mailcow_locale", strlen("mailcow_locale")) == 0)
        return size;
    MUST(length < sizeof(w->session->cookie));
    memcpy(w->session->cookie, data, length);
    w->session->cookie[length] = '\0';
    return size;
}

/* Copies what stands between the marks, the second one being a quote. */
static void find(const char *text, const char *mark, char *ret, size_t size)
{
    const char *at = strstr(text, mark);

    if (at == NULL)
        return;
    at += strlen(mark);
    size_t length = strcspn(at, "\"");
    MUST(length < size);
    memcpy(ret, at, length);
    ret[length] = '\0';
}

static void learn(struct worker *w)
{
    w->body[w->body_size] = '\0';
    find(w->body, "$('<input type=\"hidden\" value=\"", w->session->csrf, sizeof(w->session->csrf));
    const char *list = strstr(w->body, "-authenticator-selection\">");
    if (list != NULL)
        find(list, "<input type=\"hidden\" value=\"", w->id, sizeof(w->id));
}

/* --- what goes out --- */

static void make_secret(struct worker *w)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t length = 0;
    unsigned bits = 0, waiting = 0;

    MUST(RAND_bytes(w->key, SECRET_SIZE) == 1);
    for (size_t i = 0; i < SECRET_SIZE; i++) {
        bits = bits << 8 | w->key[i];
        for (waiting += 8; waiting >= 5; waiting -= 5)
            w->secret[length++] = letters[bits >> (waiting - 5) & 31];
    }
    w->secret[length] = '\0';
}

static void make_code(const struct worker *w, char ret[static 7])
{
    unsigned char counter[8], digest[EVP_MAX_MD_SIZE];
    unsigned long step = (unsigned long)time(NULL) / 30;

    for (int i = 7; i >= 0; i--, step >>= 8)
        counter[i] = (unsigned char)step;
    MUST(HMAC(EVP_sha1(), w->key, SECRET_SIZE, counter, sizeof(counter), digest, NULL) != NULL);
    const unsigned char *at = digest + (digest[19] & 15);
    unsigned number =
        (at[0] & 127u) << 24 | (unsigned)at[1] << 16 | (unsigned)at[2] << 8 | (unsigned)at[3];
    snprintf(ret, 7, "%06u", number % 1000000);
}

/* Fills the braces of a template, URL-encoded. */
static void fill(struct worker *w, const char *template, char *ret, size_t size)
{
    char code[7];
    size_t length = 0;

    make_code(w, code);
    const struct {
        const char *name, *value;
    } values[] = {{"{account}", w->account}, {"{password}", w->password},  {"{secret}", w->secret},
                  {"{code}", code},          {"{csrf}", w->session->csrf}, {"{id}", w->id}};
    while (*template != '\0') {
        bool filled = false;
        for (size_t i = 0; i < sizeof(values) / sizeof(*values) && !filled; i++) {
            size_t name_length = strlen(values[i].name);
            if (strncmp(template, values[i].name, name_length) != 0)
                continue;
            char *text = curl_easy_escape(w->curl, values[i].value, 0);
            MUST(text != NULL && length + strlen(text) < size);
            memcpy(ret + length, text, strlen(text));
            length += strlen(text);
            curl_free(text);
            template += name_length;
            filled = true;
        }
        if (!filled) {
            MUST(length + 1 < size);
            ret[length++] = *template ++;
        }
    }
    ret[length] = '\0';
}

static void take_step(struct worker *w, const struct step *step)
{
    char address[TEXT_MAX], path[TEXT_MAX], body[TEXT_MAX];
    long status = 0;

    w->session = &w->sessions[step->session];
    fill(w, step->path, path, sizeof(path));
    fill(w, step->body, body, sizeof(body));
    snprintf(address, sizeof(address), "%s%s", url, path);
    w->body_size = 0;
    curl_easy_setopt(w->curl, CURLOPT_URL, address);
    curl_easy_setopt(w->curl, CURLOPT_COOKIE,
                     w->session->cookie[0] != '\0' ? w->session->cookie : NULL);
    if (strcmp(step->method, "POST") == 0)
        curl_easy_setopt(w->curl, CURLOPT_COPYPOSTFIELDS, body);
    else
        curl_easy_setopt(w->curl, CURLOPT_HTTPGET, 1L);
    CURLcode rc = curl_easy_perform(w->curl);
    curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK || status >= 400) {
        fprintf(stderr, "bare: %s %s: %s, status %ld\n", step->method, path, curl_easy_strerror(rc),
                status);
        atomic_store(&failed, true);
    }
    learn(w);
}

static void do_account(struct worker *w, const char *line)
{
    size_t length = strcspn(line, "\t");

    MUST(line[length] == '\t' && length < sizeof(w->account) &&
         strlen(line + length + 1) < sizeof(w->password));
    memcpy(w->account, line, length);
    w->account[length] = '\0';
    strcpy(w->password, line + length + 1);
    memset(w->sessions, 0, sizeof(w->sessions));
    w->id[0] = '\0';
    make_secret(w);
    for (size_t i = 0; i < step_count; i++)
        take_step(w, &steps[i]);
}

static void *work(void *closure)
{
    struct worker *w = calloc(1, sizeof(*w));

    (void)closure;
    MUST(w != NULL && (w->curl = curl_easy_init()) != NULL);
    curl_easy_setopt(w->curl, CURLOPT_CAINFO, cacert);
    curl_easy_setopt(w->curl, CURLOPT_RESOLVE, resolve);
    curl_easy_setopt(w->curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(w->curl, CURLOPT_USERAGENT, "bare/1");
    curl_easy_setopt(w->curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, w);
    curl_easy_setopt(w->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(w->curl, CURLOPT_HEADERDATA, w);
    curl_easy_setopt(w->curl, CURLOPT_NOSIGNAL, 1L);
    for (size_t i; (i = atomic_fetch_add(&next_account, 1)) < account_count;)
        do_account(w, accounts[i]);
    curl_easy_cleanup(w->curl);
    free(w);
    return NULL;
}

/* --- files --- */

static char **read_lines(const char *path, size_t *ret_count)
{
    FILE *file = fopen(path, "r");
    char **lines = NULL, *line = NULL;
    size_t count = 0, room = 0, size = 0;
    ssize_t length;

    MUST(file != NULL);
    while ((length = getline(&line, &size, file)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        if (count == room)
            MUST((lines = realloc(lines, (room = 2 * room + 64) * sizeof(*lines))) != NULL);
        MUST((lines[count++] = strdup(line)) != NULL);
    }
    free(line);
    fclose(file);
    *ret_count = count;
    return lines;
}

static char *cut(char **rest)
{
    char *part = strsep(rest, "\t");

    MUST(part != NULL);
    return part;
}

static void read_steps(const char *path)
{
    char **lines = read_lines(path, &step_count);

    MUST(step_count <= STEPS_MAX);
    for (size_t i = 0; i < step_count; i++) {
        char *rest = lines[i];
        steps[i].session = atoi(cut(&rest));
        steps[i].method = cut(&rest);
        steps[i].path = cut(&rest);
        steps[i].body = cut(&rest);
        MUST(steps[i].session >= 0 && steps[i].session < SESSIONS_MAX);
    }
    free(lines);
}

int main(int argc, char **argv)
{
    struct rusage used;

    MUST(argc == 7);
    url = argv[1];
    cacert = argv[2];
    size_t count = (size_t)atoi(argv[4]);
    read_steps(argv[5]);
    accounts = read_lines(argv[6], &account_count);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    resolve = curl_slist_append(NULL, argv[3]);
    pthread_t *threads = calloc(count, sizeof(*threads));
    MUST(threads != NULL && count > 0);
    for (size_t i = 0; i < count; i++)
        MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                 (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    printf("%.4f\n", cpu);
    return failed ? 1 : 0;
}
