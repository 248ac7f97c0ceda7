/* Drawing QR codes, in memory of secrets only. */
#include "cowkey/otp/qr.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <png.h>
#include <qrencode.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cowkey/base/cleanup.h"
#include "cowkey/otp/otpauth.h"

enum {
    QUIET_ZONE = 4,      /* modules on each side (ISO/IEC 18004 section 5.3.8) */
    VERSION_ANY = 0,     /* libqrencode takes the smallest that holds the text */
    MODULE_PIXELS = 8,   /* width of a module; one byte of a 1-bit PNG row */
    SVG_PIECE_MAX = 256, /* bytes that one call of draw_format draws */
};

/* The squares of a code together with its quiet zone. */
struct modules {
    QRcode *code;
    int width;
};

/* What has been drawn; the first error stays, so that it is asked for once, at the end. */
struct canvas {
    struct ck_secret *picture;
    enum ck_err r;
    struct ck_error *err;
};

/* A picture can be read back from these, so they go like the text itself. */
static void modules_clear(struct modules *modules)
{
    QRcode *code = modules->code;

    if (code == NULL)
        return;
    ck_secret_erase(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
    modules->code = NULL;
}

/* Everything outside of the code is light. */
static bool is_dark(const struct modules *modules, int x, int y)
{
    const QRcode *code = modules->code;

    x -= QUIET_ZONE;
    y -= QUIET_ZONE;
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return false;
    return (code->data[y * code->width + x] & 1) != 0;
}

/* libqrencode frees its own copies of the text without erasing them; no allocator can be given. */
static enum ck_err encode(const struct ck_secret *text, QRecLevel level,
                          struct modules *ret_modules, struct ck_error *err)
{
    size_t size = ck_secret_size(text);

    if (size == 0 || size > CK_OTPAUTH_URI_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "a QR code holds 1 to %d bytes here",
                            CK_OTPAUTH_URI_MAX);
    QRcode *code = QRcode_encodeData((int)size, (const unsigned char *)ck_secret_bytes(text),
                                     VERSION_ANY, level);
    if (code == NULL && errno == ENOMEM)
        return ck_error_no_memory(err);
    if (code == NULL)
        return ck_error_set(err, CK_ERR_USAGE, "no QR code holds this text");
    *ret_modules = (struct modules){code, code->width + 2 * QUIET_ZONE};
    return CK_OK;
}

static void draw_bytes(struct canvas *canvas, const void *bytes, size_t size)
{
    if (canvas->r == CK_OK)
        canvas->r = ck_secret_append(&canvas->picture, bytes, size, canvas->err);
}

static void draw(struct canvas *canvas, const char *text)
{
    draw_bytes(canvas, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void draw_format(struct canvas *canvas,
                                                              const char *format, ...)
{
    char text[SVG_PIECE_MAX];
    va_list args;

    va_start(args, format);
    int size = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    draw_bytes(canvas, text, (size_t)size);
    ck_secret_erase(text, sizeof(text));
}

/* --- on a terminal --- */

/*
 * Colours 16 and 231 are black and white in the fixed cube of the 256; 0, 7 and 15 belong to the
 * theme. Cells of one colour are spaces: what fonts draw as a full block often leaves seams.
 */
struct ink {
    const char *set; /* makes the background ours, the foreground the other colour */
    const char *upper, *lower;
};

static const struct ink light_ground = {"\033[38;5;16;48;5;231m", "▀", "▄"};
static const struct ink dark_ground = {"\033[38;5;231;48;5;16m", "▄", "▀"};
static const char end_line[] = "\033[0m\n";

/* Two rows in one line. The ground changes only for a cell that is all of the other colour. */
static void draw_half_blocks(struct canvas *canvas, const struct modules *modules, int y)
{
    const struct ink *ink = &light_ground; /* as the quiet zone is */

    draw(canvas, ink->set);
    for (int x = 0; x < modules->width; x++) {
        bool upper = is_dark(modules, x, y);
        bool lower = is_dark(modules, x, y + 1);
        const struct ink *wanted = upper != lower ? ink : upper ? &dark_ground : &light_ground;

        if (wanted != ink)
            draw(canvas, wanted->set);
        ink = wanted;
        draw(canvas, upper == lower ? " " : upper ? ink->upper : ink->lower);
    }
    draw(canvas, end_line);
}

/* The number of rows is odd: the last line's lower half lies outside, and is light. */
static void draw_terminal(struct canvas *canvas, const struct modules *modules)
{
    for (int y = 0; y < modules->width; y += 2)
        draw_half_blocks(canvas, modules, y);
}

/* The foreground stays black: on white it is used for spaces only. */
static void draw_ascii_row(struct canvas *canvas, const struct modules *modules, int y)
{
    bool was_dark = false;

    draw(canvas, "\033[38;5;16;48;5;231m");
    for (int x = 0; x < modules->width; x++) {
        bool dark = is_dark(modules, x, y);

        if (dark != was_dark)
            draw(canvas, dark ? "\033[48;5;16m" : "\033[48;5;231m");
        was_dark = dark;
        draw(canvas, dark ? "##" : "  ");
    }
    draw(canvas, end_line);
}

static void draw_ascii(struct canvas *canvas, const struct modules *modules)
{
    for (int y = 0; y < modules->width; y++)
        draw_ascii_row(canvas, modules, y);
}

/* --- for a file --- */

/* Dark modules side by side become one rectangle of the path. */
static void draw_svg_row(struct canvas *canvas, const struct modules *modules, int y)
{
    int x = 0;

    while (x < modules->width) {
        int start = x;

        while (is_dark(modules, x, y))
            x++;
        if (x > start)
            draw_format(canvas, "M%d %dh%dv1h-%dz", start, y, x - start, x - start);
        else
            x++;
    }
}

static void draw_svg(struct canvas *canvas, const struct modules *modules)
{
    int width = modules->width;

    draw(canvas, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    draw_format(canvas,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
                "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n",
                width * MODULE_PIXELS, width * MODULE_PIXELS, width, width);
    draw_format(canvas, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, width);
    draw(canvas, "<path fill=\"#000\" d=\"");
    for (int y = 0; y < width; y++)
        draw_svg_row(canvas, modules, y);
    draw(canvas, "\"/>\n</svg>\n");
}

/* libpng and its zlib work on the secure heap: their buffers hold the picture. */
static png_voidp allocate_for_png(png_structp png, png_alloc_size_t size)
{
    (void)png;
    return OPENSSL_secure_malloc(size);
}

static void free_for_png(png_structp png, png_voidp p)
{
    (void)png;
    OPENSSL_secure_free(p);
}

/* libpng's own functions for these print to stderr. */
__attribute__((noreturn)) static void png_failed(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void ignore_png_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void draw_png_bytes(png_structp png, png_bytep bytes, size_t size)
{
    struct canvas *canvas = png_get_io_ptr(png);

    draw_bytes(canvas, bytes, size);
    if (canvas->r != CK_OK)
        png_error(png, "");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* May leave by png_failed's jump, so nothing is owned here. row: a byte a module. */
static void write_png(png_structp png, png_infop info, const struct modules *modules, png_bytep row)
{
    png_uint_32 pixels = (png_uint_32)(modules->width * MODULE_PIXELS);

    png_set_IHDR(png, info, pixels, pixels, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < modules->width; y++) {
        for (int x = 0; x < modules->width; x++)
            row[x] = is_dark(modules, x, y) ? 0x00 : 0xff;
        for (int i = 0; i < MODULE_PIXELS; i++)
            png_write_row(png, row);
    }
    png_write_end(png, info);
}

static enum ck_err run_png(struct canvas *canvas, const struct modules *modules, png_bytep row)
{
    png_structp png =
        png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, png_failed, ignore_png_warning, NULL,
                                  allocate_for_png, free_for_png);
    png_infop info = png == NULL ? NULL : png_create_info_struct(png);

    if (info == NULL || setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_write_struct(&png, &info);
        return canvas->r != CK_OK ? canvas->r : ck_error_no_memory(canvas->err);
    }
    png_set_write_fn(png, canvas, draw_png_bytes, flush_nothing);
    write_png(png, info, modules, row);
    png_destroy_write_struct(&png, &info);
    return CK_OK;
}

static void draw_png(struct canvas *canvas, const struct modules *modules)
{
    CK_CLEANUP(ck_secret_free) struct ck_secret *row = NULL;

    canvas->r = ck_secret_new(NULL, (size_t)modules->width, &row, canvas->err);
    if (canvas->r == CK_OK)
        canvas->r = run_png(canvas, modules, (png_bytep)ck_secret_bytes(row));
}

enum ck_err ck_qr_draw(const struct ck_secret *text, enum ck_qr_style style,
                       struct ck_secret **ret_picture, struct ck_error *err)
{
    static void (*const draw_style[])(struct canvas *, const struct modules *) = {
        [CK_QR_TERMINAL] = draw_terminal,
        [CK_QR_ASCII] = draw_ascii,
        [CK_QR_SVG] = draw_svg,
        [CK_QR_PNG] = draw_png,
    };
    CK_CLEANUP(modules_clear) struct modules modules = {0};
    CK_CLEANUP(ck_secret_free) struct ck_secret *picture = NULL;
    bool for_screen = style == CK_QR_TERMINAL || style == CK_QR_ASCII;
    struct canvas canvas = {.r = CK_OK, .err = err};

    if (encode(text, for_screen ? QR_ECLEVEL_L : QR_ECLEVEL_M, &modules, err) != CK_OK)
        return err->code;
    draw_style[style](&canvas, &modules);
    picture = canvas.picture;
    if (canvas.r != CK_OK)
        return canvas.r;
    *ret_picture = CK_TAKE(picture);
    return CK_OK;
}
