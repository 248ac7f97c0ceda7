/* What a failed exchange means, in words. */
#include <openssl/x509_vfy.h>
#include <string.h>

#include "http_internal.h"

/* What a failed exchange means: once a post was begun the server may have acted on it. */
static enum ck_err failure_code(const struct ck_exchange *exchange)
{
    if (exchange->is_post && exchange->begun)
        return CK_ERR_UNKNOWN;
    return exchange->cancelled ? CK_ERR_INTERRUPTED : CK_ERR_UNREACHABLE;
}

static enum ck_err untrusted(const struct ck_exchange *exchange, struct ck_error *err)
{
    const char *origin = exchange->http->origin;
    long verified = X509_V_OK;

    curl_easy_getinfo(exchange->http->curl, CURLINFO_SSL_VERIFYRESULT, &verified);
    switch (verified) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        ck_error_set(err, CK_ERR_UNREACHABLE, "the certificate of %s is %s", origin,
                     verified == X509_V_ERR_CERT_HAS_EXPIRED ? "expired" : "not valid yet");
        return ck_error_hint(err, "Renew it, or set this computer's clock.");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        ck_error_set(err, CK_ERR_UNREACHABLE,
                     "the certificate of %s is from an authority that is not trusted here", origin);
        return ck_error_hint(err, "If the authority is your own, give its certificate: --cacert.");
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED: /* the chain was not complained of, so it is the name */
        ck_error_set(err, CK_ERR_UNREACHABLE, "the certificate of %s is for another name", origin);
        return ck_error_hint(err, "Use a name that the certificate was made for as --server.");
    default:
        return ck_error_set(err, CK_ERR_UNREACHABLE, "the certificate of %s is not trusted: %s",
                            origin, exchange->http->message);
    }
}

/* Where curl complains of a proxy's address it quotes it, and with it the proxy's password. */
static bool quotes_proxy(const struct ck_exchange *exchange, CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_URL_MALFORMAT || code == CURLE_NOT_BUILT_IN ||
           strcasestr(exchange->http->message, "unsupported proxy") != NULL;
}

static const char *reason_of(const struct ck_exchange *exchange, CURLcode code)
{
    if (code == CURLE_OUT_OF_MEMORY || exchange->intake.no_memory)
        return "out of memory";
    if (quotes_proxy(exchange, code))
        return "the proxy that the environment names (https_proxy) is not found or can't be used";
    if (exchange->refused_again)
        return "it was closed without an answer";
    return *exchange->http->message ? exchange->http->message : curl_easy_strerror(code);
}

enum ck_err ck_http_describe(const struct ck_exchange *exchange, CURLcode code,
                             struct ck_error *err)
{
    const struct ck_http *http = exchange->http;
    enum ck_err failure = failure_code(exchange);

    if (exchange->cancelled)
        return ck_error_set(err, failure, "interrupted while talking to %s", http->origin);
    /* Out of memory is also what curl calls a header line that has no end. */
    bool head_too_large =
        code == CURLE_OUT_OF_MEMORY && exchange->begun && !exchange->intake.no_memory;
    if (exchange->intake.too_large || head_too_large)
        return ck_error_set(err, failure, "the answer of %s is too large", http->origin);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return untrusted(exchange, err);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return ck_error_set(err, CK_ERR_USAGE, "the file of trusted certificates can't be used: %s",
                            reason_of(exchange, code));
    if (code == CURLE_OPERATION_TIMEDOUT)
        return ck_error_set(err, failure, "%s did not answer within %u.%u seconds", http->origin,
                            http->timeout_ms / 1000, http->timeout_ms % 1000 / 100);
    if (!exchange->begun)
        return ck_error_set(err, failure, "%s can't be reached: %s", http->origin,
                            reason_of(exchange, code));
    return ck_error_set(err, failure, "the connection to %s was cut: %s", http->origin,
                        reason_of(exchange, code));
}
