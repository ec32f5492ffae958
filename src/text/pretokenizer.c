/* SPDX-License-Identifier: Apache-2.0 */
/* pretokenizer.c - cuts text into the words that byte-level BPE never joins across. */
#include "text/pretokenizer.h"

#include "base/error.h"

#include <string.h>

/* ---- the published patterns, as tokenizer.json files spell them ---- */

#define DIGIT "\\p{N}"
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
#define SUFFIXES "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define LLAMA3 SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES
#define QWEN2 SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES
#define QWEN35                                                                                             \
    SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES
#define CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALLS "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define GPT4O_DIGITS(digits)                                                                               \
    "[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "*" SMALLS "+" SUFFIXES "?|[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "+"      \
    SMALLS "*" SUFFIXES "?|" digits "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES
#define GPT4O GPT4O_DIGITS("\\p{N}{1,3}")
#define TEKKEN                                                                                             \
    "[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "*" SMALLS "+|[^\\r\\n\\p{L}\\p{N}]?" CAPITALS "+" SMALLS            \
    "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES
#define DEEPSEEK3                                                                                          \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"     \
    " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
#define KANA_AND_HAN "[一-龥぀-ゟ゠-ヿ]+"
#define BLOOM " ?[^(\\s|.,!?…。，、।۔،)]+"
/* Latin, Greek, Cyrillic, Armenian, Georgian and Deseret letters, as DeepSeek's first tokenizer lists them. */
#define DEEPSEEK_LETTERS                                                                                   \
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"

typedef struct rules {
    const char *names; /* separated by spaces */
    const char *stages[MN_PRETOKENIZER_STAGES];
    bool composes, whole_words, adds_bos;
} rules;

static const rules table[] = {
    /* names                        stages             form C  whole words  BOS */
    { "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      { LLAMA3 }, false, true, true },
    { "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez", { QWEN2 }, true, false, false },
    { "qwen35", { QWEN35 }, true, false, false },
    { "smollm starcoder refact codeshell exaone minerva-7b mellum2", { DIGIT, GPT2 }, false, false, false },
    { "command-r", { DIGIT, GPT2 }, true, false, false },
    { "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de gigachat a.x-4.0 mellum exaone4 jais trillion "
      "granite-docling jina-v1-en jina-v2-code roberta-bpe",
      { GPT2 }, false, false, false },
    { "olmo mpt modern-bert", { GPT2 }, true, false, false },
    { "gpt-4o llama4 kanana2 minimax-m2 granite-embed-multi-97m", { GPT4O }, false, false, false },
    { "tekken", { TEKKEN }, false, true, true },
    { "deepseek-v3 hunyuan-dense joyai-llm hy_v4", { "\\p{N}{1,3}", KANA_AND_HAN, DEEPSEEK3 }, false, false, false },
    { "deepseek-llm",
      { "[\r\n]", DEEPSEEK_LETTERS, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$", "[一-龥ࠀ-一가-퟿]+", "\\p{N}+" },
      false, false, false },
    { "deepseek-coder", { "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", DIGIT }, false, false, false },
    { "dbrx smaug-bpe chatglm-bpe", { LLAMA3 }, false, false, false },
    { "glm4 glm5", { LLAMA3 }, false, true, false },
    { "stablelm2 hunyuan solar-open grok-2", { QWEN2 }, false, false, false },
    { "falcon", { "[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]" }, false, false, false },
    { "default", { "[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" }, false, false, false },
    { "poro-chat bloom gpt3-finnish", { BLOOM }, false, false, false },
    { "viking", { BLOOM, DIGIT }, false, false, false },
    { "seed-coder",
      { SUFFIXES "|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+" },
      false, false, false },
    { "bailingmoe bailingmoe2 llada-moe",
      { "'(?i:s|d|m|t|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"
        "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" },
      false, false, false },
    { "youtu",
      { "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+", GPT4O_DIGITS("\\p{N}") },
      false, true, false },
    { "jais-2",
      { SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
        "\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|"
        "\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}" },
      false, false, false },
    { "ufakzeka", { "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES },
      false, false, false },
    { "laguna", { "[^\\n]+|[\\n]+", QWEN2 }, false, false, false },
    { "minicpm5",
      { "\\p{N}{1,3}", SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES },
      false, true, false },
};

/* ---- open and close ---- */

static bool name_listed(const char *names, mn_string name)
{
    while (*names) {
        size_t length = strcspn(names, " ");
        if (length == name.length && !memcmp(names, name.data, length)) return true;
        names += length;
        names += *names == ' ';
    }
    return false;
}

static mn_status open_rules(mn_pretokenizer *out, const rules *r, mn_error *error)
{
    out->composes = r->composes;
    out->whole_words = r->whole_words;
    out->adds_bos = r->adds_bos;
    for (unsigned i = 0; i < MN_PRETOKENIZER_STAGES && r->stages[i]; i++) {
        mn_status status = mn_pattern_open(&out->stages[i], r->stages[i], error);
        if (status) return status;
        out->n_stages++;
    }
    return MN_OK;
}

mn_status mn_pretokenizer_open(mn_pretokenizer *out, mn_string name, mn_error *error)
{
    *out = (mn_pretokenizer){ 0 };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (name_listed(table[i].names, name)) return open_rules(out, &table[i], error);
    return mn_fail(error, MN_BAD_FILE,
                   "tokenizer.ggml.pre is '%.*s', a pre-tokenizer that this version does not know",
                   (int)(name.length < 60 ? name.length : 60), name.data);
}

void mn_pretokenizer_close(mn_pretokenizer *pretokenizer)
{
    for (unsigned i = 0; i < pretokenizer->n_stages; i++) mn_pattern_close(pretokenizer->stages[i]);
    *pretokenizer = (mn_pretokenizer){ 0 };
}

/* ---- words ---- */

void mn_words_init(mn_words *words, const mn_pretokenizer *pretokenizer, const char *text, size_t length)
{
    *words = (mn_words){ .pretokenizer = pretokenizer, .text = text };
    words->end[0] = length;
}

/* The next piece of stage `k`: a match, or all that lies before the next one. */
static void next_piece(mn_words *w, unsigned k, size_t *start, size_t *stop)
{
    const mn_pattern *pattern = w->pretokenizer->stages[k];
    *start = w->position[k];
    if (w->found[k] < *start || w->found[k] == w->found_end[k]) { /* nothing known ahead: look */
        size_t at = *start, length = 0, skip = 0;
        while (at < w->end[k] && !(length = mn_pattern_match(pattern, w->text, at, w->end[k], &skip))) at += skip;
        w->found[k] = at;
        w->found_end[k] = at + length;
    }
    *stop = w->found[k] > *start ? w->found[k] : w->found_end[k];
    w->position[k] = *stop;
}

bool mn_words_next(mn_words *words, size_t *start, size_t *length)
{
    unsigned last = words->pretokenizer->n_stages - 1;
    unsigned k = last;
    while (words->position[k] == words->end[k]) { /* this stage needs a new piece from the one before */
        if (!k) return false;
        k--;
    }
    for (;; k++) {
        size_t stop;
        next_piece(words, k, start, &stop);
        if (k == last) {
            *length = stop - *start;
            return true;
        }
        words->position[k + 1] = words->found[k + 1] = words->found_end[k + 1] = *start;
        words->end[k + 1] = stop;
    }
}
