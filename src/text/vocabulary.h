/* SPDX-License-Identifier: Apache-2.0 */
/* vocabulary.h - what a file says about its tokens, before a tokenizer is made of it.
 *
 * Filled from tokenizer.ggml.* by mn_vocabulary_read, or by an importer from
 * another kind of file; mn_tokenizer_open_vocabulary does the rest. */
#ifndef MN_TEXT_VOCABULARY_H
#define MN_TEXT_VOCABULARY_H

#include "file/gguf.h"
#include "text/tokenizer.h"

typedef enum mn_vocabulary_kind {
    MN_BYTE_LEVEL,    /* BPE over bytes, merges listed by rank ("gpt2") */
    MN_SENTENCEPIECE, /* BPE over characters, merges by score ("llama") */
} mn_vocabulary_kind;

/* As tokenizer.ggml.token_type numbers them. */
typedef enum mn_piece_type {
    MN_PIECE_NORMAL = 1,
    MN_PIECE_UNKNOWN = 2,
    MN_PIECE_CONTROL = 3,
    MN_PIECE_USER_DEFINED = 4,
    MN_PIECE_UNUSED = 5,
    MN_PIECE_BYTE = 6,
} mn_piece_type;

typedef struct mn_vocabulary {
    mn_vocabulary_kind kind;
    mn_string pre; /* name of the pre-tokenizer; byte level only */
    uint32_t n_pieces;
    const mn_string *pieces; /* [n_pieces] borrowed: must outlive the tokenizer */
    float *scores;           /* [n_pieces] or NULL for all 0 */
    uint8_t *types;          /* [n_pieces] mn_piece_type, or NULL for all normal */
    uint32_t n_merges;
    const mn_string *merges;             /* [n_merges] borrowed, "LEFT RIGHT", best first */
    int32_t bos, eos, eot, eom, unknown; /* ids, -1 for none */
    int8_t add_bos, add_eos;             /* 1, 0, or -1: the default of the kind */
    int8_t add_space_prefix;
    bool remove_extra_whitespaces;
    bool specials_strip_right; /* special tokens swallow the white space that follows (Phi-3) */
} mn_vocabulary;

/* Reads and checks tokenizer.ggml.* of `file`, which must stay open as long as the result is used.
 */
mn_status mn_vocabulary_read(mn_vocabulary *out, const mn_gguf *file, mn_error *error);
void mn_vocabulary_free(mn_vocabulary *vocabulary); /* scores and types only */

/* Makes a tokenizer. Of `vocabulary` only the borrowed strings must stay. */
mn_status mn_tokenizer_open_vocabulary(mn_tokenizer **out, const mn_vocabulary *vocabulary,
                                       mn_error *error);

#endif
