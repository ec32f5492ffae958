/* SPDX-License-Identifier: Apache-2.0 */
/* commands.h - the row of each command, defined in its cmd_NAME.c. */
#ifndef MN_CLI_COMMANDS_H
#define MN_CLI_COMMANDS_H

#include "cli/command.h"

extern const mn_command mn_cmd_bench, mn_cmd_completion, mn_cmd_config, mn_cmd_export, mn_cmd_help,
    mn_cmd_ls, mn_cmd_probe, mn_cmd_pull, mn_cmd_quantize, mn_cmd_rm, mn_cmd_run, mn_cmd_score,
    mn_cmd_show, mn_cmd_template, mn_cmd_tokenize, mn_cmd_version;

#endif
