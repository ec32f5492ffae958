/* SPDX-License-Identifier: Apache-2.0 */
/* template_braces.c - "{} {name} {0.x[1]!r:>10}".format(...). */
#include "text/template_format.h"

#include <string.h>

typedef mn_jinja_value value;

typedef struct braces {
    mn_jinja_run *run;
    const mn_jinja_arguments *arguments;
    value mapping;                  /* MISSING: names are looked up among the arguments */
    bool markup, numbered, counted; /* counted: "{}" was used; numbered: "{0}" was */
    size_t next;
} braces;

typedef struct field { /* ends of its parts, as offsets */
    size_t name, name_end, spec, spec_end, end;
    char conversion;
} field;

static mn_jinja_string *format_parts(braces *f, mn_jinja_string *text, unsigned depth);

static bool is_digits(const mn_jinja_string *s, size_t start, size_t end, int64_t *out)
{
    *out = 0;
    for (size_t i = start; i < end; i++) {
        if (s->data[i] < '0' || s->data[i] > '9' || i - start > 17) return false;
        *out = *out * 10 + (s->data[i] - '0');
    }
    return end > start;
}

/* --- finding the value --------------------------------------------------------------------------
 */

static value first_value(braces *f, mn_jinja_string *s, size_t start, size_t end)
{
    int64_t index;
    value found = mn_jinja_missing();
    if (start == end)
        mn_jinja_fail(f->run, "a format has a field without a name");
    else if (is_digits(s, start, end, &index)) {
        if (index < (int64_t)f->arguments->n) return f->arguments->values[index];
        mn_jinja_fail(f->run, "a format asks for argument %lld, but there are %zu",
                      (long long)index, f->arguments->n);
    } else {
        value key = mn_jinja_text(mn_jinja_string_part(f->run, s, start, end));
        for (size_t i = 0; i < f->arguments->n_named && !f->run->status; i++)
            if (mn_jinja_equal(f->run, f->arguments->names[i], key)) found = f->arguments->named[i];
        if (f->mapping.kind == MN_JINJA_DICT && !f->run->status)
            mn_jinja_dict_find(f->run, f->mapping.dict, key, &found);
        if (found.kind == MN_JINJA_MISSING)
            mn_jinja_fail(f->run, "a format names a value that is not there");
    }
    return f->run->status ? mn_jinja_none() : found;
}

static value field_value(braces *f, mn_jinja_string *s, field at)
{
    size_t i = at.name;
    while (i < at.name_end && s->data[i] != '.' && s->data[i] != '[') i++;
    value v = first_value(f, s, at.name, i);
    while (i < at.name_end && !f->run->status) {
        bool dot = s->data[i] == '.';
        size_t start = ++i;
        int64_t index;
        while (i < at.name_end &&
               (dot ? s->data[i] != '.' && s->data[i] != '[' : s->data[i] != ']'))
            i++;
        if (i == start || (!dot && i == at.name_end))
            mn_jinja_fail(f->run, "a format has an empty attribute");
        value name = mn_jinja_text(mn_jinja_string_part(f->run, s, start, i));
        if (f->run->status) break;
        if (dot)
            v = mn_jinja_attribute(f->run, v, name);
        else
            v = mn_jinja_item(f->run, v,
                              is_digits(s, start, i, &index) ? mn_jinja_int(index, MN_FROM_TEMPLATE)
                                                             : name);
        if (!dot && ++i < at.name_end && s->data[i] != '.' && s->data[i] != '[')
            mn_jinja_fail(f->run, "a format is not valid");
    }
    return v;
}

/* "{}" takes the next argument; a format cannot have both "{}" and "{0}". */
static value numbered_value(braces *f, mn_jinja_string *s, field at)
{
    int64_t index;
    if (at.name == at.name_end) {
        f->counted = true;
        if (f->next >= f->arguments->n)
            mn_jinja_fail(f->run, "a format asks for more values than there are");
        if (f->numbered) mn_jinja_fail(f->run, "a format cannot both count and number its fields");
        return f->run->status ? mn_jinja_none() : f->arguments->values[f->next++];
    }
    if (is_digits(s, at.name, at.name_end, &index)) {
        f->numbered = true;
        if (f->counted) mn_jinja_fail(f->run, "a format cannot both count and number its fields");
    }
    return field_value(f, s, at);
}

/* --- reading the format -------------------------------------------------------------------------
 */

/* The field behind a '{' at `start`. */
static bool read_field(mn_jinja_run *run, const mn_jinja_string *s, size_t start, field *out)
{
    size_t i = start, depth = 1, brackets = 0;
    *out = (field){ .name = start };
    while (i < s->length &&
           (brackets || (s->data[i] != '}' && s->data[i] != ':' && s->data[i] != '!'))) {
        if (s->data[i] == '{') mn_jinja_fail(run, "a format has '{' in the name of a field");
        if (s->data[i] == '[') brackets = 1;
        if (s->data[i] == ']') brackets = 0;
        i++;
    }
    out->name_end = i;
    if (i < s->length && s->data[i] == '!') {
        out->conversion = i + 1 < s->length ? s->data[i + 1] : '\0';
        i += 2;
        if (i >= s->length || (s->data[i] != ':' && s->data[i] != '}'))
            mn_jinja_fail(run, "a format has an invalid conversion");
    }
    if (i < s->length && s->data[i] == ':') i++;
    out->spec = i;
    for (; i < s->length; i++) {
        if (s->data[i] == '{') depth++;
        if (s->data[i] == '}' && --depth == 0) break;
    }
    if (i >= s->length) mn_jinja_fail(run, "a format has a '{' without its '}'");
    out->spec_end = i;
    out->end = i + 1;
    return !run->status;
}

static value converted(mn_jinja_run *run, value v, char conversion)
{
    switch (conversion) {
    case '\0':
        return v;
    case 's':
        return mn_jinja_text(mn_jinja_string_of(run, v));
    case 'r':
    case 'a':
        return mn_jinja_text(mn_jinja_repr(run, v));
    default:
        mn_jinja_fail(run, "a format has an invalid conversion");
        return mn_jinja_none();
    }
}

static void add_field(braces *f, mn_jinja_builder *b, mn_jinja_string *s, field at, unsigned depth)
{
    value v = numbered_value(f, s, at);
    v = converted(f->run, v, f->run->status ? 's' : at.conversion);
    mn_jinja_string *spec =
        f->run->status ? NULL : mn_jinja_string_part(f->run, s, at.spec, at.spec_end);
    if (spec && memchr(spec->data, '{', spec->length)) spec = format_parts(f, spec, depth + 1);
    mn_jinja_string *text = spec ? mn_jinja_format_value(f->run, v, spec) : NULL;
    if (text && f->markup) text = mn_jinja_string_escape(f->run, text);
    mn_jinja_add_string(b, text);
}

static mn_jinja_string *format_parts(braces *f, mn_jinja_string *s, unsigned depth)
{
    mn_jinja_builder b = { .run = f->run };
    size_t i = 0;
    if (depth > 1) mn_jinja_fail(f->run, "a format is nested too deep");
    while (i < s->length && mn_jinja_charge(f->run, 1)) {
        size_t start = i;
        field at;
        while (i < s->length && s->data[i] != '{' && s->data[i] != '}') i++;
        mn_jinja_add_part(&b, s, start, i);
        if (i >= s->length) break;
        char brace = s->data[i];
        if (i + 1 < s->length && s->data[i + 1] == brace) {
            mn_jinja_add_part(&b, s, i, i + 1);
            i += 2;
        } else if (brace == '}')
            mn_jinja_fail(f->run, "a format has a '}' without its '{'");
        else if (read_field(f->run, s, i + 1, &at)) {
            add_field(f, &b, s, at, depth);
            i = at.end;
        }
    }
    return mn_jinja_built(&b);
}

mn_jinja_value mn_jinja_format_braces(mn_jinja_run *run, mn_jinja_string *format,
                                      const mn_jinja_arguments *arguments, mn_jinja_value mapping)
{
    braces f = { .run = run, .arguments = arguments, .mapping = mapping, .markup = format->markup };
    if (mapping.kind != MN_JINJA_MISSING && mapping.kind != MN_JINJA_DICT)
        mn_jinja_fail(run, "'format_map' needs a mapping");
    mn_jinja_string *built = run->status ? NULL : format_parts(&f, format, 0);
    if (built) built->markup = format->markup;
    return mn_jinja_text(built);
}
