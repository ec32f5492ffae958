/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_quantize.c - `minnow quantize`: the same model with smaller numbers. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/memory.h"
#include "cli/convert.h"
#include "cli/find.h"

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    const mn_format *format;
    if (!mn_call_text(call, "type")) return mn_fail(error, MN_USAGE, "quantize needs --type T");
    mn_status status = mn_convert_format(&format, mn_call_text(call, "type"), error);
    if (!status) status = mn_find_model(&path, call, call->arguments[0], false, error);
    if (!status) status = mn_convert(call, path, call->arguments[1], format, error);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "type", 0, MN_FLAG_TEXT, "T", "number format of the matrices, such as q8_0 or q4_k", 0, 0 },
    { "force", 0, MN_FLAG_SWITCH, NULL, "replace OUT if it exists", 0, 0 },
    { "threads", 't', MN_FLAG_INT, "N", "threads that compute; 0 = all processors", 0, 256 },
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_quantize = {
    .name = "quantize", .group = "shrink", .arguments = "IN OUT",
    .help = "write a model with smaller numbers",
    .text = "IN is a MODEL, OUT a new .gguf file. Vectors and norms stay exact; matrices get\n"
            "the format of --type, or the nearest one that their rows allow. Case does not\n"
            "count in T.\n\n"
            "The new file is written beside OUT, opened again and compared with what was meant,\n"
            "and only then takes its name; a run that is stopped leaves OUT as it was.",
    .examples = "minnow quantize model-f16.gguf model-q4.gguf --type q4_k\n"
                "minnow quantize model-f16.gguf model-q8.gguf --type Q8_0 --force",
    .flags = flags, .min_arguments = 2, .max_arguments = 2, .completes = MN_ARGUMENT_MODEL,
    .top = true,
    .run = run,
};
