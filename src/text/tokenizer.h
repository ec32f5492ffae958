/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.h - text to token ids and back: byte-level BPE and sentencepiece BPE.
 *
 * Read-only after open; any number of threads may encode at once. */
#ifndef MN_TEXT_TOKENIZER_H
#define MN_TEXT_TOKENIZER_H

#include "file/gguf.h"
#include "text/prompt.h"

#include <minnow/status.h>

typedef struct mn_tokenizer mn_tokenizer;

typedef struct mn_ids { /* zero-initialise; give back with mn_ids_free */
    int32_t *data;
    size_t n, capacity;
} mn_ids;
void mn_ids_free(mn_ids *ids);

/* Reads tokenizer.ggml.* of `file`, which must stay open as long as the tokenizer. An unknown model
 * or `pre` is an error that names it. */
mn_status mn_tokenizer_open(mn_tokenizer **out, const mn_gguf *file, mn_error *error);
void mn_tokenizer_close(mn_tokenizer *tokenizer); /* NULL is fine */

typedef enum mn_encode_flags {
    MN_ADD_BOS =
        1, /* put BOS (and EOS where the vocabulary asks for it) as the model's settings say */
    MN_FORCE_BOS = 2, /* put BOS whatever the settings say, if the vocabulary has one */
} mn_encode_flags;

/* Appends the ids of `prompt`. User-defined tokens match anywhere; control tokens match only where
 * all their bytes come from the template. A BOS is not doubled when the text already begins with
 * it. Any bytes are accepted; ill-formed UTF-8 becomes byte tokens (or the unknown token). Time O(n
 * log n). */
mn_status mn_tokenizer_encode(const mn_tokenizer *tokenizer, mn_ids *out, const mn_prompt *prompt,
                              unsigned flags, mn_error *error);
/* The same for plain bytes of one origin. */
mn_status mn_tokenizer_encode_bytes(const mn_tokenizer *tokenizer, mn_ids *out, const char *bytes,
                                    size_t length, mn_origin origin, unsigned flags,
                                    mn_error *error);

uint32_t mn_tokenizer_n_vocab(const mn_tokenizer *tokenizer);
/* The bytes a token stands for (decoded: "\u0120" is a space, <0x0A> is a newline). Control tokens
 * give their name. The pointer lives as long as the tokenizer. Empty for an id out of range. */
mn_string mn_tokenizer_piece(const mn_tokenizer *tokenizer, int32_t id);
mn_string mn_tokenizer_raw_piece(const mn_tokenizer *tokenizer,
                                 int32_t id); /* as the file spells it */
bool mn_tokenizer_is_control(const mn_tokenizer *tokenizer, int32_t id);
/* True for eos, eot, eom and every other token that ends a generation. */
bool mn_tokenizer_ends_generation(const mn_tokenizer *tokenizer, int32_t id);
int32_t
mn_tokenizer_bos(const mn_tokenizer *tokenizer); /* -1 if there is none; so are the others */
int32_t mn_tokenizer_eos(const mn_tokenizer *tokenizer);
bool mn_tokenizer_adds_bos(
    const mn_tokenizer *tokenizer); /* there is a BOS and MN_ADD_BOS puts it */
int32_t mn_tokenizer_find(const mn_tokenizer *tokenizer, const char *raw_piece,
                          size_t length); /* -1: absent */

/* Appends the text of ids: the inverse of encode. Sentencepiece vocabularies that add a space at
 * the start lose it again when `at_start`. Control tokens are left out unless `with_control`. */
void mn_tokenizer_decode(const mn_tokenizer *tokenizer, mn_text *out, const int32_t *ids, size_t n,
                         bool at_start, bool with_control);

/* Streaming: feed ids one at a time; what comes out is always whole UTF-8 characters. Ill-formed
 * bytes that can never become whole come out as U+FFFD. */
typedef struct mn_stream {
    const mn_tokenizer *tokenizer;
    char held[4];
    size_t n_held;
    bool at_start;
} mn_stream;
void mn_stream_init(mn_stream *stream, const mn_tokenizer *tokenizer, bool at_start);
void mn_stream_feed(mn_stream *stream, mn_text *out, int32_t id);
void mn_stream_end(mn_stream *stream, mn_text *out);

#endif
