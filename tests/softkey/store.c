#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "must.h"

void store_init(struct store *store, const char *path)
{
    *store = (struct store){
        .path = path,
        .pin_tries = PIN_TRIES,
        .uv_tries = UV_TRIES,
        .pin_length_min = PIN_LENGTH_MIN,
    };
}

static void drop_credentials(struct store *store)
{
    for (size_t i = 0; i < store->count; i++)
        key_free(&store->credentials[i].key);
    free(store->credentials);
    store->credentials = NULL;
    store->count = 0;
}

void store_clear(struct store *store)
{
    drop_credentials(store);
    key_free(&store->attestation.ca_key);
    key_free(&store->attestation.key);
    free(store->attestation.ca_pem);
    free(store->attestation.certificate);
    store_init(store, store->path);
}

void store_reset(struct store *store)
{
    struct store fresh;

    drop_credentials(store);
    store_init(&fresh, store->path);
    fresh.seen = store->seen;
    fresh.counter = store->counter;
    fresh.attestation = store->attestation;
    *store = fresh;
}

size_t text_length(const char *text, size_t size)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++)
        length += ((unsigned char)text[i] & 0xc0) != 0x80;
    return length;
}

void store_set_pin(struct store *store, const char *pin, size_t size)
{
    uint8_t hash[HASH_SIZE];

    sha256(pin, size, hash);
    memcpy(store->pin_hash, hash, sizeof(store->pin_hash));
    store->pin_set = true;
    store->pin_length = text_length(pin, size);
    store->pin_tries = PIN_TRIES;
    store->uv_tries = UV_TRIES;
    store->pin_change_forced = false;
}

struct credential *store_find(struct store *store, const uint8_t rp_id_hash[HASH_SIZE],
                              struct slice id)
{
    for (size_t i = 0; i < store->count; i++) {
        struct credential *found = &store->credentials[i];
        if (found->id_size == id.size && memcmp(found->id, id.data, id.size) == 0 &&
            memcmp(found->rp_id_hash, rp_id_hash, HASH_SIZE) == 0)
            return found;
    }
    return NULL;
}

void store_add(struct store *store, const struct credential *credential)
{
    store->credentials =
        reallocarray(store->credentials, store->count + 1, sizeof(store->credentials[0]));
    MUST(store->credentials != NULL);
    store->credentials[store->count++] = *credential;
}

void store_remove(struct store *store, struct credential *credential)
{
    size_t index = (size_t)(credential - store->credentials);

    key_free(&credential->key);
    memmove(credential, credential + 1, (store->count - index - 1) * sizeof(*credential));
    store->count--;
}

int64_t store_room(const struct store *store, int64_t capacity)
{
    int64_t room = capacity;

    for (size_t i = 0; i < store->count && room > 0; i++)
        room -= store->credentials[i].resident;
    return room;
}

/* --- as JSON --- */

static json_t *from_attestation(const struct attestation *a)
{
    json_t *object = json_object();

    if (a->key == NULL)
        return object;
    json_object_set_new(object, "ca", json_string(a->ca_pem));
    json_object_set_new(object, "ca_key", key_to_json(a->ca_key));
    json_object_set_new(object, "key", key_to_json(a->key));
    json_object_set_new(object, "certificate", bytes_to_json(a->certificate, a->certificate_size));
    json_object_set_new(object, "aaguid", bytes_to_json(a->aaguid, sizeof(a->aaguid)));
    return object;
}

static json_t *from_store(const struct store *store)
{
    json_t *credentials = json_array();

    for (size_t i = 0; i < store->count; i++)
        json_array_append_new(credentials, credential_to_json(&store->credentials[i]));
    json_t *object =
        json_pack("{s:o, s:i, s:i, s:i, s:b, s:i, s:b, s:I, s:o, s:o}", "pin_hash",
                  store->pin_set ? bytes_to_json(store->pin_hash, PIN_HASH_SIZE) : json_null(),
                  "pin_length", (int)store->pin_length, "pin_tries", (int)store->pin_tries,
                  "uv_tries", (int)store->uv_tries, "pin_change_forced", store->pin_change_forced,
                  "pin_length_min", (int)store->pin_length_min, "always_uv", store->always_uv,
                  "counter", (json_int_t)store->counter, "attestation",
                  from_attestation(&store->attestation), "credentials", credentials);
    MUST(object != NULL);
    return object;
}

static void to_attestation(const json_t *object, struct attestation *ret)
{
    const json_t *certificate = json_object_get(object, "certificate");

    if (certificate == NULL)
        return;
    ret->ca_pem = strdup(json_string_value(json_object_get(object, "ca")));
    ret->ca_key = key_from_json(json_object_get(object, "ca_key"));
    ret->key = key_from_json(json_object_get(object, "key"));
    ret->certificate = malloc(json_string_length(certificate));
    MUST(ret->ca_pem != NULL && ret->certificate != NULL);
    ret->certificate_size =
        bytes_from_json(certificate, ret->certificate, json_string_length(certificate));
    bytes_from_json(json_object_get(object, "aaguid"), ret->aaguid, sizeof(ret->aaguid));
}

static unsigned to_number(const json_t *object, const char *name)
{
    return (unsigned)json_integer_value(json_object_get(object, name));
}

static void to_store(const json_t *object, struct store *store)
{
    const json_t *pin_hash = json_object_get(object, "pin_hash");
    const json_t *item;
    struct credential credential;
    size_t i;

    store->pin_set = json_is_string(pin_hash);
    if (store->pin_set)
        bytes_from_json(pin_hash, store->pin_hash, PIN_HASH_SIZE);
    store->pin_length = to_number(object, "pin_length");
    store->pin_tries = to_number(object, "pin_tries");
    store->uv_tries = to_number(object, "uv_tries");
    store->pin_change_forced = json_is_true(json_object_get(object, "pin_change_forced"));
    store->pin_length_min = to_number(object, "pin_length_min");
    store->always_uv = json_is_true(json_object_get(object, "always_uv"));
    store->counter = to_number(object, "counter");
    to_attestation(json_object_get(object, "attestation"), &store->attestation);
    json_array_foreach(json_object_get(object, "credentials"), i, item)
    {
        credential_from_json(item, &credential);
        store_add(store, &credential);
    }
}

/* --- the file --- */

void store_load(struct store *store)
{
    json_error_t error;
    struct stat now;

    if (store->path == NULL || stat(store->path, &now) != 0)
        return;
    if (now.st_ino == store->seen.st_ino && now.st_size == store->seen.st_size &&
        now.st_mtim.tv_sec == store->seen.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == store->seen.st_mtim.tv_nsec)
        return;
    json_t *object = json_load_file(store->path, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        fprintf(stderr, "softkey: %s: %s\n", store->path, error.text);
        exit(2);
    }
    store_clear(store);
    to_store(object, store);
    store->seen = now;
    json_decref(object);
}

/* Under a new name first, so that no reader ever sees half a file. */
void store_save(struct store *store)
{
    char path[4096];

    if (store->path == NULL)
        return;
    MUST(snprintf(path, sizeof(path), "%s.new", store->path) < (int)sizeof(path));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    MUST(fd >= 0);
    json_t *object = from_store(store);
    MUST(json_dumpfd(object, fd, JSON_INDENT(2)) == 0);
    MUST(fstat(fd, &store->seen) == 0 && close(fd) == 0);
    MUST(rename(path, store->path) == 0);
    json_decref(object);
}
