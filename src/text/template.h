/* SPDX-License-Identifier: Apache-2.0 */
/* template.h - chat templates: the part of Jinja that published models use.
 *
 * Renders byte for byte as Python's jinja2 does when set up as `transformers`
 * sets it up (trim_blocks, lstrip_blocks, loop controls, sandbox, its tojson,
 * raise_exception, strftime_now, generation blocks). Steps, memory and nesting
 * are bounded. Every byte of the result knows whether the template or the
 * caller's data wrote it. */
#ifndef MN_TEXT_TEMPLATE_H
#define MN_TEXT_TEMPLATE_H

#include "text/prompt.h"

#include <minnow/status.h>

#include <jansson.h>
#include <time.h>

typedef struct mn_template mn_template;

/* Parses; errors (MN_BAD_FILE) name the line. Read-only afterwards. */
mn_status mn_template_open(mn_template **out, const char *source, size_t length, mn_error *error);
void mn_template_close(mn_template *parsed); /* NULL is fine */

/* 0 means the default, which is small and grows with the variables: a hostile template stays cheap,
 * and a long conversation has what it needs. */
typedef struct mn_template_limits {
    uint64_t steps; /* default 2 million, and 2000 for each value among the variables */
    size_t
        bytes; /* default 16 MiB, and 16 for each byte of the variables and 1024 for each value */
} mn_template_limits;

/* `out` is cleared first, and empty after a failure. `variables` is a JSON object: messages, tools,
 * documents, add_generation_prompt, bos_token, ... Strings in it are user text, except the
 * top-level names ending in "_token", which are the template's. `now` is what strftime_now sees
 * (NULL: the start of 1970). raise_exception gives MN_USAGE with the template's message. */
mn_status mn_template_render(const mn_template *parsed, mn_prompt *out, const json_t *variables,
                             const struct tm *now, mn_template_limits limits, mn_error *error);

#endif
