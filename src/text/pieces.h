/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.h - the strings of a vocabulary: by id, as bytes, and found by name. */
#ifndef MN_TEXT_PIECES_H
#define MN_TEXT_PIECES_H

#include "text/vocabulary.h"

typedef struct mn_pieces {
    uint32_t n;
    const mn_string *raw; /* [n] borrowed, as the file spells them */
    uint8_t *types;       /* [n] mn_piece_type */
    size_t *offsets;      /* [n + 1] into bytes */
    char *bytes;          /* what each piece stands for */
    size_t longest;       /* bytes of the longest raw piece */
    uint32_t *slots;      /* [mask + 1] id + 1, or 0: hash of raw -> id */
    uint32_t mask;
} mn_pieces; /* zero-initialise */

/* On failure still call mn_pieces_close. */
mn_status mn_pieces_open(mn_pieces *out, const mn_vocabulary *vocabulary, mn_error *error);
void mn_pieces_close(mn_pieces *pieces);

int32_t mn_pieces_find(const mn_pieces *pieces, const char *raw, size_t length); /* -1: absent */
mn_string mn_pieces_bytes(const mn_pieces *pieces, int32_t id);
/* Types that ordinary text can become by merging. */
bool mn_pieces_is_plain(const mn_pieces *pieces, int32_t id);

/* The GPT-2 alphabet, in which every byte has a printable character. Writes the UTF-8 of `byte`'s.
 */
size_t mn_byte_letter(char out[2], unsigned char byte);

uint64_t mn_hash_bytes(const char *bytes, size_t length);

#endif
