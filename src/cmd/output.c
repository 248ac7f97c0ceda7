/* Printing; besides this only --help prints, and what hands out a secret (delivery.c). */
#include "output.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/encode.h"
#include "cowkey/base/escape.h"
#include "cowkey/base/utf8.h"

static bool is_online, is_about_account;
static char help_hint[128] = "'cowkey --help' and the manual page cowkey(1) say what is expected.";

void output_set_command(const char *words)
{
    snprintf(help_hint, sizeof(help_hint),
             "'cowkey %s --help' and its manual page say what is expected.", words);
}

void output_set_online(bool online, bool about_account)
{
    is_online = online;
    is_about_account = online && about_account;
}

static void print_escaped(FILE *to, const char *format, va_list arguments)
{
    CK_CLEANUP(ck_free_p) char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        return;
    CK_CLEANUP(ck_free_p) char *safe = ck_escape_terminal(text);
    if (safe != NULL)
        fprintf(to, "%s\n", safe);
}

void say_list(const struct options *options, const char *format, va_list arguments)
{
    if (!option_given(options, OPTION_QUIET))
        print_escaped(stderr, format, arguments);
}

void say(const struct options *options, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    say_list(options, format, arguments);
    va_end(arguments);
}

void say_always(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_escaped(stderr, format, arguments);
    va_end(arguments);
}

void print_result(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_escaped(stdout, format, arguments);
    va_end(arguments);
    fflush(stdout); /* before the next sentence of the conversation */
}

const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

size_t output_columns(int fd, size_t otherwise)
{
    struct winsize window;

    return ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 ? window.ws_col : otherwise;
}

/* jansson leaves DEL alone, which it takes for printable ASCII. */
static int write_document(const char *bytes, size_t size, void *to)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\x7f')
            fputs("\\u007f", to);
        else
            putc(bytes[i], to);
    }
    return 0;
}

/* In ASCII, so that a document that ends up on a terminal can't steer it. */
void print_json(struct json_t *document)
{
    json_dump_callback(document, write_document, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(document);
}

char *document_text(struct json_t *document)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    if (to != NULL) {
        json_dump_callback(document, write_document, to, JSON_COMPACT | JSON_ENSURE_ASCII);
        fclose(to);
    }
    json_decref(document);
    return text;
}

bool print_json_piece(struct json_t *object, bool opens, bool closes)
{
    CK_CLEANUP(ck_free_p) char *text = document_text(object);

    if (text == NULL)
        return false;
    size_t from = opens ? 0 : 1, end = strlen(text) - (closes ? 0 : 1);
    fwrite(text + from, 1, end - from, stdout);
    return true;
}

json_t *text_json(const char *text)
{
    if (ck_utf8_valid(text, strlen(text)))
        return json_string(text);
    CK_CLEANUP(ck_free_p) char *safe = ck_escape_terminal(text);
    return json_string(safe != NULL ? safe : "");
}

json_t *base64_json(const struct ck_bytes *bytes)
{
    CK_CLEANUP(ck_free_p)
    char *text = ck_base64_encode(CK_BASE64_URL, bytes->data, bytes->size);

    return json_string(text != NULL ? text : "");
}

json_t *text_or_null_json(const char *text)
{
    return text == NULL || *text == '\0' ? json_null() : text_json(text);
}

json_t *number_or_null_json(int64_t number)
{
    return number < 0 ? json_null() : json_integer(number);
}

json_t *flag_or_null_json(int flag)
{
    return flag < 0 ? json_null() : json_boolean(flag);
}

json_t *time_json(int64_t time_s)
{
    time_t time = (time_t)time_s;
    struct tm parts;
    char text[32];

    gmtime_r(&time, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

const char *error_hint(const struct ck_error *err)
{
    if (err->hint[0] != '\0')
        return err->hint;
    switch (err->code) {
    case CK_ERR_USAGE:
        return help_hint;
    case CK_ERR_UNCHANGED:
        return is_online ? "Try again; --verbose shows the exchanges with the server."
                         : "Try again.";
    case CK_ERR_REFUSED:
        return is_online ? "Make sure of it before you try again: the server counts wrong attempts."
                         : "Make sure of it before you try again.";
    case CK_ERR_UNREACHABLE:
        return "Check the server's name and the network, then try again.";
    case CK_ERR_INTERRUPTED:
        return "Start it again when you are ready.";
    default:
        return "";
    }
}

json_t *error_json(const struct ck_error *err)
{
    return json_pack("{s:i, s:o, s:o}", "status", (int)err->code, "error", text_json(err->text),
                     "hint", text_json(error_hint(err)));
}

/*
 * What the code means for the account. Where that needs more words, the error's own text has them.
 */
static const char *account_state(enum ck_err code)
{
    if (!is_about_account)
        return "";
    switch (code) {
    case CK_ERR_UNCHANGED:
    case CK_ERR_REFUSED:
    case CK_ERR_UNREACHABLE:
    case CK_ERR_INTERRUPTED:
        return " The account is as it was.";
    default:
        return "";
    }
}

int say_error(const struct ck_error *err)
{
    bool asks = *err->text != '\0' && err->text[strlen(err->text) - 1] == '?';

    say_always("cowkey: %s%s%s", err->text, asks ? "" : ".", account_state(err->code));
    if (*error_hint(err) != '\0')
        say_always("  %s", error_hint(err));
    return (int)err->code;
}

int report_error(bool json, const struct ck_error *err)
{
    if (json) {
        print_json(json_pack("{s:s, s:i, s:o, s:o}", "schema", "cowkey.error/1", "status",
                             (int)err->code, "error", text_json(err->text), "hint",
                             text_json(error_hint(err))));
    }
    return say_error(err);
}
