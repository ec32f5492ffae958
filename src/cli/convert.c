/* SPDX-License-Identifier: Apache-2.0 */
/* convert.c - one model file from another, watched. */
#include "cli/convert.h"

#include "base/error.h"
#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/progress.h"

#include <string.h>
#include <unistd.h>

/* "f32, f16, q8_0, ..." of the formats that can be written. */
static void list_formats(mn_text *out)
{
    const mn_format *format;
    for (size_t i = 0; (format = mn_format_at(i)); i++)
        if (format->encode) mn_text_format(out, "%s%s", out->length ? ", " : "", format->name);
}

mn_status mn_convert_format(const mn_format **out, const char *name, mn_error *error)
{
    mn_text names = { 0 };
    const mn_format *format = mn_format_by_name(name);
    if (format && format->encode) {
        *out = format;
        return MN_OK;
    }
    list_formats(&names);
    mn_status status = mn_fail(error, MN_USAGE, "--type: '%s' is none of %s", name,
                               names.failed ? "the formats" : names.data);
    mn_text_free(&names);
    return status;
}

static bool on_progress(void *user, const mn_quantize_progress *progress)
{
    mn_bar_set(user, "writing", progress->name ? progress->name : "", progress->bytes,
               progress->total_bytes);
    return !mn_interrupted();
}

static const mn_format *as_it_is(void *user, const mn_tensor *source)
{
    (void)user;
    return source->format;
}

static uint32_t threads_of(const mn_call *call)
{
    int64_t threads = mn_call_int(call, "threads", 0);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return threads > 0                          ? (uint32_t)threads
           : processors > 0 && processors < 256 ? (uint32_t)processors
                                                : 1;
}

static mn_status tell_json(const char *target, const mn_format *format,
                           const mn_quantize_result *result, mn_error *error)
{
    mn_json json = { 0 };
    mn_json_open(&json, NULL, '{');
    mn_json_string(&json, "output", target);
    mn_json_string(&json, "type", format ? format->name : NULL);
    mn_json_u64(&json, "bytes", result->bytes);
    mn_json_u64(&json, "source_bytes", result->source_bytes);
    mn_json_u64(&json, "tensors", result->n_tensors);
    mn_json_u64(&json, "converted", result->n_converted);
    mn_json_u64(&json, "fallback", result->n_fallback);
    mn_json_u64(&json, "requantized", result->n_requantized);
    mn_json_close(&json, '}');
    return mn_json_print(&json, error);
}

static void tell(const mn_call *call, const char *target, const mn_quantize_result *result)
{
    mn_note(call, "%s: %s, from %s; %llu of %llu tensors converted\n", target,
            mn_size_show(result->bytes).text, mn_size_show(result->source_bytes).text,
            (unsigned long long)result->n_converted, (unsigned long long)result->n_tensors);
    if (result->n_fallback)
        mn_note(call,
                "%llu tensors have rows that do not fit the format; they took the next one.\n",
                (unsigned long long)result->n_fallback);
    if (result->n_requantized)
        mn_note(call, "%llu tensors were quantized before; a model made from the original weights "
                "would be better.\n", (unsigned long long)result->n_requantized);
}

mn_status mn_convert(const mn_call *call, const char *source, const char *target,
                     const mn_format *format, mn_error *error)
{
    mn_bar bar;
    mn_quantize_result result;
    mn_bar_init(&bar, call);
    mn_quantize_options options = {
        .format = format ? format : mn_format_by_type(MN_F32), .n_threads = threads_of(call),
        .replace = mn_call_has(call, "force"), .user = &bar, .progress = on_progress,
        .choose = format ? NULL : as_it_is,
    };
    mn_status status = mn_quantize(source, target, &options, &result, error);
    mn_bar_end(&bar);
    if (status) return status;
    if (mn_call_has(call, "json")) return tell_json(target, format, &result, error);
    tell(call, target, &result);
    return MN_OK;
}
