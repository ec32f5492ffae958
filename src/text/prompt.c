/* SPDX-License-Identifier: Apache-2.0 */
/* prompt.c - text in which each byte knows whether it came from the template or from a user. */
#include "text/prompt.h"

#include "base/memory.h"

/* Room for one more run, taken before the text grows so that both change or neither does. */
static bool make_run(mn_prompt *prompt) {
    void *block = prompt->runs;
    if (!mn_grow(&block, &prompt->runs_capacity, prompt->n_runs + 1, sizeof *prompt->runs))
        return false;
    prompt->runs = block;
    return true;
}

void mn_prompt_append(mn_prompt *prompt, const char *bytes, size_t length, mn_origin origin) {
    if (!length || prompt->text.failed) return;
    bool extends = prompt->n_runs && prompt->runs[prompt->n_runs - 1].origin == origin;
    if (!extends && !make_run(prompt)) {
        prompt->text.failed = true;
        return;
    }
    mn_text_append(&prompt->text, bytes, length);
    if (prompt->text.failed) return;
    if (!extends) prompt->runs[prompt->n_runs++].origin = origin;
    prompt->runs[prompt->n_runs - 1].end = prompt->text.length;
}

mn_origin mn_prompt_origin_at(const mn_prompt *prompt, size_t offset) {
    size_t low = 0,
           high = prompt->n_runs; /* the first run that ends after `offset` is in [low, high] */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (prompt->runs[middle].end <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < prompt->n_runs ? prompt->runs[low].origin : MN_FROM_USER;
}

void mn_prompt_clear(mn_prompt *prompt) {
    mn_text_clear(&prompt->text);
    prompt->n_runs = 0;
}

void mn_prompt_free(mn_prompt *prompt) {
    mn_text_free(&prompt->text);
    mn_free(prompt->runs);
    *prompt = (mn_prompt){ 0 };
}
