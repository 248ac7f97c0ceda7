/* The standard's tokenizer; where it changes state, this goes on at another place of the code. */
#include "html_token.h"

#include <string.h>

#include "cowkey/base/ascii.h"

static bool is_letter(char c)
{
    c = ck_ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

bool ck_html_equals(struct ck_html_slice slice, const char *text)
{
    return slice.size == strlen(text) && memcmp(slice.bytes, text, slice.size) == 0;
}

bool ck_html_name_is(struct ck_html_slice name, const char *lower)
{
    size_t i = 0;

    while (i < name.size && lower[i] != '\0' && ck_ascii_lower(name.bytes[i]) == lower[i])
        i++;
    return i == name.size && lower[i] == '\0';
}

bool ck_html_name_is_one_of(struct ck_html_slice name, const char *const *lower)
{
    /* Most are told apart by their first letter. */
    char first = name.size > 0 ? ck_ascii_lower(name.bytes[0]) : '\0';

    while (*lower != NULL && ((*lower)[0] != first || !ck_html_name_is(name, *lower)))
        lower++;
    return *lower != NULL;
}

bool ck_html_same_name(struct ck_html_slice a, struct ck_html_slice b)
{
    size_t i = 0;

    while (i < a.size && i < b.size && ck_ascii_lower(a.bytes[i]) == ck_ascii_lower(b.bytes[i]))
        i++;
    return i == a.size && i == b.size;
}

static bool begins(const char *at, const char *end, const char *text)
{
    size_t size = strlen(text);

    return (size_t)(end - at) >= size && memcmp(at, text, size) == 0;
}

/* The first c from at on, or end. */
static const char *find(const char *at, const char *end, char c)
{
    const char *found = at < end ? memchr(at, c, (size_t)(end - at)) : NULL;

    return found != NULL ? found : end;
}

/* What a byte does to the name of an element (first bit) and of an attribute (second bit). */
enum { ENDS_NAME = 1, ENDS_ATTRIBUTE_NAME = 2, ENDS_BOTH = 3 };

static const unsigned char ends[256] = {
    [' '] = ENDS_BOTH,  ['\t'] = ENDS_BOTH, ['\n'] = ENDS_BOTH, ['\r'] = ENDS_BOTH,
    ['\f'] = ENDS_BOTH, ['/'] = ENDS_BOTH,  ['>'] = ENDS_BOTH,  ['='] = ENDS_ATTRIBUTE_NAME,
};

static bool ends_name(char c)
{
    return ends[(unsigned char)c] & ENDS_NAME;
}

static bool ends_attribute_name(char c)
{
    return ends[(unsigned char)c] & ENDS_ATTRIBUTE_NAME;
}

static const char *skip_spaces(const char *at, const char *end)
{
    while (at < end && ck_html_is_space(*at))
        at++;
    return at;
}

/* Takes a value from *at, which is behind the '='; false where the end cuts it off. */
static bool take_value(const char **at, const char *end, struct ck_html_slice *ret_value)
{
    const char *p = skip_spaces(*at, end);
    const char *stop;

    if (p < end && (*p == '"' || *p == '\'')) {
        stop = find(p + 1, end, *p);
        if (stop == end)
            return false;
        *ret_value = (struct ck_html_slice){p + 1, (size_t)(stop - p - 1)};
        *at = stop + 1;
        return true;
    }
    for (stop = p; stop < end && !ck_html_is_space(*stop) && *stop != '>'; stop++)
        continue;
    *ret_value = (struct ck_html_slice){p, (size_t)(stop - p)};
    *at = stop;
    return true;
}

/* A '=' may begin a name, and a slash parts names. */
bool ck_html_take_attribute(const char **at, const char *end,
                            struct ck_html_attribute *ret_attribute)
{
    const char *p = *at;

    while (p < end && (ck_html_is_space(*p) || *p == '/'))
        p++;
    *at = p;
    if (p == end || *p == '>')
        return false;

    const char *name = p++;
    while (p < end && !ends_attribute_name(*p))
        p++;
    *ret_attribute =
        (struct ck_html_attribute){.name = {name, (size_t)(p - name)}, .value = {p, 0}};
    *at = p;
    p = skip_spaces(p, end);
    if (p == end || *p != '=')
        return true;
    *at = p + 1;
    if (take_value(at, end, &ret_attribute->value))
        return true;
    *at = end;
    return false;
}

bool ck_html_attribute_of(struct ck_html_slice attributes, const char *name,
                          struct ck_html_slice *ret_value)
{
    const char *at = attributes.bytes;
    size_t size = strlen(name);
    struct ck_html_attribute attribute;

    while (ck_html_take_attribute(&at, attributes.bytes + attributes.size, &attribute)) {
        if (attribute.name.size != size || !ck_html_name_is(attribute.name, name))
            continue;
        *ret_value = attribute.value;
        return true;
    }
    return false;
}

/* Whether at is a tag of this element: "<" or "</", the name, and what ends a name. */
static bool is_tag_of(const char *at, const char *end, const char *opening,
                      struct ck_html_slice element)
{
    if (!begins(at, end, opening))
        return false;
    at += strlen(opening);
    return (size_t)(end - at) > element.size && ends_name(at[element.size]) &&
           ck_html_same_name((struct ck_html_slice){at, element.size}, element);
}

/*
 * The end tag of a script, or the end. In a script, "<!--" begins a part in which "<script" begins
 * a part in which the next end tag is none; "-->", of which the first dashes may be those of
 * "<!--", ends both.
 */
static const char *script_end(const char *at, const char *end, struct ck_html_slice script)
{
    enum { PLAIN, ESCAPED, DOUBLE_ESCAPED } state = PLAIN;

    while (at = state == PLAIN ? find(at, end, '<') : at, at < end) {
        if (is_tag_of(at, end, "</", script)) {
            if (state != DOUBLE_ESCAPED)
                return at;
            state = ESCAPED;
        } else if (state == PLAIN && begins(at, end, "<!--")) {
            state = ESCAPED;
            at++;
        } else if (state == ESCAPED && is_tag_of(at, end, "<", script)) {
            state = DOUBLE_ESCAPED;
        } else if (begins(at, end, "-->")) {
            state = PLAIN;
        }
        at++;
    }
    return end;
}

/* The end tag of an element whose text holds no tags, or the end. */
static const char *verbatim_end(const char *at, const char *end, struct ck_html_slice element)
{
    if (ck_html_name_is(element, "script"))
        return script_end(at, end, element);
    while (at = find(at, end, '<'), at < end && !is_tag_of(at, end, "</", element))
        at++;
    return at;
}

static bool is_verbatim(struct ck_html_slice name)
{
    static const char *const elements[] = {"script",  "style",    "textarea", "title", "iframe",
                                           "noembed", "noframes", "xmp",      NULL};

    return ck_html_name_is_one_of(name, elements);
}

/* Behind a comment; at is behind its "<!--", which with ">" or "->" is one already. */
static const char *skip_comment(const char *at, const char *end)
{
    if (begins(at, end, ">") || begins(at, end, "->"))
        return find(at, end, '>') + 1;
    while (at = find(at, end, '-'), at < end) {
        if (begins(at, end, "-->"))
            return at + 3;
        if (begins(at, end, "--!>"))
            return at + 4;
        at++;
    }
    return end;
}

/* Behind a comment, or something like it: what begins at the '<' at, and is no tag and no text. */
static const char *skip_markup(const char *at, const char *end)
{
    if (begins(at, end, "<!--"))
        return skip_comment(at + 4, end);
    at = find(at, end, '>');
    return at < end ? at + 1 : end;
}

/* The first '<' from at on that is no text, or end. */
static const char *text_end(const char *at, const char *end)
{
    while (at = find(at, end, '<'), at < end) {
        const char *next = at + 1;
        if (next < end && (is_letter(*next) || *next == '!' || *next == '?'))
            break;
        if (next + 1 < end && *next == '/')
            break;
        at++;
    }
    return at;
}

/* Takes the tag whose name begins at name; false where the end cuts it off. */
static bool take_tag(struct ck_html_reader *reader, const char *name, enum ck_html_kind kind,
                     struct ck_html_token *ret_token)
{
    const char *at = name;
    struct ck_html_attribute attribute;

    while (at < reader->end && !ends_name(*at))
        at++;
    *ret_token = (struct ck_html_token){.kind = kind, .text = {name, (size_t)(at - name)}};
    ret_token->attributes.bytes = at;
    while (ck_html_take_attribute(&at, reader->end, &attribute))
        continue;
    ret_token->attributes.size = (size_t)(at - ret_token->attributes.bytes);
    reader->at = at < reader->end ? at + 1 : reader->end;
    return at < reader->end;
}

static bool take_text(struct ck_html_reader *reader, const char *stop,
                      struct ck_html_token *ret_token)
{
    const char *at = reader->at;

    *ret_token = (struct ck_html_token){.kind = CK_HTML_TEXT, .text = {at, (size_t)(stop - at)}};
    reader->at = stop;
    return stop > at;
}

static bool take_verbatim(struct ck_html_reader *reader, struct ck_html_token *ret_token)
{
    struct ck_html_slice element = reader->verbatim;

    reader->verbatim = (struct ck_html_slice){0};
    return element.size > 0 &&
           take_text(reader, verbatim_end(reader->at, reader->end, element), ret_token);
}

bool ck_html_read(struct ck_html_reader *reader, struct ck_html_token *ret_token)
{
    if (take_verbatim(reader, ret_token))
        return true;
    while (reader->at < reader->end) {
        if (take_text(reader, text_end(reader->at, reader->end), ret_token))
            return true;
        const char *next = reader->at + 1;
        if (is_letter(*next)) {
            if (!take_tag(reader, next, CK_HTML_START, ret_token))
                return false;
            if (is_verbatim(ret_token->text))
                reader->verbatim = ret_token->text;
            return true;
        }
        if (*next == '/' && is_letter(next[1]))
            return take_tag(reader, next + 1, CK_HTML_END, ret_token);
        reader->at = skip_markup(reader->at, reader->end);
    }
    return false;
}
