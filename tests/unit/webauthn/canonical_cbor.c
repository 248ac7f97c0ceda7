#include "../../../src/webauthn/canonical_cbor.h"

#include <stdio.h>

#include "authenticator.h"

/* Reads one item off a copy of exactly that size. */
static bool is_read(const void *bytes, size_t size, struct ck_cbor_item *ret_item, size_t *ret_left)
{
    struct ck_bytes copy = exactly(bytes, size);
    struct ck_cbor_reader reader = {copy.data, copy.size};
    bool read = ck_cbor_next(&reader, ret_item);

    if (!read) {
        assert_ptr_equal(reader.at, copy.data);
        assert_int_equal(reader.left, copy.size);
    }
    *ret_left = reader.left;
    ck_bytes_clear(&copy);
    return read;
}

static void assert_read(const void *bytes, size_t size, enum ck_cbor_type type)
{
    struct ck_cbor_item item;
    size_t left;

    if (!is_read(bytes, size, &item, &left))
        fail_msg("%s was refused", (const char *)bytes);
    assert_int_equal(left, 0);
    assert_int_equal(item.type, type);
    assert_int_equal(item.whole.left, size);
    /* Each prefix is refused. */
    for (size_t i = 0; i < size; i++)
        assert_false(is_read(bytes, i, &item, &left));
}

static void assert_refused(const void *bytes, size_t size)
{
    struct ck_cbor_item item;
    size_t left;

    if (is_read(bytes, size, &item, &left))
        fail_msg("%02x %02x... (%zu bytes) was read", ((const uint8_t *)bytes)[0],
                 size > 1 ? ((const uint8_t *)bytes)[1] : 0, size);
}

#define READ(literal, type) assert_read("" literal, sizeof(literal) - 1, type)
#define REFUSED(literal) assert_refused("" literal, sizeof(literal) - 1)

static void test_integers(void **state)
{
    static const int64_t integers[] = {
        0,         1,  23,  24,  0xff, 0x100, 0xffff, 65536,  1L << 31,  0xffffffff, 1L << 32,
        INT64_MAX, -1, -24, -25, -256, -257,  -65536, -65537, INT32_MIN, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        struct buffer *buffer = calloc(1, sizeof *buffer);
        struct ck_cbor_item item;
        size_t left;

        put_integer(buffer, integers[i]);
        assert_read(buffer->bytes, buffer->size, CK_CBOR_INTEGER);
        assert_true(is_read(buffer->bytes, buffer->size, &item, &left));
        assert_true(item.integer == integers[i]);
        free(buffer);
    }
    READ("\x1b\x80\0\0\0\0\0\0\0", CK_CBOR_OTHER);
    READ("\x3b\xff\xff\xff\xff\xff\xff\xff\xff", CK_CBOR_OTHER);
}

static void test_refuses_longer_forms_than_needed(void **state)
{
    (void)state;
    REFUSED("\x18\x17");
    REFUSED("\x19\x00\xff");
    REFUSED("\x1a\x00\x00\xff\xff");
    REFUSED("\x1b\x00\x00\x00\x00\xff\xff\xff\xff");
    REFUSED("\x38\x00");
    REFUSED("\x39\x00\x18");
    REFUSED("\x58\x01x");
    REFUSED("\x59\x00\x01x");
    REFUSED("\x5a\x00\x00\x00\x01x");
    REFUSED("\x5b\x00\x00\x00\x00\x00\x00\x00\x01x");
    REFUSED("\x78\x01x");
    REFUSED("\x98\x01\x00");
    REFUSED("\x9a\x00\x00\x00\x00");
    REFUSED("\xb8\x00");
    REFUSED("\xb9\x00\x01\x00\x00");
    REFUSED("\x81\x18\x01");
    REFUSED("\xa1\x18\x01\x00");
    REFUSED("\xa1\x01\x18\x01");
}

static void test_other_types(void **state)
{
    (void)state;
    READ("\xf4", CK_CBOR_OTHER);
    READ("\xf5", CK_CBOR_OTHER);
    READ("\xf6", CK_CBOR_OTHER);
    READ("\xf7", CK_CBOR_OTHER);
    READ("\xf9\x3c\x00", CK_CBOR_OTHER);
    READ("\xfa\x3f\x80\x00\x00", CK_CBOR_OTHER);
    READ("\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", CK_CBOR_OTHER);
    READ("\x40", CK_CBOR_BYTES);
    READ("\x43\x00\xff\x80", CK_CBOR_BYTES);
    READ("\x60", CK_CBOR_TEXT);
    READ("\x62\xc3\xa4", CK_CBOR_TEXT);
    READ("\x80", CK_CBOR_ARRAY);
    READ("\x83\x01\x40\x80", CK_CBOR_ARRAY);
    READ("\xa0", CK_CBOR_MAP);
    READ("\xa1\x01\xf6", CK_CBOR_MAP);
}

static void test_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    REFUSED("");
    REFUSED("\xc0\x60"); /* tags */
    REFUSED("\xd8\x18\x41\x00");
    REFUSED("\x5f\x41x\xff"); /* indefinite lengths */
    REFUSED("\x7f\x61x\xff");
    REFUSED("\x9f\xff");
    REFUSED("\xbf\xff");
    REFUSED("\x81\x9f\xff");
    REFUSED("\xff");
    REFUSED("\x81\xff");
    REFUSED("\x1c"); /* reserved */
    REFUSED("\x5c");
    REFUSED("\xf8\x20");
    REFUSED("\xf8\x14");
    REFUSED("\xe0");
    REFUSED("\x62\xc3\x28"); /* not UTF-8 */
    REFUSED("\x63\xed\xa0\x80");
    REFUSED("\xa1\x62\xff\xff\x00");
}

/* More is promised than there is, up to what would overflow. */
static void test_refuses_missing_content(void **state)
{
    (void)state;
    REFUSED("\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
    REFUSED("\x5b\x7f\xff\xff\xff\xff\xff\xff\xff");
    REFUSED("\x7b\xff\xff\xff\xff\xff\xff\xff\xf7x");
    REFUSED("\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00");
    REFUSED("\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00");
    REFUSED("\xbb\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00");
    REFUSED("\x9a\xff\xff\xff\xff\x00");
    REFUSED("\xa2\x01\x00\x02");
}

static void test_map_keys(void **state)
{
    (void)state;
    READ("\xa2\x01\x00\x02\x00", CK_CBOR_MAP);
    REFUSED("\xa2\x01\x00\x01\x00"); /* twice */
    REFUSED("\xa2\x02\x00\x01\x00"); /* in a wrong order */
    READ("\xa3\x01\x00\x18\x18\x00\x20\x00", CK_CBOR_MAP);
    REFUSED("\xa2\x20\x00\x01\x00"); /* the type comes first */
    READ("\xa2\x20\x00\x21\x00", CK_CBOR_MAP);
    REFUSED("\xa2\x21\x00\x20\x00");
    READ("\xa2\x61z\x00\x62"
         "aa\x00",
         CK_CBOR_MAP); /* then the length */
    REFUSED("\xa2\x62"
            "aa\x00\x61z\x00");
    READ("\xa2\x61"
         "a\x00\x61"
         "b\x00",
         CK_CBOR_MAP); /* then the bytes */
    REFUSED("\xa2\x61"
            "b\x00\x61"
            "a\x00");
    REFUSED("\xa2\x61"
            "a\x00\x61"
            "a\x00");
    READ("\xa2\x18\xff\x00\x38\x18\x00", CK_CBOR_MAP);
    REFUSED("\xa1\x41x\x00"); /* other types of keys */
    REFUSED("\xa1\x80\x00");
    REFUSED("\xa1\xf6\x00");
    REFUSED("\xa1\x01\xa2\x01\x00\x01\x00"); /* inside, too */
}

static void test_depth_bound(void **state)
{
    (void)state;
    READ("\x81\x81\x81\x80", CK_CBOR_ARRAY);
    READ("\x81\x81\x81\x81\x00", CK_CBOR_ARRAY);
    REFUSED("\x81\x81\x81\x81\x80");
    REFUSED("\x81\x81\x81\x81\x81\x00");
    READ("\xa1\x01\xa1\x01\xa1\x01\xa0", CK_CBOR_MAP);
    REFUSED("\xa1\x01\xa1\x01\xa1\x01\xa1\x01\xa0");
    READ("\x81\xa1\x01\x81\xa0", CK_CBOR_ARRAY);
    REFUSED("\x81\xa1\x01\x81\xa1\x01\x80");

    uint8_t *deep = malloc(1 << 20);
    memset(deep, 0x81, 1 << 20);
    assert_refused(deep, 1 << 20);
    free(deep);
}

static void test_next_moves(void **state)
{
    static const uint8_t bytes[] = "\x01\x61x\x82\x02\x03\xa1\x01\x02";
    struct ck_cbor_reader reader = {bytes, sizeof bytes - 1};
    struct ck_cbor_item item, inner;

    (void)state;
    assert_true(ck_cbor_next(&reader, &item));
    assert_int_equal(item.integer, 1);
    assert_true(ck_cbor_next(&reader, &item));
    assert_int_equal(item.type, CK_CBOR_TEXT);
    assert_int_equal(item.content.left, 1);
    assert_int_equal(item.content.at[0], 'x');
    assert_int_equal(item.whole.left, 2);
    assert_true(ck_cbor_next(&reader, &item));
    assert_int_equal(item.count, 2);
    assert_int_equal(item.content.left, 2);
    assert_true(ck_cbor_next(&item.content, &inner));
    assert_int_equal(inner.integer, 2);
    assert_true(ck_cbor_next(&item.content, &inner));
    assert_int_equal(inner.integer, 3);
    assert_false(ck_cbor_next(&item.content, &inner));
    assert_true(ck_cbor_next(&reader, &item));
    assert_int_equal(item.type, CK_CBOR_MAP);
    assert_int_equal(item.count, 1);
    assert_int_equal(reader.left, 0);
    assert_false(ck_cbor_next(&reader, &item));
}

static void test_whole(void **state)
{
    struct ck_cbor_item item;

    (void)state;
    assert_true(ck_cbor_read_whole("\xa0", 1, CK_CBOR_MAP, &item));
    assert_false(ck_cbor_read_whole("\xa0\x00", 2, CK_CBOR_MAP, &item));
    assert_false(ck_cbor_read_whole("\xa0", 1, CK_CBOR_ARRAY, &item));
    assert_false(ck_cbor_read_whole(NULL, 0, CK_CBOR_MAP, &item));
}

static void test_find(void **state)
{
    static const uint8_t bytes[] = "\xa4\x01\x0a\x20\x0b\x61"
                                   "a\x0c\x62"
                                   "ab\x0d";
    struct ck_cbor_item map, value;

    (void)state;
    assert_true(ck_cbor_read_whole(bytes, sizeof bytes - 1, CK_CBOR_MAP, &map));
    assert_true(ck_cbor_find_integer(&map, 1, CK_CBOR_INTEGER, &value));
    assert_int_equal(value.integer, 10);
    assert_true(ck_cbor_find_integer(&map, -1, CK_CBOR_INTEGER, &value));
    assert_int_equal(value.integer, 11);
    assert_true(ck_cbor_find_text(&map, "a", CK_CBOR_INTEGER, &value));
    assert_int_equal(value.integer, 12);
    assert_true(ck_cbor_find_text(&map, "ab", CK_CBOR_INTEGER, &value));
    assert_int_equal(value.integer, 13);
    assert_false(ck_cbor_find_text(&map, "b", CK_CBOR_INTEGER, &value));
    assert_false(ck_cbor_find_text(&map, "", CK_CBOR_INTEGER, &value));
    assert_false(ck_cbor_find_text(&map, "abc", CK_CBOR_INTEGER, &value));
    assert_false(ck_cbor_find_integer(&map, 0, CK_CBOR_INTEGER, &value));
    assert_false(ck_cbor_find_integer(&map, 10, CK_CBOR_INTEGER, &value));
    assert_false(ck_cbor_find_integer(&map, 1, CK_CBOR_BYTES, &value));
}

static void test_write(void **state)
{
    static const char expected[] = "\xa2\x61x\x82\x00\x20\x64long\x42\x01\x02";
    uint8_t bytes[sizeof expected - 1];
    struct ck_bytes data = {(uint8_t[]){1, 2}, 2}, raw = {(uint8_t[]){0x20}, 1};

    (void)state;
    /* With each room that is too little, and with just enough. */
    for (size_t room = 0; room <= sizeof bytes; room++) {
        struct ck_cbor_writer writer = {bytes, room, false};

        ck_cbor_write_map(&writer, 2);
        ck_cbor_write_text(&writer, "x");
        ck_cbor_write_array(&writer, 2);
        ck_cbor_write_integer(&writer, 0);
        ck_cbor_write_raw(&writer, &raw);
        ck_cbor_write_text(&writer, "long");
        ck_cbor_write_bytes(&writer, &data);
        assert_int_equal(writer.is_full, room < sizeof bytes);
        assert_int_equal(writer.left, 0);
    }
    assert_memory_equal(bytes, expected, sizeof bytes);
}

static void test_write_is_read(void **state)
{
    static const int64_t integers[] = {0,         23, 24,  255, 256,  65535,  65536,
                                       INT64_MAX, -1, -24, -25, -257, -65537, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        uint8_t bytes[16];
        struct ck_cbor_writer writer = {bytes, sizeof bytes, false};
        struct ck_cbor_item item;

        ck_cbor_write_integer(&writer, integers[i]);
        assert_true(ck_cbor_read_whole(bytes, sizeof bytes - writer.left, CK_CBOR_INTEGER, &item));
        assert_true(item.integer == integers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_refuses_longer_forms_than_needed),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_refuses_what_is_not_canonical),
        cmocka_unit_test(test_refuses_missing_content),
        cmocka_unit_test(test_map_keys),
        cmocka_unit_test(test_depth_bound),
        cmocka_unit_test(test_next_moves),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
