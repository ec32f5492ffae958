/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.h - byte-level BPE: a word's bytes, joined by a list of merges in order of rank. */
#ifndef MN_TEXT_BPE_H
#define MN_TEXT_BPE_H

#include "text/ids.h"
#include "text/merge.h"
#include "text/pieces.h"

typedef struct mn_bpe {
    const mn_pieces *pieces;
    int32_t byte_ids[256];     /* token of each single byte, the unknown token, or -1 */
    bool whole_words;          /* a word that is a token needs no merges */
    struct mn_bpe_rule *rules; /* [n_rules] in order of rank */
    uint32_t n_rules;
    uint32_t *slots; /* [mask + 1] rule + 1, or 0: hash of (left, right) -> rule */
    uint32_t mask;
} mn_bpe; /* zero-initialise */

/* `pieces` is kept. On failure still call mn_bpe_close. */
mn_status mn_bpe_open(mn_bpe *out, const mn_pieces *pieces, const mn_vocabulary *vocabulary,
                      bool whole_words, mn_error *error);
void mn_bpe_close(mn_bpe *bpe);

/* Appends the ids of one word; false when memory is out. */
bool mn_bpe_encode(const mn_bpe *bpe, mn_merger *merger, const char *word, size_t length,
                   mn_ids *out);

#endif
