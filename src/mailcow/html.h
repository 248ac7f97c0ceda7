/*
 * A page of HTML as a tree, and the few questions that pages are asked. Nothing of mailcow in here.
 *
 * The tree is an array in document order: what is inside of a node follows it, size - 1 nodes. It
 * borrows from the page, and copies nothing.
 *
 * Elements are nested as their tags are. What browsers do besides (the standard's section 13.2.6:
 * tags that may be left out, text moved out of tables) is not done: mailcow writes all its tags,
 * and markup that is read otherwise here loses its lists or has rows outside of them, which
 * page.c notices.
 */
#ifndef MAILCOW_HTML_H
#define MAILCOW_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "cowkey/base/error.h"
#include "html_token.h"

enum { CK_HTML_DEPTH_MAX = 256 }; /* elements in each other; pages of mailcow have 20 */

struct ck_html_node {
    struct ck_html_slice element; /* its name; empty for text */
    struct ck_html_slice text;    /* the text, or the element's attributes */
    size_t size;                  /* nodes of its subtree, itself included */
};

/* All zero is an empty tree. */
struct ck_html {
    struct ck_html_node *nodes;
    size_t count, capacity;
};

/*
 * The tree of size bytes, which must outlive it. Elements in each other deeper than
 * CK_HTML_DEPTH_MAX are CK_ERR_UNREACHABLE ("not understood").
 */
enum ck_err ck_html_parse(const char *html, size_t size, struct ck_html *ret_html,
                          struct ck_error *err);
void ck_html_clear(struct ck_html *html);

bool ck_html_is(const struct ck_html_node *node, const char *element);

/*
 * Attributes are given and compared as they stand in the page: none that is asked for here has a
 * character that has to be escaped. false where the element does not have it.
 */
bool ck_html_attribute(const struct ck_html_node *node, const char *name,
                       struct ck_html_slice *ret_value);
bool ck_html_has_attribute(const struct ck_html_node *node, const char *name, const char *value);
bool ck_html_has_class(const struct ck_html_node *node, const char *name);

/* The first element below top that is an <input> of this name; of any name with NULL. */
const struct ck_html_node *ck_html_find_input(const struct ck_html_node *top, const char *name);

/* The first element of this kind below top that carries class, or any with NULL. */
const struct ck_html_node *ck_html_find(const struct ck_html_node *top, const char *element,
                                        const char *class_name);

/*
 * The text right inside node, without what its child elements hold, decoded and trimmed of white
 * space at both ends; a new string, NULL when memory is short.
 */
char *ck_html_own_text(const struct ck_html_node *node);

/* What a script holds, as it stands there. */
struct ck_html_slice ck_html_script(const struct ck_html_node *script);

#endif
