/* Whole files that hold nothing secret. */
#ifndef CMD_DOCUMENT_H
#define CMD_DOCUMENT_H

#include <stddef.h>

#include "cowkey/base/error.h"

/*
 * Reads the file path, "-" for standard input, of at most size_max bytes into a new string (free
 * it), which a NUL ends that does not count. More, and what can't be read, are CK_ERR_USAGE; an
 * interrupt is CK_ERR_INTERRUPTED.
 */
enum ck_err document_read(const char *path, size_t size_max, char **ret_text, size_t *ret_size,
                          struct ck_error *err);

/* A file that is read piece by piece; {.fd = -1} is none. */
struct document {
    const char *path; /* borrowed */
    int fd;
};
/* Errors as above. */
enum ck_err document_open(struct document *document, const char *path, struct ck_error *err);
void document_close(struct document *document);
/* For a ck_text_source, whose data is the document. */
enum ck_err document_read_some(void *document, char *to, size_t room, size_t *ret_size,
                               struct ck_error *err);

/* What error texts call it: the path, or "standard input". */
const char *document_name(const char *path);

/* Puts "PLACE: " before an error's text, and returns its code. */
enum ck_err error_at(struct ck_error *err, const char *place);

#endif
