/* Ctrl-C and its kin: noted, never fatal at once, so that what is under way can be put in order. */
#ifndef CMD_INTERRUPT_H
#define CMD_INTERRUPT_H

#include <signal.h>

/*
 * From now on SIGINT, SIGTERM, SIGHUP and SIGQUIT are noted (unless ignored before) and SIGPIPE is
 * ignored.
 */
void interrupt_catch(void);

/* Nonzero once one of them came; and once a second one did. */
extern volatile sig_atomic_t interrupt_noted, interrupt_insisted;

#endif
