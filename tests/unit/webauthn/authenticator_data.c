#include "cowkey/webauthn/authenticator_data.h"

#include "authenticator.h"

static struct buffer buffer;

/* An extension output such as {"credProtect": 2}. */
#define EXTENSIONS                                                                                 \
    "\xa1\x6b"                                                                                     \
    "credProtect\x02"

static void make(unsigned flags, size_t id_size)
{
    static uint8_t id[65535];

    memset(id, 'i', sizeof id);
    buffer.size = 0;
    put_data_header(&buffer, "mail.example.org", flags, 0x01020304);
    if ((flags & CK_FLAG_ATTESTED) != 0)
        put_attested(&buffer, usual_aaguid, id, id_size, key_of(CK_COSE_ES256, 0), CK_COSE_ES256);
    if ((flags & CK_FLAG_EXTENSIONS) != 0)
        put(&buffer, EXTENSIONS, sizeof EXTENSIONS - 1);
}

static void assert_refused(const void *bytes, size_t size, const char *part)
{
    struct ck_bytes copy = exactly(bytes, size);
    struct ck_authenticator_data data, untouched;
    struct ck_error err;

    memset(&data, 0x5a, sizeof data);
    untouched = data;
    assert_int_equal(ck_authenticator_data_parse(copy.data, copy.size, &data, &err), CK_ERR_USAGE);
    assert_error(&err, CK_ERR_USAGE, part);
    assert_memory_equal(&data, &untouched, sizeof data);
    ck_bytes_clear(&copy);
}

static struct ck_authenticator_data parsed(void)
{
    struct ck_bytes copy = bytes_of(&buffer);
    struct ck_authenticator_data data;
    struct ck_error err;

    if (ck_authenticator_data_parse(copy.data, copy.size, &data, &err) != CK_OK)
        fail_msg("%s", err.text);
    ck_bytes_clear(&copy);
    return data;
}

static void test_login(void **state)
{
    struct ck_authenticator_data data;
    uint8_t expected[CK_SHA256_SIZE];

    (void)state;
    make(CK_FLAG_USER_PRESENT | CK_FLAG_USER_VERIFIED, 0);
    data = parsed();
    SHA256((const uint8_t *)"mail.example.org", 16, expected);
    assert_memory_equal(data.rp_id_hash, expected, sizeof expected);
    assert_int_equal(data.flags, 0x05);
    assert_int_equal(data.sign_count, 0x01020304);
    assert_null(data.credential_id.data);
    assert_null(data.public_key.data);
    ck_authenticator_data_clear(&data);
}

static void test_registration(void **state)
{
    struct ck_authenticator_data data;

    (void)state;
    make(CK_FLAG_USER_PRESENT | CK_FLAG_ATTESTED | CK_FLAG_EXTENSIONS, 32);
    data = parsed();
    assert_int_equal(data.flags, 0xc1);
    assert_memory_equal(data.aaguid, usual_aaguid, sizeof usual_aaguid);
    assert_int_equal(data.credential_id.size, 32);
    assert_int_equal(data.credential_id.data[31], 'i');
    assert_int_equal(data.public_key.size, 77);
    assert_int_equal(data.public_key.data[0], 0xa5);
    ck_authenticator_data_clear(&data);
    ck_authenticator_data_clear(&data);
    assert_null(data.public_key.data);
}

static void test_extensions_only(void **state)
{
    struct ck_authenticator_data data;

    (void)state;
    make(CK_FLAG_EXTENSIONS, 0);
    data = parsed();
    assert_int_equal(data.flags, 0x80);
    ck_authenticator_data_clear(&data);
}

static void test_highest_count(void **state)
{
    struct ck_authenticator_data data;

    (void)state;
    make(0, 0);
    memset(buffer.bytes + 33, 0xff, 4);
    data = parsed();
    assert_int_equal(data.sign_count, UINT32_MAX);
    ck_authenticator_data_clear(&data);
}

static void test_every_truncation_is_refused(void **state)
{
    static const unsigned flags[] = {0, CK_FLAG_ATTESTED, CK_FLAG_EXTENSIONS,
                                     CK_FLAG_ATTESTED | CK_FLAG_EXTENSIONS};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        make(flags[i], 32);
        for (size_t size = 0; size < buffer.size; size++)
            assert_refused(buffer.bytes, size, "the authenticator data");
    }
}

/* Each set of flags is right for its own parts only. */
static void test_flags_and_parts(void **state)
{
    (void)state;
    for (unsigned is = 0; is < 4; is++) {
        make((is & 1 ? CK_FLAG_ATTESTED : 0) | (is & 2 ? CK_FLAG_EXTENSIONS : 0), 32);
        for (unsigned says = 0; says < 4; says++) {
            if (says == is)
                continue;
            buffer.bytes[32] =
                (uint8_t)((says & 1 ? CK_FLAG_ATTESTED : 0) | (says & 2 ? CK_FLAG_EXTENSIONS : 0));
            assert_refused(buffer.bytes, buffer.size, "the authenticator data");
        }
    }
}

static void test_left_over_bytes(void **state)
{
    (void)state;
    make(CK_FLAG_USER_PRESENT, 0);
    put_byte(&buffer, 0);
    assert_refused(buffer.bytes, buffer.size, "goes on");
    make(CK_FLAG_ATTESTED, 32);
    put_byte(&buffer, 0xa0);
    assert_refused(buffer.bytes, buffer.size, "goes on");
    make(CK_FLAG_EXTENSIONS, 32);
    put_byte(&buffer, 0xa0);
    assert_refused(buffer.bytes, buffer.size, "goes on");
}

static void test_other_cbor(void **state)
{
    (void)state;
    make(0, 0);
    buffer.bytes[32] = CK_FLAG_EXTENSIONS;
    put(&buffer, "\x80", 1);
    assert_refused(buffer.bytes, buffer.size, "extensions");
    buffer.bytes[37] = 0xbf;
    put(&buffer, "\xff", 1);
    assert_refused(buffer.bytes, buffer.size, "extensions");

    make(0, 0);
    buffer.bytes[32] = CK_FLAG_ATTESTED;
    put(&buffer, usual_aaguid, CK_AAGUID_SIZE);
    put(&buffer, "\x00\x01i\x40", 4);
    assert_refused(buffer.bytes, buffer.size, "public key");
    buffer.bytes[buffer.size - 1] = 0xa2;
    put(&buffer, "\x03\x26\x01\x02", 4); /* unsorted */
    assert_refused(buffer.bytes, buffer.size, "public key");
}

static void test_id_bound(void **state)
{
    struct ck_authenticator_data data;

    (void)state;
    make(CK_FLAG_ATTESTED, 1);
    data = parsed();
    assert_int_equal(data.credential_id.size, 1);
    ck_authenticator_data_clear(&data);
    make(CK_FLAG_ATTESTED, CK_CREDENTIAL_ID_MAX);
    data = parsed();
    assert_int_equal(data.credential_id.size, CK_CREDENTIAL_ID_MAX);
    ck_authenticator_data_clear(&data);
    make(CK_FLAG_ATTESTED, CK_CREDENTIAL_ID_MAX + 1);
    assert_refused(buffer.bytes, buffer.size, "has 1024 bytes");
    make(CK_FLAG_ATTESTED, 0);
    assert_refused(buffer.bytes, buffer.size, "has 0 bytes");
}

static void test_size_bound(void **state)
{
    size_t left;
    struct ck_authenticator_data data;

    (void)state;
    for (size_t over = 0; over < 2; over++) {
        make(0, 0);
        buffer.bytes[32] = CK_FLAG_EXTENSIONS;
        put(&buffer, "\xa1\x01", 2);
        left = CK_AUTHENTICATOR_DATA_MAX + over - buffer.size - 3;
        put_head(&buffer, 2, left);
        memset(buffer.bytes + buffer.size, 'x', left);
        buffer.size += left;
        if (over) {
            assert_refused(buffer.bytes, buffer.size, "more than 8192");
        } else {
            assert_int_equal(buffer.size, CK_AUTHENTICATOR_DATA_MAX);
            data = parsed();
            ck_authenticator_data_clear(&data);
        }
    }
}

static enum ck_err parse(struct ck_error *err)
{
    struct ck_authenticator_data data, untouched;
    enum ck_err rc;

    memset(&data, 0x5a, sizeof data);
    untouched = data;
    rc = ck_authenticator_data_parse(buffer.bytes, buffer.size, &data, err);
    if (rc == CK_OK)
        ck_authenticator_data_clear(&data);
    else
        assert_memory_equal(&data, &untouched, sizeof data);
    return rc;
}

static void test_allocations_fail(void **state)
{
    (void)state;
    make(CK_FLAG_ATTESTED, 32);
    fail_each_allocation(parse, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_extensions_only),
        cmocka_unit_test(test_highest_count),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_flags_and_parts),
        cmocka_unit_test(test_left_over_bytes),
        cmocka_unit_test(test_other_cbor),
        cmocka_unit_test(test_id_bound),
        cmocka_unit_test(test_size_bound),
        cmocka_unit_test(test_allocations_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
