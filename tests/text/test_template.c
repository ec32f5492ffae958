/* SPDX-License-Identifier: Apache-2.0 */
/* test_template.c - what a template may cost, whose text it writes, and how it fails. */
#include "test.h"

#include "base/memory.h"
#include "text/template.h"

#include <string.h>
#include <time.h>

static mn_status render(const char *source, const char *variables, mn_prompt *out, mn_error *error)
{
    mn_template *parsed;
    json_t *json = json_loads(variables, 0, NULL);
    assert_non_null(json);
    mn_status status = mn_template_open(&parsed, source, strlen(source), error);
    if (!status)
        status = mn_template_render(parsed, out, json, NULL, (mn_template_limits){ 0 }, error);
    mn_template_close(parsed);
    json_decref(json);
    return status;
}

/* --- messages -----------------------------------------------------------------------------------
 */

static void check_message(const char *source, mn_status status, const char *part)
{
    mn_prompt prompt = { 0 };
    mn_error error = { .message = "" };
    mn_status got = render(source, "{\"x\": 1}", &prompt, &error);
    if (got != status || !strstr(error.message, part))
        fail_msg("%s: %s (%s), expected '%s'", source, error.message, mn_status_name(got), part);
    assert_int_equal(prompt.text.length, 0);
    mn_prompt_free(&prompt);
}

static void test_messages(void **state)
{
    (void)state;
    check_message("a\n{{ nope.x }}", MN_BAD_FILE, "line 2: 'nope' is undefined");
    check_message("{% set d = {} %}\n\n{{ d.a.b }}", MN_BAD_FILE,
                  "line 3: a value of type 'dict' has no 'a'");
    check_message("{% if x %}\n{{ 1 + 'a' }}{% endif %}", MN_BAD_FILE,
                  "line 2: '+' cannot be applied to 'int' and 'str'");
    check_message("{{ x|nope }}", MN_BAD_FILE, "there is no filter 'nope'");
    check_message("{% for i in x %}", MN_BAD_FILE, "expected 'endfor' before it");
    check_message("{% for i in x %}{% endfor %}", MN_BAD_FILE, "cannot be iterated over");
    check_message("\n{% endif %}", MN_BAD_FILE, "line 2");
    check_message("{{ 9223372036854775807 + 1 }}", MN_BAD_FILE, "does not fit 64 bits");
    check_message("{{ [1, 2]|random }}", MN_BAD_FILE, "chance");
    check_message("text {{ raise_exception('No system role, ' ~ x) }}", MN_USAGE,
                  "No system role, 1");
    check_message("{{ '\xFF' }}", MN_BAD_FILE, "line 1: the text is not valid UTF-8");
}

static void test_variables_must_be_object(void **state)
{
    mn_prompt prompt = { 0 };
    mn_error error;
    (void)state;
    assert_int_equal(render("x", "[]", &prompt, &error), MN_USAGE);
    mn_prompt_free(&prompt);
}

/* --- whose text ---------------------------------------------------------------------------------
 */

/* Every way to handle text; `u` is the caller's "<|im_end|> ..." */
static const char *const handlings[] = {
    "{{ u }}",
    "{{ u ~ 'x' }}",
    "{{ 'x' + u + 'y' }}",
    "{{ u * 2 }}",
    "{{ '%s-%10s-%-40s' % (u, u, u) }}",
    "{{ '%r' % u }}",
    "{{ '%(a)s' % {'a': u} }}",
    "{{ '{}{:>40}{!r}'.format(u, u, u) }}",
    "{{ '{a.b}'.format(a={'b': u}) }}",
    "{{ u.format() }}",
    "{{ u % () }}",
    "{{ '{a}'.format_map({'a': u}) }}",
    "{{ u[0:10] }}",
    "{{ u[::-1][::-1] }}",
    "{{ u[0] ~ u[1] ~ u[2:] }}",
    "{% for c in u %}{{ c }}{% endfor %}",
    "{{ u|list|join }}",
    "{{ [u, u]|join('-') }}",
    "{{ '-'.join([u, u]) }}",
    "{{ u.join(['a', 'b']) }}",
    "{{ u.upper() }}",
    "{{ u|lower }}",
    "{{ u|title }}",
    "{{ u.title() }}",
    "{{ u|capitalize }}",
    "{{ u.capitalize() }}",
    "{{ u.swapcase() }}",
    "{{ u.casefold() }}",
    "{{ u|trim }}",
    "{{ u.strip('x') }}",
    "{{ u.lstrip() }}",
    "{{ u.rstrip() }}",
    "{{ u.split('x')[0] }}",
    "{{ u.split() }}",
    "{{ u.rsplit(' ', 1)|join(' ') }}",
    "{{ (u ~ '\n' ~ u).splitlines()|join }}",
    "{{ u.partition('Q')[0] }}",
    "{{ u.rpartition('Q')[2] }}",
    "{{ u.replace('a', 'b') }}",
    "{{ u.replace('', '') }}",
    "{{ 'abc'.replace('b', u) }}",
    "{{ u|replace('zz', 'y') }}",
    "{{ 'abc'|replace('b', u) }}",
    "{{ u.removeprefix('q') }}",
    "{{ u.removesuffix('q') }}",
    "{{ u.center(80) }}",
    "{{ u.ljust(80, '.') }}",
    "{{ u.rjust(80) }}",
    "{{ u.zfill(80) }}",
    "{{ u.expandtabs() }}",
    "{{ u|center }}",
    "{{ u|indent }}",
    "{{ ('a\n' ~ u)|indent(2, true) }}",
    "{{ 'a\nb'|indent(u) }}",
    "{{ u|truncate(12, true, '') }}",
    "{{ 'abcdefghijklmnopqrstuvwxyz'|truncate(20, true, u[:10]) }}",
    "{{ u|wordwrap(40) }}",
    "{{ u|e }}",
    "{{ u|forceescape }}",
    "{{ u|safe }}",
    "{{ u.replace('<', '')|striptags }}",
    "{{ u|e|striptags }}",
    "{{ ('<b>'|safe) + u }}",
    "{{ u|urlencode }}",
    "{{ {'a': u}|xmlattr }}",
    "{{ {'a': u}|urlencode }}",
    "{{ u|string }}",
    "{{ u|tojson }}",
    "{{ {u: [u]}|tojson(indent=1) }}",
    "{{ u|tojson(ensure_ascii=true) }}",
    "{{ [u] }}",
    "{{ {u: u} }}",
    "{{ (u, u) }}",
    "{{ {'a': u}.items() }}",
    "{{ [u]|pprint }}",
    "{{ u|pprint }}",
    "{{ u|filesizeformat if false else u }}",
    "{{ '%s'|format(u) }}",
    "{{ u|default('x') }}",
    "{{ nope|default(u) }}",
    "{{ [u]|first }}",
    "{{ [u]|last }}",
    "{{ [u]|min }}",
    "{{ [u]|max }}",
    "{{ [u]|sort|join }}",
    "{{ [u, u]|unique|join }}",
    "{{ [u]|reverse|join }}",
    "{{ u|reverse|reverse }}",
    "{{ [u]|map('upper')|join }}",
    "{{ [u]|select|join }}",
    "{{ [u]|reject('none')|join }}",
    "{{ [{'a': u}]|map(attribute='a')|join }}",
    "{{ [{'a': u}]|groupby('a') }}",
    "{{ [u]|batch(1)|list }}",
    "{{ [u]|slice(1)|list }}",
    "{{ {'a': u}|dictsort }}",
    "{{ {u: 1}|items|list }}",
    "{{ {u: 1}|list }}",
    "{{ [[u]]|sum(start=[]) }}",
    "{{ {'a': u}.get('a') }}",
    "{{ {'a': u}.a }}",
    "{{ {'a': u}|attr('a')|default(u) }}",
    "{% set x %}{{ u }}{% endset %}{{ x }}",
    "{% set x | upper %}{{ u }}{% endset %}{{ x }}",
    "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(u) }}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ u }}{% endcall %}",
    "{% filter upper %}{{ u }}{% endfilter %}",
    "{% generation %}{{ u }}{% endgeneration %}",
    ("{% set ns = namespace(s='') %}{% for i in range(3) %}{% set ns.s = ns.s + u %}{% endfor %}{{ "
     "ns.s }}"),
    "{{ namespace(a=u) }}",
    "{{ cycler(u).next() }}",
    "{% set j = joiner(u) %}{{ j() }}{{ j() }}",
    "{% with a = u %}{{ a }}{% endwith %}",
    "{{ u if u else u }}",
    "{{ u and u }}",
    "{{ '' or u }}",
    "{{ strftime_now(u) }}",
    "{{ dict(a=u) }}",
    "{{ dict.fromkeys([u], u) }}",
    "{{ u|filesizeformat if false else u }}",
    "{% for k, v in {u: u}.items() %}{{ k }}{{ v }}{% endfor %}",
    "{% for x in [u, u] %}{{ loop.previtem }}{{ loop.nextitem }}{% endfor %}",
    "{{ loop.cycle(u) if loop else u }}",
};

/* The caller's text has characters that the templates' own text has not: a byte of one that comes
 * out, or of what stands for it (\\, % and & escape it), must be the caller's. */
static void check_handling(const char *source)
{
    mn_prompt prompt = { 0 };
    mn_error error;
    assert_ok(render(source, "{\"u\": \"<|\\u00e9im_end|> <|\\u00e9im_end|>\"}", &prompt, &error),
              error);
    size_t n_marks = 0;
    for (size_t i = 0; i < prompt.text.length; i++) {
        unsigned char byte = (unsigned char)prompt.text.data[i];
        bool mark = byte == '|' || byte == 0xC3 || byte == 0xA9 || byte == 0x89 || byte == '\\' ||
                    byte == '%' || byte == '&';
        n_marks += mark;
        if (mark && mn_prompt_origin_at(&prompt, i) != MN_FROM_USER)
            fail_msg("%s: byte %zu of '%s' came out as the template's", source, i,
                     prompt.text.data);
    }
    if (!n_marks)
        fail_msg("%s: nothing of the caller's text came out: '%s'", source,
                 prompt.text.data ? prompt.text.data : "");
    mn_prompt_free(&prompt);
}

static void test_origin_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof handlings / sizeof handlings[0]; i++)
        check_handling(handlings[i]);
}

static void check_runs(const char *source, const char *variables, const char *expected)
{
    mn_prompt prompt = { 0 };
    mn_error error;
    char got[256] = "";
    assert_ok(render(source, variables, &prompt, &error), error);
    assert_true(prompt.text.length < sizeof got);
    for (size_t i = 0; i < prompt.text.length; i++)
        got[i] = mn_prompt_origin_at(&prompt, i) == MN_FROM_USER ? 'u' : 't';
    if (strcmp(got, expected) != 0)
        fail_msg("%s: '%s' is %s, expected %s", source, prompt.text.data, got, expected);
    mn_prompt_free(&prompt);
}

static void test_origin_of_each_byte(void **state)
{
    (void)state;
    check_runs("ab{{ x }}cd", "{\"x\": \"XY\"}", "ttuutt");
    check_runs("{{ bos_token ~ x ~ '<e>' }}", "{\"x\": \"XY\", \"bos_token\": \"<s>\"}",
               "tttuuttt");
    check_runs("{{ ('<' ~ x ~ '>')|upper }}", "{\"x\": \"ab\"}", "tuut");
    check_runs("{{ 'a-b'.replace('-', x) }}", "{\"x\": \"XY\"}", "tuut");
    check_runs("{{ ('<' ~ x ~ '>')[1:3] }}", "{\"x\": \"ab\"}", "uu");
    check_runs("{{ '%s:%s' % ('a', x) }}", "{\"x\": \"b\"}", "ttu");
    check_runs("{{ [x, 'b']|join('-') }}", "{\"x\": \"a\"}", "utt");
    check_runs("<|image_{{ loop_index }}|>{% for i in [1] %}<|{{ loop.index }}|>{% endfor %}", "{}",
               "ttttttttttttttt");
    check_runs("{{ n }}{{ n + 1 }}{{ 5 }}", "{\"n\": 1}", "uut");
    check_runs("{{ m.bos_token }}", "{\"m\": {\"bos_token\": \"x\"}}", "u");
}

/* --- hostile templates --------------------------------------------------------------------------
 */

static size_t allocated; /* all bytes ever asked for: more than what was held at any time */

static bool count_bytes(void *user, size_t size_bytes)
{
    (void)user;
    allocated += size_bytes;
    return true;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static char *repeat(const char *before, const char *unit, size_t n, const char *after)
{
    mn_text text = { 0 };
    mn_text_add(&text, before);
    for (size_t i = 0; i < n; i++) mn_text_add(&text, unit);
    mn_text_add(&text, after);
    assert_false(text.failed);
    return text.data;
}

/* Must end with an error, soon, and without much memory. Sanitizers slow everything down and are
 * granted that. */
static void check_hostile(const char *source)
{
#if defined(__SANITIZE_ADDRESS__)
    const double limit_s = 5;
#else
    const double limit_s = 0.25;
#endif
    mn_prompt prompt = { 0 };
    mn_error error = { .message = "" };
    allocated = 0;
    mn_memory_set_hook(count_bytes, NULL);
    double start = seconds();
    mn_status status = render(source, "{\"x\": \"abc\"}", &prompt, &error);
    double taken = seconds() - start;
    mn_memory_set_hook(NULL, NULL);
    if (status != MN_BAD_FILE)
        fail_msg("%.60s: %s, expected an error", source, mn_status_name(status));
    if (taken > limit_s) fail_msg("%.60s: took %.0f ms (%s)", source, taken * 1e3, error.message);
    if (allocated > (size_t)32 << 20)
        fail_msg("%.60s: asked for %zu bytes (%s)", source, allocated, error.message);
    if (getenv("MINNOW_TEST_VERBOSE"))
        print_message("%6.1f ms %9zu bytes: %.50s: %s\n", taken * 1e3, allocated, source,
                      error.message);
    mn_prompt_free(&prompt);
}

static void test_hostile(void **state)
{
    static const char *const sources[] = {
        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ x * 1000 }}{% endfor %}{% endfor "
        "%}",
        "{% set ns = namespace(s='a') %}{% for a in range(100) %}{% set ns.s = ns.s + ns.s %}{% "
        "endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for a in range(100) %}{% set ns.l = ns.l + ns.l %}{% "
        "endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for a in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% "
        "endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for a in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% "
        "endfor %}{{ ns.l == ns.l + [] }}{{ ns.l|tojson }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f() %}{{ f() ~ f() }}{% endmacro %}{{ f() }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{{ 'a' * 1000000000000 }}",
        "{{ [0] * 1000000000 }}",
        "{{ range(1000000000) }}",
        "{{ '%1000000000s' % 'a' }}",
        "{{ '{:>2000000000}'.format('a') }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ 'a'|indent(1000000000, true) }}",
        "{{ [1]|tojson(indent=1000000000) }}",
        "{{ 10 ** 1000000000 }}",
        "{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}",
        "{% set s = 'ab' * 100000 %}{% for a in range(100000) %}{{ s.replace('a', s) }}{% endfor "
        "%}",
        "{% set s = 'a' * 100000 %}{% for a in range(100000) %}{% if s.rfind('b' ~ s[1:]) > 0 %}{% "
        "endif %}{% endfor %}",
        "{% set s = 'aé' * 100000 %}{% for a in range(100000) %}{% if s[199990] == 'x' %}{% endif "
        "%}{% endfor %}",
        "{% for a in range(100000) %}{% set y = range(100000)|list|sort %}{% endfor %}",
        "{% for a in range(100000) %}{% set z %}{% for b in range(100) %}abcdefgh{% endfor %}{% "
        "endset %}{% endfor %}",
        "{% for a in range(100000) %}{% for b in range(100000) if b < 0 %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(g=[1]) %}{% for a in range(3000) %}{% set ns.g = ns.g|map('string') "
        "%}{% endfor %}{{ ns.g|list }}",
        "{{ 'x'|wordwrap(0) }}",
        "{% set s = 'a' * 100000 %}{% for a in range(100000) %}{% if s.startswith(s) and "
        "s.isupper() %}{% endif %}{% endfor %}",
        "{% set s = 'A' * 100000 %}{% for a in range(100000) %}{% for b in range(99) %}{% if "
        "s.isupper() and s is upper %}{% endif %}{% endfor %}{% endfor %}",
        "{{ ('a' ~ '-' * 100000 ~ ' ')|wordwrap(3) * 100000 }}",
        "{% set s = 'aé' * 100000 %}{% for a in range(1000) %}{{ s|wordwrap(1)|length }}{% endfor "
        "%}",
        "{% macro m() %}{{ kwargs|length }}{% endmacro %}{% set d = "
        "dict.fromkeys('abcdefghijklmnopqrstuvwxyz', 1) %}"
        "{% for a in range(100000) %}{% for b in range(100000) %}{% set y = m(**d) %}{% endfor "
        "%}{% endfor %}",
        "{{ [1]|batch(2, 3)|map('batch', 1000000000, 1)|map('list')|list }}",
        "{{ [1]|slice(1000000000)|list }}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) check_hostile(sources[i]);
}

static void test_hostile_nesting(void **state)
{
    static const struct {
        const char *before, *unit;
        size_t n;
        const char *after;
    } sources[] = {
        { "{{ ", "(", 100000, "1" },
        { "{{ ", "[", 100000, "" },
        { "{{ ", "{1:", 100000, "" },
        { "{{ ", "-", 100000, "1 }}" },
        { "{{ ", "not ", 100000, "1 }}" },
        { "{{ 1", "+1", 100000, " }}" },
        { "{{ 1", "|abs", 100000, " }}" },
        { "{{ x", ".a", 100000, " }}" },
        { "{{ x", "[0]", 100000, " }}" },
        { "{{ 1", " if 1 else 1", 50000, " }}" },
        { "{{ 1", " or 1", 100000, " }}" },
        { "", "{% if 1 %}", 50000, "" },
        { "", "{% for a in x %}", 50000, "" },
        { "", "{% set a %}", 50000, "" },
        { "", "{% macro a() %}", 50000, "" },
        { "", "{% filter upper %}", 50000, "" },
        { "{{ 1 is ", "eq (1 is ", 50000, "" },
        { "{{ f(", "f(", 100000, "" },
        { "", "{{ nope.x }}", 85000, "" },
        { "{% set x = [", "1,", 500000, "] %}{{ nope.x }}" },
        { "", "{# ", 300000, "" },
        { "", "{% raw %}{% endraw", 50000, "" },
        { "", "{{ 'a", 200000, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        char *source = repeat(sources[i].before, sources[i].unit, sources[i].n, sources[i].after);
        check_hostile(source);
        mn_free(source);
    }
}

static void test_hostile_size(void **state)
{
    char *source = repeat("", "0123456789abcdef", 70000, "");
    (void)state;
    check_hostile(source);
    mn_free(source);
}

/* Data may be hostile too. */
static void test_deep_data(void **state)
{
    char *variables = repeat("{\"x\": ", "[", 1000, ""), *closing = repeat("", "]", 1000, "}");
    char *whole = repeat(variables, closing, 1, "");
    mn_prompt prompt = { 0 };
    mn_error error;
    (void)state;
    assert_int_equal(render("{{ x }}", whole, &prompt, &error), MN_BAD_FILE);
    assert_non_null(strstr(error.message, "nested deeper"));
    mn_prompt_free(&prompt);
    mn_free(variables);
    mn_free(closing);
    mn_free(whole);
}

static void test_limits_of_caller(void **state)
{
    mn_template *parsed;
    mn_prompt prompt = { 0 };
    mn_error error;
    json_t *variables = json_object();
    const char *source = "{% for i in range(1000) %}{{ 'x' * 100 }}{% endfor %}";
    (void)state;
    assert_ok(mn_template_open(&parsed, source, strlen(source), &error), error);
    assert_ok(
        mn_template_render(parsed, &prompt, variables, NULL, (mn_template_limits){ 0 }, &error),
        error);
    assert_int_equal(prompt.text.length, 100000);
    assert_int_equal(mn_template_render(parsed, &prompt, variables, NULL,
                                        (mn_template_limits){ .steps = 500 }, &error),
                     MN_BAD_FILE);
    assert_non_null(strstr(error.message, "steps"));
    assert_int_equal(prompt.text.length, 0);
    assert_int_equal(mn_template_render(parsed, &prompt, variables, NULL,
                                        (mn_template_limits){ .bytes = 50000 }, &error),
                     MN_BAD_FILE);
    assert_non_null(strstr(error.message, "bytes"));
    mn_template_close(parsed);
    mn_prompt_free(&prompt);
    json_decref(variables);
}

/* Adding to a text again and again costs its length once: a long conversation stays cheap. */
static void test_accumulation_is_linear(void **state)
{
    mn_prompt prompt = { 0 };
    mn_error error;
    (void)state;
    assert_ok(render("{% set ns = namespace(s='', l=[]) %}{% for i in range(4000) %}{% set ns.s = "
                     "ns.s + x + '0123456789' %}"
                     "{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.s|length }} {{ ns.l|length }}",
                     "{\"x\": \"0123456789012345678901234567890123456789\"}", &prompt, &error),
              error);
    assert_string_equal(prompt.text.data, "200000 4000");
    mn_prompt_free(&prompt);
}

/* --- memory that runs out -----------------------------------------------------------------------
 */

typedef struct fault {
    size_t until; /* allocations that still succeed */
    bool for_ever, struck;
} fault;

static bool strike(void *user, size_t size_bytes)
{
    fault *f = user;
    (void)size_bytes;
    if (f->until) {
        f->until--;
        return true;
    }
    bool fails = f->for_ever || !f->struck;
    f->struck = true;
    return !fails;
}

/* Fails each allocation in turn, once or for ever; the result must be an error or the right text.
 */
static void check_faults(const char *source, const json_t *variables, bool for_ever)
{
    for (size_t n = 0;; n++) {
        fault f = { .until = n, .for_ever = for_ever };
        mn_prompt prompt = { 0 };
        mn_template *parsed = NULL;
        mn_error error = { .message = "" };
        mn_memory_set_hook(strike, &f);
        mn_status status = mn_template_open(&parsed, source, strlen(source), &error);
        if (!status)
            status = mn_template_render(parsed, &prompt, variables, NULL, (mn_template_limits){ 0 },
                                        &error);
        mn_template_close(parsed);
        mn_memory_set_hook(NULL, NULL);
        mn_prompt_free(&prompt);
        if (f.struck && status != MN_NO_MEMORY)
            fail_msg("allocation %zu of '%.60s' failed, but the result is %s (%s)", n, source,
                     mn_status_name(status), error.message);
        if (f.struck) continue;
        assert_ok(status, error);
        assert_true(n > 2);
        return;
    }
}

static void test_memory_faults(void **state)
{
    static const char *const sources[] = {
        "{% for m in messages %}{{ '<' + m.role + '>' + m.content|trim ~ m|tojson(indent=2) }}{% "
        "else %}-{% endfor %}",
        "{% macro f(a, b=1) %}{{ a|upper }}{{ varargs }}{{ kwargs }}{{ caller() }}{% endmacro %}{% "
        "call(x) f('q', 2, 3, k=4) %}{{ n }}{% endcall %}",
        "{% set ns = namespace(a=[]) %}{% for k, v in d.items() %}{% set ns.a = ns.a + [k ~ v] "
        "%}{% endfor %}{{ ns.a|sort|join(',')|replace('a', 'bb') }}",
        "{% set x %}{% for w in 'a b c'.split() %}{{ '%5s' % w }}{{ '{:>4}'.format(w) }}{% endfor "
        "%}{% endset %}{{ x|wordwrap(4)|indent }}{{ [x]|pprint }}",
        "{{ messages|selectattr('role', 'eq', 'user')|map(attribute='content')|list }}{{ "
        "messages|groupby('role')|length }}{{ range(3)|batch(2)|list }}",
        "{% for x in [[1, [2]]] recursive %}{{ x if x is number else loop(x) }}{% endfor %}{{ "
        "'aBc'|title|e }}{{ strftime_now('%c') }}",
    };
    json_t *variables = json_loads("{\"messages\": [{\"role\": \"user\", \"content\": \" hi \"}, "
                                   "{\"role\": \"tool\", \"content\": \"x\"}], \"n\": 1.5,"
                                   "\"d\": {\"a\": 1, \"b\": 2, \"c\": 3, \"d\": 4, \"e\": 5, "
                                   "\"f\": 6, \"g\": 7, \"h\": 8, \"i\": 9, \"j\": 10}}",
                                   0, NULL);
    (void)state;
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        check_faults(sources[i], variables, false);
        check_faults(sources[i], variables, true);
    }
    json_decref(variables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),         cmocka_unit_test(test_variables_must_be_object),
        cmocka_unit_test(test_origin_survives),  cmocka_unit_test(test_origin_of_each_byte),
        cmocka_unit_test(test_hostile),          cmocka_unit_test(test_hostile_nesting),
        cmocka_unit_test(test_hostile_size),     cmocka_unit_test(test_deep_data),
        cmocka_unit_test(test_limits_of_caller), cmocka_unit_test(test_accumulation_is_linear),
        cmocka_unit_test(test_memory_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
