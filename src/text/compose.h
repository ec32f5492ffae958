/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - Unicode normal form C, which some tokenizers bring their text to first. */
#ifndef MN_TEXT_COMPOSE_H
#define MN_TEXT_COMPOSE_H

#include "base/text.h"

/* How many bytes at the start of `text` are in normal form C for sure, whatever follows. */
size_t mn_compose_stable(const char *text, size_t length);

/* Appends `text` in normal form C. Ill-formed bytes stay as they are. Linear time, also for long
 * rows of combining marks. Tells of memory running out in out->failed. */
void mn_compose(mn_text *out, const char *text, size_t length);

#endif
