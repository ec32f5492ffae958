/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.h - text in which each byte knows whether it came from the template or from a user.
 *
 * Only template bytes can become control tokens, so that nothing a user types
 * ends a turn or opens a system message. */
#ifndef MN_TEXT_PROMPT_H
#define MN_TEXT_PROMPT_H

#include "base/text.h"

#include <stdint.h>

typedef enum mn_origin { MN_FROM_USER = 0, MN_FROM_TEMPLATE = 1 } mn_origin;

typedef struct mn_prompt_run { /* neighbours differ in origin */
    size_t end;                /* offset one past its last byte */
    mn_origin origin;
} mn_prompt_run;

typedef struct mn_prompt {
    mn_text text;
    mn_prompt_run *runs; /* [n_runs], the last ends at text.length */
    size_t n_runs, runs_capacity;
} mn_prompt; /* zero-initialise; text.failed tells of memory running out */

void mn_prompt_append(mn_prompt *prompt, const char *bytes, size_t length, mn_origin origin);
mn_origin mn_prompt_origin_at(const mn_prompt *prompt, size_t offset);
void mn_prompt_clear(mn_prompt *prompt);
void mn_prompt_free(mn_prompt *prompt);

#endif
