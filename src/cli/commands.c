/* SPDX-License-Identifier: Apache-2.0 */
/* commands.c - the table of commands, in the order of `minnow help --all`. */
#include "cli/commands.h"

#include <string.h>

static const mn_command *const table[] = {
    /* run */
    &mn_cmd_run,
    /* models */
    &mn_cmd_pull,
    &mn_cmd_ls,
    &mn_cmd_show,
    &mn_cmd_rm,
    &mn_cmd_export,
    /* device */
    &mn_cmd_probe,
    /* shrink */
    &mn_cmd_quantize,
    /* judge */
    &mn_cmd_bench,
    /* plumbing */
    &mn_cmd_score,
    &mn_cmd_tokenize,
    &mn_cmd_template,
    &mn_cmd_config,
    &mn_cmd_completion,
    &mn_cmd_version,
    &mn_cmd_help,
};

const mn_command *mn_command_at(size_t index)
{
    return index < sizeof table / sizeof table[0] ? table[index] : NULL;
}

const mn_command *mn_command_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (!strcmp(table[i]->name, name)) return table[i];
    return NULL;
}
