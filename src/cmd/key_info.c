/* cowkey key info */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/key/aaguid.h"
#include "cowkey/webauthn/credential.h"
#include "key_command.h"
#include "output.h"

enum { LINE_MAX_BYTES = 1024 };

/* --- words for what keys abbreviate --- */

struct meaning {
    const char *word;
    const char *yes; /* of an option: when it is true */
    const char *no;
};

/* CTAP 2.1 section 6.4. */
static const struct meaning options_meant[] = {
    {"rk", "keeps passkeys", "keeps no passkeys"},
    {"up", "asks for a touch", "asks for no touch"},
    {"uv", "verifies its user itself, by a finger", "could verify a finger; none is enrolled"},
    {"plat", "is built into this computer", "can be taken to another computer"},
    {"clientPin", "has a PIN", "can have a PIN; none is set"},
    {"alwaysUv", "always wants the PIN or a finger", "wants the PIN or a finger only when asked"},
    {"credMgmt", "lists and removes its passkeys", "does not list its passkeys"},
    {"credentialMgmtPreview", "lists and removes its passkeys (older form)",
     "does not list its passkeys (older form)"},
    {"authnrCfg", "can be configured", "can't be configured"},
    {"bioEnroll", "has fingers enrolled", "enrolls fingers; there is none yet"},
    {"userVerificationMgmtPreview", "has fingers enrolled (older form)",
     "enrolls fingers; there is none yet (older form)"},
    {"pinUvAuthToken", "gives tokens of limited use for the PIN or a finger",
     "gives no tokens of limited use"},
    {"setMinPINLength", "takes a minimum length of its PIN", "takes no minimum length of its PIN"},
    {"makeCredUvNotRqd", "registers as second factor without the PIN",
     "wants the PIN for each registration"},
    {"noMcGaPermissionsWithClientPin", "takes no PIN where it takes a finger",
     "takes the PIN as well as a finger"},
    {"largeBlobs", "keeps data for other programs", "keeps no data for other programs"},
    {"ep", "may tell an employer its serial number (enterprise attestation)",
     "could tell an employer its serial number; switched off"},
    {"uvToken", "gives tokens for a finger", "gives no tokens for a finger"},
    {"config", "can be configured", "can't be configured"},
    {"perCredMgmtRO", "lists its passkeys by a lasting token",
     "does not list its passkeys by a lasting token"},
};

static const struct meaning extensions_meant[] = {
    {"credProtect", "hides passkeys from those who don't know the PIN", NULL},
    {"hmac-secret", "derives secrets, for disk encryption and the like", NULL},
    {"hmac-secret-mc", "the same already at registration", NULL},
    {"credBlob", "keeps a few bytes with a credential", NULL},
    {"largeBlobKey", "a key for larger data of a credential", NULL},
    {"minPinLength", "tells sites that may know it the minimum length of its PIN", NULL},
    {"thirdPartyPayment", "confirms payments for other sites", NULL},
};

/* FIDO Registry of Predefined Values section 3.1. */
static const struct {
    uint64_t bit;
    const char *name;
} modalities[] = {
    {0x001, "touch"}, {0x002, "fingerprint"}, {0x004, "PIN on the key"},
    {0x008, "voice"}, {0x010, "face"},        {0x020, "location"},
    {0x040, "eye"},   {0x080, "pattern"},     {0x100, "hand"},
    {0x200, "none"},  {0x800, "PIN"},         {0x1000, "pattern on another device"},
};

static const struct {
    int64_t cose;
    const char *name;
} algorithms[] = {
    {-7, "ES256"},      {-8, "EdDSA"},   {-9, "ESP256"},  {-19, "Ed25519"},   {-35, "ES384"},
    {-36, "ES512"},     {-37, "PS256"},  {-47, "ES256K"}, {-48, "ML-DSA-44"}, {-49, "ML-DSA-65"},
    {-50, "ML-DSA-87"}, {-257, "RS256"}, {-65535, "RS1"},
};

static const struct meaning *meaning_of(const struct meaning *meanings, size_t count,
                                        const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(meanings[i].word, word) == 0)
            return &meanings[i];
    }
    return NULL;
}

static const char *algorithm_name(int64_t cose)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++) {
        if (algorithms[i].cose == cose)
            return algorithms[i].name;
    }
    return NULL;
}

/* --- for a person --- */

/* Adds an entry to a list on one line; what does not fit is left out. */
static void append(char line[LINE_MAX_BYTES], const char *entry)
{
    size_t size = strlen(line);

    snprintf(line + size, LINE_MAX_BYTES - size, "%s%s", size > 0 ? ", " : "", entry);
}

static void print_words(const char *title, const struct ck_key_words *words, bool with_values)
{
    char line[LINE_MAX_BYTES] = "";

    for (size_t i = 0; i < words->count; i++) {
        char entry[CK_KEY_WORD_MAX + 24];
        if (with_values)
            snprintf(entry, sizeof(entry), "%s %" PRIu64, words->names[i].text, words->values[i]);
        else
            snprintf(entry, sizeof(entry), "%s", words->names[i].text);
        append(line, entry);
    }
    if (words->count > 0)
        print_result("%-22s %s", title, line);
}

static void print_algorithms(const struct ck_key_info *info)
{
    char line[LINE_MAX_BYTES] = "";

    for (size_t i = 0; i < info->algorithms_count; i++) {
        const char *name = algorithm_name(info->algorithms[i]);
        char number[24];
        snprintf(number, sizeof(number), "%" PRId64, info->algorithms[i]);
        append(line, name != NULL ? name : number);
    }
    if (info->algorithms_count > 0)
        print_result("%-22s %s", "Algorithms:", line);
}

static void print_modality(uint64_t modality)
{
    char line[LINE_MAX_BYTES] = "";

    for (size_t i = 0; i < sizeof(modalities) / sizeof(*modalities); i++) {
        if (modality & modalities[i].bit)
            append(line, modalities[i].name);
    }
    if (modality != 0)
        print_result("%-22s %s", "Verifies users by:", *line != '\0' ? line : "unknown means");
}

static void print_number(const char *title, int64_t number, const char *unit)
{
    if (number >= 0)
        print_result("%-22s %" PRId64 "%s", title, number, unit);
}

static void print_options(const struct ck_key_words *options)
{
    if (options->count > 0)
        print_result("It ...");
    for (size_t i = 0; i < options->count; i++) {
        const char *word = options->names[i].text;
        const struct meaning *meaning =
            meaning_of(options_meant, sizeof(options_meant) / sizeof(*options_meant), word);
        bool value = options->values[i] != 0;
        if (meaning != NULL)
            print_result("  %s (%s)", value ? meaning->yes : meaning->no, word);
        else
            print_result("  says '%s': %s", word, value ? "yes" : "no");
    }
}

static void print_extensions(const struct ck_key_words *extensions)
{
    if (extensions->count > 0)
        print_result("Extensions:");
    for (size_t i = 0; i < extensions->count; i++) {
        const char *word = extensions->names[i].text;
        const struct meaning *meaning = meaning_of(
            extensions_meant, sizeof(extensions_meant) / sizeof(*extensions_meant), word);
        print_result("  %s%s%s", word, meaning != NULL ? ": " : "",
                     meaning != NULL ? meaning->yes : "");
    }
}

static void print_model(const struct ck_key_info *info)
{
    char aaguid[CK_AAGUID_TEXT_MAX];
    const char *name = ck_aaguid_name(info->aaguid);

    ck_aaguid_format(info->aaguid, aaguid);
    print_result("%-22s %s", "Model:", name != NULL ? name : "not known by its AAGUID");
    print_result("%-22s %s", "AAGUID:", aaguid);
}

static void print_pin(const struct ck_key_info *info)
{
    CK_CLEANUP(ck_free_p) char *pin = pin_sentence(info);

    print_result("%-22s %s", "PIN:", pin != NULL ? pin : "");
    if (info->pin != CK_PIN_UNSUPPORTED)
        print_result("%-22s %" PRId64 " characters", "Shortest PIN:", info->pin_length_min);
    if (info->uv_tries >= 0)
        print_result("%-22s %d tries left", "Finger:", info->uv_tries);
}

static void print_info(const struct ck_plugged_key *key)
{
    const struct ck_key_info *info = &key->info;
    CK_CLEANUP(ck_free_p) char *title = key_title(key);

    print_result("%s", title != NULL ? title : key->path);
    print_words("Versions:", &info->versions, false);
    if (*info->device_version != '\0')
        print_result("%-22s %s", "Firmware:", info->device_version);
    print_number("Firmware number:", info->firmware, "");
    if (!info->fido2) {
        print_result("It is a U2F key: a second factor. It has no PIN and keeps no passkeys.");
        return;
    }
    print_model(info);
    print_pin(info);
    print_number("Room for passkeys:", info->passkey_room, " more");
    print_words("Transports:", &info->transports, false);
    print_algorithms(info);
    print_modality(info->uv_modality);
    print_words("Certifications:", &info->certifications, true);
    print_number("Longest credential ID:", info->credential_id_size_max, " bytes");
    print_number("Credentials in a list:", info->credential_count_max, "");
    print_number("Longest message:", info->message_size_max, " bytes");
    print_number("Longest credBlob:", info->blob_size_max, " bytes");
    print_number("Room for large blobs:", info->large_blob_size_max, " bytes");
    print_extensions(&info->extensions);
    print_options(&info->options);
}

/* --- for a script --- */

static json_t *words_json(const struct ck_key_words *words)
{
    json_t *list = json_array();

    for (size_t i = 0; i < words->count; i++)
        json_array_append_new(list, text_json(words->names[i].text));
    return list;
}

static json_t *values_json(const struct ck_key_words *words, bool as_flags)
{
    json_t *object = json_object();

    for (size_t i = 0; i < words->count; i++) {
        json_t *name = text_json(words->names[i].text);
        json_object_set_new(object, json_string_value(name),
                            as_flags ? json_boolean(words->values[i])
                                     : json_integer((json_int_t)words->values[i]));
        json_decref(name);
    }
    return object;
}

static json_t *numbers_json(const int64_t *numbers, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_integer(numbers[i]));
    return list;
}

static json_t *modality_json(uint64_t modality)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(modalities) / sizeof(*modalities); i++) {
        if (modality & modalities[i].bit)
            json_array_append_new(list, json_string(modalities[i].name));
    }
    return list;
}

static void set_number(json_t *document, const char *name, int64_t number)
{
    json_object_set_new(document, name, number_or_null_json(number));
}

static void print_document(const struct ck_plugged_key *key)
{
    const struct ck_key_info *info = &key->info;
    json_t *document = key_document("cowkey.key-info/1", key);

    json_object_set_new(document, "fido2", json_boolean(info->fido2));
    json_object_set_new(document, "u2f", json_boolean(info->u2f));
    json_object_set_new(document, "firmware", text_or_null_json(info->device_version));
    set_number(document, "firmware_number", info->firmware);
    json_object_set_new(document, "pin", json_string(ck_pin_state_name(info->pin)));
    set_number(document, "pin_tries", info->pin_tries);
    set_number(document, "uv_tries", info->uv_tries);
    set_number(document, "pin_length_min",
               info->pin == CK_PIN_UNSUPPORTED ? -1 : info->pin_length_min);
    set_number(document, "passkey_room", info->passkey_room);
    json_object_set_new(document, "versions", words_json(&info->versions));
    json_object_set_new(document, "extensions", words_json(&info->extensions));
    json_object_set_new(document, "options", values_json(&info->options, true));
    json_object_set_new(document, "transports", words_json(&info->transports));
    json_object_set_new(document, "certifications", values_json(&info->certifications, false));
    json_object_set_new(document, "algorithms",
                        numbers_json(info->algorithms, info->algorithms_count));
    json_object_set_new(document, "pin_protocols",
                        numbers_json(info->pin_protocols, info->pin_protocols_count));
    json_object_set_new(document, "uv_modality", modality_json(info->uv_modality));
    set_number(document, "message_size_max", info->message_size_max);
    set_number(document, "credential_count_max", info->credential_count_max);
    set_number(document, "credential_id_size_max", info->credential_id_size_max);
    set_number(document, "blob_size_max", info->blob_size_max);
    set_number(document, "large_blob_size_max", info->large_blob_size_max);
    print_json(document);
}

static int run(const struct options *options)
{
    CK_CLEANUP(key_command_clear) struct key_command command;
    struct ck_error err = {.code = CK_OK};
    bool json = option_given(options, OPTION_JSON);

    key_command_init(&command, options);
    if (key_command_open(&command, &err) != CK_OK)
        return report_error(json, &err);
    if (json)
        print_document(&command.described);
    else
        print_info(&command.described);
    return 0;
}

const struct command command_key_info = {
    .words = "key info",
    .summary = "everything that one security key says about itself",
    .run = run,
};
