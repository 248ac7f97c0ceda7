#include "control.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "key.h"
#include "must.h"

/* --- what is done at once --- */

static const char *set_pin(struct key *key, const json_t *value)
{
    if (json_is_string(value))
        store_set_pin(&key->store, json_string_value(value), json_string_length(value));
    key->store.pin_set = json_is_string(value);
    return json_is_string(value) || json_is_null(value) ? NULL : "neither text nor null";
}

static const char *set_pin_tries(struct key *key, const json_t *value)
{
    key->store.pin_tries = (unsigned)json_integer_value(value);
    return json_is_integer(value) ? NULL : "not a number";
}

static const char *set_pin_change_forced(struct key *key, const json_t *value)
{
    key->store.pin_change_forced = json_is_true(value);
    return NULL;
}

static const char *set_pin_length_min(struct key *key, const json_t *value)
{
    key->store.pin_length_min = (size_t)json_integer_value(value);
    return json_is_integer(value) ? NULL : "not a number";
}

static const char *set_always_uv(struct key *key, const json_t *value)
{
    key->store.always_uv = json_is_true(value);
    return NULL;
}

/* As if the person touched the key now; or the next time that it waits. */
static const char *press(struct key *key, const json_t *value)
{
    key->user.pressed = json_is_true(value);
    return NULL;
}

static const char *set_plugged(struct key *key, const json_t *value)
{
    if (json_is_true(value))
        server_plug(key);
    else
        server_unplug(key);
    return NULL;
}

static const char *replug(struct key *key, const json_t *value)
{
    server_unplug(key);
    return set_plugged(key, value);
}

static const struct action {
    const char *name;
    const char *(*act)(struct key *key, const json_t *value); /* returns the problem */
    bool stored;
} actions[] = {
    {"pin", set_pin, true},
    {"pin_tries", set_pin_tries, true},
    {"pin_change_forced", set_pin_change_forced, true},
    {"pin_length_min", set_pin_length_min, true},
    {"always_uv", set_always_uv, true},
    {"press", press, false},
    {"plugged", set_plugged, false},
    {"replug", replug, false},
};

static bool act(struct key *key, const char *name, const json_t *value, const char **ret_problem)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i].name, name) != 0)
            continue;
        *ret_problem = actions[i].act(key, value);
        if (actions[i].stored)
            store_save(&key->store);
        return true;
    }
    return false;
}

/* --- the answer --- */

static json_t *show_state(const struct key *key)
{
    const struct store *store = &key->store;
    const char *command = json_string_value(json_object_get(key->log.entry, "command"));

    return json_pack("{s:b, s:b, s:s?, s:b, s:i, s:i, s:b, s:i, s:b, s:i}", "plugged",
                     key->server.listener >= 0 || key->server.uhid >= 0, "waiting",
                     key->user.waited_for, "command", command, "pin_set", store->pin_set,
                     "pin_tries", (int)store->pin_tries, "uv_tries", (int)store->uv_tries,
                     "pin_change_forced", store->pin_change_forced, "pin_length_min",
                     (int)store->pin_length_min, "always_uv", store->always_uv, "credentials",
                     (int)store->count);
}

static void apply_one(struct key *key, const char *name, const json_t *value, char *error,
                      size_t size)
{
    const char *problem = NULL;

    if (!act(key, name, value, &problem) && !script_set(&key->script, name, value, &problem))
        problem = "there is no such setting";
    if (problem != NULL)
        snprintf(error, size, "%s: %s", name, problem);
}

char *control_apply(struct key *key, const char *script, size_t size)
{
    json_error_t parse_error;
    json_t *object = json_loadb(script, size, JSON_REJECT_DUPLICATES, &parse_error);
    char error[JSON_ERROR_TEXT_LENGTH + 64] = "";
    const char *name;
    json_t *value;

    store_load(&key->store);
    if (!json_is_object(object))
        snprintf(error, sizeof(error), "%s", object == NULL ? parse_error.text : "not an object");
    json_object_foreach(object, name, value)
    {
        if (error[0] == '\0')
            apply_one(key, name, value, error, sizeof(error));
    }
    json_t *answer = json_pack("{s:s?, s:o, s:o}", "error", error[0] == '\0' ? NULL : error,
                               "settings", script_show(&key->script), "state", show_state(key));
    MUST(answer != NULL);
    char *text = json_dumps(answer, JSON_COMPACT);
    MUST(text != NULL);
    json_decref(answer);
    json_decref(object);
    return text;
}

/* --- the other end --- */

int control_send(const char *path, const char *script)
{
    static char answer[SCRIPT_SIZE_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s.ctl", path);
    MUST(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        send(fd, script, strlen(script), 0) < 0) {
        perror(address.sun_path);
        return 2;
    }
    ssize_t size = recv(fd, answer, sizeof(answer) - 1, 0);
    close(fd);
    if (size <= 0)
        return 2;
    printf("%.*s\n", (int)size, answer);
    return strncmp(answer, "{\"error\":null", 13) == 0 ? 0 : 1;
}
