/* The letter with the PIN of a key, which goes another way than the key. */
#include "cowkey/base/cleanup.h"
#include "cowkey/report/html.h"
#include "page_stream.h"
#include "sheet_page.h"

static void put_labels(FILE *to, const struct sheet_facts *facts, unsigned n)
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct ck_ledger_item *item = &facts->items[i];
        if (item->n != n || item->label[0] == '\0')
            continue;
        fputs("<li>", to);
        ck_html_text(to, item->label);
        fputs("</li>\n", to);
    }
}

static void put_change(FILE *to, enum ck_key_pin_state state)
{
    fputs(state == CK_KEY_PIN_TO_CHANGE
              ? "<p><strong>Change it before you use the key:</strong> the key refuses to work "
                "until that is done.</p>\n"
              : "<p><strong>Change it before you use the key.</strong> The key does not insist on "
                "it, but others have handled this PIN.</p>\n",
          to);
    fputs("<ol>\n<li>Plug the key in.</li>\n<li>Chrome, Edge: Settings, Privacy and security, "
          "Security, Manage security keys, Create a PIN. Windows: Settings, Accounts, Sign-in "
          "options, Security key. In a terminal: <code>cowkey key pin change</code>.</li>\n"
          "<li>Type the PIN above, then twice one of your own.</li>\n</ol>\n",
          to);
}

static void put_letter(FILE *to, const struct sheet_frame *frame, const struct sheet_facts *facts,
                       unsigned n)
{
    const struct sheet_key *key = &facts->keys[n];

    sheet_put_begin(to, "The PIN of your security key", frame, facts);
    fputs("<section class=\"whole\">\n<h2>Key</h2>\n<p>", to);
    fprintf(to, "Number %u. ", n);
    sheet_put_key(to, &key->is);
    fputs("</p>\n<p>Its names at the server:</p>\n<ul>\n", to);
    put_labels(to, facts, n);
    fputs("</ul>\n</section>\n<section class=\"whole\">\n<h2>PIN</h2>\n<p class=\"secret boxed\">",
          to);
    page_put_secret(to, key->pin);
    fputs("</p>\n", to);
    if (key->is.pin == CK_KEY_PIN_HANDED_OUT)
        fputs("<p class=\"warning\"><strong>It is not certain that the key has this PIN.</strong> "
              "Whether it took it was not seen. Try it once; if it is refused, don't guess: tell "
              "your administrator.</p>\n",
              to);
    put_change(to, key->is.pin);
    fputs(
        "<p>After eight wrong PINs in a row the key is locked: then it has to be erased, and to be "
        "registered anew.</p>\n</section>\n",
        to);
    sheet_put_end(to, frame, true);
}

enum ck_err sheet_letter_write(const struct sheet_frame *frame, const struct sheet_facts *facts,
                               unsigned n, struct ck_secret **ret_page, struct ck_error *err)
{
    CK_CLEANUP(page_stream_clear) struct page_stream stream = {.to = NULL};
    enum ck_err r = page_stream_open(&stream, err);

    if (r != CK_OK)
        return r;
    put_letter(stream.to, frame, facts, n);
    return page_stream_finish(&stream, ret_page, err);
}
