/* Reading: the chain is judged line by line, and each intent waits for its outcome. */
#include <string.h>

#include "cowkey/base/ascii.h"
#include "cowkey/base/cleanup.h"
#include "cowkey/base/json.h"
#include "cowkey/journal/journal.h"
#include "entry.h"
#include "lines.h"

struct walk {
    ck_journal_visitor *visit;
    void *data;
    char wanted[CK_JOURNAL_HASH_SIZE + 1]; /* head that was kept elsewhere; "": none */
    /* What the next line has to say, if it is an entry. */
    uint64_t n;
    char prev[CK_JOURNAL_HASH_SIZE + 1];
    /* Lines before it that are no entries. If it is chained to them, they are torn. */
    uint64_t torn;
    json_t *open; /* id -> [line, intent] */
    struct ck_journal_verdict verdict;
};

/* --- the chain --- */

static const char *find_fault(const struct walk *walk, const struct line *line,
                              const struct entry *entry)
{
    if (strcmp(entry->prev, walk->prev) != 0 && line->number == 1)
        return "it is not the first line of a journal: what was before it is missing";
    if (strcmp(entry->prev, walk->prev) != 0)
        return "it was chained to another line than the one before it: that one was changed, or "
               "lines were removed, inserted or moved here";
    if (entry->n != walk->n)
        return "its number does not follow the one before it";
    if (entry->after_torn != (walk->torn > 0))
        return entry->after_torn ? "it says that the line before it was torn, which is whole"
                                 : "the line before it is no entry, and it does not say so";
    return NULL;
}

static void add_break(struct ck_journal_verdict *verdict, uint64_t line, const char *why)
{
    if (verdict->breaks < CK_JOURNAL_LISTED_MAX)
        verdict->broken[verdict->breaks] = (struct ck_journal_break){line, why};
    verdict->breaks++;
}

static void add_torn(struct ck_journal_verdict *verdict, uint64_t line)
{
    if (verdict->torn_count < CK_JOURNAL_LISTED_MAX)
        verdict->torn[verdict->torn_count] = line;
    verdict->torn_count++;
}

/* The lines before this one that are no entries were torn. */
static void settle_torn(struct walk *walk, uint64_t number)
{
    for (; walk->torn > 0; walk->torn--)
        add_torn(&walk->verdict, number - walk->torn);
}

/* entry: NULL when the line is none. */
static void judge(struct walk *walk, const struct line *line, const struct entry *entry)
{
    struct ck_journal_verdict *verdict = &walk->verdict;

    verdict->lines++;
    if (entry == NULL) {
        walk->torn++;
        walk->n++;
    } else {
        const char *why = find_fault(walk, line, entry);
        if (why != NULL)
            add_break(verdict, line->number, why);
        else
            settle_torn(walk, line->number);
        walk->torn = 0;
        walk->n = entry->n + 1;
        verdict->entries++;
        verdict->since += verdict->head_found;
    }
    strcpy(walk->prev, line->hash);
    if (strcmp(line->hash, walk->wanted) == 0) {
        verdict->head_found = true;
        verdict->since = 0;
    }
}

/* --- intents and outcomes --- */

static enum ck_err visit_open(struct walk *walk, const json_t *waiting, struct ck_error *err)
{
    struct ck_journal_record record = {0};
    struct entry intent;

    if (walk->visit == NULL || !entry_read(json_array_get(waiting, 1), &intent))
        return CK_OK;
    record.line = (uint64_t)json_integer_value(json_array_get(waiting, 0));
    record.id = intent.id;
    record.time = intent.time;
    record.deed = intent.deed;
    return walk->visit(walk->data, &record, err);
}

static enum ck_err take_intent(struct walk *walk, const struct line *line,
                               const struct entry *entry, struct ck_error *err)
{
    const json_t *same_id = json_object_get(walk->open, entry->id);

    if (same_id != NULL) { /* a copy of a line, and a break was found */
        walk->verdict.not_concluded++;
        if (visit_open(walk, same_id, err) != CK_OK)
            return err->code;
        json_object_del(walk->open, entry->id);
    }
    if (json_object_size(walk->open) >= CK_JOURNAL_OPEN_MAX)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the journal has more than %d intents without an outcome",
                            CK_JOURNAL_OPEN_MAX);
    json_t *waiting = json_array();
    if (json_array_append_new(waiting, json_integer((json_int_t)line->number)) != 0 ||
        json_array_append(waiting, entry->json) != 0) {
        json_decref(waiting);
        return ck_error_no_memory(err);
    }
    return json_object_set_new(walk->open, entry->id, waiting) == 0 ? CK_OK
                                                                    : ck_error_no_memory(err);
}

static enum ck_err take_outcome(struct walk *walk, const struct line *line,
                                const struct entry *entry, struct ck_error *err)
{
    const json_t *waiting = json_object_get(walk->open, entry->id);
    struct ck_journal_record record = {
        .id = entry->id,
        .outcome_line = line->number,
        .outcome_time = entry->time,
        .outcome = entry->outcome,
        .evidence = entry->evidence,
        .outcome_detail = entry->deed.detail,
    };
    struct entry intent;

    if (waiting != NULL && entry_read(json_array_get(waiting, 1), &intent)) {
        record.line = (uint64_t)json_integer_value(json_array_get(waiting, 0));
        record.time = intent.time;
        record.deed = intent.deed;
    }
    if (entry->deed.aaguid != NULL)
        record.deed.aaguid = entry->deed.aaguid;
    if (entry->deed.serial != NULL)
        record.deed.serial = entry->deed.serial;
    enum ck_err r = walk->visit != NULL ? walk->visit(walk->data, &record, err) : CK_OK;
    json_object_del(walk->open, entry->id);
    return r;
}

static enum ck_err visit_those_open(struct walk *walk, struct ck_error *err)
{
    const char *id;
    json_t *waiting;

    walk->verdict.not_concluded += json_object_size(walk->open);
    json_object_foreach(walk->open, id, waiting)
    {
        if (visit_open(walk, waiting, err) != CK_OK)
            return err->code;
    }
    return CK_OK;
}

/* --- the walk --- */

static enum ck_err take_line(struct walk *walk, const struct line *line, struct ck_error *err)
{
    CK_CLEANUP(entry_clear) struct entry entry = {0};
    bool is_entry = false;

    if (line->number == 1 && line->text != NULL && !entry_may_begin(line->text, line->size))
        add_break(&walk->verdict, 1, "it is no line of a journal, not even a torn one");
    if (!line->is_ended) {
        settle_torn(walk, line->number);
        add_torn(&walk->verdict, line->number);
        return CK_OK;
    }
    if (line->text != NULL && entry_parse(line->text, line->size, &entry, &is_entry, err) != CK_OK)
        return err->code;
    judge(walk, line, is_entry ? &entry : NULL);
    if (!is_entry)
        return CK_OK;
    return entry.event == ENTRY_INTENT ? take_intent(walk, line, &entry, err)
                                       : take_outcome(walk, line, &entry, err);
}

static enum ck_err read_head(const char *head, char ret_wanted[CK_JOURNAL_HASH_SIZE + 1],
                             struct ck_error *err)
{
    bool is_hash = strlen(head) == CK_JOURNAL_HASH_SIZE;

    for (size_t i = 0; is_hash && i < CK_JOURNAL_HASH_SIZE; i++)
        is_hash = ck_ascii_hex_value(head[i]) >= 0;
    if (!is_hash) {
        ck_error_set(err, CK_ERR_USAGE, "'%.100s' is not the head of a journal", head);
        return ck_error_hint(err, "It is what 'journal verify' printed: %d hex digits.",
                             CK_JOURNAL_HASH_SIZE);
    }
    for (size_t i = 0; i <= CK_JOURNAL_HASH_SIZE; i++)
        ret_wanted[i] = ck_ascii_lower(head[i]);
    return CK_OK;
}

static enum ck_err walk_lines(struct walk *walk, struct lines *lines, struct ck_error *err)
{
    const struct line *line;

    for (;;) {
        if (lines_next(lines, &line, err) != CK_OK)
            return err->code;
        if (line == NULL)
            break;
        if (take_line(walk, line, err) != CK_OK)
            return err->code;
    }
    settle_torn(walk, walk->verdict.lines + 1);
    return visit_those_open(walk, err);
}

enum ck_err ck_journal_walk(const char *path, const char *head, ck_journal_visitor *visit,
                            void *data, struct ck_journal_verdict *ret_verdict,
                            struct ck_error *err)
{
    CK_CLEANUP(lines_close) struct lines *lines = NULL;
    CK_CLEANUP(ck_json_free) json_t *open = json_object();
    struct walk walk = {.visit = visit, .data = data, .n = 1, .open = open};

    if (open == NULL)
        return ck_error_no_memory(err);
    strcpy(walk.prev, entry_no_hash);
    if (head != NULL && read_head(head, walk.wanted, err) != CK_OK)
        return err->code;
    walk.verdict.head_found = strcmp(walk.wanted, entry_no_hash) == 0;
    if (lines_open(path, &lines, err) != CK_OK || walk_lines(&walk, lines, err) != CK_OK)
        return err->code;
    strcpy(walk.verdict.head, walk.prev);
    *ret_verdict = walk.verdict;
    return CK_OK;
}
