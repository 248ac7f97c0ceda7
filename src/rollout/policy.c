/* The policy file, read by libinih line by line. */
#include "cowkey/rollout/policy.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/utf8.h"
#include "policy_value.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void ck_policy_clear(struct ck_policy *policy)
{
    for (size_t i = 0; i < policy->count; i++)
        free(policy->groups[i].aaguids);
    free(policy->groups);
    for (size_t i = 0; i < policy->roots_count; i++)
        ck_trust_free(&policy->roots[i]);
    free(policy->roots);
    *policy = (struct ck_policy){0};
}

/* --- groups --- */

static const struct ck_policy_group built_in = {
    .name = "default",
    .keys = 2,
    .pin = CK_PIN_TYPED,
    .pin_length = 8,
    .pin_change = true,
    .proof = CK_ROLLOUT_PROOF_LOGIN,
    .label = "cowkey {serial}",
};

static struct ck_policy_group *find(const struct ck_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->count; i++) {
        if (strcmp(policy->groups[i].name, name) == 0)
            return &policy->groups[i];
    }
    return NULL;
}

const struct ck_policy_group *ck_policy_find(const struct ck_policy *policy, const char *name)
{
    return find(policy, *name != '\0' ? name : built_in.name);
}

static enum ck_err append(struct ck_policy *policy, const char *name, struct ck_error *err)
{
    struct ck_policy_group *groups =
        reallocarray(policy->groups, policy->count + 1, sizeof(*groups));

    if (groups == NULL)
        return ck_error_no_memory(err);
    policy->groups = groups;
    groups[policy->count] = built_in;
    snprintf(groups[policy->count++].name, CK_GROUP_NAME_MAX, "%s", name);
    return CK_OK;
}

enum ck_err ck_policy_default(struct ck_policy *ret_policy, struct ck_error *err)
{
    struct ck_policy policy = {0};
    enum ck_err r = append(&policy, built_in.name, err);

    if (r == CK_OK)
        *ret_policy = policy;
    return r;
}

enum ck_err ck_policy_give_roots(struct ck_policy *policy, const char *path,
                                 struct ck_trust **roots, struct ck_error *err)
{
    struct ck_trust **grown =
        reallocarray(policy->roots, policy->roots_count + 1, sizeof(*policy->roots));

    if (grown == NULL)
        return ck_error_no_memory(err);
    policy->roots = grown;
    for (size_t i = 0; i < policy->count; i++) {
        if (strcmp(policy->groups[i].roots_path, path) == 0)
            policy->groups[i].roots = *roots;
    }
    policy->roots[policy->roots_count++] = CK_TAKE(*roots);
    return CK_OK;
}

/* --- reading --- */

/* Which keys a group has, beside the values that are in the policy. */
struct given {
    size_t line; /* of the group's head; 0: it has none */
    size_t keys[POLICY_KEYS_COUNT];
};

struct reading {
    const char *text;
    size_t size, at;
    size_t line; /* the one that libinih works on */
    bool in_group;

    struct ck_policy policy;
    struct given given[CK_POLICY_GROUPS_MAX];
    size_t now; /* the group at work */
    struct ck_complaints *complaints;
    enum ck_err result;
    struct ck_error *err;
};

#define complain(reading, ...)                                                                     \
    do {                                                                                           \
        if ((reading)->result == CK_OK)                                                            \
            (reading)->result = ck_complaints_add((reading)->complaints, (reading)->line,          \
                                                  (reading)->err, __VA_ARGS__);                    \
    } while (0)

const char *policy_check_group(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t size = strlen(name);

    if (size == 0 || size >= CK_GROUP_NAME_MAX || strspn(name, allowed) != size)
        return "is no name of a group: letters, digits, '.', '_' and '-', up to 47 of them";
    return NULL;
}

/* "[name]": libinih tells nobody of a group without keys. */
static void begin_group(struct reading *reading, const char *head, size_t size)
{
    char name[CK_POLICY_LINE_MAX + 1];

    reading->in_group = false;
    if (size < 2 || head[size - 1] != ']') {
        complain(reading, "has no ']' at its end");
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(size - 2), head + 1);
    const char *wrong = policy_check_group(name);
    if (wrong != NULL) {
        complain(reading, "what stands in the brackets %s", wrong);
        return;
    }
    struct ck_policy_group *group = find(&reading->policy, name);
    if (group == NULL && reading->policy.count == CK_POLICY_GROUPS_MAX) {
        complain(reading, "there are more than %d groups", CK_POLICY_GROUPS_MAX);
        return;
    }
    if (group == NULL) {
        reading->result = append(&reading->policy, name, reading->err);
        reading->now = reading->policy.count - 1;
    } else {
        reading->now = (size_t)(group - reading->policy.groups);
    }
    if (reading->given[reading->now].line > 0) {
        complain(reading, "the group '%s' is there twice, first in line %zu", name,
                 reading->given[reading->now].line);
        return;
    }
    reading->given[reading->now].line = reading->line;
    reading->in_group = true;
}

/*
 * What libinih would take for something else than it looks like: a key behind blanks (it continues
 * the value before), a ';' behind a blank (the rest is dropped), a line that is too long (it is
 * cut).
 */
static const char *check_line(const char *line, size_t size)
{
    if (!ck_utf8_valid(line, size))
        return "is not text in UTF-8";
    if (memchr(line, '\0', size) != NULL)
        return "holds a NUL byte";
    if (size > CK_POLICY_LINE_MAX)
        return "is longer than 197 bytes";
    if (*line == ' ' || *line == '\t')
        return "begins with a blank";
    if (memmem(line, size, " ;", 2) != NULL || memmem(line, size, "\t;", 2) != NULL)
        return "has a ';' behind a blank, where a comment would begin: give it a line of its own";
    if (*line != '[' && memchr(line, '=', size) == NULL)
        return "is neither [GROUP] nor KEY = VALUE";
    return NULL;
}

static bool is_quiet(const char *line, size_t size)
{
    size_t blanks = 0;

    while (blanks < size && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    return blanks == size || line[blanks] == '#' || line[blanks] == ';';
}

/* What libinih reads its lines with; what is not for it, it gets as an empty one. */
static char *give_line(char *to, int room, void *data)
{
    struct reading *reading = data;

    if (reading->at == reading->size)
        return NULL;
    const char *line = reading->text + reading->at;
    size_t left = reading->size - reading->at;
    const char *end = memchr(line, '\n', left);
    size_t size = end != NULL ? (size_t)(end - line) : left;

    reading->at += size + (end != NULL);
    reading->line++;
    while (size > 0 && strchr("\r \t", line[size - 1]) != NULL && line[size - 1] != '\0')
        size--;
    bool quiet = is_quiet(line, size);
    const char *wrong = quiet ? NULL : check_line(line, size);
    if (wrong != NULL)
        complain(reading, "%s", wrong);
    else if (!quiet && *line == '[')
        begin_group(reading, line, size);
    bool plain = !quiet && wrong == NULL && *line != '[';
    snprintf(to, (size_t)room, "%.*s\n", plain ? (int)size : 0, line);
    return to;
}

static int take_key(void *data, const char *section, const char *key, const char *value)
{
    struct reading *reading = data;
    int index = policy_key_find(key);

    (void)section; /* libinih saw none: the groups were taken off its lines */
    if (!reading->in_group && reading->policy.count == 1 && reading->given[0].line == 0)
        complain(reading, "stands before the first [GROUP]");
    if (!reading->in_group)
        return 1;
    size_t *line = index < POLICY_KEYS_COUNT ? &reading->given[reading->now].keys[index] : NULL;
    if (line == NULL) {
        complain(reading, "no group has a key '%.60s': there are %s", key, policy_key_names());
    } else if (*line > 0) {
        complain(reading, "the group has '%s' already, in line %zu", key, *line);
    } else {
        *line = reading->line;
        const char *wrong = policy_value_read(index, value, &reading->policy.groups[reading->now]);
        if (wrong != NULL)
            complain(reading, "'%s' %s", key, wrong);
    }
    return 1;
}

/* --- what the default group gives, and what does not fit together --- */

static bool has_random_pins(const struct ck_policy_group *group)
{
    return group->pin == CK_PIN_RANDOM;
}

static bool asks_for_attestation(const struct ck_policy_group *group)
{
    return group->attestation;
}

/* The default group may say it for others. */
static bool means(const struct reading *reading, size_t index,
                  bool (*is_so)(const struct ck_policy_group *group))
{
    for (size_t i = 0; i < reading->policy.count; i++) {
        if ((index == 0 || i == index) && is_so(&reading->policy.groups[i]))
            return true;
    }
    return false;
}

/* What a group says that only counts with something else, which it does not say. */
static void check_needless(struct reading *reading, size_t index)
{
    static const struct {
        int key;
        bool (*counts)(const struct ck_policy_group *group);
        const char *goes_with;
    } rules[] = {
        {POLICY_ATTESTATION_ROOTS, asks_for_attestation, "attestation = required"},
        {POLICY_PIN_LENGTH, has_random_pins, "pin = random"},
        {POLICY_PIN_CHANGE, has_random_pins, "pin = random"},
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        reading->line = reading->given[index].keys[rules[i].key];
        if (reading->line > 0 && !means(reading, index, rules[i].counts))
            complain(reading, "'%s' is for '%s'", policy_key_name(rules[i].key),
                     rules[i].goes_with);
    }
}

static void complete_group(struct reading *reading, size_t index)
{
    struct ck_policy_group *group = &reading->policy.groups[index];
    const size_t *keys = reading->given[index].keys;

    for (int key = 0; index > 0 && key < POLICY_KEYS_COUNT; key++) {
        if (keys[key] == 0 && reading->result == CK_OK &&
            !policy_value_copy(key, &reading->policy.groups[0], group))
            reading->result = ck_error_no_memory(reading->err);
    }
    if (keys[POLICY_ATTESTATION_ROOTS] > 0)
        group->roots_line = keys[POLICY_ATTESTATION_ROOTS];
    check_needless(reading, index);
}

enum ck_err ck_policy_parse(const char *text, size_t size, struct ck_policy *ret_policy,
                            struct ck_complaints *complaints, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) struct reading *reading = calloc(1, sizeof(*reading));
    size_t mark = strlen(byte_order_mark);

    if (reading == NULL)
        return ck_error_no_memory(err);
    if (size > CK_POLICY_FILE_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the policy holds more than %d bytes",
                            CK_POLICY_FILE_MAX);
    *reading = (struct reading){
        .text = text, .size = size, .complaints = complaints, .result = CK_OK, .err = err};
    if (size >= mark && memcmp(text, byte_order_mark, mark) == 0)
        reading->at = mark;
    reading->result = append(&reading->policy, built_in.name, err);
    if (reading->result == CK_OK)
        ini_parse_stream(give_line, reading, take_key, reading);
    for (size_t i = 0; i < reading->policy.count; i++)
        complete_group(reading, i);
    if (reading->result != CK_OK) {
        ck_policy_clear(&reading->policy);
        return reading->result;
    }
    *ret_policy = reading->policy;
    return CK_OK;
}
