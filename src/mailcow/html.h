/*
 * Reading a parsed HTML tree: the few questions that pages are asked. Nothing of mailcow in here.
 */
#ifndef MAILCOW_HTML_H
#define MAILCOW_HTML_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"

/*
 * The tree of size bytes; NULL when they hold no element at all. A parser that gave up on the way
 * (its own limits) is CK_ERR_UNREACHABLE, since what it left out can't be known; so is a tag with
 * so many attributes that the parser would be busy for long.
 */
enum ck_err ck_html_parse(const char *html, size_t size, xmlDoc **ret_doc, struct ck_error *err);
void ck_html_free(xmlDoc **doc);

/* The node after node in document order within top's subtree, or NULL; walks without recursion. */
xmlNode *ck_html_next(const xmlNode *top, xmlNode *node);

bool ck_html_is(const xmlNode *node, const char *element);

/* The attribute's value, borrowed from the tree; NULL when the element does not have it. */
const char *ck_html_attribute(const xmlNode *node, const char *name);
bool ck_html_has_attribute(const xmlNode *node, const char *name, const char *value);
bool ck_html_has_class(const xmlNode *node, const char *name);

/* The first element below top that is an <input> of this name; of any name with NULL. */
const xmlNode *ck_html_find_input(xmlNode *top, const char *name);

/* The first element of this kind below top that carries class, or any with NULL. */
xmlNode *ck_html_find(xmlNode *top, const char *element, const char *class_name);

/*
 * The text right inside node, without what its child elements hold, trimmed of ASCII white space at
 * both ends; a new string, NULL when memory is short.
 */
char *ck_html_own_text(const xmlNode *node);

#endif
