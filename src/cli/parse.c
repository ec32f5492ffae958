/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c - words of a command line, by the command's row. */
#include "cli/command.h"

#include "base/error.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const mn_flag common_flags[] = {
    { "quiet", 'q', MN_FLAG_SWITCH, NULL, "print results only", 0, 0 },
    { "verbose", 'v', MN_FLAG_SWITCH, NULL, "tell more on the error output", 0, 0 },
    { "help", 'h', MN_FLAG_SWITCH, NULL, "tell how to use the command", 0, 0 },
};

const mn_flag *mn_common_flag_at(size_t index)
{
    return index < sizeof common_flags / sizeof common_flags[0] ? &common_flags[index] : NULL;
}

char mn_option_letter(const char *name)
{
    return !strcmp(name, "ctx") ? 'c' : !strcmp(name, "threads") ? 't' : 0;
}

/* --- finding what a word names --------------------------------------------------------------- */

typedef struct target { /* exactly one is set */
    const mn_flag *flag;         /* own or common */
    const mn_option_row *option;
    bool negated;                /* --no-NAME */
} target;

static bool takes_option(const mn_command *command, const mn_option_row *row)
{
    return command->scopes & MN_SCOPE_BIT(row->scope);
}

static bool find_long(target *out, const mn_command *command, const char *name)
{
    *out = (target){ 0 };
    for (const mn_flag *flag = command->flags; flag && flag->name; flag++)
        if (!strcmp(flag->name, name)) out->flag = flag;
    for (size_t i = 0; !out->flag && mn_common_flag_at(i); i++)
        if (!strcmp(mn_common_flag_at(i)->name, name)) out->flag = mn_common_flag_at(i);
    if (out->flag) return true;
    const mn_option_row *row = mn_option_row_find(name);
    if (!row && !strncmp(name, "no-", 3)) {
        row = mn_option_row_find(name + 3);
        out->negated = true;
        if (row && row->kind != MN_OPTION_BOOL) row = NULL;
    }
    out->option = row && takes_option(command, row) ? row : NULL;
    return out->option;
}

static bool find_letter(target *out, const mn_command *command, char letter)
{
    *out = (target){ 0 };
    for (const mn_flag *flag = command->flags; flag && flag->name; flag++)
        if (flag->letter == letter) out->flag = flag;
    for (size_t i = 0; !out->flag && mn_common_flag_at(i); i++)
        if (mn_common_flag_at(i)->letter == letter) out->flag = mn_common_flag_at(i);
    const mn_option_row *row;
    for (size_t i = 0; !out->flag && (row = mn_option_row_at(i)); i++)
        if (takes_option(command, row) && mn_option_letter(row->name) == letter) out->option = row;
    return out->flag || out->option;
}

static mn_status fail_unknown(const mn_command *command, const char *name, mn_error *error)
{
    const char *names[MN_MAX_FLAGS + 100];
    size_t n = 0;
    for (const mn_flag *flag = command->flags; flag && flag->name; flag++) names[n++] = flag->name;
    for (size_t i = 0; mn_common_flag_at(i); i++) names[n++] = mn_common_flag_at(i)->name;
    const mn_option_row *row;
    for (size_t i = 0; (row = mn_option_row_at(i)) && n < sizeof names / sizeof names[0]; i++)
        if (takes_option(command, row)) names[n++] = row->name;
    const char *nearest = mn_nearest_name(name, names, n);
    if (nearest)
        return mn_fail(error, MN_USAGE, "%s takes no --%s; did you mean --%s?", command->name, name,
                       nearest);
    return mn_fail(error, MN_USAGE, "%s takes no --%s", command->name, name);
}

/* --- values ---------------------------------------------------------------------------------- */

static bool parse_int(int64_t *out, const char *text)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *out = value;
    return strchr("+-0123456789", *text) && end != text && !*end && !errno;
}

static bool parse_real(double *out, const char *text)
{
    char *end;
    *out = strtod(text, &end); /* the program keeps the numbers of the C locale */
    return strspn(text, "0123456789+-.eE") == strlen(text) && end != text && !*end
           && isfinite(*out);
}

static bool is_choice(const char *choices, const char *value)
{
    size_t length = strlen(value);
    for (const char *c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (strcspn(c, "|") == length && !strncmp(c, value, length)) return true;
    return false;
}

static mn_status check_value(const mn_flag *flag, const char *value, mn_error *error)
{
    int64_t whole = 0;
    double real = 0;
    uint64_t size;
    switch (flag->kind) {
    case MN_FLAG_INT:
        if (!parse_int(&whole, value))
            return mn_fail(error, MN_USAGE, "--%s: '%s' is not a whole number", flag->name, value);
        real = (double)whole;
        break;
    case MN_FLAG_REAL:
        if (!parse_real(&real, value))
            return mn_fail(error, MN_USAGE, "--%s: '%s' is not a number", flag->name, value);
        break;
    case MN_FLAG_SIZE:
        if (mn_size_parse(&size, value)) return MN_OK;
        return mn_fail(error, MN_USAGE, "--%s: '%s' is not a size such as 350M or 2GiB",
                       flag->name, value);
    case MN_FLAG_CHOICE:
        if (is_choice(flag->value, value)) return MN_OK;
        return mn_fail(error, MN_USAGE, "--%s: '%s' is none of %s", flag->name, value, flag->value);
    default: return MN_OK;
    }
    if (real >= flag->low && real <= flag->high) return MN_OK;
    return mn_fail(error, MN_USAGE, "--%s: %s is outside the range from %.10g to %.10g", flag->name,
                   value, flag->low, flag->high);
}

/* --stop A --stop B: all of them count, one on a line. Any other option: the last one counts. */
static mn_status set_option(mn_call *call, const mn_option_row *row, const char *value,
                            bool *stop_given, mn_error *error)
{
    const char *before = mn_options_get(call->options, "stop");
    if (strcmp(row->name, "stop")) return mn_options_set(call->options, row->name, value, error);
    if (!*stop_given || !before) {
        *stop_given = true;
        return mn_options_set(call->options, "stop", value, error);
    }
    size_t size_bytes = strlen(before) + strlen(value) + 2;
    char *both = mn_alloc(size_bytes);
    if (!both) return mn_fail_memory(error, size_bytes, "stop texts");
    strcpy(both, before);
    strcat(both, "\n");
    strcat(both, value);
    mn_status status = mn_options_set(call->options, "stop", both, error);
    mn_free(both);
    return status;
}

static void set_common(mn_call *call, const mn_flag *flag)
{
    if (flag->letter == 'h') call->help = true;
    if (flag->letter == 'q') call->quiet = true;
    if (flag->letter == 'v') call->verbose = true;
}

/* --- the walk over the words ----------------------------------------------------------------- */

typedef struct walk {
    mn_call *call;
    char **words;
    size_t n_words, next; /* next: the first word not looked at */
    bool stop_given;
} walk;

static bool is_switch(const target *found)
{
    return found->flag ? found->flag->kind == MN_FLAG_SWITCH
                       : found->option->kind == MN_OPTION_BOOL;
}

/* `value` is what was joined to the flag (--name=value, -n5); NULL: nothing. */
static mn_status apply(walk *w, const target *found, const char *value, mn_error *error)
{
    const char *name = found->flag ? found->flag->name : found->option->name;
    if (found->negated && value) return mn_fail(error, MN_USAGE, "--no-%s takes no value", name);
    if (found->flag && is_switch(found) && value)
        return mn_fail(error, MN_USAGE, "--%s takes no value", name);
    if (!value && is_switch(found)) value = found->negated ? "false" : "true";
    if (!value && w->next < w->n_words) value = w->words[w->next++];
    if (!value) return mn_fail(error, MN_USAGE, "--%s needs a value", name);
    if (found->option) return set_option(w->call, found->option, value, &w->stop_given, error);
    const mn_flag *own = w->call->command->flags;
    for (size_t i = 0; own && own[i].name; i++) {
        if (&own[i] != found->flag) continue;
        w->call->values[i] = own[i].kind == MN_FLAG_SWITCH ? "" : value;
        return check_value(&own[i], value, error);
    }
    set_common(w->call, found->flag);
    return MN_OK;
}

static mn_status read_long(walk *w, const char *word, mn_error *error)
{
    char name[64];
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    if (!length || length >= sizeof name)
        return mn_fail(error, MN_USAGE, "%s takes no --%.60s", w->call->command->name, word);
    memcpy(name, word, length);
    name[length] = '\0';
    target found;
    if (!find_long(&found, w->call->command, name))
        return fail_unknown(w->call->command, name, error);
    return apply(w, &found, equals ? equals + 1 : NULL, error);
}

static mn_status read_letters(walk *w, const char *letters, mn_error *error)
{
    mn_status status = MN_OK;
    while (*letters && !status) {
        target found;
        if (!find_letter(&found, w->call->command, *letters))
            return mn_fail(error, MN_USAGE, "%s takes no -%c", w->call->command->name, *letters);
        letters++;
        if (is_switch(&found)) {
            status = apply(w, &found, NULL, error);
            continue;
        }
        if (*letters == '=') letters++;
        return apply(w, &found, *letters ? letters : NULL, error);
    }
    return status;
}

static mn_status check_count(const mn_call *call, mn_error *error)
{
    const mn_command *command = call->command;
    if (call->help) return MN_OK;
    if (call->n_arguments < command->min_arguments)
        return mn_fail(error, MN_USAGE, "%s needs more: minnow %s %s", command->name, command->name,
                       command->arguments);
    if (call->n_arguments > command->max_arguments)
        return mn_fail(error, MN_USAGE, "%s has nothing to do with '%s': minnow %s%s%s",
                       command->name, call->arguments[command->max_arguments], command->name,
                       *command->arguments ? " " : "", command->arguments);
    return MN_OK;
}

mn_status mn_call_parse(mn_call *call, const mn_command *command, mn_options *options, char **words,
                        size_t n_words, mn_error *error)
{
    *call = (mn_call){ .command = command, .options = options, .arguments = words };
    walk w = { .call = call, .words = words, .n_words = n_words };
    mn_status status = MN_OK;
    bool flags_ended = false;
    while (w.next < n_words && !status) {
        char *word = words[w.next++];
        bool number = word[0] == '-' && word[1] >= '0' && word[1] <= '9'; /* config set seed -1 */
        if (flags_ended || word[0] != '-' || !word[1] || number) words[call->n_arguments++] = word;
        else if (word[1] != '-') status = read_letters(&w, word + 1, error);
        else if (word[2]) status = read_long(&w, word + 2, error);
        else flags_ended = true;
    }
    return status ? status : check_count(call, error);
}

/* --- asking ---------------------------------------------------------------------------------- */

bool mn_call_knows(const mn_call *call, const char *flag)
{
    for (const mn_flag *own = call->command->flags; own && own->name; own++)
        if (!strcmp(own->name, flag)) return true;
    return false;
}

const char *mn_call_text(const mn_call *call, const char *flag)
{
    const mn_flag *own = call->command->flags;
    for (size_t i = 0; own && own[i].name; i++)
        if (!strcmp(own[i].name, flag)) return call->values[i];
    assert(!"a flag that is not in the command's row");
    return NULL;
}

bool mn_call_has(const mn_call *call, const char *flag)
{
    return mn_call_text(call, flag) != NULL;
}

int64_t mn_call_int(const mn_call *call, const char *flag, int64_t otherwise)
{
    const char *text = mn_call_text(call, flag);
    int64_t value;
    return text && parse_int(&value, text) ? value : otherwise;
}

double mn_call_real(const mn_call *call, const char *flag, double otherwise)
{
    const char *text = mn_call_text(call, flag);
    double value;
    return text && parse_real(&value, text) ? value : otherwise;
}

uint64_t mn_call_size(const mn_call *call, const char *flag, uint64_t otherwise)
{
    const char *text = mn_call_text(call, flag);
    uint64_t value;
    return text && mn_size_parse(&value, text) ? value : otherwise;
}
