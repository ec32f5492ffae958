/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged and hostile vocabularies, every allocation failing in turn, and texts made to take long.
 */
#include "test.h"

#include "file/faults.h"
#include "file/memory_file.h"
#include "file/raw_gguf.h"
#include "base/error.h"
#include "text/compose.h"
#include "text/tokenizer.h"

#include <string.h>
#include <time.h>
#include <utf8proc.h>

#define FOLDER "tests/data/text/"

/* ---- damaged files ---- */

enum { NO_TOKENS = 99, EMPTY = 98 };

typedef struct damage { /* what to write instead of a good vocabulary; 0 and NULL keep the good one
                         */
    const char *model, *pre, *tokens[8];
    const char *merges[4];
    uint32_t scores_type, n_scores; /* type 6 is f32; n 0: no such array */
    uint32_t n_types;
    int32_t types[8];
    uint32_t tokens_type; /* of the elements, or NO_TOKENS, or EMPTY */
    int64_t bos;          /* 0: no such key */
    const char *expected; /* part of the message, NULL if it must open */
} damage;

static void write_damaged(raw_gguf *r, const damage *d) {
    uint64_t n_tokens = 0, n_merges = 0,
             n_entries = 1 + (d->tokens_type != NO_TOKENS) + (d->pre != NULL) + 1 +
                         (d->n_scores > 0) + (d->n_types > 0) + (d->bos != 0);
    while (n_tokens < 8 && d->tokens[n_tokens]) n_tokens++;
    while (n_merges < 4 && d->merges[n_merges]) n_merges++;
    raw_head(r, 3, 0, n_entries);
    raw_key(r, "tokenizer.ggml.model", 8);
    raw_string(r, d->model);
    if (d->pre) raw_key(r, "tokenizer.ggml.pre", 8), raw_string(r, d->pre);
    if (d->tokens_type != NO_TOKENS) {
        raw_key(r, "tokenizer.ggml.tokens", 9);
        raw_u32(r, d->tokens_type);
        raw_u64(r, n_tokens);
        for (uint64_t i = 0; i < n_tokens; i++) {
            if (d->tokens_type == 8)
                raw_string(r, d->tokens[i]);
            else
                raw_u32(r, 1);
        }
    }
    raw_key(r, "tokenizer.ggml.merges", 9);
    raw_u32(r, 8);
    raw_u64(r, n_merges);
    for (uint64_t i = 0; i < n_merges; i++) raw_string(r, d->merges[i]);
    if (d->n_scores) {
        raw_key(r, "tokenizer.ggml.scores", 9);
        raw_u32(r, d->scores_type);
        raw_u64(r, d->n_scores);
        for (uint32_t i = 0; i < d->n_scores; i++)
            raw_u32(r, 0xFFC00000u); /* not a number, if a float */
    }
    if (d->n_types) {
        raw_key(r, "tokenizer.ggml.token_type", 9);
        raw_u32(r, 5);
        raw_u64(r, d->n_types);
        for (uint32_t i = 0; i < d->n_types; i++) raw_u32(r, (uint32_t)d->types[i]);
    }
    if (d->bos != 0) raw_key(r, "tokenizer.ggml.bos_token_id", 11), raw_u64(r, (uint64_t)d->bos);
}

static damage completed(damage d) {
    static const char *const tokens[] = { "a", "b", "ab" };
    if (!d.model) d.model = "gpt2";
    if (!d.pre)
        d.pre = "gpt-2";
    else if (!strcmp(d.pre, "absent"))
        d.pre = NULL;
    if (!d.tokens[0] && d.tokens_type != EMPTY) memcpy(d.tokens, tokens, sizeof tokens);
    if (!d.merges[0]) d.merges[0] = "a b";
    if (!d.tokens_type || d.tokens_type == EMPTY) d.tokens_type = 8;
    return d;
}

static mn_status open_damaged(const damage *damaged, mn_error *error) {
    damage d = completed(*damaged);
    static raw_gguf r;
    mn_gguf *file;
    mn_tokenizer *tokenizer;
    write_damaged(&r, &d);
    memory_file_set(r.bytes, r.size);
    mn_status status = mn_gguf_open(&file, "damaged.gguf", error);
    if (status) fail_msg("the file itself: %s", error->message);
    status = mn_tokenizer_open(&tokenizer, file, error);
    if (!status)
        mn_tokenizer_close(tokenizer);
    else
        assert_null(tokenizer);
    mn_gguf_close(file);
    mn_io_set(NULL);
    return status;
}

static void test_damaged_vocabularies(void **state) {
    (void)state;
    static const damage cases[] = {
        { .bos = 1 },
        { .model = "bert", .expected = "bert" },
        { .pre = "no-such-pre", .expected = "no-such-pre" },
        { .pre = "absent", .expected = "tokenizer.ggml.pre" },
        { .pre = "", .expected = "tokenizer.ggml.pre" },
        { .tokens_type = 4, .expected = "tokenizer.ggml.tokens" },
        { .tokens_type = NO_TOKENS, .expected = "tokenizer.ggml.tokens" },
        { .tokens_type = EMPTY, .expected = "empty" },
        { .tokens = { "a", "b", "ab", "a" }, .expected = "tokens 0 and 3" },
        { .tokens = { "a", "b", "ab", "", "" } },
        { .merges = { "a b", "a b" } },
        { .merges = { "a c" }, .expected = "merge 0 'a c'" },
        { .merges = { "b a" }, .expected = "merge 0" },
        { .merges = { "a b", "ab" }, .expected = "merge 1" },
        { .merges = { "a " }, .expected = "merge 0" },
        { .merges = { " b" }, .expected = "merge 0" },
        { .merges = { "" }, .expected = "merge 0" },
        { .n_types = 3, .types = { 1, 1, 7 }, .expected = "token 2" },
        { .n_types = 3, .types = { 1, -1, 1 }, .expected = "token 1" },
        { .n_types = 2, .types = { 1, 1 }, .expected = "token_type has 2" },
        { .n_types = 3, .types = { 1, 6, 1 }, .expected = "token 1 'b' is a byte token" },
        { .tokens = { "a", "b", "ab", "<0x-1>" },
          .n_types = 4,
          .types = { 1, 1, 1, 6 },
          .expected = "<0x-1>" },
        { .tokens = { "a", "b", "ab", "<0x0G>" },
          .n_types = 4,
          .types = { 1, 1, 1, 6 },
          .expected = "<0x0G>" },
        { .n_scores = 3, .scores_type = 6, .expected = "score of token 0" },
        { .n_scores = 4, .scores_type = 6, .expected = "scores has 4" },
        { .bos = 3, .expected = "bos_token_id is 3" },
        { .bos = INT64_MIN, .expected = "bos_token_id" },
        { .bos = 2 },
        { .bos = UINT32_MAX },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_error error = { 0 };
        mn_status status = open_damaged(&cases[i], &error);
        if (!cases[i].expected && status) fail_msg("case %zu: %s", i, error.message);
        if (!cases[i].expected) continue;
        if (status != MN_BAD_FILE || !strstr(error.message, cases[i].expected))
            fail_msg("case %zu: status %d, '%s', expected '%s'", i, status, error.message,
                     cases[i].expected);
    }
}

/* ---- allocations that fail ---- */

static const char *scenario_model;

/* Opens, encodes and decodes a text with everything in it, long enough for the word cache. */
static mn_status scenario(mn_error *error) {
    mn_gguf *file;
    mn_tokenizer *tokenizer = NULL;
    mn_ids ids = { 0 };
    mn_text back = { 0 };
    static char text[4000];
    memset(text, 'a', 600);
    for (size_t i = 600; i < sizeof text; i++)
        text[i] = "e\xCC\x81 boat<tool>\n<|im_end|> 12"[i % 26];
    mn_status status = mn_gguf_open(&file, scenario_model, error);
    if (status) return status;
    status = mn_tokenizer_open(&tokenizer, file, error);
    if (!status)
        status = mn_tokenizer_encode_bytes(tokenizer, &ids, text, sizeof text, MN_FROM_TEMPLATE,
                                           MN_FORCE_BOS, error);
    if (!status) {
        assert_true(ids.n > 100);
        mn_tokenizer_decode(tokenizer, &back, ids.data, ids.n, true, false);
        if (back.failed) status = mn_fail_memory(error, back.length, "the text");
    }
    mn_text_free(&back);
    mn_ids_free(&ids);
    mn_tokenizer_close(tokenizer);
    mn_gguf_close(file);
    return status;
}

static void nothing_to_check(mn_status status) {
    (void)status;
}

static void test_every_allocation_may_fail(void **state) {
    (void)state;
    scenario_model = FOLDER "tiny_bpe.gguf";
    assert_true(for_each_memory_fault(scenario, nothing_to_check) > 40);
    scenario_model = FOLDER "tiny_spm.gguf";
    assert_true(for_each_memory_fault(scenario, nothing_to_check) > 40);
}

static void test_prompts_survive_failing_memory(void **state) {
    (void)state;
    for (long first = 1; first < 6; first++) {
        mn_prompt prompt = { 0 };
        memory_faults = (faults){ .first = first };
        mn_memory_set_hook(memory_fault, NULL);
        for (int i = 0; i < 100; i++)
            mn_prompt_append(&prompt, "abcdefgh", 8, i % 3 ? MN_FROM_USER : MN_FROM_TEMPLATE);
        mn_memory_set_hook(NULL, NULL);
        assert_int_equal(prompt.text.failed, memory_faults.fired > 0);
        if (prompt.n_runs) assert_int_equal(prompt.runs[prompt.n_runs - 1].end, prompt.text.length);
        mn_prompt_free(&prompt);
    }
}

static void test_origins_of_a_prompt(void **state) {
    (void)state;
    mn_prompt prompt = { 0 };
    mn_prompt_append(&prompt, "ab", 2, MN_FROM_TEMPLATE);
    mn_prompt_append(&prompt, "", 0, MN_FROM_USER);
    mn_prompt_append(&prompt, "c", 1, MN_FROM_TEMPLATE);
    mn_prompt_append(&prompt, "de", 2, MN_FROM_USER);
    assert_int_equal(prompt.n_runs, 2);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(mn_prompt_origin_at(&prompt, i), i < 3 ? MN_FROM_TEMPLATE : MN_FROM_USER);
    assert_int_equal(mn_prompt_origin_at(&prompt, 99), MN_FROM_USER);
    mn_prompt_clear(&prompt);
    assert_int_equal(prompt.n_runs, 0);
    mn_prompt_free(&prompt);
}

/* ---- texts made to take long ---- */

static double seconds_to_encode(const mn_tokenizer *t, const char *pattern, size_t length) {
    mn_error error;
    mn_ids ids = { 0 };
    size_t n = strlen(pattern);
    char *text = test_malloc(length);
    for (size_t i = 0; i < length; i++) text[i] = pattern[i % n];
    clock_t start = clock();
    assert_ok(mn_tokenizer_encode_bytes(t, &ids, text, length, MN_FROM_USER, 0, &error), error);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    mn_ids_free(&ids);
    test_free(text);
    return seconds;
}

/* Eight times the text may take about eight times as long; quadratic work would take 64 times. */
static void test_no_text_takes_quadratic_time(void **state) {
    (void)state;
    static const char *const models[] = { FOLDER "tiny_bpe.gguf", FOLDER "tiny_spm.gguf" };
    static const char *const texts[] = {
        "a",  " ", "7", "\n",    "\xF0\x9F\x99\x82", "\xFF", "\x80", "\xCC\xA3\xCC\x87",
        "ab", "'", "<", "<tool", "\xE2\x96\x81",     "A",    "=",    "\r\n"
    };
    for (size_t m = 0; m < 2; m++) {
        mn_error error;
        mn_gguf *file;
        mn_tokenizer *t;
        assert_ok(mn_gguf_open(&file, models[m], &error), error);
        assert_ok(mn_tokenizer_open(&t, file, &error), error);
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            double small = seconds_to_encode(t, texts[i], 10000),
                   large = seconds_to_encode(t, texts[i], 80000);
            if (large > 0.05 + 30 * small)
                fail_msg("text %zu: %g s, eight times as long %g s", i, small, large);
        }
        mn_tokenizer_close(t);
        mn_gguf_close(file);
    }
}

/* ---- normal form C ---- */

static void check_composed(const char *text, size_t length) {
    mn_text ours = { 0 };
    mn_compose(&ours, text, length);
    utf8proc_uint8_t *theirs = utf8proc_NFC((const utf8proc_uint8_t *)text);
    if (strcmp(ours.data, (const char *)theirs) != 0)
        fail_msg("'%s': '%s', not '%s'", text, ours.data, theirs);
    free(theirs);
    mn_text_free(&ours);
}

static void test_compose_equals_utf8proc(void **state) {
    (void)state;
    static const char *const texts[] = {
        "plain",
        "e\xCC\x81",
        "\xC3\xA9",
        "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8",
        "\xEA\xB0\x80\xE1\x86\xA8",
        "\xE2\x84\xAB",
        "a\xCC\x87\xCC\xA3",
        "\xCC\x81\xCC\xA3",
        "\xE0\xA5\x98",
        "\xE0\xA4\x95\xE0\xA4\xBC",
        "x\xCC\x81\xCC\x87\xCC\xA3\xCC\xB4y",
        "o\xCC\x88\xCC\x84 o\xCC\x84\xCC\x88",
        "\xE0\xAF\x86\xE0\xAE\xBE",
    };
    char row[3000] = "a";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_composed(texts[i], strlen(texts[i]));
    for (size_t i = 0; i < 400; i++) /* a long row of marks of several classes */
        memcpy(row + 1 + 2 * i, i % 3 ? i % 2 ? "\xCC\x87" : "\xCC\xA3" : "\xCC\xB4", 2);
    check_composed(row, 801);
    mn_text broken = { 0 };
    mn_compose(&broken, "e\xCC\x81\xFF\xCC\x81z", 7);
    assert_string_equal(broken.data, "\xC3\xA9\xFF\xCC\x81z");
    mn_text_free(&broken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_vocabularies),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_prompts_survive_failing_memory),
        cmocka_unit_test(test_origins_of_a_prompt),
        cmocka_unit_test(test_no_text_takes_quadratic_time),
        cmocka_unit_test(test_compose_equals_utf8proc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
