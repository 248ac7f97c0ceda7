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

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool begins_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || c == '.';
}

static bool in_name(char c)
{
    return begins_name(c) || (c >= '0' && c <= '9') || c == '-';
}

static enum place after_value(enum place place, char c)
{
    if (place == BARE)
        return is_blank(c) ? BETWEEN : c == '>' ? PLACES : BARE;
    return c == (place == DOUBLE ? '"' : '\'') ? BETWEEN : place;
}

static enum place begin_value(char c)
{
    if (is_blank(c))
        return BEFORE_VALUE;
    if (c == '>')
        return PLACES;
    return c == '"' ? DOUBLE : c == '\'' ? SINGLE : BARE;
}

/* Where the byte c, before the byte next, leads; PLACES: out of the tag. */
static enum place step(enum place place, char c, char next)
{
    if (place >= BARE)
        return after_value(place, c);
    if (place == BEFORE_VALUE)
        return begin_value(c);
    if ((place == NAME || place == TAG_NAME) && in_name(c))
        return place;
    if ((place == NAME || place == AFTER_NAME) && (c == '=' || is_blank(c)))
        return c == '=' ? BEFORE_VALUE : AFTER_NAME;
    if (c == '>' || (c == '/' && next == '>'))
        return PLACES;
    if (is_blank(c))
        return BETWEEN;
    return begins_name(c) && place != JUNK ? NAME : JUNK;
}

/*
 * What a byte adds, in parts of NAME_PIECE: a begun name counts one, and one more for each piece.
 */
static int cost(enum place from, enum place to)
{
    if (to != NAME && to != TAG_NAME)
        return 0;
    return from == to ? 1 : NAME_PIECE;
}

/*
 * Where the parser sees a tag begin depends on scripts, comments and quotes before it. So a tag is
 * taken to begin at each '<', whatever that is, and all these readings go on side by side: of those
 * at the same place in a tag only the one matters that counted most.
 */
static bool has_crowded_tag(const char *html, size_t size)
{
    int most[PLACES + 1]; /* -1: no reading is there; the last: out of the tag */

    memset(most, -1, sizeof(most));
    for (size_t i = 0; i + 1 < size; i++) {
        int after[PLACES + 1];
        memset(after, -1, sizeof(after));
        for (enum place p = 0; p < PLACES; p++) {
            if (most[p] < 0)
                continue;
            enum place to = step(p, html[i], html[i + 1]);
            int count = most[p] + cost(p, to);
            after[to] = count > after[to] ? count : after[to];
            if (count > ATTRIBUTES_MAX * NAME_PIECE)
                return true;
        }
        memcpy(most, after, sizeof(most));
        if (html[i] == '<' && most[TAG_NAME] < 0)
            most[TAG_NAME] = 0;
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
