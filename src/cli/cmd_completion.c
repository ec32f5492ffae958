/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_completion.c - `minnow completion`. */
#include "cli/commands.h"

#include "base/error.h"
#include "cli/help.h"
#include "cli/output.h"

static mn_status run(mn_call *call, mn_error *error)
{
    mn_text script = { 0 };
    mn_status status = mn_completion_write(&script, call->arguments[0], error);
    if (!status && script.failed) status = mn_fail_memory(error, script.length, "a script");
    if (!status) mn_out_bytes(script.data, script.length);
    mn_text_free(&script);
    return status;
}

const mn_command mn_cmd_completion = {
    .name = "completion", .group = "plumbing", .arguments = "bash|zsh|fish",
    .help = "print a completion script for a shell",
    .text = "The script knows every command and flag, and asks for the names of models when they\n"
            "are needed.",
    .examples = "# bash, for this session\neval \"$(minnow completion bash)\"\n"
                "# fish, for good\n"
                "minnow completion fish > ~/.config/fish/completions/minnow.fish",
    .min_arguments = 1, .max_arguments = 1, .completes = MN_ARGUMENT_WORDS,
    .words = "bash zsh fish", .run = run,
};
