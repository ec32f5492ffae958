/* SPDX-License-Identifier: Apache-2.0 */
/* format_search.h - finds the scales of a block that make its weighted squared error small.
 *
 * Used by the encoders: load a block (mn_values_load), search, then pack the codes and numbers that
 * were found. Everything works in place on the stack, and the sums run in a fixed order, so that
 * the same input gives the same bytes everywhere. */
#ifndef MN_TENSOR_FORMAT_SEARCH_H
#define MN_TENSOR_FORMAT_SEARCH_H

#include "tensor/format_round.h"

/* One block, made safe: no later sum can overflow or divide by zero. */
typedef struct mn_values {
    float x[MN_BLOCK_MAX];  /* NaN became 0; at most 1e9 in size */
    float w[MN_BLOCK_MAX];  /* weights of the squared errors, from 0 to 1, not all 0 in a block */
    float wx[MN_BLOCK_MAX]; /* w * x */
} mn_values;

/* Loads in[start .. start + n). `importance` NULL: all weights equal; one that is negative or NaN
 * counts as 0. */
void mn_values_load(mn_values *values, const float *in, const float *importance, size_t start,
                    size_t n);

/* The numbers q of a format without offset: all whole ones from low to high, stored as q - low, or,
 * with `iq4`, the levels of IQ4_NL, stored as their index. */
typedef struct mn_grid {
    int low, high;
    bool iq4;
} mn_grid;
#define MN_GRID_IQ4 ((mn_grid){ -127, 113, true })

/* One scale for 32 weights: w = d * q. Returns d, which is a half. */
float mn_search_scale(uint8_t code[32], const mn_values *values, mn_grid grid);

/* 256 weights in groups of `length` with a coded scale each: w = (d * scale) * q, scales from
 * scale_low to -scale_low - 1. */
typedef struct mn_scaled {
    float d; /* is a half */
    int8_t scale[16];
    uint8_t code[MN_BLOCK_MAX];
} mn_scaled;
void mn_search_scaled(mn_scaled *out, const mn_values *values, size_t length, int scale_low,
                      mn_grid grid);

/* One scale and offset for 32 weights: w = d * q + m, q from 0 to high. Returns d and m, both
 * halves. */
mn_line mn_search_offset(uint8_t code[32], const mn_values *values, int high);

/* 256 weights in groups of `length`: w = (d * scale) * q - (dmin * minimum), q from 0 to high,
 * scales and minimums from 0 to scale_high. */
typedef struct mn_shifted {
    float d, dmin; /* are halves */
    uint8_t scale[16], minimum[16];
    uint8_t code[MN_BLOCK_MAX];
} mn_shifted;
void mn_search_shifted(mn_shifted *out, const mn_values *values, size_t length, int scale_high,
                       int high);

#endif
