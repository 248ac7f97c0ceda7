/* The numbers in a COSE_Key. */
#ifndef COWKEY_WEBAUTHN_COSE_LABEL_H
#define COWKEY_WEBAUTHN_COSE_LABEL_H

/* The labels of a COSE_Key's members (RFC 9052 section 7.1, RFC 9053 section 7, RFC 8230). */
enum label {
    LABEL_TYPE = 1,
    LABEL_ALGORITHM = 3,
    LABEL_CURVE = -1,
    LABEL_X = -2,
    LABEL_Y = -3,
    LABEL_N = -1,
    LABEL_E = -2,
};

enum key_type { TYPE_OKP = 1, TYPE_EC2 = 2, TYPE_RSA = 3 };

enum {
    COORDINATE_MAX = 48,
    ED25519_SIZE = 32,
    RSA_BYTES_MIN = 2048 / 8,
    RSA_BYTES_MAX = 8192 / 8,
    EXPONENT_BYTES_MAX = 8,
};

#endif
