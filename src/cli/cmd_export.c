/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_export.c - `minnow export`: a model as a file that other programs load. */
#include "cli/commands.h"

#include "base/error.h"
#include "base/io.h"
#include "base/memory.h"
#include "cli/convert.h"
#include "cli/find.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "file/gguf.h"

#define PIECE ((uint64_t)4 << 20)

static mn_status copy_bytes(mn_output *output, const mn_map *map, mn_bar *bar, const char *target,
                            mn_error *error)
{
    mn_status status = MN_OK;
    for (uint64_t done = 0; done < map->size && !status; done += PIECE) {
        uint64_t left = map->size - done;
        if (mn_interrupted()) return MN_CANCELLED;
        status =
            mn_output_write(output, map->data + done, (size_t)(left < PIECE ? left : PIECE), error);
        mn_bar_set(bar, "writing", target, done, map->size);
    }
    return status;
}

/* A whole file is copied byte for byte. */
static mn_status copy_file(const mn_call *call, const char *source, const char *target,
                           mn_error *error)
{
    mn_map map = { 0 };
    mn_output *output = NULL;
    mn_bar bar;
    mn_bar_init(&bar, call);
    if (mn_same_file(source, target))
        return mn_fail(error, MN_USAGE, "%s is the model itself", target);
    mn_status status = mn_map_open(&map, source, error);
    if (!status) status = mn_output_open(&output, target, mn_call_has(call, "force"), error);
    if (!status) status = copy_bytes(output, &map, &bar, target, error);
    if (!status) status = mn_output_commit(output, error);
    mn_bar_end(&bar);
    mn_output_close(output);
    if (!status) mn_note(call, "%s: %s\n", target, mn_size_show(map.size).text);
    mn_map_close(&map);
    return status;
}

/* Checks the file; tells whether it is one of several parts. */
static mn_status is_split(bool *out, const char *path, mn_error *error)
{
    mn_gguf *file;
    uint64_t n_parts = 0;
    mn_status status = mn_gguf_open(&file, path, error);
    if (status) return status;
    *out = mn_gguf_u64(file, "split.count", &n_parts) && n_parts > 1;
    mn_gguf_close(file);
    return MN_OK;
}

static mn_status run(mn_call *call, mn_error *error)
{
    char *path = NULL;
    const mn_format *format = NULL;
    const char *type = mn_call_text(call, "type"), *target = mn_call_text(call, "output");
    bool split = false;
    if (!target) return mn_fail(error, MN_USAGE, "export needs -o OUT");
    mn_status status = type ? mn_convert_format(&format, type, error) : MN_OK;
    if (!status) status = mn_find_model(&path, call, call->arguments[0], false, error);
    if (!status) status = is_split(&split, path, error);
    if (!status)
        status = type || split || mn_call_has(call, "json")
                     ? mn_convert(call, path, target, format, error)
                     : copy_file(call, path, target, error);
    mn_free(path);
    return status;
}

static const mn_flag flags[] = {
    { "output", 'o', MN_FLAG_FILE, "OUT", "the new file", 0, 0 },
    { "format", 0, MN_FLAG_CHOICE, "gguf", "what kind of file", 0, 0 },
    { "type", 0, MN_FLAG_TEXT, "T", "number format of the matrices; otherwise as they are", 0, 0 },
    { "force", 0, MN_FLAG_SWITCH, NULL, "replace OUT if it exists", 0, 0 },
    { "threads", 't', MN_FLAG_INT, "N", "threads that compute; 0 = all processors", 0, 256 },
    { "json", 0, MN_FLAG_SWITCH, NULL, "print JSON", 0, 0 },
    { 0 },
};

const mn_command mn_cmd_export = {
    .name = "export", .group = "models", .arguments = "MODEL",
    .help = "write a model as a file that other programs load",
    .text = "A model of one file is copied byte for byte; parts of a split model are joined.\n"
            "With --type the matrices get another number format, as 'minnow quantize' does it.",
    .examples = "minnow export smollm2:135m -o smollm2.gguf\n"
                "minnow export model.gguf -o model-f16.gguf --type f16",
    .flags = flags, .min_arguments = 1, .max_arguments = 1, .completes = MN_ARGUMENT_MODEL,
    .run = run,
};
