/* What the commands about the security key itself share: the key, who it is, what is said of it. */
#ifndef CMD_KEY_COMMAND_H
#define CMD_KEY_COMMAND_H

#include "cowkey/key/info.h"
#include "cowkey/key/key.h"
#include "options.h"
#include "person.h"

struct json_t;

/* Keep it where it was initialised; its parts point at one another. */
struct key_command {
    const struct options *options;
    struct speaker speaker;
    struct ck_key_person person;
    struct ck_key_settings settings;
    struct ck_key *key;              /* once open */
    struct ck_plugged_key described; /* likewise */
};

void key_command_init(struct key_command *command, const struct options *options);
void key_command_clear(struct key_command *command);

/* Opens the key (several: by --device or a touch) and asks what it is. */
enum ck_err key_command_open(struct key_command *command, struct ck_error *err);

/* "Yubico YubiKey 5 NFC, serial 1234 (/dev/hidraw3)"; a new string, NULL when memory is short. */
char *key_title(const struct ck_plugged_key *key);

/* {path maker product serial name aaguid} with null for what is not known. */
struct json_t *key_json(const struct ck_plugged_key *key);

/* A document of this schema with the member key. */
struct json_t *key_document(const char *schema, const struct ck_plugged_key *key);

/* "set, 8 tries left"; a new string, NULL when memory is short. */
char *pin_sentence(const struct ck_key_info *info);

#endif
