/*
 * Reads pages of HTML from standard input, each behind its size in a line of its own, and prints a
 * line of JSON for each: its tokens, ["text", TEXT], ["start", NAME, {ATTRIBUTE: VALUE}] or ["end",
 * NAME].
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cowkey/base/ascii.h"
#include "src/mailcow/html_text.h"

static void *must(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "html-tokens: out of memory\n");
        exit(1);
    }
    return p;
}

static json_t *json_text(struct ck_html_slice slice, bool decoded)
{
    char *text = must(malloc(slice.size * CK_HTML_TEXT_GROWTH + 1));
    char *end = decoded ? ck_html_text_decode(slice, text) : mempcpy(text, slice.bytes, slice.size);
    json_t *string = must(json_stringn(text, (size_t)(end - text)));

    free(text);
    return string;
}

static json_t *json_name(struct ck_html_slice name)
{
    json_t *string = json_text(name, false);
    char *lower = must(strdup(json_string_value(string)));

    for (char *c = lower; *c; c++)
        *c = ck_ascii_lower(*c);
    json_string_set(string, lower);
    free(lower);
    return string;
}

static json_t *json_attributes(struct ck_html_slice attributes)
{
    json_t *object = must(json_object());
    const char *at = attributes.bytes;
    struct ck_html_attribute attribute;

    while (ck_html_take_attribute(&at, attributes.bytes + attributes.size, &attribute)) {
        json_t *name = json_name(attribute.name);
        if (json_object_get(object, json_string_value(name)) == NULL)
            json_object_set_new(object, json_string_value(name), json_text(attribute.value, true));
        json_decref(name);
    }
    return object;
}

static json_t *json_token(const struct ck_html_token *token, bool verbatim)
{
    switch (token->kind) {
    case CK_HTML_TEXT:
        return json_pack("[so]", "text", json_text(token->text, !verbatim));
    case CK_HTML_START:
        return json_pack("[soo]", "start", json_name(token->text),
                         json_attributes(token->attributes));
    case CK_HTML_END:
        break;
    }
    return json_pack("[so]", "end", json_name(token->text));
}

/* Titles and text areas hold no tags, but character references. */
static bool is_raw(struct ck_html_slice element)
{
    return element.size > 0 && !ck_html_name_is(element, "title") &&
           !ck_html_name_is(element, "textarea");
}

static void show(const char *html, size_t size)
{
    struct ck_html_reader reader = {.at = html, .end = html + size};
    json_t *tokens = must(json_array());
    struct ck_html_token token;

    for (bool raw = false; ck_html_read(&reader, &token); raw = is_raw(reader.verbatim))
        json_array_append_new(tokens, must(json_token(&token, raw)));
    json_dumpf(tokens, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(tokens);
}

int main(void)
{
    size_t size;

    while (scanf("%zu", &size) == 1 && getchar() == '\n') {
        /* As much as there is, so that a sanitizer sees what is read beyond. */
        char *html = must(malloc(size > 0 ? size : 1));
        if (fread(html, 1, size, stdin) != size)
            return 1;
        show(html, size);
        free(html);
    }
    return 0;
}
