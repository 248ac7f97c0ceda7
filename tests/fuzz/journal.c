/* Whatever a journal holds, it is judged, and the next entry fits what is there, or is refused. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cowkey/base/json.h"
#include "cowkey/journal/journal.h"
#include "target.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
static char path[] = "/dev/shm/cowkey-fuzz-XXXXXX";

static void remove_file(void)
{
    unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    int fd = mkstemp(path);
    require(fd >= 0);
    close(fd);
    atexit(remove_file);
    ck_json_init();
    return 0;
}

static int64_t now_s(void)
{
    return 1795422084;
}

/* Records come once each, and have an intent or an outcome. */
static enum ck_err visit(void *data, const struct ck_journal_record *record, struct ck_error *err)
{
    uint64_t *records = data;

    (void)err;
    require(record->id != NULL && strlen(record->id) == CK_JOURNAL_ID_SIZE);
    require(record->line != 0 || record->outcome_line != 0);
    ++*records;
    return CK_OK;
}

static bool walk(struct ck_journal_verdict *verdict)
{
    struct ck_error err;
    uint64_t records = 0;

    if (ck_journal_walk(path, NULL, visit, &records, verdict, &err) != CK_OK) {
        require(err.code == CK_ERR_USAGE && strstr(err.text, "without an outcome") != NULL);
        return false;
    }
    require(records <= verdict->entries && verdict->not_concluded <= records);
    require(verdict->entries + verdict->torn_count <= verdict->lines + 1);
    return true;
}

static bool write_entry(void)
{
    static const struct ck_journal_deed deed = {.operator= "admin", .action = "enroll"};
    struct ck_journal *journal = NULL;
    char id[CK_JOURNAL_ID_SIZE + 1];
    struct ck_error err;

    require(ck_journal_open(path, now_s, &journal, &err) == CK_OK);
    enum ck_err r = ck_journal_intend(journal, &deed, id, &err);
    ck_journal_close(&journal);
    require(r == CK_OK || (r == CK_ERR_UNCHANGED && strstr(err.text, "is no journal") != NULL));
    return r == CK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct ck_journal_verdict before, after;
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    bool is_torn = size > 0 && bytes[size - 1] != '\n';

    require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0);
    if (!walk(&before) || !write_entry() || !walk(&after))
        return 0;
    /* What was torn is a line now, which may be an entry that does not fit; the new one fits. */
    require(after.lines == before.lines + is_torn + 1);
    require(after.entries > before.entries);
    require(after.breaks <= before.breaks + is_torn);
    for (uint64_t i = 0; i < after.breaks && i < CK_JOURNAL_LISTED_MAX; i++)
        require(after.broken[i].line < after.lines);
    return 0;
}
