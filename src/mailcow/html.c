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
    if (error->code == XML_ERR_NO_MEMORY && parser && parser->disableSAX && parser->input &&
        parser->input->end)
        parser->input->cur = parser->input->end;
}

static void parser_free(htmlParserCtxt **parser)
{
    if (*parser)
        htmlFreeParserCtxt(*parser);
}

enum ck_err ck_html_parse(const char *html, size_t size, xmlDoc **ret_doc, struct ck_error *err)
{
    xmlSetStructuredErrorFunc(NULL, on_error);
    CK_CLEANUP(parser_free) htmlParserCtxt *parser = htmlNewParserCtxt();

    if (!parser)
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
    if (node->type == XML_ELEMENT_NODE && node->children)
        return node->children;
    while (node && node != top) {
        if (node->next)
            return node->next;
        node = node->parent;
    }
    return NULL;
}

bool ck_html_is(const xmlNode *node, const char *element)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, element) == 0;
}

bool ck_html_inside(const xmlNode *top, const xmlNode *node)
{
    while (node && node != top)
        node = node->parent;
    return node != NULL;
}

const char *ck_html_attribute(const xmlNode *node, const char *name)
{
    if (node->type != XML_ELEMENT_NODE)
        return NULL;
    for (const xmlAttr *a = node->properties; a; a = a->next) {
        if (strcmp((const char *)a->name, name) == 0)
            return a->children && a->children->content ? (const char *)a->children->content : "";
    }
    return NULL;
}

bool ck_html_has_attribute(const xmlNode *node, const char *name, const char *value)
{
    const char *found = ck_html_attribute(node, name);

    return found && strcmp(found, value) == 0;
}

bool ck_html_has_class(const xmlNode *node, const char *name)
{
    const char *classes = ck_html_attribute(node, "class");
    size_t size = strlen(name);

    while (classes && *classes) {
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
    for (xmlNode *n = ck_html_next(top, top); n; n = ck_html_next(top, n)) {
        if (ck_html_is(n, element) && (!class_name || ck_html_has_class(n, class_name)))
            return n;
    }
    return NULL;
}

const xmlNode *ck_html_find_input(xmlNode *top, const char *name)
{
    for (xmlNode *n = ck_html_next(top, top); n; n = ck_html_next(top, n)) {
        if (ck_html_is(n, "input") && (!name || ck_html_has_attribute(n, "name", name)))
            return n;
    }
    return NULL;
}

static bool is_text(const xmlNode *node)
{
    return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && node->content;
}

static void trim(char *text)
{
    size_t start = strspn(text, spaces);
    size_t size = strlen(text + start);

    while (size > 0 && strchr(spaces, text[start + size - 1]))
        size--;
    memmove(text, text + start, size);
    text[size] = '\0';
}

char *ck_html_own_text(const xmlNode *node)
{
    size_t size = 0;

    for (const xmlNode *n = node->children; n; n = n->next)
        size += is_text(n) ? strlen((const char *)n->content) : 0;

    char *text = malloc(size + 1);
    if (!text)
        return NULL;

    char *end = text;
    for (const xmlNode *n = node->children; n; n = n->next)
        end = is_text(n) ? stpcpy(end, (const char *)n->content) : end;
    *end = '\0';
    trim(text);
    return text;
}
