/* SPDX-License-Identifier: Apache-2.0 */
/* pages.c - key/value memory. */
#include "run/pages.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/reserve.h"
#include "base/size.h"

size_t mn_pages_bytes_per_page(mn_kv_type type, uint32_t n_layers, uint32_t n_kv_heads,
                               uint32_t head_dim)
{
    return (size_t)n_layers * n_kv_heads * 2 * mn_kv_head_bytes(type, head_dim);
}

mn_status mn_pages_open(mn_pages *p, uint32_t n_pages, mn_error *error)
{
    size_t total;
    p->head_bytes = mn_kv_head_bytes(p->type, p->head_dim);
    p->page_bytes = mn_pages_bytes_per_page(p->type, p->n_layers, p->n_kv_heads, p->head_dim);
    if (!mn_size_mul(&total, p->page_bytes, n_pages))
        return mn_fail(error, MN_NO_FIT,
                       "%u pages of key/value memory of %zu bytes do not fit any memory", n_pages,
                       p->page_bytes);
    p->memory = mn_reserve(total);
    if (!p->memory)
        return mn_fail_memory(error, total,
                              "key/value memory; a smaller ctx or kv-type needs less");
    p->n_pages = n_pages;
    p->free_list = mn_alloc_array(n_pages, sizeof *p->free_list);
    if (!p->free_list)
        return mn_fail_memory(error, n_pages * sizeof *p->free_list, "the page list");
    for (uint32_t i = 0; i < n_pages; i++) p->free_list[i] = n_pages - 1 - i;
    p->n_free = n_pages;
    return MN_OK;
}

void mn_pages_close(mn_pages *p)
{
    if (p->memory) mn_unreserve(p->memory, p->page_bytes * p->n_pages);
    mn_free(p->free_list);
    p->memory = NULL;
    p->free_list = NULL;
}

uint8_t *mn_pages_take(mn_pages *p)
{
    return p->n_free ? p->memory + (size_t)p->free_list[--p->n_free] * p->page_bytes : NULL;
}

void mn_pages_give_back(mn_pages *p, uint8_t *page)
{
    p->free_list[p->n_free++] = (uint32_t)((size_t)(page - p->memory) / p->page_bytes);
}
