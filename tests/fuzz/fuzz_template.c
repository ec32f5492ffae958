/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_template.c - a template, then a '\0', then the JSON of its variables. */
#include "base/memory.h"
#include "text/template.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte has an origin, and the runs end where the text does. */
static void check_prompt(const mn_prompt *prompt)
{
    size_t end = prompt->n_runs ? prompt->runs[prompt->n_runs - 1].end : 0;
    if (end != prompt->text.length) abort();
    for (size_t i = 1; i < prompt->n_runs; i++)
        if (prompt->runs[i].end <= prompt->runs[i - 1].end) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, '\0', size) : NULL;
    size_t length = cut ? (size_t)(cut - data) : size;
    mn_template *parsed;
    mn_error error;
    if (mn_template_open(&parsed, (const char *)data, length, &error)) return 0;
    json_t *variables =
        cut ? json_loadb((const char *)cut + 1, size - length - 1, JSON_ALLOW_NUL, NULL) : NULL;
    if (!json_is_object(variables)) {
        json_decref(variables);
        variables = json_pack("{s:[{s:s,s:s}],s:i,s:s}", "messages", "role", "user", "content",
                              "h\xC3\xA9llo <|x|>", "n", 3, "s", "ab c");
    }
    mn_prompt prompt = { 0 };
    mn_template_limits limits = { .steps = 20000, .bytes = 1 << 20 };
    if (!mn_template_render(parsed, &prompt, variables, NULL, limits, &error))
        check_prompt(&prompt);
    mn_prompt_free(&prompt);
    json_decref(variables);
    mn_template_close(parsed);
    return 0;
}
