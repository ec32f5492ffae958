/* SPDX-License-Identifier: Apache-2.0 */
/* Our small pattern engine against PCRE2, on the published patterns and random strings. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "test.h"

#include "base/random.h"
#include "base/utf8.h"
#include "text/pattern.h"

#include <pcre2.h>
#include <string.h>

#define SUFFIXES "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES   "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALLS   "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"

#define PUNCTUATION "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]"

static const char *const patterns[] = {
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES,
    SUFFIXES
    "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES,
    "[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "*" SMALLS "+" SUFFIXES "?|[^\\r\\n\\p{L}\\p{N}]?" CAPITALS
    "+" SMALLS "*" SUFFIXES "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES,
    PUNCTUATION
    "[A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|" SPACES,
    "[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
    "\\s+$",
    "[\\p{P}\\$\\+<=>\\^~\\|`]+",
    " ?[^(\\s|.,!?\xE2\x80\xA6\xE3\x80\x82)]+",
    "\\S+",
    "[a-c\\S]x?|\\d{2}|\\P{Lu}a",
    "a{2,3}a?b*c",
};

static const char *const letters[] = {
    "a",
    "b",
    "c",
    "x",
    "A",
    "S",
    "s",
    "T",
    "t",
    "L",
    "l",
    "r",
    "E",
    "v",
    "'",
    "'",
    " ",
    " ",
    "\n",
    "\r",
    "\t",
    "1",
    "2",
    "3",
    ".",
    ",",
    "!",
    "/",
    "(",
    "$",
    "+",
    "_",
    "\"",
    "-",
    "|",
    "^",
    "~",
    "\xC3\xA9",
    "\xC3\x89",
    "\xC7\x85",
    "\xCA\xB0",
    "\xCC\x81",
    "\xE6\xBC\xA2",
    "\xE3\x81\x82",
    "\xD9\xA3",
    "\xC2\xB2",
    "\xC2\xA0",
    "\xE3\x80\x80",
    "\xE2\x80\xA6",
    "\xE3\x80\x82",
    "\xF0\x9F\x99\x82",
    "\xE2\x82\xAC",
    "\xC5\xBF",
    "\xE2\x80\x8B",
};

static size_t random_text(char *out, uint64_t round) {
    size_t n = 0, count = 1 + mn_random_u64(7, round * 64) % 24;
    for (size_t i = 0; i < count; i++) {
        const char *letter =
            letters[mn_random_u64(7, round * 64 + 1 + i) % (sizeof letters / sizeof letters[0])];
        memcpy(out + n, letter, strlen(letter));
        n += strlen(letter);
    }
    return n;
}

static void compare(const char *name, const mn_pattern *ours, const pcre2_code *theirs,
                    pcre2_match_data *data, const char *text, size_t length) {
    for (size_t at = 0; at < length; at += mn_utf8_length(text + at, length - at)) {
        size_t skip = 0, n = mn_pattern_match(ours, text, at, length, &skip);
        int found = pcre2_match(theirs, (PCRE2_SPTR)text, length, at,
                                PCRE2_ANCHORED | PCRE2_NOTEMPTY, data, NULL);
        size_t expected = found > 0 ? pcre2_get_ovector_pointer(data)[1] - at : 0;
        if (n != expected)
            fail_msg("\"%.20s\" at %zu: %zu, PCRE2 %zu, of '%.*s'", name, at, n, expected,
                     (int)length, text);
        if (!n) assert_true(skip >= 1);
    }
}

static void test_equals_pcre2(void **state) {
    (void)state;
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        mn_error error;
        mn_pattern *ours;
        int code;
        PCRE2_SIZE offset;
        assert_ok(mn_pattern_open(&ours, patterns[p], &error), error);
        pcre2_code *theirs =
            pcre2_compile((PCRE2_SPTR)patterns[p], PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &code, &offset, NULL);
        assert_non_null(theirs);
        pcre2_match_data *data = pcre2_match_data_create_from_pattern(theirs, NULL);
        for (uint64_t round = 0; round < 1500; round++) {
            char text[256];
            size_t length = random_text(text, round + p * 100000);
            compare(patterns[p], ours, theirs, data, text, length);
        }
        pcre2_match_data_free(data);
        pcre2_code_free(theirs);
        mn_pattern_close(ours);
    }
}

static void test_ill_formed_bytes_are_symbols(void **state) {
    (void)state;
    mn_error error;
    mn_pattern *p;
    size_t skip;
    assert_ok(mn_pattern_open(&p, "\\p{S}+|\\p{L}+", &error), error);
    assert_int_equal(mn_pattern_match(p,
                                      "\xFF\xC3\xE2\x82"
                                      "a",
                                      0, 5, &skip),
                     4);
    assert_int_equal(mn_pattern_match(p, "ab\xFF", 0, 3, &skip), 2);
    mn_pattern_close(p);
}

static void test_long_runs_take_linear_time(void **state) {
    (void)state;
    enum { SIZE = 1 << 20 };
    char *text = test_malloc(SIZE);
    memset(text, ' ', SIZE);
    text[SIZE - 1] = 'x';
    for (size_t p = 0; p < sizeof patterns / sizeof patterns[0]; p++) {
        mn_error error;
        mn_pattern *ours;
        assert_ok(mn_pattern_open(&ours, patterns[p], &error), error);
        for (size_t at = 0, n, skip; at < SIZE; at += n)
            if (!(n = mn_pattern_match(ours, text, at, SIZE, &skip))) n = skip;
        mn_pattern_close(ours);
    }
    test_free(text);
}

static void test_refuses_what_it_does_not_know(void **state) {
    (void)state;
    static const char *const bad[] = { "",     "a|",    "(a)",      "(?:a+)", "(?:a|b)*", "[a",
                                       "\\q",  "\\",    "\\p{Xx}",  "\\pL",   "a{2",      "a{3,2}",
                                       "a{0}", "*",     "[z-a]",    "(?=a)",  "(?!ab)",   "\\P{L}",
                                       "\xFF", "(?i:a", "abcdefghi" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mn_error error;
        mn_pattern *p;
        if (mn_pattern_open(&p, bad[i], &error) != MN_USAGE) fail_msg("'%s' was taken", bad[i]);
        assert_null(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equals_pcre2),
        cmocka_unit_test(test_ill_formed_bytes_are_symbols),
        cmocka_unit_test(test_long_runs_take_linear_time),
        cmocka_unit_test(test_refuses_what_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
