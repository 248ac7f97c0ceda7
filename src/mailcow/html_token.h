/*
 * HTML cut into tags and text, as browsers cut it (HTML Living Standard, section 13.2.5, with
 * scripts and styles as text). In place: no copies, no allocation, time linear in the size,
 * whatever the bytes are.
 */
#ifndef MAILCOW_HTML_TOKEN_H
#define MAILCOW_HTML_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a page as they stand there, character references and all; borrowed. */
struct ck_html_slice {
    const char *bytes;
    size_t size;
};

enum ck_html_kind { CK_HTML_TEXT, CK_HTML_START, CK_HTML_END };

struct ck_html_token {
    enum ck_html_kind kind;
    struct ck_html_slice text;       /* the name of a tag's element, or the text, never empty */
    struct ck_html_slice attributes; /* of a tag: what stands between its name and its end */
};

/* Where the reading is; begin with {.at = html, .end = html + size}. */
struct ck_html_reader {
    const char *at, *end;
    struct ck_html_slice verbatim; /* the element whose text comes next and holds no tags */
};

/*
 * The next token; false at the end. Comments, declarations and a tag that the end cuts off are left
 * out.
 */
bool ck_html_read(struct ck_html_reader *reader, struct ck_html_token *ret_token);

struct ck_html_attribute {
    struct ck_html_slice name, value; /* the value is empty where there is none */
};

/*
 * Takes the next attribute at *at, which is in a tag, and moves *at behind it; false when there is
 * none, with *at at the tag's '>' or at the end.
 */
bool ck_html_take_attribute(const char **at, const char *end,
                            struct ck_html_attribute *ret_attribute);

/*
 * Whether a tag's attributes have one of this name, in lower case; the first one counts.
 */
bool ck_html_attribute_of(struct ck_html_slice attributes, const char *name,
                          struct ck_html_slice *ret_value);

/* Whether the bytes are those of text. */
bool ck_html_equals(struct ck_html_slice slice, const char *text);

/* Names of elements and attributes are the same in whatever case; lower is in lower case. */
bool ck_html_name_is(struct ck_html_slice name, const char *lower);
/* lower: up to a NULL. */
bool ck_html_name_is_one_of(struct ck_html_slice name, const char *const *lower);
bool ck_html_same_name(struct ck_html_slice a, struct ck_html_slice b);

static inline bool ck_html_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

#endif
