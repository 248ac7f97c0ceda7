#include "cowkey/webauthn/attestation.h"

#include <stdio.h>

#include "authenticator.h"

static struct buffer buffer;

static struct ck_attestation usual(const char *format, size_t chain_count)
{
    struct ck_attestation attestation = {.algorithm = CK_COSE_ES256, .chain_count = chain_count};

    snprintf(attestation.format, sizeof attestation.format, "%s", format);
    attestation.signature = bytes_of_text("a signature");
    for (size_t i = 0; i < chain_count; i++)
        attestation.chain[i] = exactly("0123456789", i + 1);
    attestation.authenticator_data = bytes_of_text("authenticator data");
    return attestation;
}

static void put_start(const char *format)
{
    buffer.size = 0;
    put_head(&buffer, 5, 3);
    put_text(&buffer, "fmt");
    put_text(&buffer, format);
    put_text(&buffer, "attStmt");
}

static void put_end(void)
{
    put_text(&buffer, "authData");
    put_string(&buffer, "authenticator data", 18);
}

static void put_packed(size_t chain_count)
{
    put_start("packed");
    put_head(&buffer, 5, chain_count > 0 ? 3 : 2);
    put_text(&buffer, "alg");
    put_integer(&buffer, CK_COSE_ES256);
    put_text(&buffer, "sig");
    put_string(&buffer, "a signature", 11);
    if (chain_count > 0) {
        put_text(&buffer, "x5c");
        put_head(&buffer, 4, chain_count);
    }
    for (size_t i = 0; i < chain_count; i++)
        put_string(&buffer, "0123456789", i + 1);
    put_end();
}

static void put_u2f(void)
{
    put_start("fido-u2f");
    put_head(&buffer, 5, 2);
    put_text(&buffer, "sig");
    put_string(&buffer, "a signature", 11);
    put_text(&buffer, "x5c");
    put_head(&buffer, 4, 1);
    put_string(&buffer, "0", 1);
    put_end();
}

/* A format with this statement, already in CBOR. */
static void put_other(const char *format, const void *statement, size_t size)
{
    put_start(format);
    put(&buffer, statement, size);
    put_end();
}

#define OTHER(format, literal) put_other(format, literal, sizeof(literal) - 1)

static void assert_formats(const struct ck_attestation *attestation)
{
    struct ck_bytes object;
    struct ck_error err;

    if (ck_attestation_format(attestation, &object, &err) != CK_OK)
        fail_msg("%s", err.text);
    assert_int_equal(object.size, buffer.size);
    assert_memory_equal(object.data, buffer.bytes, buffer.size);
    ck_bytes_clear(&object);
}

static void assert_equal(const struct ck_attestation *a, const struct ck_attestation *b)
{
    assert_string_equal(a->format, b->format);
    assert_int_equal(a->algorithm, b->algorithm);
    assert_true(ck_bytes_equal(&a->signature, &b->signature));
    assert_int_equal(a->chain_count, b->chain_count);
    for (size_t i = 0; i < a->chain_count; i++)
        assert_true(ck_bytes_equal(&a->chain[i], &b->chain[i]));
    assert_true(ck_bytes_equal(&a->statement, &b->statement));
    assert_true(ck_bytes_equal(&a->authenticator_data, &b->authenticator_data));
}

static struct ck_attestation parsed(void)
{
    struct ck_bytes object = bytes_of(&buffer);
    struct ck_attestation attestation;
    struct ck_error err;

    if (ck_attestation_parse(&object, &attestation, &err) != CK_OK)
        fail_msg("%s", err.text);
    ck_bytes_clear(&object);
    return attestation;
}

/* The buffer's object is written from attestation, and read as attestation. Clears it. */
static void assert_both_ways(struct ck_attestation *attestation)
{
    struct ck_attestation read = parsed();

    assert_formats(attestation);
    assert_equal(attestation, &read);
    ck_attestation_clear(&read);
    ck_attestation_clear(attestation);
    ck_attestation_clear(attestation);
    assert_null(attestation->authenticator_data.data);
}

static void assert_refused(const char *part)
{
    struct ck_bytes object = bytes_of(&buffer);
    struct ck_attestation attestation, untouched;
    struct ck_error err;

    memset(&attestation, 0x5a, sizeof attestation);
    untouched = attestation;
    if (ck_attestation_parse(&object, &attestation, &err) == CK_OK)
        fail_msg("an object was read where \"%s\" was expected", part);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_memory_equal(&attestation, &untouched, sizeof attestation);
    ck_bytes_clear(&object);
}

static void test_packed(void **state)
{
    (void)state;
    for (size_t count = 0; count <= CK_CHAIN_MAX; count++) {
        struct ck_attestation attestation = usual("packed", count);
        put_packed(count);
        assert_both_ways(&attestation);
    }
}

static void test_u2f(void **state)
{
    struct ck_attestation attestation = usual("fido-u2f", 1);

    (void)state;
    attestation.algorithm = 0;
    put_u2f();
    assert_both_ways(&attestation);
}

static void test_none(void **state)
{
    struct ck_attestation attestation = {.format = "none",
                                         .authenticator_data = bytes_of_text("authenticator data")};

    (void)state;
    OTHER("none", "\xa0");
    assert_both_ways(&attestation);
}

static void test_unknown_formats_are_carried(void **state)
{
    static const char longest[] = "a.format.of.thirty-two.bytes.is.";
    struct ck_attestation attestation = {.format = "apple",
                                         .statement = bytes_of_text("\xa1\x63x5c\x81\x41x"),
                                         .authenticator_data = bytes_of_text("authenticator data")};

    (void)state;
    OTHER("apple", "\xa1\x63x5c\x81\x41x");
    assert_both_ways(&attestation);

    attestation =
        (struct ck_attestation){.statement = bytes_of_text("\x81\xa1\x61x\x80"),
                                .authenticator_data = bytes_of_text("authenticator data")};
    assert_int_equal(strlen(longest), CK_ATTESTATION_FORMAT_MAX - 1);
    strcpy(attestation.format, longest);
    OTHER(longest, "\x81\xa1\x61x\x80");
    assert_both_ways(&attestation);
}

/* As a key gives it: the statement as it is encoded, and none of its members. */
static void test_statement_is_written_as_it_is(void **state)
{
    struct ck_attestation attestation = {.format = "packed",
                                         .authenticator_data = bytes_of_text("authenticator data")};

    (void)state;
    put_packed(2);
    attestation.statement =
        exactly(buffer.bytes + 20, buffer.size - 20 - strlen("authenticator data") - 10);
    assert_int_equal(attestation.statement.data[0], 0xa3);
    assert_formats(&attestation);
    ck_attestation_clear(&attestation);
}

static void assert_not_formatted(struct ck_attestation *attestation, const char *part)
{
    struct ck_bytes object = {(uint8_t *)UNTOUCHED, 7};
    struct ck_error err;

    assert_int_equal(ck_attestation_format(attestation, &object, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_ptr_equal(object.data, UNTOUCHED);
    ck_attestation_clear(attestation);
}

static void test_format_refuses(void **state)
{
    struct ck_attestation attestation;

    (void)state;
    attestation = usual("tpm", 1);
    assert_not_formatted(&attestation, "only written from its statement");
    attestation = usual("", 1);
    assert_not_formatted(&attestation, "only written from its statement");
    attestation = usual("fido-u2f", 0);
    assert_not_formatted(&attestation, "0 certificates");
    attestation = usual("a b", 0);
    attestation.statement = bytes_of_text("\xa0");
    assert_not_formatted(&attestation, "whose name");
    attestation = usual("tpm", 0);
    attestation.statement = bytes_of_text("\xa1");
    assert_not_formatted(&attestation, "canonical CBOR");
    attestation = usual("tpm", 0);
    attestation.statement = bytes_of_text("\x81\x81\x81\x80");
    assert_not_formatted(&attestation, "canonical CBOR");
    attestation = usual("none", 0);
    attestation.statement = bytes_of_text("\xa1\x61x\xf6");
    assert_not_formatted(&attestation, "says none");
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        if (i == 0)
            put_packed(3);
        else if (i == 1)
            put_packed(0);
        else if (i == 2)
            put_u2f();
        else
            OTHER("apple", "\xa1\x63x5c\x81\x41x");
        for (size_t size = buffer.size; size-- > 0;) {
            buffer.size = size;
            assert_refused("canonical CBOR");
        }
    }
}

/* A bit more or less is refused, or is read as something that is written as just this. */
static void test_damaged_objects(void **state)
{
    (void)state;
    put_packed(2);
    for (size_t bit = 0; bit < 8 * buffer.size; bit++) {
        struct ck_attestation attestation = {0};
        struct ck_error err;

        buffer.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct ck_bytes object = bytes_of(&buffer);
        if (ck_attestation_parse(&object, &attestation, &err) == CK_OK)
            assert_formats(&attestation);
        ck_attestation_clear(&attestation);
        ck_bytes_clear(&object);
        buffer.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void test_refuses_other_members(void **state)
{
    (void)state;
    OTHER("none", "\xa0");
    put_byte(&buffer, 0);
    assert_refused("canonical CBOR");

    buffer.size = 0;
    put(&buffer,
        "\xa2\x63"
        "fmt\x64none\x67"
        "attStmt\xa0",
        19);
    assert_refused("exactly the members");
    OTHER("none", "\xa0");
    buffer.bytes[0] = 0xa4;
    put(&buffer,
        "\x69"
        "more-data\x00",
        11);
    assert_refused("exactly the members");
    /* authData as text, fmt as bytes, a statement that is neither map nor list. */
    OTHER("none", "\xa0");
    buffer.bytes[buffer.size - 19] ^= 0x20;
    assert_refused("exactly the members");
    OTHER("none", "\xa0");
    buffer.bytes[5] ^= 0x20;
    assert_refused("exactly the members");
    OTHER("other", "\x40");
    assert_refused("exactly the members");
    OTHER("other", "\xf6");
    assert_refused("exactly the members");
    /* The keys of CTAP2, which are numbers. */
    buffer.size = 0;
    put(&buffer, "\xa3\x01\x64none\x02\x41x\x03\xa0", 12);
    assert_refused("exactly the members");
    buffer.size = 0;
    put_head(&buffer, 4, 0);
    assert_refused("canonical CBOR");
    buffer.size = 0;
    assert_refused("canonical CBOR");
}

static void test_refuses_what_is_not_canonical(void **state)
{
    (void)state;
    /* Unsorted, twice, indefinite, a longer length than needed, too deep. */
    buffer.size = 0;
    put(&buffer,
        "\xa3\x63"
        "fmt\x64none\x68"
        "authData\x41x\x67"
        "attStmt\xa0",
        30);
    assert_refused("canonical CBOR");
    buffer.size = 0;
    put(&buffer,
        "\xa4\x63"
        "fmt\x64none\x63"
        "fmt\x64none\x67"
        "attStmt\xa0\x68"
        "authData\x41x",
        39);
    assert_refused("canonical CBOR");
    buffer.size = 0;
    put(&buffer,
        "\xbf\x63"
        "fmt\x64none\x67"
        "attStmt\xa0\x68"
        "authData\x41x\xff",
        31);
    assert_refused("canonical CBOR");
    buffer.size = 0;
    put(&buffer,
        "\xa3\x63"
        "fmt\x78\x04none\x67"
        "attStmt\xa0\x68"
        "authData\x41x",
        31);
    assert_refused("canonical CBOR");
    OTHER("other", "\x81\x81\x80");
    struct ck_attestation attestation = parsed();
    ck_attestation_clear(&attestation);
    OTHER("other", "\x81\x81\x81\x80");
    assert_refused("canonical CBOR");
}

static void test_refuses_formats(void **state)
{
    (void)state;
    OTHER("", "\xa0");
    assert_refused("whose name");
    OTHER("a.format.of.thirty-three.bytes.is", "\xa0");
    assert_refused("whose name");
    OTHER("a\"b", "\xa0");
    assert_refused("whose name");
    OTHER("a\\b", "\xa0");
    assert_refused("whose name");
    OTHER("a b", "\xa0");
    assert_refused("whose name");
    OTHER("a\x1b", "\xa0");
    assert_refused("whose name");
    OTHER("a\xc3\xa4", "\xa0");
    assert_refused("whose name");
    /* Letter case counts: these are other formats. */
    OTHER("None", "\xa0");
    struct ck_attestation attestation = parsed();
    assert_int_equal(attestation.statement.size, 1);
    ck_attestation_clear(&attestation);
}

static void test_refuses_statements(void **state)
{
    (void)state;
    OTHER("none", "\xa1\x63sig\x40");
    assert_refused("says none");
    OTHER("none", "\x80");
    assert_refused("not a map");
    OTHER("packed", "\x80");
    assert_refused("not a map");
    OTHER("packed", "\xa0");
    assert_refused("a packed statement");
    OTHER("packed", "\xa1\x63"
                    "alg\x26");
    assert_refused("a packed statement");
    OTHER("packed", "\xa1\x63sig\x41x");
    assert_refused("a packed statement");
    OTHER("packed", "\xa2\x63"
                    "alg\x61x\x63sig\x41x");
    assert_refused("a packed statement");
    OTHER("packed", "\xa2\x63"
                    "alg\x26\x63sig\x61x");
    assert_refused("a packed statement");
    OTHER("packed", "\xa3\x63"
                    "alg\x26\x63sig\x41x\x63x5c\x41x");
    assert_refused("a packed statement");
    OTHER("packed", "\xa3\x63"
                    "alg\x26\x63sig\x41x\x64more\xf6");
    assert_refused("a packed statement");
    OTHER("packed", "\xa2\x63"
                    "alg\x1a\x80\x00\x00\x00\x63sig\x41x");
    assert_refused("out of range");
    OTHER("packed", "\xa2\x63"
                    "alg\x3a\x80\x00\x00\x00\x63sig\x41x");
    assert_refused("out of range");
    OTHER("packed", "\xa3\x63"
                    "alg\x26\x63sig\x41x\x63x5c\x80");
    assert_refused("0 certificates");
    OTHER("packed", "\xa3\x63"
                    "alg\x26\x63sig\x41x\x63x5c\x81\x61x");
    assert_refused("no string of bytes");
    OTHER("packed", "\xa3\x63"
                    "alg\x26\x63sig\x41x\x63x5c\x82\x41x\x40");
    assert_refused("no string of bytes");
    OTHER("fido-u2f", "\xa0");
    assert_refused("a fido-u2f statement");
    OTHER("fido-u2f", "\xa1\x63sig\x41x");
    assert_refused("a fido-u2f statement");
    OTHER("fido-u2f", "\xa3\x63"
                      "alg\x26\x63sig\x41x\x63x5c\x81\x41x");
    assert_refused("a fido-u2f statement");
}

static void test_chain_bound(void **state)
{
    (void)state;
    put_packed(CK_CHAIN_MAX + 1);
    assert_refused("9 certificates");
}

static void test_size_bound(void **state)
{
    struct ck_attestation attestation;

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct ck_bytes object = {(uint8_t *)UNTOUCHED, 7};
        struct ck_error err;

        OTHER("none", "\xa0");
        buffer.size -= 19;
        size_t size = CK_ATTESTATION_MAX + over - buffer.size - 3;
        put_head(&buffer, 2, size);
        memset(buffer.bytes + buffer.size, 'd', size);
        buffer.size += size;
        if (over == 0) {
            assert_int_equal(buffer.size, CK_ATTESTATION_MAX);
            attestation = parsed();
            assert_formats(&attestation);
            ck_bytes_clear(&attestation.authenticator_data);
            attestation.authenticator_data.size = size + 1;
            attestation.authenticator_data.data = malloc(size + 1);
            memset(attestation.authenticator_data.data, 'd', size + 1);
        } else {
            assert_refused("more than 65536");
            assert_int_equal(ck_attestation_format(&attestation, &object, &err), CK_ERR_USAGE);
            assert_error(&err, CK_ERR_USAGE, "more than 65536");
            assert_ptr_equal(object.data, UNTOUCHED);
            ck_attestation_clear(&attestation);
        }
    }
}

static enum ck_err parse_and_format(struct ck_error *err)
{
    struct ck_bytes object = {buffer.bytes, buffer.size}, again = {(uint8_t *)UNTOUCHED, 7};
    struct ck_attestation attestation, untouched;
    enum ck_err rc;

    memset(&attestation, 0x5a, sizeof attestation);
    untouched = attestation;
    rc = ck_attestation_parse(&object, &attestation, err);
    if (rc != CK_OK) {
        assert_memory_equal(&attestation, &untouched, sizeof attestation);
        return rc;
    }
    rc = ck_attestation_format(&attestation, &again, err);
    ck_attestation_clear(&attestation);
    if (rc == CK_OK)
        ck_bytes_clear(&again);
    else
        assert_ptr_equal(again.data, UNTOUCHED);
    return rc;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    put_packed(3);
    fail_each_allocation(parse_and_format, 12);
    put_u2f();
    fail_each_allocation(parse_and_format, 8);
    OTHER("apple", "\xa1\x63x5c\x81\x41x");
    fail_each_allocation(parse_and_format, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_u2f),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_unknown_formats_are_carried),
        cmocka_unit_test(test_statement_is_written_as_it_is),
        cmocka_unit_test(test_format_refuses),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_damaged_objects),
        cmocka_unit_test(test_refuses_other_members),
        cmocka_unit_test(test_refuses_what_is_not_canonical),
        cmocka_unit_test(test_refuses_formats),
        cmocka_unit_test(test_refuses_statements),
        cmocka_unit_test(test_chain_bound),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
