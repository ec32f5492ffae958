/* SPDX-License-Identifier: Apache-2.0 */
/* Ids equal to the original tokenizers' (fixtures of tools/make_tokenizer_fixtures.py), special
 * tokens, origins, BOS and EOS, decoding and streaming. */
#include "test.h"

#include "base/utf8.h"
#include "text/pieces.h"
#include "text/pretokenizer.h"
#include "text/tokenizer.h"
#include "text/vocabulary.h"

#include <jansson.h>
#include <string.h>

#define FOLDER "tests/data/text/"

typedef struct opened {
    mn_gguf *file;
    mn_tokenizer *tokenizer;
} opened;

static opened open_fixture(const char *path) {
    mn_error error;
    opened o;
    assert_ok(mn_gguf_open(&o.file, path, &error), error);
    assert_ok(mn_tokenizer_open(&o.tokenizer, o.file, &error), error);
    return o;
}

static void close_fixture(opened o) {
    mn_tokenizer_close(o.tokenizer);
    mn_gguf_close(o.file);
}

static mn_ids encode(const mn_tokenizer *t, const char *text, mn_origin origin, unsigned flags) {
    mn_error error;
    mn_ids ids = { 0 };
    assert_ok(mn_tokenizer_encode_bytes(t, &ids, text, strlen(text), origin, flags, &error), error);
    return ids;
}

static json_t *load(const char *path) {
    json_error_t problem;
    json_t *loaded = json_load_file(path, JSON_ALLOW_NUL, &problem);
    if (!loaded) fail_msg("%s: %s", path, problem.text);
    return loaded;
}

/* ---- against the originals ---- */

static void check_ids(const mn_tokenizer *t, const json_t *text, const json_t *expected,
                      mn_origin origin) {
    mn_error error;
    mn_ids ids = { 0 };
    const char *bytes = json_string_value(text);
    size_t length = json_string_length(text);
    assert_ok(mn_tokenizer_encode_bytes(t, &ids, bytes, length, origin, 0, &error), error);
    bool same = ids.n == json_array_size(expected);
    for (size_t i = 0; i < ids.n && same; i++)
        same = ids.data[i] == json_integer_value(json_array_get(expected, i));
    if (!same) {
        for (size_t i = 0; i < ids.n; i++) print_error("%d ", ids.data[i]);
        fail_msg("other ids for '%s'", bytes);
    }
    mn_ids_free(&ids);
}

static void check_fixture(const char *model, const char *expected_path, mn_origin origin) {
    opened o = open_fixture(model);
    json_t *cases = load(expected_path);
    size_t i;
    json_t *one;
    assert_true(json_array_size(cases) > 200);
    json_array_foreach(cases, i, one)
        check_ids(o.tokenizer, json_array_get(one, 0), json_array_get(one, 1), origin);
    json_decref(cases);
    close_fixture(o);
}

static void test_byte_level_equals_original(void **state) {
    (void)state;
    check_fixture(FOLDER "tiny_bpe.gguf", FOLDER "tiny_bpe.json", MN_FROM_TEMPLATE);
}

static void test_sentencepiece_equals_original(void **state) {
    (void)state;
    check_fixture(FOLDER "tiny_spm.gguf", FOLDER "tiny_spm.json", MN_FROM_USER);
}

static void check_words(const mn_pretokenizer *p, const char *name, const json_t *text,
                        const json_t *lengths) {
    mn_words words;
    size_t start, length, at = 0, n = 0;
    mn_words_init(&words, p, json_string_value(text), json_string_length(text));
    while (mn_words_next(&words, &start, &length)) {
        size_t expected = (size_t)json_integer_value(json_array_get(lengths, n++));
        if (start != at || length != expected)
            fail_msg("%s: word %zu of '%s' is %zu+%zu, expected %zu+%zu", name, n - 1,
                     json_string_value(text), start, length, at, expected);
        at += length;
    }
    assert_int_equal(n, json_array_size(lengths));
    assert_int_equal(at, json_string_length(text));
}

static void test_words_equal_original(void **state) {
    (void)state;
    json_t *all = load(FOLDER "words.json"), *lists, *lengths;
    const json_t *texts = json_object_get(all, "texts");
    const char *name;
    assert_true(json_object_size(json_object_get(all, "words")) >= 15);
    json_object_foreach(json_object_get(all, "words"), name, lists) {
        mn_pretokenizer p;
        mn_error error;
        size_t i;
        assert_ok(mn_pretokenizer_open(&p, (mn_string){ name, strlen(name) }, &error), error);
        json_array_foreach(lists, i, lengths)
            check_words(&p, name, json_array_get(texts, i), lengths);
        mn_pretokenizer_close(&p);
    }
    json_decref(all);
}

/* ---- special tokens ---- */

/* How many of `ids` are control tokens. */
static size_t count_control(const mn_tokenizer *t, const mn_ids *ids) {
    size_t n = 0;
    for (size_t i = 0; i < ids->n; i++) n += mn_tokenizer_is_control(t, ids->data[i]);
    return n;
}

static void test_control_tokens_come_from_the_template_only(void **state) {
    (void)state;
    opened o = open_fixture(FOLDER "tiny_bpe.gguf");
    const char *text = "<|im_start|>user<|im_end|>";
    mn_ids user = encode(o.tokenizer, text, MN_FROM_USER, 0);
    mn_ids template = encode(o.tokenizer, text, MN_FROM_TEMPLATE, 0);
    assert_int_equal(count_control(o.tokenizer, &user), 0);
    assert_int_equal(count_control(o.tokenizer, &template), 2);
    mn_text back = { 0 };
    mn_tokenizer_decode(o.tokenizer, &back, user.data, user.n, true, true);
    assert_string_equal(back.data, text);
    mn_text_free(&back);
    mn_ids_free(&user);
    mn_ids_free(&template);
    close_fixture(o);
}

/* Cuts a name into a template part and a user part at every place: it must never become control. */
static void test_no_control_token_across_origins(void **state) {
    (void)state;
    opened o = open_fixture(FOLDER "tiny_bpe.gguf");
    const char *text = "<|im_end|>";
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        for (int first = 0; first < 2; first++) {
            mn_prompt prompt = { 0 };
            mn_ids ids = { 0 };
            mn_error error;
            mn_prompt_append(&prompt, text, cut, first ? MN_FROM_TEMPLATE : MN_FROM_USER);
            mn_prompt_append(&prompt, text + cut, strlen(text) - cut,
                             first ? MN_FROM_USER : MN_FROM_TEMPLATE);
            assert_ok(mn_tokenizer_encode(o.tokenizer, &ids, &prompt, 0, &error), error);
            bool all_template = first ? cut == strlen(text) : cut == 0;
            assert_int_equal(count_control(o.tokenizer, &ids), all_template);
            mn_ids_free(&ids);
            mn_prompt_free(&prompt);
        }
    }
    close_fixture(o);
}

static void test_user_defined_tokens_match_longest_first(void **state) {
    (void)state;
    opened o = open_fixture(FOLDER "tiny_bpe.gguf");
    mn_ids ids = encode(o.tokenizer, "<tool>more<tool><to", MN_FROM_USER, 0);
    assert_int_equal(ids.n, 3);
    assert_int_equal(ids.data[0], mn_tokenizer_find(o.tokenizer, "<tool>more", 10));
    assert_int_equal(ids.data[1], mn_tokenizer_find(o.tokenizer, "<tool>", 6));
    assert_int_equal(ids.data[2], mn_tokenizer_find(o.tokenizer, "<to", 3));
    mn_ids_free(&ids);
    close_fixture(o);
}

static void test_bos_is_never_doubled(void **state) {
    (void)state;
    opened o = open_fixture(FOLDER "tiny_spm.gguf");
    int32_t bos = mn_tokenizer_bos(o.tokenizer);
    mn_ids plain = encode(o.tokenizer, "boat", MN_FROM_TEMPLATE, MN_ADD_BOS);
    mn_ids begun = encode(o.tokenizer, "<s>boat", MN_FROM_TEMPLATE, MN_ADD_BOS);
    mn_ids typed = encode(o.tokenizer, "<s>boat", MN_FROM_USER, MN_ADD_BOS);
    mn_ids empty = encode(o.tokenizer, "", MN_FROM_USER, MN_ADD_BOS);
    assert_int_equal(plain.data[0], bos);
    assert_int_not_equal(plain.data[1], bos);
    assert_int_equal(begun.n, plain.n);
    assert_memory_equal(begun.data, plain.data, plain.n * sizeof *plain.data);
    assert_int_equal(typed.data[0], bos);
    assert_true(typed.n > plain.n);
    assert_int_equal(empty.n, 1);
    mn_ids_free(&plain);
    mn_ids_free(&begun);
    mn_ids_free(&typed);
    mn_ids_free(&empty);
    close_fixture(o);
}

static void test_forced_bos(void **state) {
    (void)state;
    opened o = open_fixture(FOLDER "tiny_bpe.gguf"); /* add_bos_token is false */
    mn_ids added = encode(o.tokenizer, "boat", MN_FROM_USER, MN_ADD_BOS);
    mn_ids forced = encode(o.tokenizer, "boat", MN_FROM_USER, MN_FORCE_BOS);
    assert_int_equal(forced.n, added.n + 1);
    assert_int_equal(forced.data[0], mn_tokenizer_bos(o.tokenizer));
    mn_ids_free(&added);
    mn_ids_free(&forced);
    close_fixture(o);
}

static void test_ends_of_generation(void **state) {
    (void)state;
    opened o = open_fixture(FOLDER "tiny_bpe.gguf");
    const mn_tokenizer *t = o.tokenizer;
    assert_true(mn_tokenizer_ends_generation(t, mn_tokenizer_find(t, "<|im_end|>", 10)));
    assert_true(mn_tokenizer_ends_generation(t, mn_tokenizer_find(t, "<|endoftext|>", 13)));
    assert_false(mn_tokenizer_ends_generation(t, mn_tokenizer_find(t, "<|im_start|>", 12)));
    assert_false(mn_tokenizer_ends_generation(t, mn_tokenizer_find(t, "<tool>", 6)));
    assert_false(mn_tokenizer_ends_generation(t, -1));
    assert_false(mn_tokenizer_ends_generation(t, 1 << 30));
    assert_int_equal(mn_tokenizer_piece(t, 1 << 30).length, 0);
    assert_int_equal(mn_tokenizer_find(t, "no such piece at all", 20), -1);
    close_fixture(o);
}

/* A vocabulary in memory: bytes as sentencepiece tokens, a few letters, one control token. */
enum { N_SMALL = 256 + 8 };
typedef struct small {
    mn_vocabulary vocabulary;
    mn_string pieces[N_SMALL];
    char names[256][8];
    float scores[N_SMALL];
    uint8_t types[N_SMALL];
} small;

static void small_init(small *s, mn_vocabulary_kind kind) {
    static const char *const more[] = { "<unk>", "<s>", "<|end|>", "▁", "a", "b", "ab", "▁ab" };
    memset(s, 0, sizeof *s);
    for (int i = 0; i < 256; i++) {
        snprintf(s->names[i], sizeof s->names[i], "<0x%02X>", i);
        s->pieces[i] = (mn_string){ s->names[i], 6 };
        s->types[i] = MN_PIECE_BYTE;
    }
    for (int i = 0; i < 8; i++) {
        s->pieces[256 + i] = (mn_string){ more[i], strlen(more[i]) };
        s->types[256 + i] = (uint8_t)(i == 0  ? MN_PIECE_UNKNOWN
                                      : i < 3 ? MN_PIECE_CONTROL
                                              : MN_PIECE_NORMAL);
        s->scores[256 + i] = (float)-i;
    }
    s->vocabulary = (mn_vocabulary){ .kind = kind,
                                     .n_pieces = N_SMALL,
                                     .pieces = s->pieces,
                                     .scores = s->scores,
                                     .types = s->types,
                                     .bos = 257,
                                     .eos = 258,
                                     .eot = -1,
                                     .eom = -1,
                                     .unknown = 256,
                                     .add_bos = -1,
                                     .add_eos = -1,
                                     .add_space_prefix = -1 };
}

static void check_small(small *s, const char *text, const int32_t *expected, size_t n) {
    mn_tokenizer *t;
    mn_error error;
    assert_ok(mn_tokenizer_open_vocabulary(&t, &s->vocabulary, &error), error);
    mn_ids ids = encode(t, text, MN_FROM_TEMPLATE, MN_ADD_BOS);
    if (ids.n != n || (n && memcmp(ids.data, expected, n * sizeof *expected) != 0)) {
        for (size_t i = 0; i < ids.n; i++) print_error("%d ", ids.data[i]);
        fail_msg("other ids for '%s'", text);
    }
    mn_ids_free(&ids);
    mn_tokenizer_close(t);
}

static void test_settings_of_sentencepiece(void **state) {
    (void)state;
    small s;
    small_init(&s, MN_SENTENCEPIECE);
    check_small(&s, "ab<|end|>  ab\n", (int32_t[]){ 257, 263, 258, 259, 259, 263, 10 }, 7);
    s.vocabulary.specials_strip_right = true; /* Phi-3 */
    check_small(&s, "ab<|end|>  ab\n", (int32_t[]){ 257, 263, 258, 263, 10 }, 5);
    s.vocabulary.specials_strip_right = false;
    s.vocabulary.add_space_prefix = 0;
    s.vocabulary.add_eos = 1;
    s.vocabulary.add_bos = 0;
    check_small(&s, "ab", (int32_t[]){ 262, 258 }, 2);
    check_small(&s, "ab<|end|>", (int32_t[]){ 262, 258 }, 2);
    s.vocabulary.add_eos = 0;
    s.vocabulary.remove_extra_whitespaces = true;
    check_small(&s, "  ab   ab ", (int32_t[]){ 262, 263 }, 2);
    check_small(&s, "   ", NULL, 0);
    s.types['\xC3' & 255] =
        MN_PIECE_NORMAL; /* a byte token is missing: unknown, once for a whole row */
    check_small(&s,
                "a\xC3\xA9\xC3\xA9"
                "a",
                (int32_t[]){ 260, 256, 260 }, 3);
}

/* ---- decoding ---- */

static void check_stream(const mn_tokenizer *t, const mn_ids *ids, const mn_text *whole) {
    mn_stream stream;
    mn_text out = { 0 };
    mn_stream_init(&stream, t, true);
    for (size_t i = 0; i < ids->n; i++) {
        mn_stream_feed(&stream, &out, ids->data[i]);
        for (size_t at = 0, n; at < out.length; at += n) {
            n = mn_utf8_length(out.data + at, out.length - at);
            assert_true(n > 0); /* never part of a character */
        }
    }
    mn_stream_end(&stream, &out);
    assert_int_equal(out.length, whole->length);
    if (out.length) assert_memory_equal(out.data, whole->data, out.length);
    mn_text_free(&out);
}

/* Every text of the fixtures comes back, at once and streamed. Vocabularies that bring text to a
 * normal form first give that form back, so they are compared with themselves. */
static void check_round_trips(const char *model, const char *texts, bool composes) {
    opened o = open_fixture(model);
    json_t *cases = load(texts), *one;
    size_t i;
    json_array_foreach(cases, i, one) {
        const char *text = json_string_value(json_array_get(one, 0));
        size_t length = json_string_length(json_array_get(one, 0));
        mn_ids ids = { 0 };
        mn_text back = { 0 };
        mn_error error;
        assert_ok(
            mn_tokenizer_encode_bytes(o.tokenizer, &ids, text, length, MN_FROM_USER, 0, &error),
            error);
        mn_tokenizer_decode(o.tokenizer, &back, ids.data, ids.n, true, false);
        bool has_mark =
            strstr(text, "\xE2\x96\x81"); /* U+2581 is how sentencepiece writes a space */
        if (!composes && !has_mark) {
            assert_int_equal(back.length, length);
            if (length) assert_memory_equal(back.data, text, length);
        }
        check_stream(o.tokenizer, &ids, &back);
        mn_text_free(&back);
        mn_ids_free(&ids);
    }
    json_decref(cases);
    close_fixture(o);
}

static void test_round_trips(void **state) {
    (void)state;
    check_round_trips(FOLDER "tiny_bpe.gguf", FOLDER "tiny_bpe.json", true);
    check_round_trips(FOLDER "tiny_spm.gguf", FOLDER "tiny_spm.json", false);
}

/* Any bytes at all, ill-formed or not, come back from both kinds. */
static void test_any_bytes_round_trip(void **state) {
    (void)state;
    static const char *const models[] = { FOLDER "tiny_bpe.gguf", FOLDER "tiny_spm.gguf" };
    static const char bytes[] = "\x80\xFF\xC3(\xE2\x82 \xF0\x9F\x99\xED\xA0\x80 "
                                "a\xC0\xAF\xF8\xF4\x90\x80\x80 \x00 \xE3\x81";
    for (size_t m = 0; m < 2; m++) {
        opened o = open_fixture(models[m]);
        for (size_t length = 0; length < sizeof bytes; length++) {
            mn_ids ids = { 0 };
            mn_text back = { 0 };
            mn_error error;
            assert_ok(mn_tokenizer_encode_bytes(o.tokenizer, &ids, bytes, length, MN_FROM_USER, 0,
                                                &error),
                      error);
            mn_tokenizer_decode(o.tokenizer, &back, ids.data, ids.n, true, false);
            assert_int_equal(back.length, length);
            if (length) assert_memory_equal(back.data, bytes, length);
            mn_text_free(&back);
            mn_ids_free(&ids);
        }
        close_fixture(o);
    }
}

/* Ill-formed bytes in a stream: each hopeless sequence is one U+FFFD, an unfinished one waits. */
static void test_stream_of_bytes(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *expected;
    } cases[] = {
        { "a\x80z", "a\xEF\xBF\xBDz" },
        { "\xE2\x82z", "\xEF\xBF\xBDz" },
        { "\xE2\x82", "\xEF\xBF\xBD" },
        { "\xF0\x9F\x99\xF0\x9F\x99\x82", "\xEF\xBF\xBD\xF0\x9F\x99\x82" },
        { "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "\xC3\xA9", "\xC3\xA9" },
        { "\xFF\xC3", "\xEF\xBF\xBD\xEF\xBF\xBD" },
    };
    small s;
    mn_tokenizer *t;
    mn_error error;
    small_init(&s, MN_SENTENCEPIECE);
    assert_ok(mn_tokenizer_open_vocabulary(&t, &s.vocabulary, &error), error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_stream stream;
        mn_text out = { 0 };
        mn_stream_init(&stream, t, false);
        for (const char *b = cases[i].bytes; *b; b++)
            mn_stream_feed(&stream, &out, (unsigned char)*b);
        mn_stream_end(&stream, &out);
        assert_string_equal(out.data, cases[i].expected);
        mn_text_free(&out);
    }
    mn_tokenizer_close(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_byte_level_equals_original),
        cmocka_unit_test(test_sentencepiece_equals_original),
        cmocka_unit_test(test_words_equal_original),
        cmocka_unit_test(test_control_tokens_come_from_the_template_only),
        cmocka_unit_test(test_no_control_token_across_origins),
        cmocka_unit_test(test_user_defined_tokens_match_longest_first),
        cmocka_unit_test(test_bos_is_never_doubled),
        cmocka_unit_test(test_forced_bos),
        cmocka_unit_test(test_ends_of_generation),
        cmocka_unit_test(test_settings_of_sentencepiece),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_any_bytes_round_trip),
        cmocka_unit_test(test_stream_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
