/* What the commands about the security key itself share. */
#include "key_command.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/key/aaguid.h"
#include "cowkey/webauthn/credential.h"
#include "interrupt.h"
#include "output.h"
#include "target.h"

void key_command_init(struct key_command *command, const struct options *options)
{
    *command = (struct key_command){.options = options, .speaker = {.options = options}};
    command->person = key_person_new(&command->speaker);
    command->settings = (struct ck_key_settings){
        .device = option_value(options, OPTION_DEVICE),
        .cancel = &interrupt_noted,
        .person = &command->person,
    };
}

void key_command_clear(struct key_command *command)
{
    ck_key_close(&command->key);
}

enum ck_err key_command_open(struct key_command *command, struct ck_error *err)
{
    enum ck_err r =
        target_read_touch_timeout(command->options, &command->settings.touch_timeout_ms, err);

    if (r != CK_OK)
        return r;
    r = ck_key_open(&command->settings, &command->key, err);
    if (r == CK_OK)
        r = ck_key_describe(command->key, &command->described, err);
    /* The signal may have cut off an answer, which then looks like another fault. */
    return interrupt_noted ? ck_error_set(err, CK_ERR_INTERRUPTED, "interrupted") : r;
}

/* Keys without attestation have an AAGUID of zeros, and so have U2F keys. */
static bool has_aaguid(const struct ck_key_info *info)
{
    static const uint8_t none[CK_AAGUID_SIZE];

    return memcmp(info->aaguid, none, sizeof(none)) != 0;
}

char *key_title(const struct ck_plugged_key *key)
{
    const char *maker = key->maker, *product = key->product, *serial = key->serial;
    char *title;

    if (*product == '\0')
        product = "security key";
    if (asprintf(&title, "%s%s%s%s%s (%s)", maker, *maker != '\0' ? " " : "", product,
                 *serial != '\0' ? ", serial " : "", serial, key->path) < 0)
        return NULL;
    return title;
}

json_t *key_json(const struct ck_plugged_key *key)
{
    char aaguid[CK_AAGUID_TEXT_MAX] = "";
    const char *name = NULL;

    if (has_aaguid(&key->info)) {
        ck_aaguid_format(key->info.aaguid, aaguid);
        name = ck_aaguid_name(key->info.aaguid);
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "path", text_json(key->path), "maker",
                     text_or_null_json(key->maker), "product", text_or_null_json(key->product),
                     "serial", text_or_null_json(key->serial), "name", text_or_null_json(name),
                     "aaguid", text_or_null_json(aaguid));
}

json_t *key_document(const char *schema, const struct ck_plugged_key *key)
{
    return json_pack("{s:s, s:o}", "schema", schema, "key", key_json(key));
}

char *pin_sentence(const struct ck_key_info *info)
{
    static const char *const states[] = {
        [CK_PIN_UNSUPPORTED] = "the key has none",
        [CK_PIN_NOT_SET] = "not set",
        [CK_PIN_SET] = "set",
        [CK_PIN_CHANGE_REQUIRED] = "set, and has to be changed before it can be used",
        [CK_PIN_BLOCKED] = "blocked for good: only a reset of the key helps",
    };
    char *sentence;
    int printed;

    if (info->pin_tries > 0)
        printed = asprintf(&sentence, "%s, %d %s left", states[info->pin], info->pin_tries,
                           info->pin_tries == 1 ? "try" : "tries");
    else
        printed = asprintf(&sentence, "%s", states[info->pin]);
    return printed < 0 ? NULL : sentence;
}
