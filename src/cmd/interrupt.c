/* Signals that ask the program to end. */
#include "interrupt.h"

#include <stddef.h>

volatile sig_atomic_t interrupt_noted, interrupt_insisted;

static void note(int signal_number)
{
    (void)signal_number;
    interrupt_insisted = interrupt_noted;
    interrupt_noted = 1;
}

void interrupt_catch(void)
{
    const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: a prompt shall wake up */

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++) {
        struct sigaction inherited;
        /* What nohup or a shell's background job ignores stays ignored. */
        if (sigaction(ending[i], NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN)
            sigaction(ending[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}
