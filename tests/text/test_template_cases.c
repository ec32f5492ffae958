/* SPDX-License-Identifier: Apache-2.0 */
/* test_template_cases.c - templates against what jinja2 makes of them.
 *
 * Run plainly, it checks the cases kept in tests/data/templates (written by
 * tools/make_template_fixtures.py). With the argument "lines" it is a filter for
 * tools/check_templates.py: a JSON request on each line of its input
 * ({"template", "variables", "now"}), a JSON answer on each line of its output. */
#include "text/template.h"

#include "base/io.h"
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER "tests/data/templates/"

/* [year, month, day, hour, minute, second, weekday from Sunday, day of year from 0] */
static struct tm time_of(const json_t *now)
{
    int64_t part[8];
    for (size_t i = 0; i < 8; i++) part[i] = json_integer_value(json_array_get(now, i));
    return (struct tm){ .tm_year = (int)part[0] - 1900,
                        .tm_mon = (int)part[1] - 1,
                        .tm_mday = (int)part[2],
                        .tm_hour = (int)part[3],
                        .tm_min = (int)part[4],
                        .tm_sec = (int)part[5],
                        .tm_wday = (int)part[6],
                        .tm_yday = (int)part[7],
                        .tm_isdst = -1 };
}

static mn_status render(const json_t *template, const json_t *variables, const json_t *now,
                        mn_prompt *out, mn_error *error)
{
    mn_template *parsed;
    struct tm t = time_of(now);
    json_t *nothing = json_object();
    mn_status status =
        mn_template_open(&parsed, json_string_value(template), json_string_length(template), error);
    if (!status)
        status = mn_template_render(parsed, out, variables ? variables : nothing, now ? &t : NULL,
                                    (mn_template_limits){ 0 }, error);
    mn_template_close(parsed);
    json_decref(nothing);
    return status;
}

/* --- the filter ---------------------------------------------------------------------------------
 */

static json_t *answer(const json_t *request)
{
    mn_prompt prompt = { 0 };
    mn_error error;
    mn_status status =
        render(json_object_get(request, "template"), json_object_get(request, "variables"),
               json_object_get(request, "now"), &prompt, &error);
    json_t *out = json_object(), *runs = json_array();
    json_object_set_new(out, "status", json_string(mn_status_name(status)));
    if (status)
        json_object_set_new(out, "message", json_string(error.message));
    else
        json_object_set_new(
            out, "text",
            json_stringn(prompt.text.length ? prompt.text.data : "", prompt.text.length));
    for (size_t i = 0; i < prompt.n_runs; i++)
        json_array_append_new(
            runs, json_pack("[I, i]", (json_int_t)prompt.runs[i].end, (int)prompt.runs[i].origin));
    json_object_set_new(out, "runs", runs);
    mn_prompt_free(&prompt);
    return out;
}

static int filter_lines(void)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        json_t *request = json_loads(line, JSON_ALLOW_NUL, NULL);
        json_t *out = request ? answer(request) : json_pack("{s:s}", "status", "bad request");
        json_dumpf(out, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        json_decref(request);
        json_decref(out);
    }
    free(line);
    return 0;
}

/* --- the cases ----------------------------------------------------------------------------------
 */

static json_t *load(const char *name)
{
    char path[256];
    json_error_t error;
    snprintf(path, sizeof path, FOLDER "%s", name);
    json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!json) fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static bool says(const json_t *expected, const mn_prompt *prompt)
{
    return json_string_length(expected) == prompt->text.length &&
           (!prompt->text.length ||
            !memcmp(json_string_value(expected), prompt->text.data, prompt->text.length));
}

/* A case has "text", what comes out; or "raise", the message of raise_exception; or "error". */
static bool case_holds(const json_t *c, const json_t *variables, const json_t *now)
{
    mn_prompt prompt = { 0 };
    mn_error error = { .message = "" };
    mn_status status = render(json_object_get(c, "template"), variables, now, &prompt, &error);
    const json_t *text = json_object_get(c, "text"), *raised = json_object_get(c, "raise");
    bool holds = text     ? !status && says(text, &prompt)
                 : raised ? status == MN_USAGE && !strcmp(error.message, json_string_value(raised))
                          : status == MN_BAD_FILE;
    if (!holds)
        print_error("template: %s\nexpected: %s\ngot (%s): %s\n",
                    json_string_value(json_object_get(c, "template")),
                    text     ? json_string_value(text)
                    : raised ? json_string_value(raised)
                             : "an error",
                    mn_status_name(status),
                    status               ? error.message
                    : prompt.text.length ? prompt.text.data
                                         : "");
    mn_prompt_free(&prompt);
    return holds;
}

static void test_cases(void **state)
{
    (void)state;
    json_t *file = load("cases.json"), *cases = json_object_get(file, "cases"),
           *now = json_object_get(file, "now");
    size_t n = json_array_size(cases), n_failed = 0;
    for (size_t i = 0; i < n; i++)
        n_failed += !case_holds(json_array_get(cases, i), json_object_get(file, "variables"), now);
    json_decref(file);
    assert_true(n > 300);
    assert_int_equal(n_failed, 0);
}

/* --- published templates ------------------------------------------------------------------------
 */

/* FNV-1a, to compare long texts by. */
static uint64_t digest(const char *bytes, size_t length)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001B3u;
    return hash;
}

/* Each result is the digest of the text, "raise: MESSAGE" or "error". */
static bool result_holds(const json_t *template, const json_t *variables, const json_t *now,
                         const char *expected)
{
    mn_prompt prompt = { 0 };
    mn_error error;
    char got[1100];
    mn_status status = render(template, variables, now, &prompt, &error);
    if (!status)
        snprintf(got, sizeof got, "%016llx",
                 (unsigned long long)digest(prompt.text.data, prompt.text.length));
    else if (status == MN_USAGE)
        snprintf(got, sizeof got, "raise: %s", error.message);
    else
        snprintf(got, sizeof got, "error");
    bool holds = !strcmp(got, expected);
    if (!holds)
        print_error("expected %s, got %s (%s)\n", expected, got, status ? error.message : "");
    mn_prompt_free(&prompt);
    return holds;
}

/* The variables of conversation `i`: what is common, one list of messages and one set of other
 * variables. */
static json_t *conversation(const json_t *file, size_t i)
{
    const json_t *extras = json_object_get(file, "extras");
    json_t *variables = json_deep_copy(json_object_get(file, "base"));
    json_object_set(variables, "messages",
                    json_array_get(json_object_get(file, "messages"), i / json_array_size(extras)));
    json_object_update(variables, json_array_get(extras, i % json_array_size(extras)));
    return variables;
}

static size_t check_template(const json_t *file, const char *name, const json_t *results)
{
    char path[256], *source;
    size_t length, n_failed = 0, n = json_array_size(results);
    mn_error error;
    snprintf(path, sizeof path, FOLDER "%s", name);
    assert_int_equal(mn_file_read(&source, &length, path, 1 << 20, &error), MN_OK);
    json_t *template = json_stringn(source, length);
    assert_int_equal(n, json_array_size(json_object_get(file, "messages")) *
                            json_array_size(json_object_get(file, "extras")));
    for (size_t i = 0; i < n; i++) {
        json_t *variables = conversation(file, i);
        bool holds = result_holds(template, variables, json_object_get(file, "now"),
                                  json_string_value(json_array_get(results, i)));
        if (!holds) print_error("%s, conversation %zu\n", name, i);
        n_failed += !holds;
        json_decref(variables);
    }
    json_decref(template);
    mn_free(source);
    return n_failed;
}

static void test_published(void **state)
{
    (void)state;
    json_t *file = load("published.json"), *results = json_object_get(file, "results"), *list;
    size_t n_failed = 0;
    const char *name;
    assert_true(json_object_size(results) >= 10);
    json_object_foreach(results, name, list) n_failed += check_template(file, name, list);
    json_decref(file);
    assert_int_equal(n_failed, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "lines")) return filter_lines();
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases),
                                        cmocka_unit_test(test_published) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
