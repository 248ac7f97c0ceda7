/* PINs as text. */
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "cowkey/key/pin.h"

enum {
    NFC_GROWTH_MAX = 3, /* times that a text in UTF-8 can grow (UAX #15 section 13) */
    NFC_SPARE = 64,     /* bytes that libunistring wants beyond the text, lest it allocates */
};

int64_t ck_pin_length(const struct ck_secret *pin)
{
    const char *bytes = ck_secret_bytes(pin);
    int64_t length = 0;

    for (size_t i = 0; i < ck_secret_size(pin); i++)
        length += (bytes[i] & 0xC0) != 0x80;
    return length;
}

bool ck_pin_fits(const struct ck_secret *pin, int64_t length_min)
{
    return ck_pin_length(pin) >= length_min && ck_pin_length(pin) >= CK_PIN_MIN &&
           ck_secret_size(pin) <= CK_PIN_MAX;
}

static bool is_text(const struct ck_secret *pin)
{
    const char *bytes = ck_secret_bytes(pin);
    size_t size = ck_secret_size(pin);

    return strlen(bytes) == size && ck_utf8_valid(bytes, size);
}

static bool is_ascii(const struct ck_secret *pin)
{
    const char *bytes = ck_secret_bytes(pin);

    for (size_t i = 0; i < ck_secret_size(pin); i++) {
        if ((unsigned char)bytes[i] > 0x7F)
            return false;
    }
    return true;
}

enum ck_err ck_pin_normalize(const struct ck_secret *pin, struct ck_secret **ret_pin,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *normal = NULL;
    const uint8_t *bytes = (const uint8_t *)ck_secret_bytes(pin);
    size_t size = ck_secret_size(pin);

    if (is_ascii(pin) || !is_text(pin)) {
        enum ck_err r = ck_secret_new(bytes, size, &normal, err);
        if (r == CK_OK)
            *ret_pin = CK_TAKE(normal);
        return r;
    }
    size_t room = NFC_GROWTH_MAX * size + NFC_SPARE;
    enum ck_err r = ck_secret_new(NULL, room, &normal, err);
    if (r != CK_OK)
        return r;
    uint8_t *text = (uint8_t *)ck_secret_bytes(normal);
    uint8_t *written = u8_normalize(UNINORM_NFC, bytes, size, text, &room);
    if (written != text) { /* NULL, or in ordinary memory, for which there is no reason */
        if (written != NULL)
            ck_secret_erase(written, room);
        free(written);
        return ck_error_no_memory(err);
    }
    ck_secret_truncate(normal, room);
    *ret_pin = CK_TAKE(normal);
    return CK_OK;
}

enum ck_err ck_pin_check(const struct ck_secret *pin, int64_t length_min, struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *normal = NULL;
    int64_t least = length_min > CK_PIN_MIN ? length_min : CK_PIN_MIN;

    if (!is_text(pin))
        return ck_error_set(err, CK_ERR_USAGE, "the new PIN is not text in UTF-8");
    if (ck_pin_normalize(pin, &normal, err) != CK_OK)
        return err->code;
    if (ck_pin_fits(normal, least))
        return CK_OK;
    ck_error_set(err, CK_ERR_USAGE,
                 "the new PIN has to have %lld characters or more and %d bytes at most",
                 (long long)least, CK_PIN_MAX);
    return ck_error_hint(err, "The key was not asked: its PIN is as it was.");
}

enum ck_err ck_pin_random(size_t length, ck_random_source *random, struct ck_secret **ret_pin,
                          struct ck_error *err)
{
    static const char alphabet[] = "23456789abcdefghjkmnpqrstuvwxyz";
    CK_CLEANUP(ck_secret_free) struct ck_secret *pin = NULL;

    if (length < CK_PIN_MIN || length > CK_PIN_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a random PIN has %d to %d characters", CK_PIN_MIN,
                            CK_PIN_MAX);
    enum ck_err r = ck_secret_new(NULL, length, &pin, err);
    if (r == CK_OK)
        r = ck_random_text(alphabet, length, random, ck_secret_bytes(pin), err);
    if (r == CK_OK)
        *ret_pin = CK_TAKE(pin);
    return r;
}
