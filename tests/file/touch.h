/* SPDX-License-Identifier: Apache-2.0 */
/* touch.h - reads everything that an opened model file offers, as its users may. */
#ifndef MN_TESTS_FILE_TOUCH_H
#define MN_TESTS_FILE_TOUCH_H

#include "file/gguf.h"

#include <stdlib.h>
#include <string.h>

/* A number that depends on every value and weight, so that no read can be left out. */
static inline uint64_t touch_entry(const mn_gguf_entry *entry)
{
    uint64_t sum = strlen(entry->key) + entry->raw_bytes, whole = 0;
    for (uint64_t i = 0; i < entry->n; i++) {
        int64_t number;
        double real;
        if (entry->strings)
            for (size_t b = 0; b < entry->strings[i].length; b++)
                sum += (uint8_t)entry->strings[i].data[b];
        else if (mn_gguf_entry_i64(entry, i, &number)) sum += (uint64_t)number;
        else if (mn_gguf_entry_u64(entry, i, &whole)) sum += whole;
        else if (mn_gguf_entry_f64(entry, i, &real)) sum += real > 0;
        else sum += entry->raw[i];
    }
    return sum;
}

static inline uint64_t touch_tensor(const mn_tensor *tensor)
{
    uint64_t sum = tensor->size_bytes, rows = mn_tensor_rows(tensor);
    size_t n = (size_t)tensor->shape[0];
    float *row = malloc(n * sizeof *row);
    if (!row) return sum;
    for (uint64_t r = 0; r < rows; r++) {
        tensor->format->decode(row, tensor->data + r * (tensor->size_bytes / rows), n);
        for (size_t i = 0; i < n; i++) sum += row[i] > 0;
    }
    free(row);
    return sum;
}

static inline uint64_t touch_file(const mn_gguf *file)
{
    uint64_t sum = mn_gguf_version(file) + mn_gguf_file_bytes(file);
    for (uint64_t i = 0; i < mn_gguf_n_entries(file); i++) {
        const mn_gguf_entry *entry = mn_gguf_entry_at(file, i);
        if (mn_gguf_find(file, entry->key) != entry) abort();
        sum += touch_entry(entry);
    }
    for (uint64_t i = 0; i < mn_gguf_n_tensors(file); i++) {
        const mn_tensor *tensor = mn_gguf_tensor_at(file, i);
        if (mn_gguf_tensor(file, tensor->name) != tensor) abort();
        sum += touch_tensor(tensor);
    }
    return sum;
}

#endif
