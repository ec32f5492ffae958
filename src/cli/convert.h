/* SPDX-License-Identifier: Apache-2.0 */
/* convert.h - one model file from another, watched: what `quantize` and `export` share. */
#ifndef MN_CLI_CONVERT_H
#define MN_CLI_CONVERT_H

#include "cli/command.h"
#include "shrink/quantize.h"

/* The format of that name; NULL and MN_USAGE with the names there are, if it is none to write. */
mn_status mn_convert_format(const mn_format **out, const char *name, mn_error *error);
/* Writes `target` with weights as `format` (NULL: as they are), proven before it gets its name, and
 * tells the result: a line, or JSON with the flag --json. */
mn_status mn_convert(const mn_call *call, const char *source, const char *target,
                     const mn_format *format, mn_error *error);

#endif
