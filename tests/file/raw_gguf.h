/* SPDX-License-Identifier: Apache-2.0 */
/* raw_gguf.h - puts GGUF bytes together by hand, wrong ones included. */
#ifndef MN_TESTS_FILE_RAW_GGUF_H
#define MN_TESTS_FILE_RAW_GGUF_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct raw_gguf {
    uint8_t bytes[1 << 17];
    size_t size;
} raw_gguf;

static inline void raw_bytes(raw_gguf *r, const void *bytes, size_t size)
{
    if (size > sizeof r->bytes - r->size) abort();
    memcpy(r->bytes + r->size, bytes, size);
    r->size += size;
}

static inline void raw_number(raw_gguf *r, uint64_t value, int size)
{
    for (int b = 0; b < size; b++) {
        uint8_t byte = (uint8_t)(value >> (8 * b));
        raw_bytes(r, &byte, 1);
    }
}

static inline void raw_u32(raw_gguf *r, uint32_t value)
{
    raw_number(r, value, 4);
}

static inline void raw_u64(raw_gguf *r, uint64_t value)
{
    raw_number(r, value, 8);
}

static inline void raw_string(raw_gguf *r, const char *text)
{
    raw_u64(r, strlen(text));
    raw_bytes(r, text, strlen(text));
}

static inline void raw_head(raw_gguf *r, uint32_t version, uint64_t n_tensors, uint64_t n_entries)
{
    r->size = 0;
    raw_bytes(r, "GGUF", 4);
    raw_u32(r, version);
    raw_u64(r, n_tensors);
    raw_u64(r, n_entries);
}

/* Key and type; the value follows. */
static inline void raw_key(raw_gguf *r, const char *key, uint32_t type)
{
    raw_string(r, key);
    raw_u32(r, type);
}

/* A matrix of two dimensions. */
static inline void raw_tensor(raw_gguf *r, const char *name, uint64_t n, uint64_t rows, uint32_t type,
                              uint64_t offset)
{
    raw_string(r, name);
    raw_u32(r, 2);
    raw_u64(r, n);
    raw_u64(r, rows);
    raw_u32(r, type);
    raw_u64(r, offset);
}

/* Padding to the alignment, then `size` bytes of tensor data. */
static inline void raw_data(raw_gguf *r, size_t alignment, size_t size)
{
    uint8_t zero = 0;
    while (r->size % alignment) raw_bytes(r, &zero, 1);
    for (size_t i = 0; i < size; i++) raw_bytes(r, &zero, 1);
}

#endif
