/* SPDX-License-Identifier: Apache-2.0 */
/* ids.h - growing lists of token ids. */
#ifndef MN_TEXT_IDS_H
#define MN_TEXT_IDS_H

#include "text/tokenizer.h"

bool mn_ids_add(mn_ids *ids, int32_t id); /* false when memory is out */
bool mn_ids_append(mn_ids *ids, const int32_t *data, size_t n);

#endif
