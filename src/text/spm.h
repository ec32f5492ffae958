/* SPDX-License-Identifier: Apache-2.0 */
/* spm.h - sentencepiece BPE: characters, joined while what they make is a token, best score first.
 */
#ifndef MN_TEXT_SPM_H
#define MN_TEXT_SPM_H

#include "text/ids.h"
#include "text/merge.h"
#include "text/pieces.h"

typedef struct mn_spm {
    const mn_pieces *pieces;
    uint32_t *orders;      /* [n pieces] smaller is better */
    int32_t byte_ids[256]; /* <0x00>.., -1 where the vocabulary lacks it */
    int32_t unknown;
    uint64_t
        *neighbours; /* [mask / 64 + 1] bit set: two characters that stand together in some token */
    uint32_t mask;
} mn_spm; /* zero-initialise */

/* `pieces` is kept. On failure still call mn_spm_close. */
mn_status mn_spm_open(mn_spm *out, const mn_pieces *pieces, const mn_vocabulary *vocabulary,
                      mn_error *error);
void mn_spm_close(mn_spm *spm);

/* End of the part that starts at `position` and can be encoded on its own: no token reaches across.
 */
size_t mn_spm_part(const mn_spm *spm, const char *text, size_t position, size_t end);
/* Appends the ids of one part; false when memory is out. */
bool mn_spm_encode(const mn_spm *spm, mn_merger *merger, const char *part, size_t length,
                   mn_ids *out);

#endif
