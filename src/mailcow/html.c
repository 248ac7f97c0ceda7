/* Building the tree, and looking around in it. */
#include "html.h"

#include <stdlib.h>
#include <string.h>

#include "html_text.h"

/* Room for the first nodes: pages of mailcow have 200 to 8000. */
enum { FIRST_CAPACITY = 4096 };

struct builder {
    struct ck_html html;
    size_t open[CK_HTML_DEPTH_MAX]; /* the elements that are open, by their index */
    size_t depth;
};

/* Elements that hold nothing and have no end tag. */
static bool is_void(struct ck_html_slice name)
{
    static const char *const elements[] = {"area",  "base",   "br",    "col",  "embed",
                                           "hr",    "img",    "input", "link", "meta",
                                           "param", "source", "track", "wbr",  NULL};

    return ck_html_name_is_one_of(name, elements);
}

static bool is_cell(struct ck_html_slice name)
{
    static const char *const elements[] = {"td", "th", "caption", NULL};

    return ck_html_name_is_one_of(name, elements);
}

static bool is_of_table(struct ck_html_slice name)
{
    static const char *const elements[] = {"td",    "th",    "caption", "tr", "thead",
                                           "tbody", "tfoot", "table",   NULL};

    return ck_html_name_is_one_of(name, elements);
}

static struct ck_html_node *append(struct builder *builder)
{
    struct ck_html *html = &builder->html;

    if (html->count == html->capacity) {
        size_t capacity = html->capacity > 0 ? html->capacity * 2 : FIRST_CAPACITY;
        void *nodes = reallocarray(html->nodes, capacity, sizeof(html->nodes[0]));
        if (nodes == NULL)
            return NULL;
        html->nodes = nodes;
        html->capacity = capacity;
    }
    return &html->nodes[html->count++];
}

static struct ck_html_node *open_at(const struct builder *builder, size_t depth)
{
    return &builder->html.nodes[builder->open[depth]];
}

/* Closes the open elements down to this depth. */
static void close_to(struct builder *builder, size_t depth)
{
    while (builder->depth > depth) {
        size_t index = builder->open[--builder->depth];
        builder->html.nodes[index].size = builder->html.count - index;
    }
}

/*
 * Closes the element that an end tag names, and what is open in it. One that is not open, or not
 * within the same table cell, is a stray tag, which does nothing.
 */
static void close_element(struct builder *builder, struct ck_html_slice name)
{
    bool of_table = is_of_table(name);

    for (size_t depth = builder->depth; depth > 0; depth--) {
        struct ck_html_slice element = open_at(builder, depth - 1)->element;
        if (ck_html_same_name(element, name)) {
            close_to(builder, depth - 1);
            return;
        }
        if (of_table ? ck_html_name_is(element, "table") : is_cell(element))
            return;
    }
}

static enum ck_err add_token(struct builder *builder, const struct ck_html_token *token,
                             struct ck_error *err)
{
    if (token->kind == CK_HTML_END) {
        close_element(builder, token->text);
        return CK_OK;
    }

    bool opens = token->kind == CK_HTML_START && !is_void(token->text);
    if (opens && builder->depth == CK_HTML_DEPTH_MAX)
        return ck_error_set(
            err, CK_ERR_UNREACHABLE,
            "the server's page is not understood: its elements are nested too deep");

    struct ck_html_node *node = append(builder);
    if (node == NULL)
        return ck_error_no_memory(err);
    *node = (struct ck_html_node){.size = 1};
    if (token->kind == CK_HTML_TEXT) {
        node->text = token->text;
    } else {
        node->element = token->text;
        node->text = token->attributes;
    }
    if (opens)
        builder->open[builder->depth++] = builder->html.count - 1;
    return CK_OK;
}

enum ck_err ck_html_parse(const char *html, size_t size, struct ck_html *ret_html,
                          struct ck_error *err)
{
    struct ck_html_reader reader = {.at = html, .end = html + size};
    struct builder builder = {.depth = 0};
    struct ck_html_token token;

    while (ck_html_read(&reader, &token)) {
        if (add_token(&builder, &token, err) != CK_OK) {
            ck_html_clear(&builder.html);
            return err->code;
        }
    }
    close_to(&builder, 0);
    *ret_html = builder.html;
    return CK_OK;
}

void ck_html_clear(struct ck_html *html)
{
    free(html->nodes);
    *html = (struct ck_html){0};
}

bool ck_html_is(const struct ck_html_node *node, const char *element)
{
    return ck_html_name_is(node->element, element);
}

bool ck_html_attribute(const struct ck_html_node *node, const char *name,
                       struct ck_html_slice *ret_value)
{
    return node->element.size > 0 && ck_html_attribute_of(node->text, name, ret_value);
}

bool ck_html_has_attribute(const struct ck_html_node *node, const char *name, const char *value)
{
    struct ck_html_slice found;

    return ck_html_attribute(node, name, &found) && ck_html_equals(found, value);
}

bool ck_html_has_class(const struct ck_html_node *node, const char *name)
{
    struct ck_html_slice classes;

    if (!ck_html_attribute(node, "class", &classes))
        return false;
    for (size_t i = 0, start; i < classes.size; i++) {
        for (start = i; i < classes.size && !ck_html_is_space(classes.bytes[i]); i++)
            continue;
        if (ck_html_equals((struct ck_html_slice){classes.bytes + start, i - start}, name))
            return true;
    }
    return false;
}

const struct ck_html_node *ck_html_find(const struct ck_html_node *top, const char *element,
                                        const char *class_name)
{
    for (const struct ck_html_node *n = top + 1; n < top + top->size; n++) {
        if (ck_html_is(n, element) && (class_name == NULL || ck_html_has_class(n, class_name)))
            return n;
    }
    return NULL;
}

const struct ck_html_node *ck_html_find_input(const struct ck_html_node *top, const char *name)
{
    for (const struct ck_html_node *n = top + 1; n < top + top->size; n++) {
        if (ck_html_is(n, "input") && (name == NULL || ck_html_has_attribute(n, "name", name)))
            return n;
    }
    return NULL;
}

/* Removes the white space at both ends. */
static void trim(char *text, char *end)
{
    const char *start = text;

    while (start < end && ck_html_is_space(*start))
        start++;
    while (end > start && ck_html_is_space(end[-1]))
        end--;
    memmove(text, start, (size_t)(end - start));
    text[end - start] = '\0';
}

/* The child behind child; the first one is behind their parent. */
static const struct ck_html_node *next_child(const struct ck_html_node *child)
{
    return child + child->size;
}

char *ck_html_own_text(const struct ck_html_node *node)
{
    const struct ck_html_node *end = node + node->size;
    size_t size = 0;

    for (const struct ck_html_node *n = node + 1; n < end; n = next_child(n))
        size += n->element.size == 0 ? n->text.size : 0;

    char *text = malloc(size * CK_HTML_TEXT_GROWTH + 1);
    if (text == NULL)
        return NULL;
    char *to = text;
    for (const struct ck_html_node *n = node + 1; n < end; n = next_child(n))
        to = n->element.size == 0 ? ck_html_text_decode(n->text, to) : to;
    trim(text, to);
    return text;
}

struct ck_html_slice ck_html_script(const struct ck_html_node *script)
{
    return script->size > 1 ? script[1].text : (struct ck_html_slice){"", 0};
}
