/* SPDX-License-Identifier: Apache-2.0 */
/* template_number.h - numbers as Python reads and writes them, whatever the locale is. */
#ifndef MN_TEXT_TEMPLATE_NUMBER_H
#define MN_TEXT_TEMPLATE_NUMBER_H

#include "text/template_value.h"

/* Reads digits with an optional sign, fraction and exponent, all of them; overflow gives infinity.
 */
bool mn_jinja_parse_float(const char *text, size_t length, double *out);
/* The shortest text that reads back as `real`, as Python's repr; at most 32 bytes with the '\0'. */
void mn_jinja_print_float(char out[32], double real);
/* As printf's %.*<type> with type e, f or g; -1 if it does not fit. */
int mn_jinja_print_digits(char *out, size_t size, double real, int precision, char type);

mn_jinja_value mn_jinja_operate(mn_jinja_run *run, int op, mn_jinja_value a, mn_jinja_value b);
mn_jinja_value mn_jinja_negate(mn_jinja_run *run, mn_jinja_value value, bool minus);
double mn_jinja_real(mn_jinja_value number);     /* of a truth value, an integer or a float */
int64_t mn_jinja_integer(mn_jinja_value number); /* of a truth value or an integer */
/* A float without its fraction; fails when it does not fit. */
mn_jinja_value mn_jinja_truncate(mn_jinja_run *run, mn_jinja_value number);
/* Python's int(text, base) and float(text); false: not a number. */
bool mn_jinja_read_int(mn_jinja_run *run, const mn_jinja_string *text, int64_t base, int64_t *out);
bool mn_jinja_read_float(mn_jinja_run *run, const mn_jinja_string *text, double *out);
/* Python's round() to `places` decimals. */
double mn_jinja_round(double real, int64_t places);

#endif
