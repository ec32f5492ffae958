/* SPDX-License-Identifier: Apache-2.0 */
/* ids.c - growing lists of token ids. */
#include "text/ids.h"

#include "base/memory.h"

#include <string.h>

bool mn_ids_append(mn_ids *ids, const int32_t *data, size_t n) {
    void *block = ids->data;
    if (!n) return true;
    if (!mn_grow(&block, &ids->capacity, ids->n + n, sizeof *ids->data)) return false;
    ids->data = block;
    memcpy(ids->data + ids->n, data, n * sizeof *data);
    ids->n += n;
    return true;
}

bool mn_ids_add(mn_ids *ids, int32_t id) {
    return mn_ids_append(ids, &id, 1);
}

void mn_ids_free(mn_ids *ids) {
    mn_free(ids->data);
    *ids = (mn_ids){ 0 };
}
