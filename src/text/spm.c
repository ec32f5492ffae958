/* SPDX-License-Identifier: Apache-2.0 */
/* spm.c - sentencepiece BPE. */
#include "text/spm.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* A character, or one ill-formed byte beyond the last code point. */
static uint32_t unit_at(const char *text, size_t position, size_t end, size_t *length) {
    unsigned char byte = (unsigned char)text[position];
    *length = 1;
    if (byte < 0x80) return byte;
    uint32_t c = mn_utf8_decode(text + position, end - position, length);
    if (*length) return c;
    *length = 1;
    return 0x110000u + byte;
}

/* ---- neighbours ---- */

static uint32_t neighbour_bit(const mn_spm *spm, uint32_t a, uint32_t b) {
    uint64_t h = ((uint64_t)a << 32 | b) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(h >> 32) & spm->mask;
}

static void add_neighbours(mn_spm *spm, mn_string piece) {
    size_t length;
    uint32_t before = 0;
    for (size_t i = 0; i < piece.length; i += length) {
        uint32_t c = unit_at(piece.data, i, piece.length, &length);
        uint32_t bit = neighbour_bit(spm, before, c);
        if (i) spm->neighbours[bit >> 6] |= (uint64_t)1 << (bit & 63);
        before = c;
    }
}

size_t mn_spm_part(const mn_spm *spm, const char *text, size_t position, size_t end) {
    size_t length;
    uint32_t before = unit_at(text, position, end, &length);
    for (position += length; position < end; position += length) {
        uint32_t c = unit_at(text, position, end, &length);
        uint32_t bit = neighbour_bit(spm, before, c);
        if (!(spm->neighbours[bit >> 6] >> (bit & 63) & 1)) break;
        before = c;
    }
    return position;
}

/* ---- parts ---- */

static bool join_text(const void *rules, const char *text, const mn_symbol *left,
                      const mn_symbol *right, mn_join *out) {
    const mn_spm *spm = rules;
    size_t length = (size_t)left->length + right->length;
    int32_t id = mn_pieces_find(spm->pieces, text + left->start, length);
    if (id < 0 || !mn_pieces_is_plain(spm->pieces, id)) return false;
    *out = (mn_join){ spm->orders[id], id };
    return true;
}

static int32_t find_unit(const mn_spm *spm, const char *text, size_t length) {
    int32_t id = mn_pieces_find(spm->pieces, text, length);
    return id >= 0 && mn_pieces_is_plain(spm->pieces, id) ? id : -1;
}

/* A character without a token: its bytes, or one unknown token for a whole row of them. */
static bool add_bytes(const mn_spm *spm, const char *bytes, size_t length, mn_ids *out) {
    bool all = true;
    for (size_t i = 0; i < length; i++) all = all && spm->byte_ids[(unsigned char)bytes[i]] >= 0;
    if (!all) {
        if (spm->unknown < 0 || (out->n && out->data[out->n - 1] == spm->unknown)) return true;
        return mn_ids_add(out, spm->unknown);
    }
    for (size_t i = 0; i < length; i++)
        if (!mn_ids_add(out, spm->byte_ids[(unsigned char)bytes[i]])) return false;
    return true;
}

bool mn_spm_encode(const mn_spm *spm, mn_merger *merger, const char *part, size_t length,
                   mn_ids *out) {
    size_t n;
    mn_merger_clear(merger);
    for (size_t i = 0; i < length; i += n) {
        unit_at(part, i, length, &n);
        if (!mn_merger_add(merger, i, n, find_unit(spm, part + i, n))) return false;
    }
    if (!mn_merger_run(merger, join_text, spm, part)) return false;
    for (int32_t i = 0; i >= 0; i = merger->symbols[i].next) {
        const mn_symbol *s = &merger->symbols[i];
        if (s->id >= 0 ? !mn_ids_add(out, s->id) : !add_bytes(spm, part + s->start, s->length, out))
            return false;
    }
    return true;
}

/* ---- open and close ---- */

/* A number that is smaller for a larger score. */
static uint32_t order_of(float score) {
    uint32_t bits;
    score += 0.0f; /* one zero only */
    memcpy(&bits, &score, sizeof bits);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u; /* ascending with the score */
    return ~bits;
}

static void find_bytes(mn_spm *spm) {
    for (unsigned byte = 0; byte < 256; byte++) {
        char name[8];
        snprintf(name, sizeof name, "<0x%02X>", byte);
        int32_t id = mn_pieces_find(spm->pieces, name, 6);
        spm->byte_ids[byte] = id >= 0 && spm->pieces->types[id] == MN_PIECE_BYTE ? id : -1;
    }
}

mn_status mn_spm_open(mn_spm *out, const mn_pieces *pieces, const mn_vocabulary *vocabulary,
                      mn_error *error) {
    *out = (mn_spm){ .pieces = pieces, .unknown = vocabulary->unknown };
    size_t n_bits = 1024;
    while (n_bits < (size_t)pieces->n * 8) n_bits *= 2;
    out->mask = (uint32_t)(n_bits - 1);
    out->neighbours = mn_alloc_array(n_bits / 64, sizeof *out->neighbours);
    out->orders = mn_alloc_array(pieces->n, sizeof *out->orders);
    if (!out->neighbours || !out->orders)
        return mn_fail_memory(error, n_bits / 8, "the vocabulary's index");
    for (uint32_t id = 0; id < pieces->n; id++) {
        out->orders[id] = order_of(vocabulary->scores ? vocabulary->scores[id] : 0.0f);
        if (mn_pieces_is_plain(pieces, (int32_t)id)) add_neighbours(out, pieces->raw[id]);
    }
    find_bytes(out);
    return MN_OK;
}

void mn_spm_close(mn_spm *spm) {
    mn_free(spm->orders);
    mn_free(spm->neighbours);
    *spm = (mn_spm){ 0 };
}
