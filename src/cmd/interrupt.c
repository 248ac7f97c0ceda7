/* Signals that ask the program to end. */
#include "interrupt.h"

#include <stddef.h>

volatile sig_atomic_t interrupt_noted;

static void note(int signal_number)
{
    (void)signal_number;
    interrupt_noted = 1;
}

void interrupt_catch(void)
{
    const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: a prompt shall wake up */

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
        sigaction(ending[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}
