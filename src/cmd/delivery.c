/* Where a new TOTP secret goes before the server hears of it. */
#include "delivery.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/base/file.h"
#include "output.h"

bool delivery_is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static enum ck_qr_style terminal_style(void)
{
    return delivery_is_utf8() ? CK_QR_TERMINAL : CK_QR_ASCII;
}

enum ck_err delivery_init(struct delivery *delivery, const struct options *options, bool unattended,
                          struct ck_error *err)
{
    const char *how = option_value(options, OPTION_QR);

    *delivery = (struct delivery){
        .options = options,
        .out = option_value(options, OPTION_OUT),
        .qr_wanted = true,
        .qr_style = terminal_style(),
    };
    if (how == NULL)
        delivery->qr_wanted = !unattended && isatty(STDERR_FILENO);
    else if (strcmp(how, "none") == 0)
        delivery->qr_wanted = false;
    else if (strcmp(how, "ascii") == 0)
        delivery->qr_style = CK_QR_ASCII;
    else if (strncmp(how, "png:", 4) == 0 && how[4] != '\0')
        delivery->qr_style = CK_QR_PNG, delivery->qr_file = how + 4;
    else if (strncmp(how, "svg:", 4) == 0 && how[4] != '\0')
        delivery->qr_style = CK_QR_SVG, delivery->qr_file = how + 4;
    else if (strcmp(how, "terminal") != 0)
        return ck_error_set(err, CK_ERR_USAGE,
                            "--qr takes terminal, ascii, png:FILE, svg:FILE or none, not '%.100s'",
                            how);
    return CK_OK;
}

bool delivery_reaches(const struct delivery *delivery)
{
    return delivery->qr_wanted || delivery->out != NULL ||
           option_given(delivery->options, OPTION_SHOW_SECRET);
}

static enum ck_err write_out(struct delivery *delivery, const struct ck_secret *uri,
                             struct ck_error *err)
{
    return private_file_write_line(delivery->options, "secret (an otpauth URI)", delivery->out, uri,
                                   &delivery->out_file, err);
}

/* Columns that the first line of a terminal picture takes. */
static int picture_columns(const char *picture)
{
    int columns = 0;

    for (const char *c = picture; *c != '\0' && *c != '\n'; c++) {
        if (*c == '\033')
            c += strcspn(c, "m");
        else if ((*c & 0xC0) != 0x80) /* UTF-8 continuation bytes take no column */
            columns++;
    }
    return columns;
}

static int picture_rows(const char *picture)
{
    int rows = 0;

    for (const char *c = picture; *c != '\0'; c++)
        rows += *c == '\n';
    return rows;
}

enum ck_err delivery_measure(const struct ck_secret *uri, int *ret_columns, int *ret_rows,
                             struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *picture = NULL;
    enum ck_err r = ck_qr_draw(uri, terminal_style(), &picture, err);

    if (r != CK_OK)
        return r;
    *ret_columns = picture_columns(ck_secret_bytes(picture));
    *ret_rows = picture_rows(ck_secret_bytes(picture));
    return CK_OK;
}

/*
 * A picture that wraps can't be scanned, so it is better not to draw it; one that is too tall
 * scrolls.
 */
static enum ck_err check_size(const struct delivery *delivery, const char *picture,
                              struct ck_error *err)
{
    struct winsize window;
    int columns = picture_columns(picture), rows = picture_rows(picture);

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
        return CK_OK;
    if (window.ws_col < columns) {
        ck_error_set(err, CK_ERR_USAGE, "the QR code needs %d columns and the terminal has %d",
                     columns, window.ws_col);
        return ck_error_hint(err, "Widen the terminal, or use --qr png:FILE or --qr svg:FILE.");
    }
    if (window.ws_row <= rows)
        say(delivery->options,
            "The QR code will need %d lines and the terminal has %d: make it taller.", rows + 1,
            window.ws_row);
    return CK_OK;
}

static enum ck_err draw(struct delivery *delivery, const struct ck_secret *uri,
                        struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *picture = NULL;
    enum ck_err r = ck_qr_draw(uri, delivery->qr_style, &picture, err);

    if (r != CK_OK)
        return r;
    if (delivery->qr_file != NULL)
        return private_file_write(delivery->options, "QR code", delivery->qr_file, picture,
                                  &delivery->qr_picture, err);
    fwrite(ck_secret_bytes(picture), 1, ck_secret_size(picture), stderr);
    return CK_OK;
}

enum ck_err delivery_check(const struct delivery *delivery, const struct ck_otpauth *otpauth,
                           struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    CK_CLEANUP(ck_secret_free) struct ck_secret *picture = NULL;

    /* Refused later, there would be a new entry in the app by then. */
    enum ck_err r = ck_file_check_new(delivery->out, err);
    if (r == CK_OK)
        r = ck_file_check_new(delivery->qr_file, err);
    if (r == CK_OK)
        r = ck_otpauth_format(otpauth, &uri, err);
    if (r == CK_OK && delivery->qr_wanted)
        r = ck_qr_draw(uri, delivery->qr_style, &picture, err);
    if (r == CK_OK && picture != NULL && delivery->qr_file == NULL)
        r = check_size(delivery, ck_secret_bytes(picture), err);
    return r;
}

enum ck_err delivery_give(struct delivery *delivery, const struct ck_otpauth *otpauth,
                          struct ck_error *err)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *uri = NULL;
    enum ck_err r = ck_otpauth_format(otpauth, &uri, err);

    if (r == CK_OK && delivery->out != NULL)
        r = write_out(delivery, uri, err);
    if (r == CK_OK && delivery->qr_wanted)
        r = draw(delivery, uri, err);
    if (r == CK_OK && option_given(delivery->options, OPTION_SHOW_SECRET))
        fprintf(stderr, "%s\n", ck_secret_bytes(uri));
    return r;
}

void delivery_void(struct delivery *delivery)
{
    private_file_remove(&delivery->out_file, delivery->out);
    private_file_remove(&delivery->qr_picture, delivery->qr_file);
}
