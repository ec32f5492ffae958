/* SPDX-License-Identifier: Apache-2.0 */
/* special.h - finds the tokens that are taken whole from a text, before any merging.
 *
 * User-defined tokens are found everywhere, control tokens only in bytes that
 * the template wrote. The leftmost match wins, then the longest. */
#ifndef MN_TEXT_SPECIAL_H
#define MN_TEXT_SPECIAL_H

#include "text/pieces.h"

typedef struct mn_specials {
    const mn_pieces *pieces;
    uint32_t *sorted; /* [n] ids, by the bytes of their names */
    uint32_t n;
    uint32_t
        first[257]; /* names that begin with byte b: sorted[first[b]] to sorted[first[b + 1]] */
} mn_specials;      /* zero-initialise */

/* `pieces` is kept. On failure still call mn_specials_close. */
mn_status mn_specials_open(mn_specials *out, const mn_pieces *pieces, mn_error *error);
void mn_specials_close(mn_specials *specials);

typedef struct mn_special_match {
    size_t start, length; /* length 0: nothing was found */
    int32_t id;
} mn_special_match;

/* The next match in `prompt` from `position` on; start is the end of the text if there is none.
 * *run is the run of the prompt that holds `position`; start it at 0 and keep it between calls. */
mn_special_match mn_specials_next(const mn_specials *specials, const mn_prompt *prompt,
                                  size_t position, size_t *run);

#endif
