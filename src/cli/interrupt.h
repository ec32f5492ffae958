/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.h - Ctrl-C: the first one asks the work to end, the second one ends the program. */
#ifndef MN_CLI_INTERRUPT_H
#define MN_CLI_INTERRUPT_H

#include <minnow/session.h>

#include <stdbool.h>

void mn_interrupt_listen(void);  /* SIGINT and SIGTERM from now on; SIGPIPE is ignored */
bool mn_interrupted(void);
void mn_interrupt_clear(void);
/* The session whose answer the next signal stops; NULL: none. */
void mn_interrupt_session(mn_session *session);

#endif
