/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.c - byte-level BPE. */
#include "text/bpe.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

typedef struct mn_bpe_rule {
    int32_t left, right, joined;
} rule;

enum { LONGEST_WHOLE_WORD = 512 }; /* bytes; no published token comes near */

/* ---- merges ---- */

static uint32_t pair_hash(int32_t left, int32_t right) {
    uint64_t h = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return (uint32_t)(h >> 32);
}

static bool join_pair(const void *rules, const char *text, const mn_symbol *left,
                      const mn_symbol *right, mn_join *out) {
    const mn_bpe *bpe = rules;
    (void)text;
    uint32_t at = pair_hash(left->id, right->id) & bpe->mask;
    for (uint32_t slot; (slot = bpe->slots[at]); at = (at + 1) & bpe->mask) {
        const rule *r = &bpe->rules[slot - 1];
        if (r->left != left->id || r->right != right->id) continue;
        *out = (mn_join){ slot - 1, r->joined };
        return true;
    }
    return false;
}

/* A merge listed twice counts with its last rank, as in the original. */
static bool add_rule(mn_bpe *bpe, uint32_t rank, uint64_t *steps_left) {
    const rule *added = &bpe->rules[rank];
    uint32_t at = pair_hash(added->left, added->right) & bpe->mask;
    for (uint32_t slot; (slot = bpe->slots[at]); at = (at + 1) & bpe->mask) {
        const rule *r = &bpe->rules[slot - 1];
        if (r->left == added->left && r->right == added->right) break;
        if (!(*steps_left)--) return false;
    }
    bpe->slots[at] = rank + 1;
    return true;
}

static mn_status unknown_token(uint32_t rank, mn_string merge, mn_error *error) {
    return mn_fail(error, MN_BAD_FILE, "merge %u '%.*s' does not name two tokens that make a third",
                   rank, (int)(merge.length < 80 ? merge.length : 80), merge.data);
}

/* Joins the two halves in `buffer` and finds the whole. Files list tokens in the order of their
 * merges, so the one after the last is tried before the hash. */
static int32_t find_joined(const mn_pieces *pieces, const char *text, size_t length,
                           int32_t expected) {
    if ((uint32_t)expected < pieces->n && pieces->raw[expected].length == length &&
        !memcmp(pieces->raw[expected].data, text, length))
        return expected;
    return mn_pieces_find(pieces, text, length);
}

static mn_status read_merge(mn_bpe *bpe, uint32_t rank, mn_string merge, char *buffer,
                            mn_error *error) {
    const char *space = merge.length > 2 ? memchr(merge.data + 1, ' ', merge.length - 2) : NULL;
    if (!space || merge.length - 1 > bpe->pieces->longest) return unknown_token(rank, merge, error);
    size_t n_left = (size_t)(space - merge.data), n_right = merge.length - n_left - 1;
    memcpy(buffer, merge.data, n_left);
    memcpy(buffer + n_left, space + 1, n_right);
    int32_t expected = rank ? bpe->rules[rank - 1].joined + 1 : 0;
    rule r = { mn_pieces_find(bpe->pieces, merge.data, n_left),
               mn_pieces_find(bpe->pieces, space + 1, n_right),
               find_joined(bpe->pieces, buffer, n_left + n_right, expected) };
    if (r.left < 0 || r.right < 0 || r.joined < 0) return unknown_token(rank, merge, error);
    bpe->rules[rank] = r;
    return MN_OK;
}

static mn_status read_merges(mn_bpe *bpe, const mn_vocabulary *v, mn_error *error) {
    size_t size = 16;
    while (size < (size_t)v->n_merges * 2) size *= 2;
    bpe->mask = (uint32_t)(size - 1);
    bpe->slots = mn_alloc_array(size, sizeof *bpe->slots);
    bpe->rules = mn_alloc_array(v->n_merges, sizeof *bpe->rules);
    char *buffer = mn_alloc(bpe->pieces->longest);
    mn_status status =
        bpe->slots && bpe->rules && buffer ? MN_OK : mn_fail_memory(error, size * 4, "the merges");
    uint64_t steps_left = (uint64_t)v->n_merges * 64 + 10000;
    for (uint32_t rank = 0; rank < v->n_merges && !status; rank++) {
        status = read_merge(bpe, rank, v->merges[rank], buffer, error);
        if (!status && !add_rule(bpe, rank, &steps_left))
            status = mn_fail(error, MN_BAD_FILE, "the merges were made to collide in a hash");
    }
    bpe->n_rules = v->n_merges;
    mn_free(buffer);
    return status;
}

/* ---- words ---- */

/* The token that is the whole word, -1 if there is none. */
static int32_t find_word(const mn_bpe *bpe, const char *word, size_t length) {
    char letters[LONGEST_WHOLE_WORD * 2];
    size_t n = 0;
    if (length > LONGEST_WHOLE_WORD) return -1;
    for (size_t i = 0; i < length; i++) n += mn_byte_letter(letters + n, (unsigned char)word[i]);
    int32_t id = mn_pieces_find(bpe->pieces, letters, n);
    return id >= 0 && mn_pieces_is_plain(bpe->pieces, id) ? id : -1;
}

bool mn_bpe_encode(const mn_bpe *bpe, mn_merger *merger, const char *word, size_t length,
                   mn_ids *out) {
    int32_t whole = bpe->whole_words ? find_word(bpe, word, length) : -1;
    if (whole >= 0) return mn_ids_add(out, whole);
    mn_merger_clear(merger);
    for (size_t i = 0; i < length; i++) {
        int32_t id = bpe->byte_ids[(unsigned char)word[i]];
        if (id >= 0 && !mn_merger_add(merger, i, 1, id))
            return false; /* a byte left out separates nothing */
    }
    if (!mn_merger_run(merger, join_pair, bpe, word)) return false;
    for (int32_t i = merger->n_symbols ? 0 : -1; i >= 0; i = merger->symbols[i].next)
        if (!mn_ids_add(out, merger->symbols[i].id)) return false;
    return true;
}

/* ---- open and close ---- */

mn_status mn_bpe_open(mn_bpe *out, const mn_pieces *pieces, const mn_vocabulary *vocabulary,
                      bool whole_words, mn_error *error) {
    /* Some vocabularies lack the rarest bytes, and name as unknown a control token that ends texts.
     * Text never becomes control tokens; as in the original, such a byte is left out. */
    int32_t unknown = vocabulary->unknown;
    if (unknown >= 0 && pieces->types[unknown] != MN_PIECE_UNKNOWN) unknown = -1;
    *out = (mn_bpe){ .pieces = pieces, .whole_words = whole_words };
    for (unsigned byte = 0; byte < 256; byte++) {
        char letter[2];
        size_t n = mn_byte_letter(letter, (unsigned char)byte);
        int32_t id = mn_pieces_find(pieces, letter, n);
        out->byte_ids[byte] = id >= 0 ? id : unknown;
    }
    return read_merges(out, vocabulary, error);
}

void mn_bpe_close(mn_bpe *bpe) {
    mn_free(bpe->rules);
    mn_free(bpe->slots);
    *bpe = (mn_bpe){ 0 };
}
