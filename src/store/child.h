/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - runs another program and listens to it. */
#ifndef MN_STORE_CHILD_H
#define MN_STORE_CHILD_H

#include "base/text.h"

#include <minnow/status.h>

typedef struct mn_child_plan {
    const char *const
        *words; /* the program, looked for in PATH, and its arguments; NULL at the end */
    const char *folder;        /* where it runs; its temporary files go there, too */
    /* Gets what it prints; NULL: kept in `said`. A failure ends the program. */
    mn_status (*output)(void *user, const char *bytes, size_t size, mn_error *error);
    /* Called some times a second; a failure ends the program. NULL: none. */
    mn_status (*tick)(void *user, mn_error *error);
    void *user;
} mn_child_plan;

/* Runs it to its end. `said` gets the end of its error output (and of its output, see above);
 * the caller frees it. MN_FAILED when it ends with another code than 0, or could not be started
 * (*started). */
mn_status mn_child_run(const mn_child_plan *plan, mn_text *said, bool *started, mn_error *error);

#endif
