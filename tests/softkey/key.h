/* The whole key: what its parts share. */
#ifndef SOFTKEY_KEY_H
#define SOFTKEY_KEY_H

#include "assertion.h"
#include "ctap.h"
#include "hid.h"
#include "log.h"
#include "manage.h"
#include "pin.h"
#include "script.h"
#include "server.h"
#include "store.h"
#include "u2f.h"
#include "user.h"

struct key {
    struct script script;
    struct store store;
    struct log log;
    struct server server;

    /* lost without power */
    int64_t powered_ms; /* when power came */
    struct hid hid;
    struct user user;
    struct pin pin;
    struct assertions assertions;
    struct listing listing;
    struct u2f u2f;

    struct fault fault; /* what the script has for the command that is worked on */
};

/* Milliseconds of a clock that only goes forward. */
int64_t now_ms(void);

#endif
