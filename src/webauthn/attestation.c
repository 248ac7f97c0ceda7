#include "cowkey/webauthn/attestation.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "canonical_cbor.h"
#include "cowkey/base/cleanup.h"

static enum ck_err refuse(struct ck_error *err, const char *reason)
{
    return ck_error_set(err, CK_ERR_USAGE, "the attestation object %s", reason);
}

/* Printable ASCII without '"' and '\' (section 8.1). */
static bool is_format_name(const uint8_t *name, size_t size)
{
    if (size == 0 || size >= CK_ATTESTATION_FORMAT_MAX)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (name[i] <= 0x20 || name[i] >= 0x7f || name[i] == '"' || name[i] == '\\')
            return false;
    }
    return true;
}

/* --- writing --- */

/* x5c, the chain; the caller has counted the pair. */
static void write_chain(struct ck_cbor_writer *writer, const struct ck_attestation *attestation)
{
    ck_cbor_write_text(writer, "x5c");
    ck_cbor_write_array(writer, attestation->chain_count);
    for (size_t i = 0; i < attestation->chain_count; i++)
        ck_cbor_write_bytes(writer, &attestation->chain[i]);
}

/* Keys of one length come in alphabetical order. */
static enum ck_err write_statement(struct ck_cbor_writer *writer,
                                   const struct ck_attestation *attestation, struct ck_error *err)
{
    const char *format = attestation->format;
    bool has_chain = attestation->chain_count > 0;

    if (attestation->statement.size > 0) {
        ck_cbor_write_raw(writer, &attestation->statement);
    } else if (strcmp(format, "none") == 0) {
        ck_cbor_write_map(writer, 0);
    } else if (strcmp(format, "packed") == 0) {
        ck_cbor_write_map(writer, has_chain ? 3 : 2);
        ck_cbor_write_text(writer, "alg");
        ck_cbor_write_integer(writer, attestation->algorithm);
        ck_cbor_write_text(writer, "sig");
        ck_cbor_write_bytes(writer, &attestation->signature);
        if (has_chain)
            write_chain(writer, attestation);
    } else if (strcmp(format, "fido-u2f") == 0) {
        ck_cbor_write_map(writer, 2);
        ck_cbor_write_text(writer, "sig");
        ck_cbor_write_bytes(writer, &attestation->signature);
        write_chain(writer, attestation);
    } else {
        return refuse(err, "is of a format that is only written from its statement");
    }
    return CK_OK;
}

enum ck_err ck_attestation_format(const struct ck_attestation *attestation,
                                  struct ck_bytes *ret_object, struct ck_error *err)
{
    CK_CLEANUP(ck_free_p) uint8_t *object = malloc(CK_ATTESTATION_MAX);
    CK_CLEANUP(ck_attestation_clear) struct ck_attestation check = {0};
    struct ck_cbor_writer writer = {.at = object, .left = CK_ATTESTATION_MAX};

    if (object == NULL)
        return ck_error_no_memory(err);
    ck_cbor_write_map(&writer, 3);
    ck_cbor_write_text(&writer, "fmt");
    ck_cbor_write_text(&writer, attestation->format);
    ck_cbor_write_text(&writer, "attStmt");
    if (write_statement(&writer, attestation, err) != CK_OK)
        return err->code;
    ck_cbor_write_text(&writer, "authData");
    ck_cbor_write_bytes(&writer, &attestation->authenticator_data);
    if (writer.is_full)
        return ck_error_set(err, CK_ERR_USAGE, "the attestation object has more than %d bytes",
                            CK_ATTESTATION_MAX);
    struct ck_bytes written = {object, CK_ATTESTATION_MAX - writer.left};
    /* A format's name, a statement or members that can't be read are not written. */
    if (ck_attestation_parse(&written, &check, err) != CK_OK)
        return err->code;
    return ck_bytes_copy(written.data, written.size, ret_object, err);
}

/* --- reading --- */

static enum ck_err copy(const struct ck_cbor_reader *from, struct ck_bytes *to,
                        struct ck_error *err)
{
    return ck_bytes_copy(from->at, from->left, to, err);
}

static enum ck_err parse_chain(const struct ck_cbor_item *x5c, struct ck_attestation *attestation,
                               struct ck_error *err)
{
    struct ck_cbor_reader rest = x5c->content;
    struct ck_cbor_item certificate;

    if (x5c->count == 0 || x5c->count > CK_CHAIN_MAX)
        return ck_error_set(err, CK_ERR_USAGE,
                            "the attestation object has %zu certificates and not 1 to %d",
                            x5c->count, CK_CHAIN_MAX);
    while (ck_cbor_next(&rest, &certificate)) {
        if (certificate.type != CK_CBOR_BYTES || certificate.content.left == 0)
            return refuse(err, "has a certificate that is no string of bytes");
        if (copy(&certificate.content, &attestation->chain[attestation->chain_count], err) != CK_OK)
            return err->code;
        attestation->chain_count++;
    }
    return CK_OK;
}

static enum ck_err parse_packed(const struct ck_cbor_item *statement,
                                struct ck_attestation *attestation, struct ck_error *err)
{
    struct ck_cbor_item algorithm, signature, x5c;
    bool has_chain = ck_cbor_find_text(statement, "x5c", CK_CBOR_ARRAY, &x5c);

    if (statement->count != (has_chain ? 3 : 2) ||
        !ck_cbor_find_text(statement, "alg", CK_CBOR_INTEGER, &algorithm) ||
        !ck_cbor_find_text(statement, "sig", CK_CBOR_BYTES, &signature))
        return refuse(err, "has other members than a packed statement needs");
    if (algorithm.integer < INT_MIN || algorithm.integer > INT_MAX)
        return refuse(err, "has an algorithm that is out of range");
    attestation->algorithm = (int)algorithm.integer;
    if (copy(&signature.content, &attestation->signature, err) != CK_OK)
        return err->code;
    return has_chain ? parse_chain(&x5c, attestation, err) : CK_OK;
}

static enum ck_err parse_u2f(const struct ck_cbor_item *statement,
                             struct ck_attestation *attestation, struct ck_error *err)
{
    struct ck_cbor_item signature, x5c;

    if (statement->count != 2 || !ck_cbor_find_text(statement, "sig", CK_CBOR_BYTES, &signature) ||
        !ck_cbor_find_text(statement, "x5c", CK_CBOR_ARRAY, &x5c))
        return refuse(err, "has other members than a fido-u2f statement needs");
    if (copy(&signature.content, &attestation->signature, err) != CK_OK)
        return err->code;
    return parse_chain(&x5c, attestation, err);
}

static enum ck_err parse_none(const struct ck_cbor_item *statement,
                              struct ck_attestation *attestation, struct ck_error *err)
{
    (void)attestation;
    return statement->count == 0 ? CK_OK : refuse(err, "has a statement where it says none");
}

/* The statement of a format that is not judged may be a map or, as that of compound, a list. */
static enum ck_err parse_statement(const struct ck_cbor_item *statement,
                                   struct ck_attestation *attestation, struct ck_error *err)
{
    static const struct {
        const char *format;
        enum ck_err (*parse)(const struct ck_cbor_item *, struct ck_attestation *,
                             struct ck_error *);
    } judged[] = {{"packed", parse_packed}, {"fido-u2f", parse_u2f}, {"none", parse_none}};

    for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
        if (strcmp(attestation->format, judged[i].format) != 0)
            continue;
        if (statement->type != CK_CBOR_MAP)
            return refuse(err, "has a statement that is not a map");
        return judged[i].parse(statement, attestation, err);
    }
    return copy(&statement->whole, &attestation->statement, err);
}

static bool find_statement(const struct ck_cbor_item *map, struct ck_cbor_item *ret_statement)
{
    return ck_cbor_find_text(map, "attStmt", CK_CBOR_MAP, ret_statement) ||
           ck_cbor_find_text(map, "attStmt", CK_CBOR_ARRAY, ret_statement);
}

enum ck_err ck_attestation_parse(const struct ck_bytes *object, struct ck_attestation *ret,
                                 struct ck_error *err)
{
    CK_CLEANUP(ck_attestation_clear) struct ck_attestation attestation = {0};
    struct ck_cbor_item map, format, statement, data;

    if (object->size > CK_ATTESTATION_MAX)
        return ck_error_set(err, CK_ERR_USAGE, "the attestation object has more than %d bytes",
                            CK_ATTESTATION_MAX);
    if (!ck_cbor_read_whole(object->data, object->size, CK_CBOR_MAP, &map))
        return refuse(err, "is not a map in canonical CBOR");
    if (map.count != 3 || !ck_cbor_find_text(&map, "fmt", CK_CBOR_TEXT, &format) ||
        !find_statement(&map, &statement) ||
        !ck_cbor_find_text(&map, "authData", CK_CBOR_BYTES, &data))
        return refuse(err, "has not exactly the members fmt, attStmt and authData");
    if (!is_format_name(format.content.at, format.content.left))
        return refuse(err, "has a format whose name is not 1 to 32 printable characters");
    memcpy(attestation.format, format.content.at, format.content.left);
    if (parse_statement(&statement, &attestation, err) != CK_OK ||
        copy(&data.content, &attestation.authenticator_data, err) != CK_OK)
        return err->code;
    *ret = attestation;
    attestation = (struct ck_attestation){0};
    return CK_OK;
}

void ck_attestation_clear(struct ck_attestation *attestation)
{
    ck_bytes_clear(&attestation->signature);
    for (size_t i = 0; i < attestation->chain_count; i++)
        ck_bytes_clear(&attestation->chain[i]);
    attestation->chain_count = 0;
    ck_bytes_clear(&attestation->statement);
    ck_bytes_clear(&attestation->authenticator_data);
}
