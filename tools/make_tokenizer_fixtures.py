#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/data/text/: tiny vocabularies and what the original tokenizers make of hard strings.

Two vocabularies are trained here, one with the Hugging Face `tokenizers` package and one with
`sentencepiece`; the ids in the fixtures are what those packages give. words.json holds how the
pre-tokenizers of published models cut strings, again cut by `tokenizers`.
Needs tokenizers, sentencepiece, gguf. Run from the repository root: python3 tools/make_tokenizer_fixtures.py
"""
import io
import json
import os
import random

import gguf
import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from check_tokenizers import HOSTILE, random_strings

FOLDER = "tests/data/text"

TEXT = """The small boat left the harbour before sunrise, and nobody on the quay saw it go. It's said they'd
planned the journey for years; we'll never know whether they're still out there, or whether I'm wrong.
In 1987 the engine cost 12,345.67 pounds, about 30% more than in 1986. Temperature: 21.5 degrees, 99.9%!
def measure(sensor, count=10):\n    values = [sensor.read() for _ in range(count)]\n    return sum(values) / len(values)\n
for (int i = 0; i < n; i++) {\n\ttotal += data[i] * weight[i];\n}\n// done\n\n#include <stdio.h>\n
Das kleine Boot verließ den Hafen vor Sonnenaufgang, und niemand am Kai sah es gehen. Größe, Übermut, Straße.
Le petit bateau a quitté le port avant le lever du soleil, et personne sur le quai ne l'a vu partir. Ça été naïf.
Маленькая лодка вышла из гавани до рассвета, и никто на причале не видел, как она уходит.
小さな船は日の出前に港を出た。誰もそれを見ていなかった。小船在日出前离开了港口。
छोटी नाव सूर्योदय से पहले बंदरगाह से निकल गई। غادر القارب الصغير الميناء قبل شروق الشمس.
작은 배는 해가 뜨기 전에 항구를 떠났다. 🙂🙂 👍🏽 café café naïve naïve
"""

SUFFIXES = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = SUFFIXES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES
QWEN2 = SUFFIXES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + SPACES
QWEN35 = SUFFIXES + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + SPACES
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
PREFIX = r"[^\r\n\p{L}\p{N}]?"
GPT4O = (PREFIX + UPPER + "*" + LOWER + "+" + SUFFIXES + "?|" + PREFIX + UPPER + "+" + LOWER + "*" + SUFFIXES
         + r"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + SPACES)
TEKKEN = (PREFIX + UPPER + "*" + LOWER + "+|" + PREFIX + UPPER + "+" + LOWER
          + r"*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|" + SPACES)
DEEPSEEK3 = ("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
             " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+")
HAN = "[一-龥ࠀ-一가-퟿]+"


def split(*patterns):
    return [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns]


WORDS = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
DIGITS = pre_tokenizers.Digits(individual_digits=True)
CUTTERS = {
    "gpt-2": [WORDS],
    "smollm": [DIGITS, WORDS],
    "llama-bpe": split(LLAMA3),
    "qwen2": split(QWEN2),
    "qwen35": split(QWEN35),
    "gpt-4o": split(GPT4O),
    "tekken": split(TEKKEN),
    "deepseek-v3": split(r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3),
    "deepseek-coder": split("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", HAN, r"\p{N}"),
    "falcon": split(r"[\p{P}\$\+<=>\^~\|`]+") + [WORDS] + split("[0-9][0-9][0-9]"),
    "bloom": split(" ?[^(\\s|.,!?…。，、।۔،)]+"),
    "viking": split(" ?[^(\\s|.,!?…。，、।۔،)]+", r"\p{N}"),
    "seed-coder": split(SUFFIXES + "|[^\r\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\r\n]+|\\s*[\r\n]+|"
                        "\\s+(?!\\S)|\\s+"),
    "bailingmoe": split(r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|"
                        r"\s*[\r\n]|\s+(?!\S)|\s+"),
    "minicpm5": split(r"\p{N}{1,3}", SUFFIXES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|"
                      + SPACES),
    "jais-2": split(SUFFIXES + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
                    r"\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|"
                    r"\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"),
    "youtu": split("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+", GPT4O.replace("{1,3}", "")),
}


def byte_lengths(cutters, text):
    """Lengths in bytes of the words that a row of pre-tokenizers leaves."""
    pieces = [(0, len(text))]
    for cutter in cutters:
        pieces = [(start + a, start + b) for start, stop in pieces
                  for _, (a, b) in cutter.pre_tokenize_str(text[start:stop])]
    assert "".join(text[a:b] for a, b in pieces) == text
    return [len(text[a:b].encode("utf-8")) for a, b in pieces]


def write_words():
    texts = [t for t in HOSTILE if t and len(t) < 60] + [" " * 700, "1234567 12 1 1234x", "a b c dé  f"]
    texts += random_strings(3, 60)
    with open(FOLDER + "/words.json", "w", encoding="utf-8") as file:
        json.dump({"texts": texts, "words": {name: [byte_lengths(cutters, t) for t in texts]
                                             for name, cutters in CUTTERS.items()}},
                  file, separators=(",", ":"), ensure_ascii=True)


def trained_bpe():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        split(QWEN2) + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=900, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.add_tokens([AddedToken(t, normalized=False) for t in ("<tool>", "<tool>more", "<to", "::")])
    return tokenizer


def write_bpe(tokenizer):
    data = json.loads(tokenizer.to_str())
    pieces = {i: t for t, i in data["model"]["vocab"].items()}
    kinds = {}
    for added in data["added_tokens"]:
        pieces[added["id"]] = added["content"]
        kinds[added["id"]] = 3 if added["special"] else 4
    merges = [m if isinstance(m, str) else " ".join(m) for m in data["model"]["merges"]]
    writer = gguf.GGUFWriter(FOLDER + "/tiny_bpe.gguf", "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([pieces[i].encode("utf-8") for i in range(len(pieces))])
    writer.add_token_types([kinds.get(i, 1) for i in range(len(pieces))])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokenizer.token_to_id("<|endoftext|>"))
    writer.add_eos_token_id(tokenizer.token_to_id("<|im_end|>"))
    writer.add_add_bos_token(False)
    close(writer)


def trained_spm():
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.split("\n")), model_writer=model, vocab_size=720, model_type="bpe",
        byte_fallback=True, character_coverage=0.98, normalization_rule_name="identity",
        remove_extra_whitespaces=False, user_defined_symbols=["<tool>", "::", "<tool>more"],
        num_threads=1, minloglevel=2)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def write_spm(processor):
    n = processor.get_piece_size()
    user = {"<tool>", "::", "<tool>more"}

    def kind(i):
        if processor.is_unknown(i):
            return 2
        if processor.is_control(i):
            return 3
        if processor.is_byte(i):
            return 6
        return 4 if processor.id_to_piece(i) in user else 1
    writer = gguf.GGUFWriter(FOLDER + "/tiny_spm.gguf", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([processor.id_to_piece(i).encode("utf-8") for i in range(n)])
    writer.add_token_scores([processor.get_score(i) for i in range(n)])
    writer.add_token_types([kind(i) for i in range(n)])
    writer.add_bos_token_id(processor.bos_id())
    writer.add_eos_token_id(processor.eos_id())
    writer.add_unk_token_id(processor.unk_id())
    close(writer)


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def sentences():
    parts = [TEXT[i:i + 90] for i in range(0, len(TEXT), 90)]
    special = ["<tool>", "a<tool>b", "<tool>more<to", "<too", "x :: y", "::::", "e\u0301 <tool> e\u0301"]
    return [t for t in HOSTILE if len(t) <= 120] + parts + special + random_strings(2, 150)


def write_ids(name, encode, texts):
    with open("%s/%s.json" % (FOLDER, name), "w", encoding="utf-8") as file:
        json.dump([[t, encode(t)] for t in texts], file, separators=(",", ":"), ensure_ascii=True)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    random.seed(0)
    write_words()
    tokenizer = trained_bpe()
    write_bpe(tokenizer)
    write_ids("tiny_bpe", lambda t: tokenizer.encode(t, add_special_tokens=False).ids,
              sentences() + ["<|im_start|>user\nhi<|im_end|>\n", "<|im_<|im_end|>", "<|endoftext|><|endoftext|>"])
    processor = trained_spm()
    write_spm(processor)
    # A user-defined token at the start or after another one: the original puts no space before what
    # follows it, llama.cpp and the files made for it do. Such strings are left out.
    texts = [t for t in sentences() if t and "\0" not in t and not any(u in t for u in ("<tool>", "::"))]
    write_ids("tiny_spm", lambda t: processor.encode(t), texts)


main()
