#include "cowkey/otp/qr.h"

#include <openssl/crypto.h>
#include <png.h>
#include <stdio.h>

#include "../base/allocation.h"
#include "cowkey/otp/otpauth.h"

#define URI                                                                                        \
    "otpauth://totp/mail.example.org:alice%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  \
    "&issuer=mail.example.org"

enum { QUIET = 4, WIDTH_MAX = 177 + 2 * QUIET, STYLES = 4 };

/* The modules that a picture shows, quiet zone included. */
struct modules {
    int width;
    bool dark[WIDTH_MAX + 1][WIDTH_MAX + 1];
};

static struct ck_secret *draw(const char *text, size_t size, enum ck_qr_style style)
{
    struct ck_secret *secret = secret_of_bytes(text, size), *picture = NULL;
    struct ck_error err;

    if (ck_qr_draw(secret, style, &picture, &err) != CK_OK)
        fail_msg("%s", err.text);
    ck_secret_free(&secret);
    return picture;
}

/* --- reading pictures back, strictly --- */

static bool skip_text(const char **at, const char *text)
{
    if (strncmp(*at, text, strlen(text)) != 0)
        return false;
    *at += strlen(text);
    return true;
}

/* One cell of a terminal: is its upper and its lower half dark, given the two colours? */
static void read_half_block(const char **at, bool ground, bool *upper, bool *lower)
{
    *upper = *lower = ground;
    if (skip_text(at, "▀"))
        *upper = !ground;
    else if (skip_text(at, "▄"))
        *lower = !ground;
    else
        assert_true(skip_text(at, " "));
}

static void read_terminal(const char *at, struct modules *modules)
{
    int y = 0;

    for (; *at != '\0'; y += 2) {
        int x = 0;
        int ground = -1; /* 1 is dark */

        while (!skip_text(&at, "\033[0m\n")) {
            int new_ground = skip_text(&at, "\033[38;5;231;48;5;16m")   ? 1
                             : skip_text(&at, "\033[38;5;16;48;5;231m") ? 0
                                                                        : -1;
            if (new_ground >= 0) { /* only when it changes, and for a cell */
                assert_int_not_equal(new_ground, ground);
                assert_int_not_equal(*at, '\033');
                ground = new_ground;
            }
            assert_true(ground >= 0);
            read_half_block(&at, ground == 1, &modules->dark[y][x], &modules->dark[y + 1][x]);
            x++;
        }
        assert_true(y == 0 || x == modules->width);
        modules->width = x;
    }
    /* An odd number of rows: one is drawn too many, and is light. */
    assert_int_equal(y, modules->width + 1);
    for (int x = 0; x < modules->width; x++)
        assert_false(modules->dark[y - 1][x]);
}

static void read_ascii(const char *at, struct modules *modules)
{
    int y = 0;

    for (; *at != '\0'; y++) {
        int x = 0;
        bool dark = false;

        assert_true(skip_text(&at, "\033[38;5;16;48;5;231m"));
        while (!skip_text(&at, "\033[0m\n")) {
            if (skip_text(&at, dark ? "\033[48;5;231m" : "\033[48;5;16m"))
                dark = !dark;
            assert_true(skip_text(&at, dark ? "##" : "  "));
            modules->dark[y][x++] = dark;
        }
        assert_true(y == 0 || x == modules->width);
        modules->width = x;
    }
    assert_int_equal(y, modules->width);
}

static void read_svg(const char *at, struct modules *modules)
{
    char head[512];
    int x, y, length, size, width = 0;

    assert_int_equal(sscanf(strstr(at, "viewBox=\"0 0 "), "viewBox=\"0 0 %d", &width), 1);
    modules->width = width;
    snprintf(head, sizeof(head),
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
             "viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">\n"
             "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
             "<path fill=\"#000\" d=\"",
             8 * width, 8 * width, width, width, width, width);
    assert_true(skip_text(&at, head));
    while (!skip_text(&at, "\"/>\n</svg>\n")) {
        char piece[64];
        assert_int_equal(sscanf(at, "M%d %dh%d", &x, &y, &length), 3);
        size = snprintf(piece, sizeof(piece), "M%d %dh%dv1h-%dz", x, y, length, length);
        assert_true(skip_text(&at, piece));
        assert_true(size > 0 && length > 0 && x >= 0 && y >= 0 && x + length <= width && y < width);
        while (length-- > 0)
            modules->dark[y][x++] = true;
    }
    assert_int_equal(*at, '\0');
}

static void read_png(const struct ck_secret *picture, struct modules *modules)
{
    static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const char *bytes = ck_secret_bytes(picture);
    png_image image = {.version = PNG_IMAGE_VERSION};
    unsigned char *pixels;

    assert_memory_equal(bytes, head, sizeof(head) - 1);
    assert_int_equal(bytes[24], 1); /* bits a pixel */
    assert_int_equal(bytes[25], 0); /* gray */
    assert_true(png_image_begin_read_from_memory(&image, bytes, ck_secret_size(picture)) != 0);
    image.format = PNG_FORMAT_GRAY;
    assert_int_equal(image.width, image.height);
    assert_int_equal(image.width % 8, 0);
    assert_true(image.width <= 8 * WIDTH_MAX);
    pixels = malloc(PNG_IMAGE_SIZE(image));
    assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0);
    modules->width = (int)image.width / 8;
    for (unsigned y = 0; y < image.height; y++) {
        for (unsigned x = 0; x < image.width; x++) {
            unsigned char pixel = pixels[y * image.width + x];
            assert_true(pixel == 0 || pixel == 255);
            if (x % 8 == 0 && y % 8 == 0)
                modules->dark[y / 8][x / 8] = pixel == 0;
            assert_int_equal(modules->dark[y / 8][x / 8], pixel == 0);
        }
    }
    free(pixels);
}

static void read_picture(const char *text, size_t size, enum ck_qr_style style,
                         struct modules *modules)
{
    struct ck_secret *picture = draw(text, size, style);

    memset(modules, 0, sizeof(*modules));
    assert_true(style == CK_QR_PNG || strlen(ck_secret_bytes(picture)) == ck_secret_size(picture));
    switch (style) {
    case CK_QR_TERMINAL:
        read_terminal(ck_secret_bytes(picture), modules);
        break;
    case CK_QR_ASCII:
        read_ascii(ck_secret_bytes(picture), modules);
        break;
    case CK_QR_SVG:
        read_svg(ck_secret_bytes(picture), modules);
        break;
    case CK_QR_PNG:
        read_png(picture, modules);
        break;
    }
    ck_secret_free(&picture);
}

static void read_text(const char *text, enum ck_qr_style style, struct modules *modules)
{
    read_picture(text, strlen(text), style, modules);
}

static void assert_same(const char *text, size_t size, enum ck_qr_style a, enum ck_qr_style b)
{
    static struct modules first, other;

    read_picture(text, size, a, &first);
    read_picture(text, size, b, &other);
    assert_int_equal(first.width, other.width);
    assert_memory_equal(first.dark, other.dark, sizeof(first.dark));
}

static void assert_same_in_all_styles(const char *text, size_t size)
{
    assert_same(text, size, CK_QR_TERMINAL, CK_QR_ASCII);
    assert_same(text, size, CK_QR_SVG, CK_QR_PNG);
}

/* --- tests --- */

static void test_styles_show_the_same(void **state)
{
    (void)state;
    assert_same_in_all_styles(URI, strlen(URI));
    assert_same_in_all_styles("a", 1);
    assert_same_in_all_styles("\0\xff\n", 3);
}

static void assert_finder(const struct modules *modules, int left, int top)
{
    static const char *const rows[] = {"#######", "#.....#", "#.###.#", "#.###.#",
                                       "#.###.#", "#.....#", "#######"};

    for (int y = 0; y < 7; y++) {
        for (int x = 0; x < 7; x++)
            assert_int_equal(modules->dark[top + y][left + x], rows[y][x] == '#');
    }
}

static void test_structure(void **state)
{
    static struct modules modules;

    (void)state;
    for (enum ck_qr_style style = CK_QR_TERMINAL; style <= CK_QR_PNG; style++) {
        read_text(URI, style, &modules);
        int width = modules.width;
        bool for_screen = style == CK_QR_TERMINAL || style == CK_QR_ASCII;
        /* Version 6 holds 134 bytes at level L, version 7 122 at level M. */
        assert_int_equal(width, 17 + 4 * (for_screen ? 6 : 7) + 2 * QUIET);
        for (int y = 0; y < width; y++) {
            for (int x = 0; x < width; x++) {
                if (x < QUIET || y < QUIET || x >= width - QUIET || y >= width - QUIET)
                    assert_false(modules.dark[y][x]);
            }
        }
        assert_finder(&modules, QUIET, QUIET);
        assert_finder(&modules, width - QUIET - 7, QUIET);
        assert_finder(&modules, QUIET, width - QUIET - 7);
        /*
         * The format's first two bits tell the level: 00 for M and 01 for L, 10 and 11 after its
         * mask.
         */
        assert_true(modules.dark[QUIET + 8][QUIET]);
        assert_int_equal(modules.dark[QUIET + 8][QUIET + 1], for_screen);
    }
}

static void test_another_text_is_another_picture(void **state)
{
    static struct modules first, other;

    (void)state;
    read_text("hunter2", CK_QR_ASCII, &first);
    read_text("hunter3", CK_QR_ASCII, &other);
    assert_int_equal(first.width, other.width);
    assert_memory_not_equal(first.dark, other.dark, sizeof(first.dark));
    read_text("hunter2", CK_QR_ASCII, &other);
    assert_memory_equal(first.dark, other.dark, sizeof(first.dark));
}

static void test_text_bound(void **state)
{
    static char text[CK_OTPAUTH_URI_MAX + 1];
    struct ck_secret *secret, *picture = UNTOUCHED;
    struct ck_error err;

    (void)state;
    for (enum ck_qr_style style = CK_QR_TERMINAL; style <= CK_QR_PNG; style++) {
        for (size_t size = 0; size <= sizeof(text); size += sizeof(text)) {
            secret = secret_of_bytes(text, size);
            assert_int_equal(ck_qr_draw(secret, style, &picture, &err), CK_ERR_USAGE);
            assert_error(&err, CK_ERR_USAGE, "1 to 2048");
            assert_ptr_equal(picture, UNTOUCHED);
            ck_secret_free(&secret);
        }
    }
    srand(1);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)rand();
    assert_same_in_all_styles(text, CK_OTPAUTH_URI_MAX);
    memset(text, 'A', sizeof(text));
    assert_same_in_all_styles(text, CK_OTPAUTH_URI_MAX);
    memset(text, 'U', sizeof(text)); /* alternates much: the largest of the ASCII pictures */
    assert_same_in_all_styles(text, CK_OTPAUTH_URI_MAX);
}

/* Every version up to the largest that is needed has an odd number of rows. */
static void test_all_sizes(void **state)
{
    static char text[CK_OTPAUTH_URI_MAX];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t size = 1; size < sizeof(text); size = size * 4 / 3 + 1)
        assert_same_in_all_styles(text, size);
}

static enum ck_err draw_one(enum ck_qr_style style, struct ck_error *err)
{
    struct ck_secret *text = NULL, *picture = UNTOUCHED;
    enum ck_err r = ck_secret_new("hunter2", 7, &text, err);

    if (r != CK_OK)
        return r;
    r = ck_qr_draw(text, style, &picture, err);
    ck_secret_free(&text);
    if (r == CK_OK)
        ck_secret_free(&picture);
    else
        assert_ptr_equal(picture, UNTOUCHED);
    return r;
}

static enum ck_err draw_terminal(struct ck_error *err)
{
    return draw_one(CK_QR_TERMINAL, err);
}

static enum ck_err draw_ascii(struct ck_error *err)
{
    return draw_one(CK_QR_ASCII, err);
}

static enum ck_err draw_svg(struct ck_error *err)
{
    return draw_one(CK_QR_SVG, err);
}

static enum ck_err draw_png(struct ck_error *err)
{
    return draw_one(CK_QR_PNG, err);
}

static void test_allocations_fail(void **state)
{
    (void)state;
    fail_each_allocation(draw_terminal, 10);
    fail_each_allocation(draw_ascii, 10);
    fail_each_allocation(draw_svg, 10);
    fail_each_allocation(draw_png, 15);
}

static int set_up_heap(void **state)
{
    struct ck_error err;

    (void)state;
    return ck_secret_heap_init(&err) == CK_OK ? 0 : -1;
}

static int tear_down_heap(void **state)
{
    (void)state;
    return CRYPTO_secure_used() == 0 && CRYPTO_secure_malloc_done() == 1 ? 0 : -1;
}

#define HEAP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up_heap, tear_down_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles_show_the_same),
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_another_text_is_another_picture),
        cmocka_unit_test(test_text_bound),
        cmocka_unit_test(test_all_sizes),
        cmocka_unit_test(test_allocations_fail),
        HEAP_TEST(test_styles_show_the_same),
        HEAP_TEST(test_text_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
