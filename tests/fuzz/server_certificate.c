/* The certificate that a server shows: what is read has an end, and no more names than are kept. */
#include "cowkey/mailcow/server_certificate.h"

#include <string.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct ck_server_certificate certificate;
    char *text = strndup(size > 0 ? (const char *)bytes : "", size);
    const char *const pems[] = {text};
    struct ck_error err;

    if (text == NULL)
        return 0;
    enum ck_err r = ck_server_certificate_parse(pems, 1, &certificate, &err);
    free(text);
    if (r != CK_OK) {
        require(r == CK_ERR_UNREACHABLE);
        return 0;
    }
    require(certificate.chain_count == 1);
    require(strlen(certificate.issuer) < CK_SERVER_CERTIFICATE_ISSUER_MAX);
    return 0;
}
