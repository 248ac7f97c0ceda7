/* What the files of this room share about a key; everybody else sees cowkey/key/key.h. */
#ifndef KEY_INTERNAL_H
#define KEY_INTERNAL_H

#include <fido.h>
#include <fido/credman.h>

#include "cowkey/key/info.h"
#include "cowkey/key/key.h"

enum { NAME_MAX_BYTES = 192 };

/* A key that libfido2 lists; maker and product may be empty. */
struct found_key {
    char path[CK_KEY_PATH_MAX];
    char maker[CK_KEY_TEXT_MAX];
    char product[CK_KEY_TEXT_MAX];
    char name[NAME_MAX_BYTES]; /* all of that, for sentences */
};

struct ck_key {
    fido_dev_t *device;
    const struct ck_key_settings *settings;
    struct found_key found;
    bool lacks_credential;     /* that is why the last signing failed */
    bool has_refused;          /* the last ceremony: it took neither PIN nor finger */
    struct ck_secret *pin;     /* once the person gave it; it serves later calls */
    struct ck_secret *old_pin; /* of the key before ck_key_reopen, which may be another one */
};

/*
 * find.c: the keys that are plugged in and may be opened, at most CK_KEYS_MAX; device restricts it
 * to one unless it is NULL.
 */
enum ck_err found_list(const char *device, struct found_key found[CK_KEYS_MAX], size_t *ret_count,
                       struct ck_error *err);
/* The same; none at all is CK_ERR_KEY, with the cure. */
enum ck_err found_find(const char *device, struct found_key found[CK_KEYS_MAX], size_t *ret_count,
                       struct ck_error *err);
/* Why a node can't be opened, from errno, and what helps. */
enum ck_err node_explain_forbidden(const char *node, int why, struct ck_error *err);

/* key.c: opens a key that is to be asked what it can do; returns what libfido2 does. */
int node_open(fido_dev_t *device, const char *path);
enum ck_err found_open(const struct ck_key_settings *settings, const struct found_key *found,
                       struct ck_key **ret_key, struct ck_error *err);

/* sysfs.c: what the kernel tells of hidraw nodes. */
struct node {
    char path[CK_KEY_PATH_MAX]; /* "/dev/hidraw3" */
};
/* The nodes of security keys, whether they may be opened or not; at most CK_KEYS_MAX. */
size_t sysfs_list_nodes(struct node nodes[CK_KEYS_MAX]);
/* 0 when the node can be opened, else errno. */
int sysfs_try_node(const char *path);
/*
 * An attribute of the USB device behind the node ("manufacturer", "serial"); "" where none is
 * told.
 */
void sysfs_read_attribute(const char *path, const char *attribute, char text[CK_KEY_TEXT_MAX]);

/*
 * info.c: asks an open key. info_probe: does it still answer, before something that can't be
 * undone?
 */
int info_probe(fido_dev_t *device);
int info_read(fido_dev_t *device, struct ck_key_info *ret_info);
/* What the system tells of a key; problem and info are left alone. */
void found_describe(const struct found_key *found, struct ck_plugged_key *plugged);

/* translate.c: libfido2's error codes, in words and with the cure. */
enum ck_err key_translate(const struct ck_key *key, int fido_error, struct ck_error *err);
/* Whether the key itself said no, so that it did nothing; else the answer was lost on the way. */
bool key_is_answer(int fido_error);

/*
 * wait.c: runs one blocking call of libfido2 so that a signal or a timeout ends it, be it that the
 * key heeds a cancel or not. *ret_fido_error is the call's result; CK_ERR_INTERRUPTED and
 * CK_ERR_KEY (not touched, or no answer, in time) when it was ended. A call that had to be torn
 * from the key leaves it good for nothing but to be closed.
 */
enum wait {
    WAIT_FOR_ANSWER, /* nobody is needed */
    WAIT_FOR_TOUCH,
};
enum ck_err key_wait(struct ck_key *key, enum wait wait,
                     int (*call)(struct ck_key *key, void *data), void *data, int *ret_fido_error,
                     struct ck_error *err);

/* key.c: what the key tells of itself; for cbor_info_free, which serves CK_CLEANUP. */
void cbor_info_free(fido_cbor_info_t **info);
enum ck_err cbor_info_read(struct ck_key *key, fido_cbor_info_t **ret_info, struct ck_error *err);

/*
 * pin.c: runs a ceremony as key_wait does, and asks for the PIN as often as the key and the
 * person want it. call gets the verification to ask the key for: FIDO_OPT_TRUE only when built-in
 * verification shall be used.
 */
struct ceremony {
    int (*call)(struct ck_key *key, void *data, fido_opt_t built_in_uv, const char *pin);
    void *data;
    enum ck_verification verification;
    bool touchless; /* the key wants no touch for this, unless a finger verifies the user */
};
enum ck_err ceremony_run(struct ck_key *key, const struct ceremony *ceremony, struct ck_error *err);

/*
 * Asks the person for the PIN that the key has now, and keeps it in the key. Each answer is one
 * try, and no answer is used twice. A PIN that has to be changed first is CK_ERR_KEY unless that is
 * what it is for.
 */
enum pin_use { PIN_TO_USE, PIN_TO_CHANGE };
enum ck_err key_ask_pin(struct ck_key *key, enum pin_use use, bool again, struct ck_error *err);

#endif
