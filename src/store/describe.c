/* SPDX-License-Identifier: Apache-2.0 */
/* describe.c - what a model file says about itself. */
#include "store/describe.h"

#include "base/error.h"
#include "base/memory.h"
#include "store/store.h"

#include <stdio.h>

static uint64_t weights_of(const mn_tensor *tensor)
{
    return tensor->shape[0] * mn_tensor_rows(tensor);
}

const mn_format *mn_describe_type(const mn_gguf *file)
{
    const mn_format *most = NULL, *format;
    uint64_t most_weights = 0;
    for (size_t i = 0; (format = mn_format_at(i)); i++) {
        uint64_t weights = 0;
        for (uint64_t t = 0; t < mn_gguf_n_tensors(file); t++)
            if (mn_gguf_tensor_at(file, t)->format == format)
                weights += weights_of(mn_gguf_tensor_at(file, t));
        if (weights <= most_weights) continue;
        most = format;
        most_weights = weights;
    }
    return most;
}

uint64_t mn_describe_parameters(const mn_gguf *file)
{
    uint64_t n = 0;
    for (uint64_t t = 0; t < mn_gguf_n_tensors(file); t++)
        n += weights_of(mn_gguf_tensor_at(file, t));
    return n;
}

bool mn_describe_number(const mn_gguf *file, const char *name, uint64_t *out)
{
    char key[160];
    mn_string architecture;
    if (!mn_gguf_string(file, "general.architecture", &architecture)) return false;
    int n = snprintf(key, sizeof key, "%.*s.%s",
                     (int)(architecture.length < 64 ? architecture.length : 64), architecture.data,
                     name);
    return n > 0 && (size_t)n < sizeof key && mn_gguf_u64(file, key, out);
}

static bool copy_key(char **out, const mn_gguf *file, const char *key)
{
    mn_string value;
    if (*out || !mn_gguf_string(file, key, &value)) return true;
    *out = mn_strndup(value.data, value.length < 200 ? value.length : 200);
    return *out;
}

mn_status mn_ref_describe(mn_ref *ref, const char *path, mn_error *error)
{
    mn_gguf *file;
    mn_status status = mn_gguf_open(&file, path, error);
    if (status) return status;
    const mn_format *type = mn_describe_type(file);
    ref->size_bytes = mn_gguf_file_bytes(file);
    ref->n_parameters = mn_describe_parameters(file);
    if (type && !ref->type) ref->type = mn_strdup(type->name);
    if (!copy_key(&ref->architecture, file, "general.architecture")
        || !copy_key(&ref->licence, file, "general.license") || (type && !ref->type))
        status = mn_fail_memory(error, 200, "an entry of the store");
    mn_gguf_close(file);
    return status;
}
