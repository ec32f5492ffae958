/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - the option table, and checked values for its rows. */
#include "base/options.h"

#include "base/error.h"
#include "base/memory.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NO_LIMIT 9007199254740992.0 /* 2^53: every whole number up to it is exact as a double */

static const mn_option_row table[] = {
    /* name, scope, kind, default, low, high, choices, help */
    { "verify", MN_SCOPE_MODEL, MN_OPTION_BOOL, "false", 0, 0, NULL,
      "read every weight at open and refuse numbers that are not finite" },
    { "threads", MN_SCOPE_ENGINE, MN_OPTION_INT, "0", 0, 256, NULL,
      "threads that compute; 0 = one per fast core this process may use" },
    { "ctx", MN_SCOPE_ENGINE, MN_OPTION_INT, "0", 0, 16777216, NULL,
      "tokens a session can hold; 0 = what the model was trained for, at most 4096" },
    { "sessions", MN_SCOPE_ENGINE, MN_OPTION_INT, "1", 1, 256, NULL,
      "conversations that can be open at once" },
    { "chunk", MN_SCOPE_ENGINE, MN_OPTION_INT, "512", 1, 8192, NULL,
      "prompt tokens read in one pass" },
    { "kv-type", MN_SCOPE_ENGINE, MN_OPTION_CHOICE, "f16", 0, 0, "f32|f16|int8",
      "number format of the key/value memory" },
    { "cpu", MN_SCOPE_ENGINE, MN_OPTION_TEXT, NULL, 0, 0, NULL,
      "instruction level to compute with, such as plain or avx2; unset = the best one" },
    { "memory-limit", MN_SCOPE_ENGINE, MN_OPTION_SIZE, "0", 0, 0, NULL,
      "refuse to open what needs more memory than this; 0 = what the system has" },
    { "seed", MN_SCOPE_SESSION, MN_OPTION_INT, "-1", -1, NO_LIMIT, NULL,
      "seed of the random choices; -1 = a new one each time" },
    { "temp", MN_SCOPE_REQUEST, MN_OPTION_REAL, "0.7", 0, 100, NULL,
      "temperature; 0 = always the most likely token" },
    { "top-k", MN_SCOPE_REQUEST, MN_OPTION_INT, "40", 0, NO_LIMIT, NULL,
      "choose among the K most likely tokens; 0 = all" },
    { "top-p", MN_SCOPE_REQUEST, MN_OPTION_REAL, "0.95", 0, 1, NULL,
      "choose among the most likely tokens that make up this probability; 1 = all" },
    { "min-p", MN_SCOPE_REQUEST, MN_OPTION_REAL, "0.05", 0, 1, NULL,
      "leave out tokens less likely than this share of the most likely one; 0 = none" },
    { "typical-p", MN_SCOPE_REQUEST, MN_OPTION_REAL, "1", 0, 1, NULL,
      "choose among the most typical tokens that make up this probability; 1 = all" },
    { "repeat-penalty", MN_SCOPE_REQUEST, MN_OPTION_REAL, "1", 0.001, 10, NULL,
      "divide the logits of tokens seen lately by this; 1 = off" },
    { "repeat-last", MN_SCOPE_REQUEST, MN_OPTION_INT, "64", 0, NO_LIMIT, NULL,
      "how many of the last tokens count as seen lately" },
    { "frequency-penalty", MN_SCOPE_REQUEST, MN_OPTION_REAL, "0", -2, 2, NULL,
      "lower the logit of a token by this for each time it was seen lately" },
    { "presence-penalty", MN_SCOPE_REQUEST, MN_OPTION_REAL, "0", -2, 2, NULL,
      "lower the logit of a token by this if it was seen lately" },
    { "logit-bias", MN_SCOPE_REQUEST, MN_OPTION_TEXT, NULL, 0, 0, NULL,
      "add to the logits of tokens: ID:BIAS,ID:BIAS,..." },
    { "logprobs", MN_SCOPE_REQUEST, MN_OPTION_INT, "-1", -1, 20, NULL,
      "record the log-probability of each token and of the K best; -1 = none" },
    { "stop", MN_SCOPE_REQUEST, MN_OPTION_TEXT, NULL, 0, 0, NULL,
      "end the answer before this text; may be given several times" },
    { "ignore-eos", MN_SCOPE_REQUEST, MN_OPTION_BOOL, "false", 0, 0, NULL,
      "go on when the model wants to end its answer" },
};

#define N_OPTIONS (sizeof table / sizeof table[0])

struct mn_options {
    char *values[N_OPTIONS]; /* NULL: the default is in force */
};

const mn_option_row *mn_option_row_at(size_t index)
{
    return index < N_OPTIONS ? &table[index] : NULL;
}

const mn_option_row *mn_option_row_find(const char *name)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (name && !strcmp(table[i].name, name)) return &table[i];
    return NULL;
}

/* --- values ---------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool equal_ignoring_case(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) a++, b++;
    return !*a && !*b;
}

static bool parse_int(int64_t *out, const char *text)
{
    char *end;
    const char *digits = text + (*text == '-' || *text == '+');
    if (*digits < '0' || *digits > '9') return false;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end) return false;
    *out = value;
    return true;
}

/* A decimal number with a point, whatever the locale of the program around us. */
static bool parse_real(double *out, const char *text)
{
    char copy[72], *end;
    size_t used = 0, length = strlen(text);
    const char *point = localeconv()->decimal_point;
    if (!length || length > 60 || strspn(text, "0123456789+-.eE") != length) return false;
    for (size_t i = 0; i < length; i++) {
        bool is_point = text[i] == '.';
        size_t n = is_point ? strlen(point) : 1;
        if (used + n >= sizeof copy) return false;
        memcpy(copy + used, is_point ? point : text + i, n);
        used += n;
    }
    copy[used] = '\0';
    *out = strtod(copy, &end);
    return end != copy && !*end && isfinite(*out);
}

static bool parse_bool(bool *out, const char *text)
{
    static const char *const words[] = { "true", "on", "yes", "1", "false", "off", "no", "0" };
    for (size_t i = 0; i < 8; i++) {
        if (!equal_ignoring_case(text, words[i])) continue;
        *out = i < 4;
        return true;
    }
    return false;
}

/* "K", "kB", "KiB", ... as a factor; 0 for anything else. */
static double size_factor(const char *unit)
{
    static const char letters[] = "kmgt";
    if (!*unit || equal_ignoring_case(unit, "b")) return 1;
    const char *found = strchr(letters, lower(*unit));
    if (!found) return 0;
    bool binary = lower(unit[1]) == 'i' && lower(unit[2]) == 'b' && !unit[3];
    if (!binary && unit[1] && !(lower(unit[1]) == 'b' && !unit[2])) return 0;
    double factor = 1;
    for (const char *c = letters; c <= found; c++) factor *= binary ? 1024 : 1000;
    return factor;
}

bool mn_size_parse(uint64_t *out, const char *text)
{
    char number[32];
    size_t n = strspn(text, "0123456789.");
    if (!n || n >= sizeof number) return false;
    memcpy(number, text, n);
    number[n] = '\0';
    const char *unit = text + n + (text[n] == ' ');
    double factor = size_factor(unit), value;
    if (factor == 0 || (unit != text + n && !*unit)) return false;
    int64_t whole;
    if (parse_int(&whole, number)) { /* exact, also above 2^53 */
        return !__builtin_mul_overflow((uint64_t)whole, (uint64_t)factor, out);
    }
    if (!parse_real(&value, number) || value * factor >= 9.2e18) return false;
    *out = (uint64_t)(value * factor + 0.5);
    return true;
}

/* The index of `value` among "a|b|c"; -1 if it is none of them. */
static int choice_index(const char *choices, const char *value)
{
    int index = 0;
    for (const char *c = choices;; index++) {
        size_t n = strcspn(c, "|"), i = 0;
        while (i < n && value[i] && lower(value[i]) == c[i]) i++;
        if (i == n && !value[n]) return index;
        if (!c[n]) return -1;
        c += n + 1;
    }
}

static mn_status check_range(const mn_option_row *row, double number, const char *value,
                             mn_error *error)
{
    if (number >= row->low && number <= row->high) return MN_OK;
    if (row->high >= NO_LIMIT)
        return mn_fail(error, MN_USAGE, "%s: %s is below the least possible value, %.0f", row->name,
                       value, row->low);
    return mn_fail(error, MN_USAGE, "%s: %s is outside the range from %g to %g", row->name, value,
                   row->low, row->high);
}

static mn_status check_value(const mn_option_row *row, const char *value, mn_error *error)
{
    int64_t whole;
    double real;
    bool truth;
    uint64_t size;
    switch (row->kind) {
    case MN_OPTION_INT:
        if (parse_int(&whole, value)) return check_range(row, (double)whole, value, error);
        return mn_fail(error, MN_USAGE, "%s: '%s' is not a whole number", row->name, value);
    case MN_OPTION_REAL:
        if (!parse_real(&real, value))
            return mn_fail(error, MN_USAGE, "%s: '%s' is not a number", row->name, value);
        return check_range(row, real, value, error);
    case MN_OPTION_BOOL:
        if (parse_bool(&truth, value)) return MN_OK;
        return mn_fail(error, MN_USAGE, "%s: '%s' is neither true nor false", row->name, value);
    case MN_OPTION_SIZE:
        if (mn_size_parse(&size, value)) return MN_OK;
        return mn_fail(error, MN_USAGE, "%s: '%s' is not a size such as 350M or 2GiB", row->name,
                       value);
    case MN_OPTION_CHOICE:
        if (choice_index(row->choices, value) >= 0) return MN_OK;
        return mn_fail(error, MN_USAGE, "%s: '%s' is none of %s", row->name, value, row->choices);
    default: return MN_OK;
    }
}

/* --- the nearest name ------------------------------------------------------------------------ */

#define MAX_NAME 64

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; case is ignored. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    unsigned rows[3][MAX_NAME + 1];
    for (size_t j = 0; j <= m; j++) rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = rows[i % 3], *before = rows[(i - 1) % 3], *two_before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = before[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
            if (before[j] + 1 < best) best = before[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2])
                           && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped && two_before[j - 2] + 1 < best) best = two_before[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[n % 3][m];
}

static bool begins_with(const char *text, const char *beginning, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!text[i] || lower(text[i]) != lower(beginning[i])) return false;
    return true;
}

const char *mn_nearest_name(const char *text, const char *const *names, size_t n)
{
    size_t length = strlen(text);
    if (!length || length > MAX_NAME) return NULL;
    const char *nearest = NULL;
    unsigned nearest_distance = length < 3 ? 2 : length < 6 ? 3 : (unsigned)length / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        size_t name_length = names[i] ? strlen(names[i]) : 0;
        if (!name_length || name_length > MAX_NAME) continue;
        unsigned distance = edit_distance(text, length, names[i], name_length);
        size_t family = strcspn(names[i], ":"); /* "smollm3" means "smollm2:135m" */
        if (family < name_length && !strchr(text, ':')) {
            unsigned shorter = edit_distance(text, length, names[i], family);
            if (shorter < distance) distance = shorter;
        }
        /* "temperature" for "temp", "smol" for "smollm2": one is the beginning of the other. */
        bool beginning = (length >= 3 && begins_with(names[i], text, length))
                         || (name_length >= 3 && begins_with(text, names[i], name_length));
        if (beginning && distance > 1) distance = 1;
        if (distance >= nearest_distance) continue;
        nearest = names[i];
        nearest_distance = distance;
    }
    return nearest;
}

/* --- options ---------------------------------------------------------------------------------- */

mn_status mn_options_open(mn_options **out, mn_error *error)
{
    *out = mn_alloc_array(1, sizeof **out);
    return *out ? MN_OK : mn_fail_memory(error, sizeof **out, "options");
}

void mn_options_close(mn_options *options)
{
    for (size_t i = 0; options && i < N_OPTIONS; i++) mn_free(options->values[i]);
    mn_free(options);
}

static mn_status fail_unknown(const char *name, mn_error *error)
{
    const char *names[N_OPTIONS];
    for (size_t i = 0; i < N_OPTIONS; i++) names[i] = table[i].name;
    const char *nearest = mn_nearest_name(name, names, N_OPTIONS);
    return nearest ? mn_fail(error, MN_USAGE, "there is no option '%s'; did you mean '%s'?", name,
                             nearest)
                   : mn_fail(error, MN_USAGE, "there is no option '%s'", name);
}

mn_status mn_options_set(mn_options *options, const char *name, const char *value, mn_error *error)
{
    if (!options || !name) return mn_fail(error, MN_USAGE, "an option without a name or a place");
    const mn_option_row *row = mn_option_row_find(name);
    if (!row) return fail_unknown(name, error);
    char *copy = NULL;
    if (value) {
        mn_status status = check_value(row, value, error);
        if (status) return status;
        copy = mn_strdup(value);
        if (!copy) return mn_fail_memory(error, strlen(value) + 1, "an option");
    }
    char **place = &options->values[row - table];
    mn_free(*place);
    *place = copy;
    return MN_OK;
}

const char *mn_options_get(const mn_options *options, const char *name)
{
    const mn_option_row *row = mn_option_row_find(name);
    if (!row) return NULL;
    const char *value = options ? options->values[row - table] : NULL;
    return value ? value : row->default_value;
}

mn_status mn_options_copy(mn_options **out, const mn_options *options, mn_error *error)
{
    mn_status status = mn_options_open(out, error);
    for (size_t i = 0; !status && options && i < N_OPTIONS; i++) {
        if (!options->values[i]) continue;
        (*out)->values[i] = mn_strdup(options->values[i]);
        if (!(*out)->values[i])
            status = mn_fail_memory(error, strlen(options->values[i]) + 1, "an option");
    }
    if (status) {
        mn_options_close(*out);
        *out = NULL;
    }
    return status;
}

/* --- typed access: the value was checked when it was set, so that parsing cannot fail here ------ */

int64_t mn_option_int(const mn_options *options, const char *name)
{
    int64_t value = 0;
    const char *text = mn_options_get(options, name);
    if (text) parse_int(&value, text);
    return value;
}

double mn_option_real(const mn_options *options, const char *name)
{
    double value = 0;
    const char *text = mn_options_get(options, name);
    if (text) parse_real(&value, text);
    return value;
}

bool mn_option_bool(const mn_options *options, const char *name)
{
    bool value = false;
    const char *text = mn_options_get(options, name);
    if (text) parse_bool(&value, text);
    return value;
}

uint64_t mn_option_size(const mn_options *options, const char *name)
{
    uint64_t value = 0;
    const char *text = mn_options_get(options, name);
    if (text) mn_size_parse(&value, text);
    return value;
}

const char *mn_option_text(const mn_options *options, const char *name)
{
    return mn_options_get(options, name);
}
