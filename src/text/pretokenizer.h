/* SPDX-License-Identifier: Apache-2.0 */
/* pretokenizer.h - cuts text into the words that byte-level BPE never joins across.
 *
 * Published vocabularies name their way of cutting (`tokenizer.ggml.pre`); a
 * table holds what each name means. */
#ifndef MN_TEXT_PRETOKENIZER_H
#define MN_TEXT_PRETOKENIZER_H

#include "file/gguf.h"
#include "text/pattern.h"

enum { MN_PRETOKENIZER_STAGES = 6 };

typedef struct mn_pretokenizer {
    mn_pattern *stages[MN_PRETOKENIZER_STAGES]; /* each cuts the pieces of the one before */
    unsigned n_stages;
    bool composes;    /* the text is first brought to normal form C */
    bool whole_words; /* a word that is a token needs no merges */
    bool adds_bos;    /* where the file does not say */
} mn_pretokenizer;    /* zero-initialise */

/* MN_BAD_FILE names an unknown `name`. On failure still call mn_pretokenizer_close. */
mn_status mn_pretokenizer_open(mn_pretokenizer *out, mn_string name, mn_error *error);
void mn_pretokenizer_close(mn_pretokenizer *pretokenizer);

typedef struct mn_words { /* walks the words of one text; filled by mn_words_init */
    const mn_pretokenizer *pretokenizer;
    const char *text;
    size_t position[MN_PRETOKENIZER_STAGES]; /* where each stage stands */
    size_t
        found[MN_PRETOKENIZER_STAGES]; /* a match ahead of `position`, and its end; equal: none */
    size_t found_end[MN_PRETOKENIZER_STAGES];
    size_t end[MN_PRETOKENIZER_STAGES]; /* of the piece that each stage cuts */
} mn_words;
void mn_words_init(mn_words *words, const mn_pretokenizer *pretokenizer, const char *text,
                   size_t length);
/* The next word, never empty; false at the end. */
bool mn_words_next(mn_words *words, size_t *start, size_t *length);

#endif
