/* What all clients have in common: libcurl's global state, and what the clients of a thread share. */
#include <stdlib.h>
#include <string.h>

#include "http_internal.h"

/*
 * Connections, TLS sessions and names outlive one client: what follows a login is another login.
 * So does the list of public suffixes, which is read from a file whenever a jar has none yet.
 * Each thread has its own, so that nothing has to be locked.
 */
static _Thread_local CURLSH *shared;

/* What libcurl frees held passwords, cookies and pages: all of it is erased first. */
enum ck_err ck_http_init(struct ck_error *err)
{
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, ck_secret_erase_and_free,
                             ck_secret_erasing_realloc, strdup, calloc) != CURLE_OK)
        return ck_error_no_memory(err);
    return CK_OK;
}

CURLSH *ck_http_share(void)
{
    if (shared != NULL)
        return shared;
    shared = curl_share_init();
    if (shared == NULL)
        return NULL;
    curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT);
    curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl_share_setopt(shared, CURLSHOPT_SHARE, CURL_LOCK_DATA_PSL);
    return shared;
}

void ck_http_thread_end(void)
{
    curl_share_cleanup(shared);
    shared = NULL;
}

void ck_http_exit(void)
{
    ck_http_thread_end();
    curl_global_cleanup();
}
