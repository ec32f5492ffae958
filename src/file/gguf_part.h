/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_part.h - one file of a model: its mapping, metadata entries and tensor list, all checked. */
#ifndef MN_FILE_GGUF_PART_H
#define MN_FILE_GGUF_PART_H

#include "base/io.h"
#include "file/gguf.h"

/* What a file may ask for at most. Real ones stay far below. */
#define MN_GGUF_MAX_ENTRIES   8192u
#define MN_GGUF_MAX_TENSORS   262144u
#define MN_GGUF_MAX_KEY       65535u /* bytes, as the specification says */
#define MN_GGUF_MAX_NAME      255u   /* bytes of a tensor's name */
#define MN_GGUF_MAX_ELEMENTS  0x7FFFFFFFu
#define MN_GGUF_MIN_ALIGNMENT 8u
#define MN_GGUF_MAX_ALIGNMENT (1u << 20)
#define MN_GGUF_DEFAULT_ALIGNMENT 32u
#define MN_GGUF_MAX_PARTS     1024u

typedef struct mn_chunk mn_chunk; /* memory given back at once */

typedef struct mn_gguf_part {
    const char *path;
    mn_map map;
    uint32_t version;
    uint32_t alignment;
    uint64_t data_start; /* of tensor data, in the file */
    mn_gguf_entry *entries; /* [n_entries] */
    size_t n_entries, entries_capacity;
    mn_tensor *tensors; /* [n_tensors] */
    size_t n_tensors, tensors_capacity;
    mn_chunk *chunks; /* hold keys, names and string lists */
} mn_gguf_part;

mn_status mn_gguf_part_open(mn_gguf_part *part, const char *path, mn_error *error);
void mn_gguf_part_close(mn_gguf_part *part); /* a zeroed one is fine */
const mn_gguf_entry *mn_gguf_part_find(const mn_gguf_part *part, const char *key); /* in order */

/* Bytes of an element as stored; 0 for strings, arrays and unknown types. */
uint32_t mn_gguf_type_bytes(uint32_t type);
const char *mn_gguf_type_name(uint32_t type);

/* Little-endian numbers at any address. */
uint64_t mn_read_u64(const uint8_t *bytes);
uint32_t mn_read_u32(const uint8_t *bytes);

#endif
