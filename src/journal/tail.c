/* Finding the last entry, and what was torn behind it. */
#include "tail.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "digest.h"
#include "entry.h"

/* The last bytes of the file. */
struct window {
    const char *bytes;
    size_t size;
    bool is_whole; /* they are the whole file */
};

static enum ck_err read_window(int fd, const char *path, char *bytes, struct window *ret_window,
                               struct ck_error *err)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return ck_error_set(err, CK_ERR_UNCHANGED, "the journal '%.200s' can't be read: %m", path);
    size_t size = status.st_size > TAIL_WINDOW ? TAIL_WINDOW : (size_t)status.st_size;
    off_t from = status.st_size - (off_t)size;
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, bytes + done, size - done, from + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ck_error_set(err, CK_ERR_UNCHANGED, "the journal '%.200s' can't be read: %m",
                                path);
        if (got == 0) {
            ck_error_set(err, CK_ERR_UNCHANGED, "the journal '%.200s' was cut meanwhile", path);
            return ck_error_hint(err, "Find out who did: nothing but cowkey shall write to it.");
        }
        done += (size_t)got;
    }
    *ret_window = (struct window){bytes, size, from == 0};
    return CK_OK;
}

/* The line that ends before end; false when its beginning is not in the window. */
static bool line_before(const struct window *window, const char *end, const char **ret_start)
{
    const char *line_end = memrchr(window->bytes, '\n', (size_t)(end - window->bytes));

    *ret_start = line_end != NULL ? line_end + 1 : window->bytes;
    return line_end != NULL || window->is_whole;
}

static enum ck_err hash_line(const char *start, const char *end, struct tail *tail,
                             struct ck_error *err)
{
    CK_CLEANUP(digest_free) struct digest *digest = digest_new();

    if (digest == NULL)
        return ck_error_no_memory(err);
    if (digest_add(digest, start, (size_t)(end - start), err) != CK_OK ||
        digest_add(digest, "\n", 1, err) != CK_OK)
        return err->code;
    return digest_end(digest, tail->prev, err);
}

static enum ck_err no_entry(const char *path, struct ck_error *err)
{
    ck_error_set(err, CK_ERR_UNCHANGED, "the end of the journal '%.200s' is no journal of cowkey",
                 path);
    return ck_error_hint(err, "Look at it ('cowkey journal verify'), and move it away: a new one "
                              "will be made.");
}

/* Goes back from end, where an LF stands or will stand, to the last line that is an entry. */
static enum ck_err find_entry(const struct window *window, const char *end, const char *path,
                              struct tail *tail, struct ck_error *err)
{
    uint64_t torn = 0;

    for (;; torn++) {
        struct entry entry;
        const char *start;
        bool is_entry;
        if (!line_before(window, end, &start))
            return no_entry(path, err);
        if (torn == 0 && hash_line(start, end, tail, err) != CK_OK)
            return err->code;
        if (entry_parse(start, (size_t)(end - start), &entry, &is_entry, err) != CK_OK)
            return err->code;
        if (is_entry) {
            tail->n = entry.n + torn + 1;
            entry_clear(&entry);
            break;
        }
        tail->after_torn = true;
        if (start == window->bytes && !entry_may_begin(start, (size_t)(end - start)))
            return no_entry(path, err);
        if (start == window->bytes) {
            tail->n = torn + 2;
            break;
        }
        end = start - 1;
    }
    return tail->n <= (uint64_t)ENTRY_N_MAX ? CK_OK : no_entry(path, err);
}

enum ck_err tail_read(int fd, const char *path, char *window_bytes, struct tail *ret_tail,
                      struct ck_error *err)
{
    struct window window = {0};
    struct tail tail = {.n = 1};

    strcpy(tail.prev, entry_no_hash);
    if (read_window(fd, path, window_bytes, &window, err) != CK_OK)
        return err->code;
    if (window.size > 0) {
        const char *end = window.bytes + window.size;
        tail.needs_line_end = end[-1] != '\n';
        if (find_entry(&window, end - !tail.needs_line_end, path, &tail, err) != CK_OK)
            return err->code;
    }
    *ret_tail = tail;
    return CK_OK;
}
