/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_help.c - `minnow help`. */
#include "cli/commands.h"

#include "base/error.h"
#include "cli/help.h"
#include "cli/output.h"

#include <string.h>

static mn_status print_man(const char *name, mn_error *error)
{
    mn_text page = { 0 };
    const mn_command *command = name ? mn_command_find(name) : NULL;
    if (name && !command) return mn_help_fail_unknown(name, error);
    mn_man_write(&page, command);
    mn_status status = page.failed ? mn_fail_memory(error, page.length, "a manual page") : MN_OK;
    if (!status) mn_out_bytes(page.data, page.length);
    mn_text_free(&page);
    return status;
}

static mn_status run(mn_call *call, mn_error *error)
{
    const char *name = call->n_arguments ? call->arguments[0] : NULL;
    const mn_command *command = name ? mn_command_find(name) : NULL;
    if (mn_call_has(call, "man")) return print_man(name, error);
    if (name && !command) return mn_help_fail_unknown(name, error);
    if (command) mn_help_command(command);
    else if (mn_call_has(call, "all")) mn_help_all();
    else mn_help_short();
    return MN_OK;
}

static const mn_flag flags[] = {
    { "all", 'a', MN_FLAG_SWITCH, NULL, "list every command", 0, 0 },
    { "man", 0, MN_FLAG_SWITCH, NULL, "print the manual page, in the language of man(7)", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_help = {
    .name = "help", .group = "plumbing", .arguments = "[COMMAND]",
    .help = "tell how to use a command",
    .text = "Without COMMAND, lists the commands that are needed most.",
    .examples = "minnow help run\nminnow help --all\n# read the manual page of run\n"
                "minnow help --man run | man -l -",
    .flags = flags, .max_arguments = 1, .completes = MN_ARGUMENT_COMMAND, .run = run,
};
