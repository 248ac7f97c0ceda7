/* The person at the terminal, as the enrollment sequences see them. */
#ifndef CMD_PERSON_H
#define CMD_PERSON_H

#include <stdbool.h>

#include "cowkey/enroll/person.h"
#include "delivery.h"
#include "options.h"

struct speaker {
    const struct options *options;
    bool unattended;
    struct delivery *delivery; /* NULL for commands that hand out nothing */
};

/* A person whose calls print and prompt on behalf of speaker, which is borrowed. */
struct ck_person person_new(struct speaker *speaker);

#endif
