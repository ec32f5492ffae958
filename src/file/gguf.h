/* SPDX-License-Identifier: Apache-2.0 */
/* gguf.h - reads model files (GGUF versions 2 and 3, single or split), mapped, nothing copied.
 *
 * Everything is checked at open against the file's real size: lengths, counts,
 * types, names, shapes, offsets. After open no getter can meet a bad number.
 * Names, strings and tensors point into the mapping: they live until close. */
#ifndef MN_FILE_GGUF_H
#define MN_FILE_GGUF_H

#include "tensor/tensor.h"

#include <minnow/status.h>

typedef enum mn_gguf_type {
    MN_GGUF_U8,
    MN_GGUF_I8,
    MN_GGUF_U16,
    MN_GGUF_I16,
    MN_GGUF_U32,
    MN_GGUF_I32,
    MN_GGUF_F32,
    MN_GGUF_BOOL,
    MN_GGUF_STRING,
    MN_GGUF_ARRAY,
    MN_GGUF_U64,
    MN_GGUF_I64,
    MN_GGUF_F64,
} mn_gguf_type;

typedef struct mn_string { /* not '\0'-terminated; may hold any bytes */
    const char *data;
    size_t length;
} mn_string;

/* One metadata entry. Bytes stay in the file as little-endian; read elements with the functions
 * below. */
typedef struct mn_gguf_entry {
    const char *key; /* '\0'-terminated */
    mn_gguf_type type;
    mn_gguf_type
        element_type;   /* of an array; equals `type` otherwise. Arrays of arrays are refused. */
    uint64_t n;         /* elements; 1 unless an array */
    const uint8_t *raw; /* first element's bytes */
    uint64_t raw_bytes;
    const mn_string *strings; /* [n] for string and array of strings, else NULL */
} mn_gguf_entry;

typedef struct mn_gguf mn_gguf;

/* `path` may be any one part of a split model (split.count > 1): all its parts are opened, found by
 * the published naming NAME-00001-of-00003.gguf. Errors: MN_IO, MN_BAD_FILE, MN_NO_MEMORY. */
mn_status mn_gguf_open(mn_gguf **out, const char *path, mn_error *error);
void mn_gguf_close(mn_gguf *file); /* NULL is fine */

uint32_t mn_gguf_version(const mn_gguf *file);
uint64_t mn_gguf_file_bytes(const mn_gguf *file); /* of all parts */
uint32_t mn_gguf_n_parts(const mn_gguf *file);    /* 1 unless split */
const char *mn_gguf_part_path(const mn_gguf *file, uint32_t index);
uint64_t mn_gguf_n_entries(const mn_gguf *file);
const mn_gguf_entry *mn_gguf_entry_at(const mn_gguf *file, uint64_t index);
const mn_gguf_entry *mn_gguf_find(const mn_gguf *file, const char *key); /* NULL if absent */
uint64_t mn_gguf_n_tensors(const mn_gguf *file);
const mn_tensor *mn_gguf_tensor_at(const mn_gguf *file, uint64_t index);
const mn_tensor *mn_gguf_tensor(const mn_gguf *file, const char *name); /* NULL if absent; hashed */

/* Each returns false, leaving *out alone, if the key is absent or its value is of another kind. Any
 * integer type serves u64/i64 when the value fits; any integer or float type serves f64. */
bool mn_gguf_u64(const mn_gguf *file, const char *key, uint64_t *out);
bool mn_gguf_i64(const mn_gguf *file, const char *key, int64_t *out);
bool mn_gguf_f64(const mn_gguf *file, const char *key, double *out);
bool mn_gguf_bool(const mn_gguf *file, const char *key, bool *out);
bool mn_gguf_string(const mn_gguf *file, const char *key, mn_string *out);
/* Element `index` (checked against n) of an entry. */
bool mn_gguf_entry_u64(const mn_gguf_entry *entry, uint64_t index, uint64_t *out);
bool mn_gguf_entry_i64(const mn_gguf_entry *entry, uint64_t index, int64_t *out);
bool mn_gguf_entry_f64(const mn_gguf_entry *entry, uint64_t index, double *out);

#endif
