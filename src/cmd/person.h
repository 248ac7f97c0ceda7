/* The person at the terminal, as the enrollment sequences see them. */
#ifndef CMD_PERSON_H
#define CMD_PERSON_H

#include <stdbool.h>

#include "cowkey/enroll/person.h"
#include "cowkey/key/key.h"
#include "delivery.h"
#include "options.h"

struct target;

/* What the calls of a person need to know; all is borrowed. */
struct speaker {
    const struct options *options;
    const struct target *target; /* whom a touch or a PIN is for; NULL: for the key itself */
    bool unattended;
    struct delivery *delivery; /* NULL for commands that hand out nothing */
    bool pin_given;            /* the options' PIN went to a key */
};

/* The same person, as a security key needs one. */
struct ck_key_person key_person_new(struct speaker *speaker);

/* A person whose calls print and prompt on behalf of speaker, which is borrowed. */
struct ck_person person_new(struct speaker *speaker);

#endif
