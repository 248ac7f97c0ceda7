/* Names of servers: what is read is lower-case ASCII, and reads the same from its own origin. */
#include "cowkey/base/host.h"

#include <string.h>

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct ck_host host = {.name = ""}, again;
    struct ck_error err;
    char *text = strndup(size > 0 ? (const char *)bytes : "", size);

    if (text == NULL)
        return 0;
    enum ck_err r = ck_host_parse(text, &host, &err);
    free(text);
    if (r != CK_OK) {
        require(r == CK_ERR_USAGE && host.name[0] == '\0');
        return 0;
    }
    for (const char *c = host.name; *c != '\0'; c++)
        require(*c > ' ' && *c < 0x7F && (*c < 'A' || *c > 'Z'));
    require(host.port != 0 && strncmp(host.origin, "https://", strlen("https://")) == 0);
    require(ck_host_parse(host.origin, &again, &err) == CK_OK);
    require(strcmp(host.name, again.name) == 0 && strcmp(host.origin, again.origin) == 0 &&
            host.port == again.port && host.is_ip == again.is_ip);
    return 0;
}
