/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - typed access to option values, for the library itself. */
#ifndef MN_BASE_OPTIONS_H
#define MN_BASE_OPTIONS_H

#include <minnow/options.h>

#include <stdbool.h>
#include <stdint.h>

/* The value in force; the option must be in the table and of that kind. `options` may be NULL. */
int64_t mn_option_int(const mn_options *options, const char *name);
double mn_option_real(const mn_options *options, const char *name);
bool mn_option_bool(const mn_options *options, const char *name);
uint64_t mn_option_size(const mn_options *options, const char *name);
const char *mn_option_text(const mn_options *options, const char *name); /* NULL: none */

/* Sizes as people write them: 350M is 350 * 10^6, 350MiB is 350 * 2^20; plain numbers are bytes. */
bool mn_size_parse(uint64_t *out, const char *text);

/* The entry of names[n] (NULL entries allowed) nearest to `text` by edit distance, NULL if none is near. */
const char *mn_nearest_name(const char *text, const char *const *names, size_t n);

mn_status mn_options_copy(mn_options **out, const mn_options *options, mn_error *error);

#endif
