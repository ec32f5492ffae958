#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tiny random models of tests/data/tiny and the logits a trusted implementation gives.

    python3 tools/make_tiny_models.py            writes NAME.gguf, NAME.logits and index.json
    python3 tools/make_tiny_models.py --prove    shows that each part of each family changes the logits
    python3 tools/make_tiny_models.py --llama    runs the written files through llama.cpp and compares

Needs: torch, transformers, tokenizers, sentencepiece, gguf, numpy; --llama needs llama-cpp-python.

Every parameter is random (norm weights and biases too), attention is peaked and the logits are wide,
so that a missing rotation, window, bias or "+1" cannot hide. The values are multiples of what bfloat16
holds, only to make the files compress well; they are stored as F32.

index.json: {"models": [{name, file, logits, family, n_vocab, n_context, ids, positions, greedy, text,
text_ids, chat, ...}]}. `ids` is the whole input. NAME.logits holds, as little-endian float32
[len(positions), n_vocab], the logits after the tokens ids[0..position] for each of `positions`.
`greedy` are the most likely tokens that follow `ids`, `greedy_margin` how far the nearest rival of any
of them was. `text_ids` is `text` tokenized without BOS.
"""

import argparse
import io
import json
import os
import sys

import gguf
import numpy as np
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.path.join(HERE, "..", "tests", "data", "tiny")
CORPUS = """The kettle on the stove began to sing, and the small bird outside answered it. A child came in
from the garden with wet shoes, put a handful of stones on the table and said that each of them was a
planet. The red one was warm, the grey one was cold, and the green one, she said, was where the fish
lived. Nobody told her that fish need water; she had thought of that, and poured some on the table.
Later the rain stopped. The boards of the old house dried in the sun and made their little noises. The
clock in the hall counted 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, and the child counted with it. "How
many stones are there?" asked her brother. "Seven," she said, "and one of them is a moon." He wrote it
down: seven stones, one moon. Then they went to look for more of them along the river, where the water
is slow and the sand is warm, and where you can find glass that the water has made round.
The engine of the boat would not start. It has no fuel, said the man; it has no spark, said the woman;
it has no wish to go, said the child. They waited for the wind. When the wind came it was from the
south, and it smelled of bread and of smoke. They sailed past the mill, past the bridge, past the
houses with the blue doors. In the evening they made a fire and cooked what they had: two fish, some
rice, an onion. The stars came out one after another, and the child named each of them after a stone.
"""
TEXT = "The child counted 12 stones; one of them\nwas caf\u00e9-red \U0001f426!"
CHATML = (
    "{%- for turn in messages -%}<|im_start|>{{ turn.role }}\n{{ turn.content | trim }}<|im_end|>\n"
    "{% endfor -%}{%- if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}"
)
TURNS = (
    "{{ bos_token }}{%- for turn in messages -%}<start_of_turn>"
    "{{ 'model' if turn.role == 'assistant' else turn.role }}\n{{ turn.content | trim }}"
    "<end_of_turn>\n{% endfor -%}{%- if add_generation_prompt -%}<start_of_turn>model\n{% endif -%}"
)
NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = 1, 2, 3, 4, 5, 6


# --- vocabularies ---------------------------------------------------------------------------------
class Bpe:
    """Byte-level BPE; the split patterns are those that llama-3, qwen2 and smollm publish."""

    PATTERNS = {
        "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
        r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
        r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        "smollm": None,
    }
    SPECIAL = {
        "llama-bpe": (
            ["<|begin_of_text|>", "<|end_of_text|>", "<|im_start|>", "<|im_end|>"],
            0,
            3,
            True,
        ),
        "qwen2": (["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 0, 2, False),
        "smollm": (["<|endoftext|>", "<|im_start|>", "<|im_end|>"], 1, 2, False),
    }

    def __init__(self, pre, n_vocab):
        from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

        names, bos, eos, self.add_bos = self.SPECIAL[pre]
        split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pre == "smollm")
        if pre == "smollm":
            first = pre_tokenizers.Digits(individual_digits=True)
        else:
            first = pre_tokenizers.Split(Regex(self.PATTERNS[pre]), behavior="isolated")
        self.tokenizer = Tokenizer(models.BPE(ignore_merges=pre == "llama-bpe"))
        self.tokenizer.pre_tokenizer = pre_tokenizers.Sequence([first, split])
        self.tokenizer.decoder = decoders.ByteLevel()
        self.tokenizer.train_from_iterator(
            CORPUS.split("\n"),
            trainers.BpeTrainer(
                vocab_size=n_vocab - len(names),
                initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
                show_progress=False,
            ),
        )
        model = json.loads(self.tokenizer.to_str())["model"]
        words = sorted(model["vocab"], key=model["vocab"].get)
        self.pre, self.special = pre, names
        # Real vocabularies put the control tokens last (llama, qwen) or first (smollm).
        at_front = pre == "smollm"
        self.shift = len(names) if at_front else 0
        base = 0 if at_front else len(words)
        self.tokens = names + words if at_front else words + names
        self.types = [CONTROL if t in names else NORMAL for t in self.tokens]
        self.merges = [" ".join(m) for m in model["merges"]]
        self.bos, self.eos = base + bos, base + eos
        self.template = CHATML

    def encode(self, text):
        return [i + self.shift for i in self.tokenizer.encode(text).ids]

    def write(self, out):
        out.add_tokenizer_model("gpt2")
        out.add_tokenizer_pre(self.pre)
        out.add_token_list(self.tokens)
        out.add_token_types(self.types)
        out.add_token_merges(self.merges)


class Spm:
    """Sentencepiece BPE with byte fallback, as Llama 2 (a space in front) and Gemma (none)."""

    def __init__(self, gemma, n_vocab):
        import sentencepiece

        model = io.BytesIO()
        names = ["<start_of_turn>", "<end_of_turn>"] if gemma else ["<|im_start|>", "<|im_end|>"]
        ids = (
            dict(pad_id=0, eos_id=1, bos_id=2, unk_id=3)
            if gemma
            else dict(unk_id=0, bos_id=1, eos_id=2)
        )
        pieces = dict(bos_piece="<bos>", eos_piece="<eos>", pad_piece="<pad>") if gemma else {}
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS.split("\n")),
            model_writer=model,
            model_type="bpe",
            vocab_size=n_vocab,
            byte_fallback=True,
            add_dummy_prefix=not gemma,
            remove_extra_whitespaces=False,
            normalization_rule_name="identity",
            control_symbols=names,
            split_digits=True,
            character_coverage=0.98,
            minloglevel=2,
            num_threads=1,
            **ids,
            **pieces,
        )
        self.model = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        m = self.model
        self.n = m.get_piece_size()
        self.tokens = [m.id_to_piece(i).encode() for i in range(self.n)]
        self.scores = [m.get_score(i) for i in range(self.n)]
        self.types = [
            (
                BYTE
                if m.is_byte(i)
                else UNKNOWN if m.is_unknown(i) else CONTROL if m.is_control(i) else NORMAL
            )
            for i in range(self.n)
        ]
        self.gemma, self.add_bos = gemma, True
        self.bos, self.eos = m.bos_id(), m.piece_to_id(names[1])
        self.end_of_text, self.template = m.eos_id(), TURNS if gemma else CHATML

    def encode(self, text):
        return self.model.encode(text)

    def write(self, out):
        out.add_tokenizer_model("llama")
        out.add_tokenizer_pre("default")
        out.add_token_list(self.tokens)
        out.add_token_scores(self.scores)
        out.add_token_types(self.types)
        out.add_unk_token_id(self.model.unk_id())
        out.add_add_space_prefix(not self.gemma)
        out.add_eot_token_id(self.eos)


# --- the models -----------------------------------------------------------------------------------
def common(n_vocab, layers, heads, kv, head_dim, ffn, context, tied, eps):
    return dict(
        vocab_size=n_vocab,
        hidden_size=32,
        intermediate_size=ffn,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=kv,
        head_dim=head_dim,
        max_position_embeddings=context,
        tie_word_embeddings=tied,
        rms_norm_eps=eps,
        attn_implementation="eager",
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )


def rope(theta, **more):
    return {"rope_type": "default", "rope_theta": theta, **more}


def llama(tokenizer, theta, scaling=None, bias=False, **shape):
    parameters = dict(rope(theta), **(scaling or {}))
    config = transformers.LlamaConfig(
        **common(len(tokenizer.tokens), **shape), rope_parameters=parameters, attention_bias=bias
    )
    return "llama", config, transformers.LlamaForCausalLM(config)


def qwen2(tokenizer, theta, **shape):
    options = common(len(tokenizer.tokens), **shape)
    assert options["head_dim"] * options["num_attention_heads"] == options["hidden_size"]
    config = transformers.Qwen2Config(
        **options, rope_parameters=rope(theta), use_sliding_window=False
    )
    return "qwen2", config, transformers.Qwen2ForCausalLM(config)


def gemma3(tokenizer, theta, local, window, factor=None, **shape):
    full = (
        rope(theta)
        if factor is None
        else {"rope_type": "linear", "factor": factor, "rope_theta": theta}
    )
    config = transformers.Gemma3TextConfig(
        **common(len(tokenizer.tokens), **shape),
        sliding_window=window,
        query_pre_attn_scalar=shape["head_dim"],
        hidden_activation="gelu_pytorch_tanh",
        rope_parameters={"full_attention": full, "sliding_attention": rope(local)},
    )
    return "gemma3", config, transformers.Gemma3ForCausalLM(config)


LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

# name, why it is there, seed, number of ids, vocabulary, builder
MODELS = [
    (
        "llama-spm",
        "llama 2 kind: sentencepiece, untied, read past the trained context",
        31,
        72,
        lambda: Spm(False, 352),
        lambda t: llama(
            t,
            4000.0,
            layers=2,
            heads=2,
            kv=1,
            head_dim=16,
            ffn=64,
            context=48,
            tied=False,
            eps=1e-2,
        ),
    ),
    (
        "llama-tied",
        "smollm kind: tied, head_dim is not dim / heads, 4 heads on 2",
        2,
        56,
        lambda: Bpe("smollm", 320),
        lambda t: llama(
            t,
            100000.0,
            layers=2,
            heads=4,
            kv=2,
            head_dim=16,
            ffn=64,
            context=128,
            tied=True,
            eps=1e-5,
        ),
    ),
    (
        "llama3",
        "llama 3 kind: rope_freqs, untied, whole words before merges",
        63,
        80,
        lambda: Bpe("llama-bpe", 320),
        lambda t: llama(
            t,
            500.0,
            LLAMA3,
            layers=2,
            heads=2,
            kv=1,
            head_dim=16,
            ffn=64,
            context=512,
            tied=False,
            eps=1e-5,
        ),
    ),
    (
        "llama-bias",
        "q, k and v biases, permuted like the rows",
        64,
        40,
        lambda: Bpe("llama-bpe", 320),
        lambda t: llama(
            t,
            700.0,
            bias=True,
            layers=1,
            heads=4,
            kv=2,
            head_dim=8,
            ffn=32,
            context=128,
            tied=True,
            eps=1e-3,
        ),
    ),
    (
        "qwen2",
        "biases, 2 heads on 1, tied",
        45,
        56,
        lambda: Bpe("qwen2", 320),
        lambda t: qwen2(
            t,
            1000000.0,
            layers=2,
            heads=2,
            kv=1,
            head_dim=16,
            ffn=64,
            context=256,
            tied=True,
            eps=1e-6,
        ),
    ),
    (
        "qwen2-untied",
        "biases, 4 heads on 1, own output matrix",
        6,
        40,
        lambda: Bpe("qwen2", 320),
        lambda t: qwen2(
            t,
            2000.0,
            layers=1,
            heads=4,
            kv=1,
            head_dim=8,
            ffn=96,
            context=256,
            tied=False,
            eps=1e-2,
        ),
    ),
    (
        "gemma3",
        "local layers, a global one, a local one again; window 8; head_dim is not dim / heads",
        7,
        56,
        lambda: Spm(True, 320),
        lambda t: gemma3(
            t,
            1000000.0,
            10000.0,
            8,
            layers=7,
            heads=2,
            kv=1,
            head_dim=32,
            ffn=32,
            context=256,
            tied=True,
            eps=1e-6,
        ),
    ),
    (
        "gemma3-linear",
        "linear rope scaling of the global layer, local base in the file",
        48,
        48,
        lambda: Spm(True, 320),
        lambda t: gemma3(
            t,
            8000.0,
            300.0,
            12,
            factor=8.0,
            layers=6,
            heads=4,
            kv=2,
            head_dim=16,
            ffn=32,
            context=256,
            tied=True,
            eps=1e-3,
        ),
    ),
]


def bf16(x):
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x8000) & np.uint32(0xFFFF0000)).view(np.float32)


def randomise(family, model, seed):
    """Scales keep the residual stream level, the attention scores at about +-3 and the logits at +-2."""
    random = np.random.RandomState(seed)
    gemma = family.startswith("gemma")
    tied = model.config.tie_word_embeddings
    for name, p in model.named_parameters():
        shape = tuple(p.shape)
        noise = random.standard_normal(shape)
        if name.endswith("norm.weight"):
            middle = 0.0 if gemma else 1.0
            if gemma and ("q_norm" in name or "k_norm" in name):
                middle = 0.6  # with +1: scores of about 1.6 * 1.6
            value = middle + 0.35 * noise
        elif name.endswith("bias"):
            value = 0.7 * noise
        elif "embed_tokens" in name or "lm_head" in name:
            value = noise * (2.2 / np.sqrt(shape[1]) if tied or "lm_head" in name else 1.0)
        elif "q_proj" in name or "k_proj" in name:
            value = noise * (1.8 / np.sqrt(shape[1]))
        else:
            value = noise * (1.3 / np.sqrt(shape[1]))
        if name.endswith("o_proj.bias"):
            value = np.zeros(shape)  # no family here writes one
        p.data = torch.from_numpy(bf16(value).reshape(shape).copy())
    model.tie_weights()
    return model.eval()


@torch.no_grad()
def logits_of(model, ids):
    return model(torch.tensor([ids]), use_cache=False).logits[0].float().numpy()


# --- writing GGUF ---------------------------------------------------------------------------------
def pair_rows(w, n_heads):
    """Rotation on halves becomes rotation on neighbours: rows (h, half, i) -> (h, i, half)."""
    rows = w.shape[0]
    return w.reshape(n_heads, 2, rows // n_heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
TOP_NAMES = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def gguf_name(family, name):
    stem, kind = name.rsplit(".", 1)
    if stem in TOP_NAMES:
        return f"{TOP_NAMES[stem]}.{kind}"
    _, _, layer, part = stem.split(".", 3)
    if family == "gemma3" and "layernorm" in part and part != "input_layernorm":
        short = {
            "post_attention_layernorm": "post_attention_norm",
            "pre_feedforward_layernorm": "ffn_norm",
            "post_feedforward_layernorm": "post_ffw_norm",
        }[part]
    elif part == "post_attention_layernorm":
        short = "ffn_norm"
    else:
        short = LAYER_NAMES[part]
    return f"blk.{layer}.{short}.{kind}"


def llama3_factors(config):
    """How much slower each pair turns: 1 for short waves, the factor for long ones, between them a blend."""
    p = config.rope_parameters
    base, trained = p["rope_theta"], p["original_max_position_embeddings"]
    low, high = p["low_freq_factor"], p["high_freq_factor"]
    factors = []
    for i in range(0, config.head_dim, 2):
        turns = trained / (2 * np.pi * base ** (i / config.head_dim))
        blend = min(1.0, max(0.0, (turns - low) / (high - low)))
        factors.append(1.0 / ((1 - blend) / p["factor"] + blend))
    return np.array(factors, dtype=np.float32)


def write_gguf(path, name, family, config, model, vocabulary):
    out = gguf.GGUFWriter(path, family)
    out.add_type("model")
    out.add_name(f"tiny {name}")
    out.add_license("apache-2.0")
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_block_count(config.num_hidden_layers)
    out.add_feed_forward_length(config.intermediate_size)
    out.add_head_count(config.num_attention_heads)
    out.add_head_count_kv(config.num_key_value_heads)
    out.add_layer_norm_rms_eps(config.rms_norm_eps)
    out.add_file_type(0)
    if family == "gemma3":
        full, local = (
            config.rope_parameters["full_attention"],
            config.rope_parameters["sliding_attention"],
        )
        out.add_rope_freq_base(full["rope_theta"])
        out.add_sliding_window(config.sliding_window)
        if full["rope_type"] == "linear":
            out.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
            out.add_rope_scaling_factor(full["factor"])
        if local["rope_theta"] != 10000.0:  # the default that files of this family leave out
            out.add_rope_freq_base_swa(local["rope_theta"])
    else:
        out.add_rope_freq_base(config.rope_parameters["rope_theta"])
    if family == "llama":
        out.add_vocab_size(config.vocab_size)
        out.add_rope_dimension_count(config.head_dim)
    if family == "gemma3" or config.head_dim * config.num_attention_heads != config.hidden_size:
        out.add_key_length(config.head_dim)
        out.add_value_length(config.head_dim)
    vocabulary.write(out)
    out.add_bos_token_id(vocabulary.bos)
    out.add_eos_token_id(vocabulary.end_of_text if isinstance(vocabulary, Spm) else vocabulary.eos)
    out.add_add_bos_token(vocabulary.add_bos)
    out.add_chat_template(vocabulary.template)

    if family == "llama" and config.rope_parameters["rope_type"] == "llama3":
        out.add_tensor("rope_freqs.weight", llama3_factors(config))
    for key, p in model.named_parameters():
        w = p.detach().numpy()
        if key.endswith("o_proj.bias"):
            assert not w.any()
            continue
        if family == "llama" and ".q_proj." in key:
            w = pair_rows(w, config.num_attention_heads)
        if family == "llama" and ".k_proj." in key:
            w = pair_rows(w, config.num_key_value_heads)
        if family == "gemma3" and key.endswith("norm.weight"):
            w = w + 1.0
        out.add_tensor(gguf_name(family, key), np.ascontiguousarray(w, dtype=np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


# --- what each part is worth ----------------------------------------------------------------------
def rotary(model):
    return model.model.rotary_emb


def turn_off_rope(model, config):
    for key, buffer in list(rotary(model).named_buffers()):
        if key.endswith("inv_freq"):
            buffer.zero_()


def set_frequencies(key, theta, scale=1.0):
    def change(model, config):
        buffer = getattr(rotary(model), key)
        buffer.copy_(
            scale / theta ** (torch.arange(0, config.head_dim, 2).float() / config.head_dim)
        )

    return change


def scale_frequencies(key, factor):
    def change(model, config):
        getattr(rotary(model), key).mul_(factor)

    return change


def edit(part, function):
    def change(model, config):
        hits = 0
        for name, p in model.named_parameters():
            if part in name:
                p.data = function(name, p.data, config).contiguous()
                hits += 1
        assert hits, part

    return change


def ones(gemma):
    return lambda name, w, config: torch.zeros_like(w) if gemma else torch.ones_like(w)


def each_attention(function):
    def change(model, config):
        for i, layer in enumerate(model.model.layers):
            function(layer.self_attn, i, config)

    return change


def set_scaling(attention, i, config):
    attention.scaling = (config.hidden_size / config.num_attention_heads) ** -0.5


def spread_heads(name, w, config):
    """Query head h reads key head h % kv instead of h / (heads / kv)."""
    heads, kv = config.num_attention_heads, config.num_key_value_heads
    order = [k * (heads // kv) + g for g in range(heads // kv) for k in range(kv)]
    rows = w.reshape(heads, -1, *w.shape[1:])
    return rows[torch.tensor(order)].reshape(w.shape)


def spread_heads_back(model, config):
    edit("q_proj", spread_heads)(model, config)
    heads, kv = config.num_attention_heads, config.num_key_value_heads
    order = torch.tensor([k * (heads // kv) + g for g in range(heads // kv) for k in range(kv)])
    for layer in model.model.layers:
        w = layer.self_attn.o_proj.weight
        w.data = w.data.reshape(w.shape[0], heads, -1)[:, order].reshape(w.shape).contiguous()


def pair_wrong(name, w, config):
    heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
    return torch.from_numpy(pair_rows(w.numpy(), heads))


def reload_with(config, model, **changes):
    """The same parameters under another configuration."""
    other_config = type(config)(**{**config.to_dict(), **changes, "attn_implementation": "eager"})
    other = type(model)(other_config)
    other.load_state_dict(model.state_dict())
    other.tie_weights()
    return other.eval()


class Identity(torch.nn.Module):
    def forward(self, x):
        return x


def drop_qk_norm(attention, i, config):
    attention.q_norm = attention.k_norm = Identity()


def drop_post_norms(model, config):
    for layer in model.model.layers:
        layer.post_attention_layernorm = layer.post_feedforward_layernorm = Identity()


def other_activation(model, config):
    for layer in model.model.layers:
        act = (
            torch.nn.SiLU()
            if "gelu" in str(layer.mlp.act_fn).lower()
            else torch.nn.GELU(approximate="tanh")
        )
        layer.mlp.act_fn = act


def untie_embedding_scale(model, config):
    model.model.embed_tokens.embed_scale.fill_(1.0)


def set_eps(model, config):
    for module in model.modules():
        for key in ("eps", "variance_epsilon"):
            if hasattr(module, key):
                setattr(module, key, getattr(module, key) * 0.1)


def switches(family, config, model):
    """(what is left out or done wrong, change of a copy | function giving another model)"""
    gemma = family == "gemma3"
    yield "rope left out", turn_off_rope
    if gemma:
        local = config.rope_parameters["sliding_attention"]["rope_theta"]
        full = config.rope_parameters["full_attention"]["rope_theta"]
        yield "local rope base as global", set_frequencies("sliding_attention_inv_freq", full)
        yield "global rope base as local", set_frequencies("full_attention_inv_freq", local)
        if config.rope_parameters["full_attention"]["rope_type"] == "linear":
            yield "linear scaling left out", scale_frequencies("full_attention_inv_freq", 8.0)
            yield "linear scaling of local layers", scale_frequencies(
                "sliding_attention_inv_freq", 1 / 8
            )
            yield "local rope base 10000", set_frequencies("sliding_attention_inv_freq", 10000.0)
        kinds = config.layer_types
        yield "window left out", lambda m, c: reload_with(c, m, sliding_window=4096)
        yield "window one longer", lambda m, c: reload_with(
            c, m, sliding_window=c.sliding_window + 1
        )
        yield "window one shorter", lambda m, c: reload_with(
            c, m, sliding_window=c.sliding_window - 1
        )
        yield "all layers global", lambda m, c: reload_with(
            c, m, layer_types=["full_attention"] * len(kinds)
        )
        yield "all layers local", lambda m, c: reload_with(
            c, m, layer_types=["sliding_attention"] * len(kinds)
        )
        yield "pattern one layer early", lambda m, c: reload_with(
            c, m, layer_types=kinds[1:] + kinds[:1]
        )
        if len(kinds) > 6:
            late = ["full_attention" if i >= 5 else k for i, k in enumerate(kinds)]
            yield "pattern does not start again", lambda m, c: reload_with(c, m, layer_types=late)
        yield "q and k norm left out", each_attention(drop_qk_norm)
        yield "post norms left out", drop_post_norms
        yield "norm weights without +1", edit("norm.weight", lambda n, w, c: w - 1)
        yield "q and k norm without +1", edit("k_norm.weight", lambda n, w, c: w - 1)
        yield "embedding not scaled", untie_embedding_scale
    else:
        base = config.rope_parameters["rope_theta"]
        key = "inv_freq"
        yield "rope base 10000", set_frequencies(key, 10000.0)
        yield "q and k rows as neighbours", lambda m, c: [
            edit(p, pair_wrong)(m, c) for p in ("q_proj", "k_proj")
        ]
        if config.rope_parameters["rope_type"] == "llama3":
            yield "rope_freqs left out", set_frequencies(key, base)
            yield "rope_freqs upside down", lambda m, c: rotary(m).inv_freq.copy_(
                rotary(m).inv_freq * torch.from_numpy(llama3_factors(c)) ** 2
            )
    if family == "qwen2" or getattr(config, "attention_bias", False):
        for part in ("q_proj.bias", "k_proj.bias", "v_proj.bias"):
            yield f"{part} left out", edit(part, lambda n, w, c: torch.zeros_like(w))
    if config.head_dim * config.num_attention_heads != config.hidden_size:
        yield "scores over sqrt(dim / heads)", each_attention(set_scaling)
    if config.num_key_value_heads > 1:
        yield "key heads spread wrongly", spread_heads_back
    for part in ("input_layernorm", "post_attention_layernorm", "model.norm.weight"):
        yield f"{part} weights left out", edit(part, ones(gemma))
    if gemma:
        for part in ("pre_feedforward_layernorm", "post_feedforward_layernorm"):
            yield f"{part} weights left out", edit(part, ones(gemma))
    if not config.tie_word_embeddings:
        yield "output matrix taken as tied", lambda m, c: m.lm_head.weight.data.copy_(
            m.model.embed_tokens.weight
        )
    if config.rms_norm_eps >= 1e-3:
        yield "epsilon ten times smaller", set_eps
    yield "the other activation", other_activation


def build(entry):
    name, why, seed, n_ids, make_vocabulary, make_model = entry
    vocabulary = make_vocabulary()
    family, config, model = make_model(vocabulary)
    randomise(family, model, seed)
    random = np.random.RandomState(1000 + seed)
    first = [vocabulary.bos] if vocabulary.add_bos else []
    ids = first + [int(i) for i in random.randint(4, len(vocabulary.tokens), n_ids - len(first))]
    positions = sorted(set(range(0, n_ids, 8)) | set(range(n_ids - 6, n_ids)))
    return name, why, vocabulary, family, config, model, ids, positions


def prove():
    import copy

    weakest = None
    with torch.no_grad():
        for entry in MODELS:
            name, why, _, family, config, model, ids, positions = build(entry)
            base = logits_of(model, ids)[positions]
            peak = np.mean(np.sort(torch.softmax(torch.from_numpy(base), -1).numpy(), -1)[:, -1])
            print(
                f"\n{name}: {why}\n    logits: deviation {base.std():.2f}, mean top probability {peak:.2f}"
            )
            assert base.std() >= 1
            for what, change in switches(family, config, model):
                other = copy.deepcopy(model)
                result = change(other, config)
                other = result if isinstance(result, torch.nn.Module) else other
                moved = np.abs(logits_of(other, ids)[positions] - base).max()
                weakest = min(weakest or moved, moved)
                print(f"    {what:42} {moved:9.4f}{'' if moved > 0.01 else '   HIDDEN'}")
    print(f"\nweakest: {weakest:.4f}")
    return 0 if weakest > 0.01 else 1


# --- writing everything ---------------------------------------------------------------------------
def greedy(model, ids, n):
    ids, out, margin = list(ids), [], np.inf
    for _ in range(n):
        last = logits_of(model, ids)[-1]
        best, rival = np.sort(last)[::-1][:2]
        margin = min(margin, float(best - rival))
        out.append(int(last.argmax()))
        ids.append(out[-1])
    return out, margin


def render(template, vocabulary, messages):
    import jinja2

    token = vocabulary.tokens[vocabulary.bos]
    return (
        jinja2.Environment()
        .from_string(template)
        .render(
            messages=messages,
            add_generation_prompt=True,
            bos_token=token.decode() if isinstance(token, bytes) else token,
        )
    )


def write_all():
    os.makedirs(FOLDER, exist_ok=True)
    rows = []
    for entry in MODELS:
        name, why, vocabulary, family, config, model, ids, positions = build(entry)
        write_gguf(os.path.join(FOLDER, name + ".gguf"), name, family, config, model, vocabulary)
        chosen = logits_of(model, ids)[positions].astype("<f4")
        with open(os.path.join(FOLDER, name + ".logits"), "wb") as f:
            f.write(chosen.tobytes())
        following, margin = greedy(model, ids, 16)
        messages = [{"role": "user", "content": "How many stones? "}]
        rows.append(
            dict(
                name=name,
                why=why,
                family=family,
                file=name + ".gguf",
                logits=name + ".logits",
                n_vocab=config.vocab_size,
                n_context=config.max_position_embeddings,
                n_layers=config.num_hidden_layers,
                ids=ids,
                positions=positions,
                greedy=following,
                greedy_margin=round(margin, 4),
                text=TEXT,
                text_ids=vocabulary.encode(TEXT),
                add_bos=vocabulary.add_bos,
                messages=messages,
                chat=render(vocabulary.template, vocabulary, messages),
            )
        )
        print(
            f"{name}: {os.path.getsize(os.path.join(FOLDER, name + '.gguf'))} bytes, greedy margin {margin:.3f}"
        )
    with open(os.path.join(FOLDER, "index.json"), "w", encoding="utf-8") as f:
        f.write('{"models": [\n')
        f.write(",\n".join(json.dumps(row, ensure_ascii=True) for row in rows))
        f.write("\n]}\n")


# --- llama.cpp's opinion --------------------------------------------------------------------------
def run_llama():
    import ctypes

    import llama_cpp

    quiet = llama_cpp.llama_log_callback(lambda level, text, user: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    failed = False
    with open(os.path.join(FOLDER, "index.json"), encoding="utf-8") as f:
        rows = json.load(f)["models"]
    for row in rows:
        options = llama_cpp.llama_model_default_params()
        model = llama_cpp.llama_model_load_from_file(
            os.path.join(FOLDER, row["file"]).encode(), options
        )
        if not model:
            print(f"{row['name']:16} does not load")
            failed = True
            continue
        vocab = llama_cpp.llama_model_get_vocab(model)
        setting = llama_cpp.llama_context_default_params()
        setting.n_ctx = setting.n_batch = setting.n_ubatch = 256
        setting.n_threads = setting.n_threads_batch = 2
        setting.type_k = setting.type_v = 0  # F32
        setting.flash_attn_type = 0
        context = llama_cpp.llama_init_from_model(model, setting)
        n = len(row["ids"])
        batch = llama_cpp.llama_batch_init(n, 0, 1)
        batch.n_tokens = n
        for i, token in enumerate(row["ids"]):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = token, i, 1, 0
            batch.logits[i] = i in row["positions"]
        assert llama_cpp.llama_decode(context, batch) == 0
        size = row["n_vocab"]
        got = np.stack(
            [
                np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(context, p), (size,))
                for p in row["positions"]
            ]
        )
        with open(os.path.join(FOLDER, row["logits"]), "rb") as f:
            want = np.frombuffer(f.read(), "<f4").reshape(-1, size)
        worst = np.abs(got - want).max()
        text = row["text"].encode()
        room = (llama_cpp.llama_token * 512)()
        count = llama_cpp.llama_tokenize(vocab, text, len(text), room, 512, False, False)
        same = list(room[:count]) == row["text_ids"]
        failed |= worst > 1e-2 or not same  # its gelu reads a table of half precision
        print(
            f"{row['name']:16} largest difference {worst:.6f}, tokens {'equal' if same else 'DIFFER'}"
        )
        if not same:
            print("    ", list(room[:count]), "\n    ", row["text_ids"])
        llama_cpp.llama_free(context)
        llama_cpp.llama_model_free(model)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--llama", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    if arguments.prove:
        return prove()
    if arguments.llama:
        return run_llama()
    write_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
