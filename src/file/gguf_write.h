/* SPDX-License-Identifier: Apache-2.0 */
/* gguf_write.h - writes model files (GGUF version 3), beside the target, then renamed. */
#ifndef MN_FILE_GGUF_WRITE_H
#define MN_FILE_GGUF_WRITE_H

#include "file/gguf.h"

/* First describe everything (entries, then tensors in file order), then begin, then give each
 * tensor's bytes in that order in pieces of any size, then commit. */
typedef struct mn_gguf_writer mn_gguf_writer;

mn_status mn_gguf_writer_open(mn_gguf_writer **out, const char *path, bool replace,
                              mn_error *error);
/* Setting a key again replaces it. Order is the order of first setting. */
mn_status mn_gguf_writer_copy_entry(mn_gguf_writer *writer, const mn_gguf_entry *entry,
                                    mn_error *error);
mn_status mn_gguf_writer_set_string(mn_gguf_writer *writer, const char *key, const char *value,
                                    mn_error *error);
mn_status mn_gguf_writer_set_u32(mn_gguf_writer *writer, const char *key, uint32_t value,
                                 mn_error *error);
mn_status mn_gguf_writer_set_f32(mn_gguf_writer *writer, const char *key, float value,
                                 mn_error *error);
mn_status mn_gguf_writer_set_bool(mn_gguf_writer *writer, const char *key, bool value,
                                  mn_error *error);
/* Array of n fixed-size elements given in host order. */
mn_status mn_gguf_writer_set_array(mn_gguf_writer *writer, const char *key,
                                   mn_gguf_type element_type, const void *elements, uint64_t n,
                                   mn_error *error);
mn_status mn_gguf_writer_set_strings(mn_gguf_writer *writer, const char *key,
                                     const mn_string *strings, uint64_t n, mn_error *error);
void mn_gguf_writer_remove(mn_gguf_writer *writer, const char *key); /* absent is fine */
/* `tensor->data` is ignored here. */
mn_status mn_gguf_writer_add_tensor(mn_gguf_writer *writer, const mn_tensor *tensor,
                                    mn_error *error);
uint64_t
mn_gguf_writer_total_bytes(const mn_gguf_writer *writer); /* what the whole file will take */
mn_status mn_gguf_writer_begin(mn_gguf_writer *writer,
                               mn_error *error); /* checks free disk space */
mn_status mn_gguf_writer_bytes(mn_gguf_writer *writer, const void *bytes, uint64_t size,
                               mn_error *error);
/* Ends the file and syncs it; returns the temporary name so that it can be reopened and proven. */
mn_status mn_gguf_writer_finish(mn_gguf_writer *writer, const char **temporary, mn_error *error);
mn_status mn_gguf_writer_commit(mn_gguf_writer *writer, mn_error *error);
void mn_gguf_writer_close(
    mn_gguf_writer *writer); /* without commit nothing is left behind; NULL is fine */

#endif
