#include "log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "must.h"

void log_open(struct log *log, const char *path)
{
    *log = (struct log){.fd = -1};
    if (path == NULL)
        return;
    log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (log->fd < 0) {
        perror(path);
        exit(2);
    }
}

/* In one write, so that lines of several keys may share a file. Frees the object. */
static void write_line(struct log *log, json_t *object)
{
    char *line = json_dumps(object, JSON_COMPACT);

    MUST(line != NULL);
    size_t size = strlen(line);
    line[size] = '\n';
    MUST(write(log->fd, line, size + 1) == (ssize_t)(size + 1));
    free(line);
    json_decref(object);
}

void log_begin(struct log *log, const char *command)
{
    MUST(log->entry == NULL);
    log->entry = json_pack("{s:s}", "command", command);
}

void log_note(struct log *log, const char *name, json_t *value)
{
    json_object_set_new(log->entry, name, value);
}

void log_end(struct log *log, const char *outcome)
{
    log_note(log, "outcome", json_string(outcome));
    if (log->fd >= 0)
        write_line(log, log->entry);
    else
        json_decref(log->entry);
    log->entry = NULL;
}

void log_event(struct log *log, const char *command)
{
    const char *during = json_string_value(json_object_get(log->entry, "command"));

    if (log->fd >= 0)
        write_line(log, json_pack("{s:s, s:s*}", "command", command, "during", during));
}
