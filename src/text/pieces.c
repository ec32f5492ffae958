/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - the strings of a vocabulary: by id, as bytes, and found by name. */
#include "text/pieces.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"

#include <string.h>

uint64_t mn_hash_bytes(const char *bytes, size_t length) {
    const uint64_t k = 0x9E3779B97F4A7C15u;
    uint64_t h = length * k;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        h = (h ^ word) * k;
        h ^= h >> 32;
    }
    uint64_t word = 0;
    if (length) memcpy(&word, bytes, length);
    h = (h ^ word) * k;
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9u;
    return h ^ h >> 32;
}

/* ---- the GPT-2 alphabet: printable Latin-1 stands for itself, the rest for U+0100 and up ---- */

static bool stands_for_itself(unsigned c) {
    return (c >= 0x21 && c <= 0x7E) || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF);
}

/* The 68 other bytes, in order, are U+0100..U+0143. */
static uint32_t letter_of(unsigned char byte) {
    if (stands_for_itself(byte)) return byte;
    if (byte <= 0x20) return 0x100u + byte;
    return byte < 0xAD ? 0x121u + (byte - 0x7Fu) : 0x143u;
}

static int byte_of(uint32_t letter) {
    if (letter < 0x100) return stands_for_itself(letter) ? (int)letter : -1;
    if (letter <= 0x120) return (int)(letter - 0x100);
    if (letter <= 0x142) return (int)(letter - 0x121 + 0x7F);
    return letter == 0x143 ? 0xAD : -1;
}

size_t mn_byte_letter(char out[2], unsigned char byte) {
    char utf8[4];
    size_t n = mn_utf8_encode(utf8, letter_of(byte));
    memcpy(out, utf8, n);
    return n;
}

/* ---- what a piece stands for ---- */

/* Byte-level spelling to bytes; false when some character is not of the alphabet. */
static bool spell_bytes(char *out, size_t *n_out, mn_string raw) {
    size_t n = 0, length;
    for (size_t i = 0; i < raw.length; i += length) {
        int byte = byte_of(mn_utf8_decode(raw.data + i, raw.length - i, &length));
        if (!length || byte < 0) return false;
        out[n++] = (char)byte;
    }
    *n_out = n;
    return true;
}

/* U+2581 to spaces. */
static size_t spell_spaces(char *out, mn_string raw) {
    size_t n = 0;
    for (size_t i = 0; i < raw.length;) {
        bool space = raw.length - i >= 3 && !memcmp(raw.data + i, "\xE2\x96\x81", 3);
        out[n++] = space ? ' ' : raw.data[i];
        i += space ? 3 : 1;
    }
    return n;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* <0x0A>, exactly so. */
static int byte_token_value(mn_string raw) {
    if (raw.length != 6 || memcmp(raw.data, "<0x", 3) != 0 || raw.data[5] != '>') return -1;
    int high = hex_digit(raw.data[3]), low = hex_digit(raw.data[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* `out` has room for the raw length, which no spelling exceeds. */
static mn_status spell(char *out, size_t *n_out, const mn_vocabulary *v, uint32_t id, unsigned type,
                       mn_error *error) {
    mn_string raw = v->pieces[id];
    if (type == MN_PIECE_BYTE) {
        int value = byte_token_value(raw);
        if (value < 0)
            return mn_fail(error, MN_BAD_FILE,
                           "token %u '%.*s' is a byte token but not <0x00> to <0xFF>", id,
                           (int)(raw.length < 40 ? raw.length : 40), raw.data);
        *out = (char)value;
        *n_out = 1;
        return MN_OK;
    }
    bool verbatim =
        type == MN_PIECE_CONTROL || type == MN_PIECE_USER_DEFINED || type == MN_PIECE_UNKNOWN;
    if (!verbatim && v->kind == MN_BYTE_LEVEL && spell_bytes(out, n_out, raw)) return MN_OK;
    if (type != MN_PIECE_CONTROL && type != MN_PIECE_UNKNOWN && v->kind == MN_SENTENCEPIECE) {
        *n_out = spell_spaces(out, raw);
        return MN_OK;
    }
    if (raw.length) memcpy(out, raw.data, raw.length);
    *n_out = raw.length;
    return MN_OK;
}

/* ---- finding ---- */

int32_t mn_pieces_find(const mn_pieces *pieces, const char *raw, size_t length) {
    if (!pieces->slots || !length || length > pieces->longest) return -1;
    uint32_t at = (uint32_t)mn_hash_bytes(raw, length) & pieces->mask;
    for (uint32_t slot; (slot = pieces->slots[at]); at = (at + 1) & pieces->mask) {
        const mn_string *candidate = &pieces->raw[slot - 1];
        if (candidate->length == length && !memcmp(candidate->data, raw, length))
            return (int32_t)(slot - 1);
    }
    return -1;
}

/* A file made to collide is refused instead of taking quadratic time. */
static mn_status index_pieces(mn_pieces *pieces, mn_error *error) {
    size_t size = 16;
    while (size < (size_t)pieces->n * 2) size *= 2;
    pieces->slots = mn_alloc_array(size, sizeof *pieces->slots);
    if (!pieces->slots)
        return mn_fail_memory(error, size * sizeof *pieces->slots, "the vocabulary's index");
    pieces->mask = (uint32_t)(size - 1);
    uint64_t steps_left = (uint64_t)pieces->n * 64 + 10000;
    for (uint32_t id = 0; id < pieces->n; id++) {
        mn_string raw = pieces->raw[id];
        if (!raw.length) continue; /* some files pad with these; they match nothing */
        uint32_t at = (uint32_t)mn_hash_bytes(raw.data, raw.length) & pieces->mask;
        for (uint32_t slot; (slot = pieces->slots[at]); at = (at + 1) & pieces->mask) {
            const mn_string *other = &pieces->raw[slot - 1];
            if (other->length == raw.length && !memcmp(other->data, raw.data, raw.length))
                return mn_fail(error, MN_BAD_FILE, "tokens %u and %u are both '%.*s'", slot - 1, id,
                               (int)(raw.length < 60 ? raw.length : 60), raw.data);
            if (!steps_left--)
                return mn_fail(error, MN_BAD_FILE, "the tokens were made to collide in a hash");
        }
        pieces->slots[at] = id + 1;
    }
    return MN_OK;
}

mn_string mn_pieces_bytes(const mn_pieces *pieces, int32_t id) {
    if (id < 0 || (uint32_t)id >= pieces->n) return (mn_string){ "", 0 };
    size_t start = pieces->offsets[id];
    return (mn_string){ pieces->bytes + start, pieces->offsets[id + 1] - start };
}

bool mn_pieces_is_plain(const mn_pieces *pieces, int32_t id) {
    unsigned type = pieces->types[id];
    return type == MN_PIECE_NORMAL || type == MN_PIECE_USER_DEFINED || type == MN_PIECE_UNUSED;
}

/* ---- open and close ---- */

static mn_status spell_all(mn_pieces *pieces, const mn_vocabulary *v, mn_error *error) {
    size_t used = 0, length = 0;
    for (uint32_t id = 0; id < v->n_pieces; id++) {
        pieces->offsets[id] = used;
        pieces->types[id] = v->types ? v->types[id] : MN_PIECE_NORMAL;
        mn_status status = spell(pieces->bytes + used, &length, v, id, pieces->types[id], error);
        if (status) return status;
        used += length;
    }
    pieces->offsets[v->n_pieces] = used;
    return MN_OK;
}

mn_status mn_pieces_open(mn_pieces *out, const mn_vocabulary *vocabulary, mn_error *error) {
    *out = (mn_pieces){ .n = vocabulary->n_pieces, .raw = vocabulary->pieces };
    size_t total = 0;
    for (uint32_t id = 0; id < out->n; id++) {
        if (!mn_size_add(&total, total, out->raw[id].length))
            return mn_fail(error, MN_BAD_FILE, "the tokens' lengths do not fit in memory");
        if (out->raw[id].length > out->longest) out->longest = out->raw[id].length;
    }
    out->types = mn_alloc_array(out->n, 1);
    out->offsets = mn_alloc_array((size_t)out->n + 1, sizeof *out->offsets);
    out->bytes = mn_alloc(total);
    if (!out->types || !out->offsets || !out->bytes)
        return mn_fail_memory(error, total, "the vocabulary");
    mn_status status = spell_all(out, vocabulary, error);
    return status ? status : index_pieces(out, error);
}

void mn_pieces_close(mn_pieces *pieces) {
    mn_free(pieces->types);
    mn_free(pieces->offsets);
    mn_free(pieces->bytes);
    mn_free(pieces->slots);
    *pieces = (mn_pieces){ 0 };
}
