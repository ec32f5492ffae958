#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a Hugging Face tokenizer.json into a GGUF file that holds only the vocabulary.

Such a file lets this project's tokenizers and llama.cpp's be compared with the original.
Needs the `gguf` package. Run: make_vocabulary_gguf.py tokenizer.json OUT.gguf [PRE]
PRE is the value for tokenizer.ggml.pre; byte-level vocabularies need it.
"""
import json
import re
import sys

import gguf

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


def read_pieces(data):
    """Tokens by id with their types; ids without a token are filled up."""
    pieces = {i: (text, NORMAL) for text, i in data["model"]["vocab"].items()}
    for added in data["added_tokens"]:
        kind = CONTROL if added["special"] else USER_DEFINED
        pieces[added["id"]] = (added["content"], kind)
    if data["model"].get("byte_fallback"):
        for i, (text, kind) in pieces.items():
            if re.fullmatch(r"<0x[0-9A-F]{2}>", text):
                pieces[i] = (text, BYTE)
            elif text == data["model"].get("unk_token"):
                pieces[i] = (text, UNKNOWN)
    return [pieces.get(i, ("[FILLER%d]" % i, UNUSED)) for i in range(max(pieces) + 1)]


def read_merges(data):
    return [m if isinstance(m, list) else m.split(" ", 1) for m in data["model"]["merges"]]


def scores_of(pieces, merges):
    """The score of a piece is the rank of its best merge, negated: the same order of merging."""
    best = {}
    for rank, (left, right) in enumerate(merges):
        best.setdefault(left + right, rank)
    return [float(-best.get(text, len(merges))) for text, _ in pieces]


def find(pieces, *names):
    for i, (text, _) in enumerate(pieces):
        if text in names:
            return i
    return None


def main():
    source, target = sys.argv[1:3]
    with open(source, encoding="utf-8") as file:
        data = json.load(file)
    pieces = read_pieces(data)
    merges = read_merges(data)
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_vocab_size(len(pieces))
    writer.add_token_list([text.encode("utf-8") for text, _ in pieces])
    writer.add_token_types([kind for _, kind in pieces])
    if data["model"].get("byte_fallback"):
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_token_scores(scores_of(pieces, merges))
        writer.add_add_space_prefix("Prepend" in json.dumps(data["normalizer"]))
        writer.add_unk_token_id(find(pieces, "<unk>"))
    else:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(sys.argv[3])
        writer.add_token_merges([left + " " + right for left, right in merges])
    bos = find(pieces, "<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<｜begin▁of▁sentence｜>")
    eos = find(pieces, "</s>", "<eos>", "<|eot_id|>", "<|im_end|>", "<|return|>", "<｜end▁of▁sentence｜>",
               "<|endoftext|>")
    if bos is not None:
        writer.add_bos_token_id(bos)
    if eos is not None:
        writer.add_eos_token_id(eos)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


if __name__ == "__main__":
    main()
