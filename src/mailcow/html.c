/* Parsing HTML within bounds of time, and walking the tree. */
#include "html.h"

#include <libxml/HTMLparser.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/cleanup.h"

/*
 * No network, no messages, and none of the options that lift libxml2's own limits. The encoding is
 * given, since the server always sends UTF-8 and a page must not choose how it is read.
 */
enum {
    PARSE_OPTIONS = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                    HTML_PARSE_NONET | HTML_PARSE_COMPACT
};

static const char spaces[] = " \t\n\r\f\v";

/*
 * Says nothing, since libxml2 would write to standard error when memory is short, whatever its
 * options. And moves the parser to the end of its input then: its loops over the characters of a
 * tag (2.9.14) look for the end of the input, not for that failure, and would go on for ever.
 */
static void on_error(void *context, xmlError *error)
{
    htmlParserCtxt *parser = error->ctxt;

    (void)context;
    if (error->code == XML_ERR_NO_MEMORY && parser != NULL && parser->disableSAX &&
        parser->input != NULL && parser->input->end != NULL)
        parser->input->cur = parser->input->end;
}

static void parser_free(htmlParserCtxt **parser)
{
    if (*parser != NULL)
        htmlFreeParserCtxt(*parser);
}

/*
 * The parser compares each attribute with all others of its tag, which takes half a minute where a
 * page is one tag with 80,000 of them, and nothing can end it meanwhile. So the attributes of each
 * tag are counted first, as the parser (2.9.14) will: these are the places inside a tag.
 */
enum place {
    TAG_NAME,
    BETWEEN,
    JUNK,
    NAME,
    AFTER_NAME,
    BEFORE_VALUE,
    BARE,
    DOUBLE,
    SINGLE,
    PLACES
};

enum {
    /*
     * The pages of all releases have 16 at most, in whatever way they are read. With 256 the
     * slowest 2 MB found (250 in each tag, or a new name in each) take 0.4 and 0.7 s.
     */
    ATTRIBUTES_MAX = 256,
    NAME_PIECE = 100, /* bytes of a name; the parser takes the next ones for another name */
};

/* What a byte may be to a tag. */
enum kind { OTHER, BLANK, LETTER, DIGIT, EQUALS, SLASH, DOUBLE_QUOTE, SINGLE_QUOTE, END, KINDS };

static const unsigned char kinds[256] = {
    [' '] = BLANK,          ['\t'] = BLANK,         ['\n'] = BLANK,        ['\r'] = BLANK,
    ['a' ... 'z'] = LETTER, ['A' ... 'Z'] = LETTER, ['_'] = LETTER,        [':'] = LETTER,
    ['.'] = LETTER,         ['0' ... '9'] = DIGIT,  ['-'] = DIGIT,         ['='] = EQUALS,
    ['/'] = SLASH,          ['"'] = DOUBLE_QUOTE,   ['\''] = SINGLE_QUOTE, ['>'] = END,
};

/* Where a byte leads; PLACES: out of the tag. A slash right before the tag's end is its end. */
static const unsigned char steps[PLACES][KINDS] = {
    [TAG_NAME] = {JUNK, BETWEEN, TAG_NAME, TAG_NAME, JUNK, JUNK, JUNK, JUNK, PLACES},
    [BETWEEN] = {JUNK, BETWEEN, NAME, JUNK, JUNK, JUNK, JUNK, JUNK, PLACES},
    [JUNK] = {JUNK, BETWEEN, JUNK, JUNK, JUNK, JUNK, JUNK, JUNK, PLACES},
    [NAME] = {JUNK, AFTER_NAME, NAME, NAME, BEFORE_VALUE, JUNK, JUNK, JUNK, PLACES},
    [AFTER_NAME] = {JUNK, AFTER_NAME, NAME, JUNK, BEFORE_VALUE, JUNK, JUNK, JUNK, PLACES},
    [BEFORE_VALUE] = {BARE, BEFORE_VALUE, BARE, BARE, BARE, BARE, DOUBLE, SINGLE, PLACES},
    [BARE] = {BARE, BETWEEN, BARE, BARE, BARE, BARE, BARE, BARE, PLACES},
    [DOUBLE] = {DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE, BETWEEN, DOUBLE, DOUBLE},
    [SINGLE] = {SINGLE, SINGLE, SINGLE, SINGLE, SINGLE, SINGLE, SINGLE, BETWEEN, SINGLE},
};

/*
 * What a byte adds, in parts of NAME_PIECE: a begun name counts one, and one more for each piece.
 */
static int cost(enum place from, enum place to)
{
    if (to != NAME && to != TAG_NAME)
        return 0;
    return from == to ? 1 : NAME_PIECE;
}

/* Readings of a page: at which places in a tag some are, and what the one of each counted. */
struct readings {
    unsigned places; /* a bit for each place where one is */
    int most[PLACES];
};

static void add_reading(struct readings *readings, enum place place, int count)
{
    if ((readings->places >> place & 1) == 0 || readings->most[place] < count)
        readings->most[place] = count;
    readings->places |= 1u << place;
}

/* Takes all readings one byte further; whether one has counted too much. */
static bool take_byte(const struct readings *readings, char c, char next, struct readings *after)
{
    enum kind kind = (enum kind)kinds[(unsigned char)c];
    bool may_end = c == '/' && next == '>';

    after->places = 0;
    for (unsigned left = readings->places; left != 0; left &= left - 1) {
        enum place place = (enum place)__builtin_ctz(left);
        enum place to = may_end && place < BEFORE_VALUE ? PLACES : (enum place)steps[place][kind];
        int count = readings->most[place] + cost(place, to);
        if (count > ATTRIBUTES_MAX * NAME_PIECE)
            return true;
        if (to != PLACES)
            add_reading(after, to, count);
    }
    return false;
}

/*
 * Where the parser sees a tag begin depends on scripts, comments and quotes before it. So a tag is
 * taken to begin at each '<', whatever that is, and all these readings go on side by side: of those
 * at the same place in a tag only the one matters that counted most. Most of a page is outside of
 * all tags in any reading, and is skipped.
 */
static bool has_crowded_tag(const char *html, size_t size)
{
    struct readings both[2] = {{.places = 0}, {.places = 0}};
    struct readings *readings = &both[0], *after = &both[1];

    for (size_t i = 0; i + 1 < size; i++) {
        if (readings->places == 0) {
            const char *tag = memchr(html + i, '<', size - 1 - i);
            if (tag == NULL)
                return false;
            i = (size_t)(tag - html);
        } else {
            if (take_byte(readings, html[i], html[i + 1], after))
                return true;
            struct readings *before = readings;
            readings = after;
            after = before;
        }
        if (html[i] == '<' && (readings->places >> TAG_NAME & 1) == 0)
            add_reading(readings, TAG_NAME, 0);
    }
    return false;
}

enum ck_err ck_html_parse(const char *html, size_t size, xmlDoc **ret_doc, struct ck_error *err)
{
    if (has_crowded_tag(html, size))
        return ck_error_set(err, CK_ERR_UNREACHABLE,
                            "the server's page is not understood: a tag has too many attributes");
    xmlSetStructuredErrorFunc(NULL, on_error);
    CK_CLEANUP(parser_free) htmlParserCtxt *parser = htmlNewParserCtxt();

    if (parser == NULL)
        return ck_error_no_memory(err);
    xmlDoc *doc = htmlCtxtReadMemory(parser, html, (int)size, NULL, "UTF-8", PARSE_OPTIONS);
    /* So it is left when memory was short or a limit was hit; bad markup alone does not do that. */
    if (parser->disableSAX) {
        xmlFreeDoc(doc);
        return parser->errNo == XML_ERR_NO_MEMORY
                   ? ck_error_no_memory(err)
                   : ck_error_set(err, CK_ERR_UNREACHABLE, "the server's page can't be parsed");
    }
    *ret_doc = doc;
    return CK_OK;
}

void ck_html_free(xmlDoc **doc)
{
    xmlFreeDoc(*doc);
    *doc = NULL;
}

xmlNode *ck_html_next(const xmlNode *top, xmlNode *node)
{
    if (node->type == XML_ELEMENT_NODE && node->children != NULL)
        return node->children;
    while (node != NULL && node != top) {
        if (node->next != NULL)
            return node->next;
        node = node->parent;
    }
    return NULL;
}

bool ck_html_is(const xmlNode *node, const char *element)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, element) == 0;
}

const char *ck_html_attribute(const xmlNode *node, const char *name)
{
    if (node->type != XML_ELEMENT_NODE)
        return NULL;
    for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
        if (strcmp((const char *)a->name, name) == 0)
            return a->children != NULL && a->children->content != NULL
                       ? (const char *)a->children->content
                       : "";
    }
    return NULL;
}

bool ck_html_has_attribute(const xmlNode *node, const char *name, const char *value)
{
    const char *found = ck_html_attribute(node, name);

    return found != NULL && strcmp(found, value) == 0;
}

bool ck_html_has_class(const xmlNode *node, const char *name)
{
    const char *classes = ck_html_attribute(node, "class");
    size_t size = strlen(name);

    while (classes != NULL && *classes) {
        classes += strspn(classes, spaces);
        size_t word = strcspn(classes, spaces);
        if (word == size && strncmp(classes, name, size) == 0)
            return true;
        classes += word;
    }
    return false;
}

xmlNode *ck_html_find(xmlNode *top, const char *element, const char *class_name)
{
    for (xmlNode *n = ck_html_next(top, top); n != NULL; n = ck_html_next(top, n)) {
        if (ck_html_is(n, element) && (class_name == NULL || ck_html_has_class(n, class_name)))
            return n;
    }
    return NULL;
}

const xmlNode *ck_html_find_input(xmlNode *top, const char *name)
{
    for (xmlNode *n = ck_html_next(top, top); n != NULL; n = ck_html_next(top, n)) {
        if (ck_html_is(n, "input") && (name == NULL || ck_html_has_attribute(n, "name", name)))
            return n;
    }
    return NULL;
}

static bool is_text(const xmlNode *node)
{
    return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) &&
           node->content != NULL;
}

static void trim(char *text)
{
    size_t start = strspn(text, spaces);
    size_t size = strlen(text + start);

    while (size > 0 && strchr(spaces, text[start + size - 1]) != NULL)
        size--;
    memmove(text, text + start, size);
    text[size] = '\0';
}

char *ck_html_own_text(const xmlNode *node)
{
    size_t size = 0;

    for (const xmlNode *n = node->children; n != NULL; n = n->next)
        size += is_text(n) ? strlen((const char *)n->content) : 0;

    char *text = malloc(size + 1);
    if (text == NULL)
        return NULL;

    char *end = text;
    for (const xmlNode *n = node->children; n != NULL; n = n->next)
        end = is_text(n) ? stpcpy(end, (const char *)n->content) : end;
    *end = '\0';
    trim(text);
    return text;
}
