/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_dump.c - prints what libminnow reads in a model file, one JSON value a line, for check_gguf.py:
 * a head, then each entry, then each tensor. Bytes of strings are in hexadecimal. */
#include "file/gguf.h"

#include <inttypes.h>
#include <stdio.h>

static void print_hex(const char *bytes, size_t n)
{
    putchar('"');
    for (size_t i = 0; i < n; i++) printf("%02x", (unsigned char)bytes[i]);
    putchar('"');
}

static void print_element(const mn_gguf_entry *entry, uint64_t i)
{
    int64_t small;
    uint64_t large;
    double real;
    if (entry->strings) print_hex(entry->strings[i].data, entry->strings[i].length);
    else if (mn_gguf_entry_i64(entry, i, &small)) printf("%" PRId64, small);
    else if (mn_gguf_entry_u64(entry, i, &large)) printf("%" PRIu64, large);
    else if (mn_gguf_entry_f64(entry, i, &real)) printf("\"%.17g\"", real);
    else printf("%d", entry->raw[i]);
}

static void print_entry(const mn_gguf_entry *entry)
{
    printf("[\"%s\", %d, %d, [", entry->key, entry->type, entry->element_type);
    for (uint64_t i = 0; i < entry->n; i++) {
        if (i) printf(", ");
        print_element(entry, i);
    }
    printf("]]\n");
}

static void print_tensor(const mn_tensor *tensor, const uint8_t *base)
{
    printf("[\"%s\", %" PRIu32 ", [", tensor->name, tensor->format->type);
    for (uint32_t d = 0; d < tensor->n_dims; d++)
        printf("%s%" PRIu64, d ? ", " : "", tensor->shape[d]);
    printf("], %td, %" PRIu64 "]\n", tensor->data - base, tensor->size_bytes);
}

int main(int argc, char **argv)
{
    mn_gguf *file;
    mn_error error;
    if (argc != 2 || mn_gguf_open(&file, argv[1], &error)) {
        fprintf(stderr, "%s\n", argc == 2 ? error.message : "usage: gguf_dump FILE");
        return 1;
    }
    uint64_t n_entries = mn_gguf_n_entries(file), n_tensors = mn_gguf_n_tensors(file);
    printf("[%" PRIu32 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64 "]\n", mn_gguf_version(file),
           mn_gguf_file_bytes(file), n_entries, n_tensors);
    for (uint64_t i = 0; i < n_entries; i++) print_entry(mn_gguf_entry_at(file, i));
    for (uint64_t i = 0; i < n_tensors; i++)
        print_tensor(mn_gguf_tensor_at(file, i), mn_gguf_tensor_at(file, 0)->data);
    mn_gguf_close(file);
    return 0;
}
