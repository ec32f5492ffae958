/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.c - Ctrl-C: the first one asks the work to end, the second one ends the program. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static atomic_bool interrupted;
static _Atomic(mn_session *) answering;

static void on_signal(int number)
{
    (void)number;
    if (atomic_exchange(&interrupted, true)) _exit(130);
    mn_session *session = atomic_load(&answering);
    if (session) mn_session_cancel(session);
}

void mn_interrupt_listen(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigemptyset(&action.sa_mask); /* no SA_RESTART: a read of the keyboard ends, too */
    static const int numbers[] = { SIGINT, SIGTERM };
    for (unsigned i = 0; i < 2; i++) {
        struct sigaction before;
        /* What was started with the signal ignored (in the background) goes on ignoring it. */
        if (sigaction(numbers[i], NULL, &before) || before.sa_handler == SIG_IGN) continue;
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

bool mn_interrupted(void) { return atomic_load(&interrupted); }

void mn_interrupt_clear(void) { atomic_store(&interrupted, false); }

void mn_interrupt_session(mn_session *session) { atomic_store(&answering, session); }
