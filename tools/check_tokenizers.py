#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares our token ids with those of the original tokenizers, over much text.

check_tokenizers.py PROGRAM MODEL.gguf ORACLE [TEXT FILES...]

PROGRAM is tools/tokenize_records.c, built. ORACLE is a tokenizer.json (read with the
`tokenizers` package), a sentencepiece .model file, the word `rebuilt` (the same package, fed with
the tokens and merges of MODEL.gguf), or the word `llama` (llama.cpp through the llama_cpp Python
package), which is not an original: where they differ, the original wins.
The text is the files, hostile strings, random strings, every code point and every token.
Prints one line per difference (the first ten) and a summary; exit status 1 if any differs.
"""
import random
import subprocess
import sys

CHUNK = 3000
HOSTILE = [
    "", " ", "  ", "\n", "\r\n", "\n\n \n", " \n", "\t\t", "\u00a0", "\u3000", "\u2028", "\x85", "\u180e",
    "\u200b", "\ufeff", "\ufffd", "\x00", "\x7f", "a\x00b", "I'm you're WE'LL they'D 'tis 'S 'ſ 'LL'", "''''", "'",
    "don't\u2019t", "x'sy", "'re'RE're", "1234567890", "1 23 456 7890", "²³¹½Ⅷ٣٤", "12.5e-3", "a1b2c3",
    "ＡＢＣ１２３", "ǅǈǋ", "ʰʱ", "e\u0301e\u0301", "\u0301\u0301", "가각힣", "ᄀᄀᄀ각", "नमस्ते", "ไทยไทย", "日本語テキスト、漢字かな",
    "👨‍👩‍👧‍👦🏳️‍🌈🇩🇪", "🤷🏽‍♀️" * 20, "a" * 500, " " * 500, "\n" * 300, "0" * 300, "é" * 300, "漢" * 300,
    "🙂" * 200, "ab" * 400, "!?" * 200, "==========", "-" * 100, "</s><s>", "<unk>", "<0x0A>", "<|im_end|>",
    "<|endoftext|>", "▁", "▁▁▁", " ▁ ", "Ġ", "ĊĊ", "HelloWORLDfooBar", "XMLHttpRequest", "snake_case_name",
    "camelCaseName2Go", "https://example.com/a?b=c&d=%20#e", "C:\\Users\\x\\n", "def f(x):\n    return x\n\n\n",
    "#include <stdio.h>\r\n\r\nint main(void) { return 0; }\r\n", "\tif (x)\n\t\ty();\n", "   leading and trailing   ",
    "a  b   c    d", "a\n b\n  c", "end \n", "\n start", "price: $1,234.56!", "[[[]]]{{{}}}", "/* // */", "...///\n///",
    "ÅΩKÅ", "\u0344\u0385\u0958", "ﬀﬁ", "\u1100\u1161\u11a8", "\u0323\u0307a\u0323\u0307", "ſ'ſ", "Σς", "İı", "ß ẞ",
    "\U0001F600\U00020000\U0010FFFF", "\ud7ff\ue000", "𝟘𝟙𝒜", "\u0378\u0379", "\U000E0001", "ǰ̣", "ä̈́",
]


def random_strings(seed, count):
    """Strings from a small alphabet in which every rule of the pre-tokenizers has something to bite on."""
    rng = random.Random(seed)
    alphabet = (list("aAbzZ09'sStTdDmMlLrRvVeE  \t\n\r\n!?.,-_/\\()[]<>|`$+=^~\"&#%*:;@{}")
                + list("éÉßſʰǅªº\u0301\u0323\u093e\u20dd漢字かカ가ไ٣²½Ⅷ€©™\u00a0\u3000\u2028\u200b\u200d\ufeff🙂🇩🏽，。…“”İıΑσςԱა\x85\x0b\x0c")
                + ["'s", "'LL", "  ", "\n\n", "\r\n", "   ", "123", "ing", " the"])
    return ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 40))) for _ in range(count)]


def code_points():
    points = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    points = [c for c in points if c < 0x3400 or c > 0xE000 and c < 0x11000 or c % 37 == 0]
    return ["".join(map(chr, points[i:i + 40])) for i in range(0, len(points), 40)]


def chunks(paths):
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        for i in range(0, len(text), CHUNK):
            yield text[i:i + CHUNK]


def ours(program, model, texts, template):
    data = b"".join(b"%d\n%s" % (len(t), t) for t in (t.encode("utf-8") for t in texts))
    command = [program, model] + (["template"] if template else [])
    result = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True)
    lines, undecoded = [], []
    for line in result.stdout.decode().split("\n")[:-1]:
        if line.startswith("#"):
            undecoded.append(len(lines) - 1)
        else:
            lines.append([int(i) for i in line.split()])
    return lines, undecoded


def llama(model):
    import ctypes

    import llama_cpp as c
    c.llama_log_set(ctypes.cast(None, c.llama_log_callback), None)
    parameters = c.llama_model_default_params()
    parameters.vocab_only = True
    loaded = c.llama_load_model_from_file(model.encode(), parameters)
    vocabulary = c.llama_model_get_vocab(loaded)

    def encode(texts, template):
        for text in texts:
            data = text.encode("utf-8")
            ids = (c.llama_token * (len(data) + 16))()
            n = c.llama_tokenize(vocabulary, data, len(data), ids, len(ids), False, template)
            yield list(ids[:n])
    return encode, False


def rebuilt(path):
    """For byte-level models whose tokenizer.json is not at hand."""
    import gguf
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
    fields = {k: v.contents() for k, v in gguf.GGUFReader(path).fields.items()
              if k.startswith("tokenizer.ggml")}
    tokens, kinds = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, merges))
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = {
        "smollm": pre_tokenizers.Sequence([digits, words]),
        "command-r": pre_tokenizers.Sequence([digits, words]),
        "gpt-2": words, "olmo": words,
    }[fields["tokenizer.ggml.pre"]]
    if fields["tokenizer.ggml.pre"] in ("command-r", "olmo"):
        tokenizer.normalizer = normalizers.NFC()
    for token, kind in zip(tokens, kinds):
        if kind in (3, 4):
            tokenizer.add_special_tokens([AddedToken(token, special=kind == 3, normalized=False)])
    return tokenizer


def original(path, model):
    if path.endswith(".model"):
        import sentencepiece
        processor = sentencepiece.SentencePieceProcessor(model_file=path)
        return (lambda texts, template: (processor.encode(t) for t in texts)), False
    from tokenizers import Tokenizer
    tokenizer = rebuilt(model) if path == "rebuilt" else Tokenizer.from_file(path)

    def encode(texts, template):
        for i in range(0, len(texts), 500):
            for e in tokenizer.encode_batch(texts[i:i + 500], add_special_tokens=False):
                yield e.ids
    return encode, True


def main():
    program, model, oracle = sys.argv[1:4]
    encode, template = llama(model) if oracle == "llama" else original(oracle, model)
    parts = {"files": list(chunks(sys.argv[4:])), "hostile": HOSTILE, "random": random_strings(1, 20000),
             "code points": code_points()}
    if oracle.endswith(".json"):
        from tokenizers import Tokenizer
        parts["tokens"] = sorted(s.replace("Ġ", " ").replace("▁", " ")
                                 for s in Tokenizer.from_file(oracle).get_vocab())
    failures = 0
    for name, texts in parts.items():
        mine, undecoded = ours(program, model, texts, template)
        differing = 0
        for text, a, b in zip(texts, mine, encode(texts, template)):
            if a == b:
                continue
            differing += 1
            if differing <= 10:
                at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
                print("%s: %r\n  at %d: ours %s\n  original %s" % (name, text[:60], at, a[max(0, at - 2):at + 8],
                                                                b[max(0, at - 2):at + 8]))
        failures += differing
        print("%-12s %7d texts, %9d bytes, %9d ids: %d differ, %d do not decode to themselves"
              % (name, len(texts), sum(len(t.encode("utf-8")) for t in texts), sum(map(len, mine)), differing,
                 len(undecoded)), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
