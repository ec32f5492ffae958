/* SPDX-License-Identifier: Apache-2.0 */
/* pattern.h - the part of regular expressions that published pre-tokenizers use.
 *
 * A pattern is a list of alternatives, each a short row of character sets with
 * counts, such as ` ?\p{L}+|\s+(?!\S)`. The published text of the pattern is
 * what is compiled, and \p{..} follows our own Unicode table. PCRE2 serves as
 * the check of this file in the tests. */
#ifndef MN_TEXT_PATTERN_H
#define MN_TEXT_PATTERN_H

#include <minnow/status.h>

#include <stddef.h>

typedef struct mn_pattern mn_pattern;

/* Understands: | . \s \S \d \D \r \n \t \p{L} \P{L} [sets] (?i:words) (?:words) (?!set) $ and the
 * counts ? * + {n} {n,m}, each also possessive. Anything else is MN_USAGE. */
mn_status mn_pattern_open(mn_pattern **out, const char *source, mn_error *error);
void mn_pattern_close(mn_pattern *pattern); /* NULL is fine */

/* Length of the match that starts at text[position], 0 if there is none; `end` is the end of the
 * text. On failure *skip is how many bytes may be passed over because no match can start there (at
 * least 1). */
size_t mn_pattern_match(const mn_pattern *pattern, const char *text, size_t position, size_t end,
                        size_t *skip);

#endif
