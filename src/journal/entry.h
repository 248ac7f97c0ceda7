/* One line of a journal: composed, and read again. */
#ifndef JOURNAL_ENTRY_H
#define JOURNAL_ENTRY_H

#include <jansson.h>
#include <stddef.h>

#include "cowkey/journal/journal.h"

#define ENTRY_N_MAX INT64_C(1000000000000000)

/* prev of the first line. */
extern const char entry_no_hash[CK_JOURNAL_HASH_SIZE + 1];

enum entry_event { ENTRY_INTENT, ENTRY_OUTCOME };

/* The texts point into json. */
struct entry {
    json_t *json; /* of entry_parse: owned */
    uint64_t n;
    const char *prev, *time, *id;
    bool after_torn;
    enum entry_event event;
    struct ck_journal_deed deed; /* of an outcome: its aaguid, serial and detail */
    enum ck_journal_outcome outcome;
    const char *evidence;
};

/* The members of an intent and of an outcome from "time" on: a new object. NULL: no memory. */
json_t *entry_intent(int64_t time_s, const char *id, const struct ck_journal_deed *deed);
json_t *entry_outcome(int64_t time_s, const char *id, enum ck_journal_outcome outcome,
                      const char *evidence, const char *aaguid, const char *serial,
                      const char *detail);

/*
 * Writes the line with its LF into line, of CK_JOURNAL_LINE_MAX bytes, and its size to *ret_size.
 * Too long, or no memory, is CK_ERR_UNCHANGED.
 */
enum ck_err entry_compose(uint64_t n, const char *prev, bool after_torn, json_t *members,
                          char *line, size_t *ret_size, struct ck_error *err);

/*
 * Reads a line of size bytes without its LF. *ret_is_entry: whether it is one; then clear *entry.
 * Only short memory is an error.
 */
enum ck_err entry_parse(const char *line, size_t size, struct entry *entry, bool *ret_is_entry,
                        struct ck_error *err);
void entry_clear(struct entry *entry);

/*
 * Whether the line may be an entry, or what a crash left of one: its first bytes, nothing, or the
 * zeros that some file systems put where they had no time to write.
 */
bool entry_may_begin(const char *line, size_t size);

/* The entry that json holds, which stays the caller's; false: it is none. */
bool entry_read(json_t *json, struct entry *ret_entry);

#endif
