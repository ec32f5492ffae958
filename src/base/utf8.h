/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - well-formed UTF-8 and nothing else (The Unicode Standard, table 3-7). */
#ifndef MN_BASE_UTF8_H
#define MN_BASE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length 1..4 of the well-formed sequence at `bytes`, 0 if it is ill-formed or cut by `available`. */
size_t mn_utf8_length(const char *bytes, size_t available);
/* Decodes the sequence at `bytes`; *length as above. Returns U+FFFD with *length 0 if ill-formed. */
uint32_t mn_utf8_decode(const char *bytes, size_t available, size_t *length);
/* Writes 1..4 bytes, returns how many; 0 for a surrogate or a value above U+10FFFF. */
size_t mn_utf8_encode(char out[4], uint32_t code_point);
/* How many bytes at the end of `bytes` are the start of a sequence that may still become whole. */
size_t mn_utf8_incomplete_tail(const char *bytes, size_t length);

#endif
