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
#define LETTERS "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"
#define OTHERS "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
#define LLAMA3 SUFFIXES "|" LETTERS "|\\p{N}{1,3}" OTHERS SPACES
#define QWEN2 SUFFIXES "|" LETTERS "|\\p{N}" OTHERS SPACES
#define QWEN35                                                                                     \
    SUFFIXES "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}|"                                      \
             " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES
#define CAPITALS "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define SMALLS "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BEFORE "[^\\r\\n\\p{L}\\p{N}]?"
#define OTHERS_AND_SLASH "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
#define GPT4O_DIGITS(digits)                                                                       \
    BEFORE CAPITALS "*" SMALLS "+" SUFFIXES "?|" BEFORE CAPITALS "+" SMALLS "*" SUFFIXES           \
                    "?|" digits OTHERS_AND_SLASH SPACES
#define GPT4O GPT4O_DIGITS("\\p{N}{1,3}")
#define TEKKEN                                                                                     \
    BEFORE CAPITALS "*" SMALLS "+|" BEFORE CAPITALS "+" SMALLS "*|\\p{N}" OTHERS_AND_SLASH SPACES
#define DEEPSEEK3                                                                                  \
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"                                       \
    "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"                          \
    "\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
#define KANA_AND_HAN "[一-龥぀-ゟ゠-ヿ]+"
#define HAN_TO_HANGUL "[一-龥ࠀ-一가-퟿]+"
#define BLOOM " ?[^(\\s|.,!?…。，、।۔،)]+"
/* The letters that have two cases, as DeepSeek's first tokenizer lists them. */
#define DEEPSEEK_LETTERS \
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ" \
    "-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮ" \
    "ⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"

typedef struct rules {
    const char *names; /* separated by spaces */
    const char *stages[MN_PRETOKENIZER_STAGES];
    unsigned flags;
} rules;

enum { FORM_C = 1, WHOLE_WORDS = 2, ADDS_BOS = 4 };

static const rules table[] = {
    { "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      { LLAMA3 }, WHOLE_WORDS | ADDS_BOS },
    { "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez", { QWEN2 }, FORM_C },
    { "qwen35", { QWEN35 }, FORM_C },
    { "smollm starcoder refact codeshell exaone minerva-7b mellum2", { DIGIT, GPT2 }, 0 },
    { "command-r", { DIGIT, GPT2 }, FORM_C },
    { "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de gigachat a.x-4.0 mellum exaone4 jais "
      "trillion granite-docling jina-v1-en jina-v2-code roberta-bpe",
      { GPT2 }, 0 },
    { "olmo mpt modern-bert", { GPT2 }, FORM_C },
    { "gpt-4o llama4 kanana2 minimax-m2 granite-embed-multi-97m", { GPT4O }, 0 },
    { "tekken", { TEKKEN }, WHOLE_WORDS | ADDS_BOS },
    { "deepseek-v3 hunyuan-dense joyai-llm hy_v4", { "\\p{N}{1,3}", KANA_AND_HAN, DEEPSEEK3 }, 0 },
    { "deepseek-llm",
      { "[\r\n]", DEEPSEEK_LETTERS, "\\s?[!-/:-~！-／：-～‘-‟　-。]+", "\\s+$",
        HAN_TO_HANGUL, "\\p{N}+" },
      0 },
    { "deepseek-coder", { "[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", HAN_TO_HANGUL, DIGIT }, 0 },
    { "dbrx smaug-bpe chatglm-bpe", { LLAMA3 }, 0 },
    { "glm4 glm5", { LLAMA3 }, WHOLE_WORDS },
    { "stablelm2 hunyuan solar-open grok-2", { QWEN2 }, 0 },
    { "falcon", { "[\\p{P}\\$\\+<=>\\^~\\|`]+", GPT2, "[0-9][0-9][0-9]" }, 0 },
    { "default", { "[\\p{P}\\$\\+<=>\\^~\\|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]" }, 0 },
    { "poro-chat bloom gpt3-finnish", { BLOOM }, 0 },
    { "viking", { BLOOM, DIGIT }, 0 },
    { "seed-coder",
      { SUFFIXES "|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}|"
        " ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|\\s+(?!\\S)|\\s+" },
      0 },
    { "bailingmoe bailingmoe2 llada-moe",
      { "'(?i:s|d|m|t|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}|"
        " ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"
        "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+" },
      0 },
    { "youtu",
      { "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+", GPT4O_DIGITS("\\p{N}") },
      WHOLE_WORDS },
    { "jais-2",
      { SUFFIXES "|" LETTERS "|\\p{N}{1,3}" OTHERS "\\s*[\\r\\n]+|"
        "\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|"
        "\\s{16}(?!\\S)|\\s{8}(?!\\S)|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}" },
      0 },
    { "ufakzeka", { LETTERS "|\\p{N}" OTHERS SPACES }, 0 },
    { "laguna", { "[^\\n]+|[\\n]+", QWEN2 }, 0 },
    { "minicpm5",
      { "\\p{N}{1,3}", SUFFIXES "|" LETTERS "|\\p{N}+" OTHERS SPACES },
      WHOLE_WORDS },
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
    out->composes = r->flags & FORM_C;
    out->whole_words = r->flags & WHOLE_WORDS;
    out->adds_bos = r->flags & ADDS_BOS;
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

void mn_words_init(mn_words *words, const mn_pretokenizer *pretokenizer, const char *text,
                   size_t length)
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
        while (at < w->end[k]
               && !(length = mn_pattern_match(pattern, w->text, at, w->end[k], &skip)))
            at += skip;
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
    while (words->position[k] == words->end[k]) { /* it needs a new piece from the one before */
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
