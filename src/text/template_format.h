/* SPDX-License-Identifier: Apache-2.0 */
/* template_format.h - how formats ask for a value: shared by `%` and by `format`. */
#ifndef MN_TEXT_TEMPLATE_FORMAT_H
#define MN_TEXT_TEMPLATE_FORMAT_H

#include "text/template_run.h"

typedef struct mn_jinja_spec {
    uint32_t fill;
    unsigned fill_origin;
    char align;               /* '<' '>' '=' '^', or '\0' */
    char sign;                /* '+' '-' ' ', or '\0' */
    char group;               /* ',' '_', or '\0' */
    char type;                /* '\0': as the value likes it */
    bool alternate;           /* '#' */
    bool zero;                /* zeros instead of blanks between sign and digits */
    bool percent;             /* of the % operator, where integers may have a precision */
    int64_t width, precision; /* precision -1: none */
} mn_jinja_spec;

typedef struct mn_jinja_digits {
    bool negative;
    char prefix[4];
    char digits[1200];
} mn_jinja_digits;

mn_jinja_string *mn_jinja_format_number(mn_jinja_run *run, mn_jinja_value number,
                                        const mn_jinja_spec *spec);
mn_jinja_string *mn_jinja_format_text(mn_jinja_run *run, mn_jinja_string *text,
                                      const mn_jinja_spec *spec);

#endif
