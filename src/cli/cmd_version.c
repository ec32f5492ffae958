/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_version.c - `minnow version`. */
#include "cli/commands.h"

#include "cli/json.h"
#include "cli/output.h"
#include "device/cpu.h"

static const char *architecture(void)
{
#if defined(__x86_64__)
    return "x86-64";
#elif defined(__aarch64__)
    return "arm64";
#else
    return "other";
#endif
}

static bool edits_lines(void)
{
#ifdef MN_WITH_LIBEDIT
    return true;
#else
    return false;
#endif
}

static mn_status run(mn_call *call, mn_error *error)
{
    if (!mn_call_has(call, "json")) {
        mn_out("minnow %s\n", MN_VERSION);
        if (call->verbose)
            mn_out("built for %s with %s; this CPU offers %s; %s line editing\n", architecture(),
                   __VERSION__, mn_cpu_best_level(mn_cpu_detect()),
                   edits_lines() ? "with" : "without");
        return MN_OK;
    }
    mn_json json = { 0 };
    mn_json_open(&json, NULL, '{');
    mn_json_string(&json, "version", MN_VERSION);
    mn_json_string(&json, "architecture", architecture());
    mn_json_string(&json, "compiler", __VERSION__);
    mn_json_string(&json, "cpu_level", mn_cpu_best_level(mn_cpu_detect()));
    mn_json_bool(&json, "line_editing", edits_lines());
    mn_json_close(&json, '}');
    return mn_json_print(&json, error);
}

static const mn_flag flags[] = {
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_version = {
    .name = "version", .group = "plumbing", .arguments = "", .help = "print the version",
    .text = "With --verbose also what the program was built for and what this CPU offers.",
    .examples = "minnow version --json", .flags = flags, .run = run,
};
