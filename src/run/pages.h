/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - key/value memory: pages of MN_KV_BLOCK positions, all layers of them in one page.
 *
 * The address space is reserved at open and the memory comes with use. A page
 * holds, layer after layer, each kv head's keys, then its values. */
#ifndef MN_RUN_PAGES_H
#define MN_RUN_PAGES_H

#include "kernels/attention.h"

#include <minnow/status.h>

#include <stddef.h>
#include <stdint.h>

typedef struct mn_pages {
    mn_kv_type type;
    uint32_t n_layers, n_kv_heads, head_dim;
    size_t head_bytes; /* one head's keys, or its values */
    size_t page_bytes;
    uint8_t *memory; /* [n_pages, page_bytes] */
    uint32_t n_pages;
    uint32_t *free_list; /* [n_free] numbers of pages not in use */
    uint32_t n_free;
} mn_pages;

/* The shape is set in `pages` first; fills the rest. */
size_t mn_pages_bytes_per_page(mn_kv_type type, uint32_t n_layers, uint32_t n_kv_heads,
                               uint32_t head_dim);
mn_status mn_pages_open(mn_pages *pages, uint32_t n_pages, mn_error *error);
void mn_pages_close(mn_pages *pages);
uint8_t *mn_pages_take(mn_pages *pages); /* NULL: none is free */
void mn_pages_give_back(mn_pages *pages, uint8_t *page);

static inline uint8_t *mn_page_keys(const mn_pages *pages, uint8_t *page, uint32_t layer,
                                    uint32_t head)
{
    return page + ((size_t)layer * pages->n_kv_heads + head) * 2 * pages->head_bytes;
}

static inline uint8_t *mn_page_values(const mn_pages *pages, uint8_t *page, uint32_t layer,
                                      uint32_t head)
{
    return mn_page_keys(pages, page, layer, head) + pages->head_bytes;
}

/* The pages of one conversation, in order of position. */
typedef struct mn_sequence {
    uint8_t **pages; /* [n_pages] */
    uint32_t n_pages;
} mn_sequence;

#endif
