#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The long suite: real models, run by minnow and by llama.cpp, on the same text.

    ./dev test-models [--models NAME..] [--checks NAME..] [--text FILE] ...

Needs MINNOW (the program) and MINNOW_LOGITS (tests/models/model_logits.c), which ./dev sets. The other
side is the Python package llama-cpp-python (build it with clang: gcc 12 makes it slow) with numpy; without
it the comparisons are skipped, with a word. LLAMA_BENCH names llama.cpp's bench program, for speed and
memory. Models come through `minnow pull --catalogue tests/models.catalogue`, about 1.9 GB in all.

Checks: ppl     perplexity of 32 windows of 512 tokens, within 0.5 % of llama.cpp's
        f32     minnow's evaluation of the model as F32 agrees with llama.cpp's: mean KL below 1e-5
        kl      mean KL from the F32 evaluation, on 2,048 tokens, as a prompt and token by token: not more
                than llama.cpp's
        greedy  24 tokens after each of 20 prompts: equal to llama.cpp's, or parting where the F32
                logits differ by less than 0.1 or where F32 picks the token that minnow picked
        memory  peak resident size, not more than 5 % above llama.cpp's
        speed   prefill and decode, rounds of both programs in turn; a ratio, no gate

The last line sums up; the exit code is 0 only if no check failed.
"""

import argparse
import contextlib
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time

MODELS = ["smollm2:135m", "gemma3:270m", "qwen2.5-coder:0.5b", "qwen2.5-coder:1.5b"]
CHECKS = ["ppl", "f32", "kl", "greedy", "memory", "speed"]
PROMPTS = [
    "The capital of France is",
    "Water boils at",
    "def fibonacci(n):",
    "Once upon a time",
    "The three primary colours are",
    "In 1969, humans first",
    "A recipe for bread begins with",
    "The opposite of hot is",
    "for (int i = 0;",
    "The largest planet in the solar system",
    "Dear Sir or Madam,",
    "The sea was calm and",
    "SELECT name FROM",
    "If it rains tomorrow,",
    "The heart pumps blood",
    "2 + 2 =",
    "Les enfants jouent",
    "import numpy as np\n",
    "My favourite book is about",
    "A bicycle has two wheels, a car has",
]
WINDOW = 512


def run_json(*arguments):
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def peak_bytes(arguments):
    """Largest resident size of a command. Asked while it runs: what the kernel says afterwards
    counts this process too, from before the command took its place."""
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while child.poll() is None:
        with contextlib.suppress(OSError), open(f"/proc/{child.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith("VmHWM:"):
                    peak = max(peak, int(line.split()[1]) * 1024)
        time.sleep(0.02)
    if child.returncode:
        raise RuntimeError(f"{arguments[0]}: exit {child.returncode}")
    return peak


# --- the two sides: each turns windows of ids into rows of logits ------------------------------------
class Llama:
    """llama.cpp through its C interface. kv: 0 is F32, 1 is F16 (its default)."""

    library = None

    def __init__(self, path, kv=1, threads=0):
        import llama_cpp

        if Llama.library is None:
            Llama.quiet = llama_cpp.llama_log_callback(lambda level, text, user: None)
            llama_cpp.llama_log_set(Llama.quiet, ctypes.c_void_p(0))
            llama_cpp.llama_backend_init()
            Llama.library = llama_cpp
        self.c = llama_cpp
        options = llama_cpp.llama_model_default_params()
        self.model = llama_cpp.llama_model_load_from_file(path.encode(), options)
        if not self.model:
            raise RuntimeError(f"llama.cpp cannot open {path}")
        setting = llama_cpp.llama_context_default_params()
        setting.n_ctx = setting.n_batch = setting.n_ubatch = WINDOW
        setting.n_threads = setting.n_threads_batch = threads or os.cpu_count()
        setting.type_k = setting.type_v = kv
        setting.flash_attn_type = 0 if kv == 0 else -1
        self.context = llama_cpp.llama_init_from_model(self.model, setting)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        self.batch = llama_cpp.llama_batch_init(WINDOW, 0, 1)

    def close(self):
        self.c.llama_batch_free(self.batch)
        self.c.llama_free(self.context)
        self.c.llama_model_free(self.model)

    def tokenize(self, text, bos=True):
        raw = text.encode()
        room = (self.c.llama_token * (len(raw) + 16))()
        n = self.c.llama_tokenize(self.vocabulary, raw, len(raw), room, len(room), bos, False)
        return list(room[:n])

    def adds_bos(self):
        return bool(self.c.llama_vocab_get_add_bos(self.vocabulary))

    def bos(self):
        return self.c.llama_vocab_bos(self.vocabulary)

    def forget(self):
        self.c.llama_memory_clear(self.c.llama_get_memory(self.context), True)
        self.n = 0

    def feed(self, ids, first):
        """Reads ids in one batch; rows of logits from position `first` of the context on."""
        import numpy

        batch = self.batch
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, self.n + i, 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = self.n + i >= first or i == len(ids) - 1
        if self.c.llama_decode(self.context, batch):
            raise RuntimeError("llama_decode failed")
        wanted = [i for i in range(len(ids)) if self.n + i >= first]
        self.n += len(ids)
        rows = [
            numpy.ctypeslib.as_array(
                self.c.llama_get_logits_ith(self.context, i), (self.n_vocab,)
            ).copy()
            for i in wanted
        ]
        return numpy.array(rows, dtype=numpy.float32)

    def windows(self, windows, first, decode=False):
        import numpy

        for ids in windows:
            self.forget()
            if not decode:
                yield self.feed(ids, first)
            else:
                self.feed(ids[:first], first)
                yield numpy.concatenate([self.feed([token], 0) for token in ids[first:]])


class Minnow:
    def __init__(self, path, kv="f16"):
        self.path, self.kv = path, kv

    def windows(self, windows, first, decode=False):
        import numpy

        child = subprocess.Popen(
            [
                os.environ["MINNOW_LOGITS"],
                self.path,
                "decode" if decode else "prompt",
                self.kv,
                str(WINDOW),
                str(first),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        n_rows = WINDOW - first
        try:
            for ids in windows:
                child.stdin.write(numpy.array(ids, dtype=numpy.int32).tobytes())
                child.stdin.flush()
                size = n_rows * self.n_vocab * 4
                raw = child.stdout.read(size)
                if len(raw) != size:
                    raise RuntimeError("model_logits ended early")
                yield numpy.frombuffer(raw, dtype=numpy.float32).reshape(n_rows, self.n_vocab)
        finally:
            child.stdin.close()
            child.stdout.close()
            child.wait()


def log_softmax(rows):
    import numpy

    rows = rows.astype(numpy.float64)
    rows -= rows.max(axis=1, keepdims=True)
    return rows - numpy.log(numpy.exp(rows).sum(axis=1, keepdims=True))


def mean_kl(reference, others, windows, first):
    """{name: mean KL(reference || other)} in nats, the sides walked together, window by window."""
    import numpy

    sums, n = {name: 0.0 for name in others}, 0
    walks = {name: side(windows) for name, side in others.items()}
    for rows in reference.windows(windows, first):
        p = log_softmax(rows)
        weight = numpy.exp(p)
        for name, walk in walks.items():
            sums[name] += float((weight * (p - log_softmax(next(walk)))).sum())
        n += len(rows)
    for walk in walks.values():
        walk.close()
    return {name: total / n for name, total in sums.items()}, n


# --- the checks: each returns (passed, a line) -------------------------------------------------------
class Suite:
    def __init__(self, arguments, name, path, work):
        self.a, self.name, self.path, self.work = arguments, name, path, work
        self.minnow = os.environ["MINNOW"]
        self.bench = os.environ.get("LLAMA_BENCH")
        self.threads = arguments.threads or os.cpu_count()

    @contextlib.contextmanager
    def llama(self, path=None, kv=1):
        side = Llama(path or self.path, kv, self.threads)
        try:
            yield side
        finally:
            side.close()

    def f32_path(self):
        path = os.path.join(self.work, self.name.replace(":", "-") + "-f32.gguf")
        if not os.path.exists(path):
            subprocess.run(
                [self.minnow, "export", self.path, "-o", path, "--type", "f32", "-q"], check=True
            )
        return path

    def windows_of(self, side, count):
        """Windows as llama-perplexity cuts them: BOS takes the place of each first token."""
        with open(self.a.text, encoding="utf-8") as f:
            ids = side.tokenize(f.read())
        windows = [ids[i * WINDOW : (i + 1) * WINDOW] for i in range(count)]
        if side.adds_bos():
            for window in windows:
                window[0] = side.bos()
        return windows

    def check_ppl(self):
        import numpy

        ours = run_json(
            self.minnow,
            "score",
            self.path,
            "-f",
            self.a.text,
            "--ctx",
            str(WINDOW),
            "--chunks",
            str(self.a.chunks),
            "-t",
            str(self.threads),
            "--json",
        )
        with self.llama() as side:
            windows, nll, n = self.windows_of(side, self.a.chunks), 0.0, 0
            for ids, rows in zip(windows, side.windows(windows, WINDOW // 2)):
                targets = numpy.array(ids[WINDOW // 2 + 1 :])
                nll -= float(log_softmax(rows[:-1])[numpy.arange(len(targets)), targets].sum())
                n += len(targets)
        theirs = float(numpy.exp(nll / n))
        apart = abs(ours["ppl"] / theirs - 1)
        same = ours["tokens"] == n
        return apart < 0.005 and same, (
            f"perplexity {ours['ppl']:.4f}, llama.cpp {theirs:.4f}, {100 * apart:.3f} % apart, "
            f"{ours['tokens']} and {n} tokens"
        )

    def check_f32(self):
        path = self.f32_path()
        with self.llama(path, kv=0) as side:
            windows = self.windows_of(side, 2)
            mine = Minnow(path, "f32")
            mine.n_vocab = side.n_vocab
            kl, n = mean_kl(
                side,
                {
                    "prompt": lambda w: mine.windows(w, WINDOW // 2),
                    "decode": lambda w: mine.windows(w, WINDOW // 2, True),
                },
                windows,
                WINDOW // 2,
            )
        worst = max(kl.values())
        return (
            worst < 1e-5,
            f"KL from llama.cpp's F32: {kl['prompt']:.2e} and {kl['decode']:.2e} on {n} tokens",
        )

    def check_kl(self):
        path = self.f32_path()
        with self.llama(path, kv=0) as reference, self.llama() as side, self.llama() as stepper:
            windows = self.windows_of(reference, self.a.kl_windows)
            mine = Minnow(self.path)
            mine.n_vocab = reference.n_vocab
            first = WINDOW // 2
            kl, n = mean_kl(
                reference,
                {
                    "prompt": lambda w: mine.windows(w, first),
                    "decode": lambda w: mine.windows(w, first, True),
                    "llama prompt": lambda w: side.windows(w, first),
                    "llama decode": lambda w: stepper.windows(w, first, True),
                },
                windows,
                first,
            )
        passed = kl["prompt"] <= kl["llama prompt"] and kl["decode"] <= kl["llama decode"]
        return passed, (
            f"KL from F32 on {n} tokens: prompt {kl['prompt']:.6f} (llama.cpp {kl['llama prompt']:.6f}), "
            f"decode {kl['decode']:.6f} (llama.cpp {kl['llama decode']:.6f})"
        )

    def greedy_of_llama(self, side, prompt):
        side.forget()
        rows = side.feed(prompt, len(prompt) - 1)
        ids = []
        for _ in range(24):
            ids.append(int(rows[-1].argmax()))
            if self.library_ends(side, ids[-1]):
                break
            rows = side.feed([ids[-1]], 0)
        return ids

    @staticmethod
    def library_ends(side, token):
        return bool(side.c.llama_vocab_is_eog(side.vocabulary, token))

    def check_greedy(self):
        equal, ties, right, wrong = 0, 0, 0, []
        with self.llama() as side, self.llama(self.f32_path(), kv=0) as judge:
            for text in PROMPTS:
                prompt = side.tokenize(text)
                out = run_json(
                    self.minnow,
                    "run",
                    self.path,
                    text,
                    "--raw",
                    "--temp",
                    "0",
                    "-n",
                    "24",
                    "--logprobs",
                    "0",
                    "-t",
                    str(self.threads),
                    "--json",
                    "-q",
                )
                ours = [row["id"] for row in out["logprobs"]]
                theirs = self.greedy_of_llama(side, prompt)
                n = min(len(ours), len(theirs))
                at = next((i for i in range(n) if ours[i] != theirs[i]), None)
                if at is None:
                    equal += 1
                    continue
                judge.forget()
                last = judge.feed(prompt + ours[:at], len(prompt) + at - 1)[-1]
                ahead = float(last[ours[at]] - last[theirs[at]])
                if abs(ahead) < 0.1:
                    ties += 1
                elif ahead > 0 and last.argmax() == ours[at]:
                    right += 1
                else:
                    wrong.append(f"{text!r} at token {at}: F32 logits {ahead:.3f} behind")
        line = f"{equal} of {len(PROMPTS)} equal, {ties} part at a tie, {right} where F32 is with minnow"
        return not wrong, "; ".join([line] + wrong)

    def check_memory(self):
        if not self.bench:
            return None, "skipped: LLAMA_BENCH is not set"
        t = str(self.threads)
        ours = peak_bytes(
            [self.minnow, "bench", self.path, "-p", "512", "-n", "16", "--rounds", "1", "-t", t]
        )
        theirs = peak_bytes(
            [self.bench, "-m", self.path, "-p", "512", "-n", "16", "-r", "1", "-t", t]
        )
        return ours <= 1.05 * theirs, f"peak {ours / 1e6:.0f} MB, llama.cpp {theirs / 1e6:.0f} MB"

    def check_speed(self):
        if not self.bench:
            return None, "skipped: LLAMA_BENCH is not set"
        t = str(self.threads)
        ratios = {"prefill": [], "decode": []}
        for _ in range(self.a.rounds):
            ours = run_json(
                self.minnow,
                "bench",
                self.path,
                "-p",
                "512",
                "-n",
                "64",
                "--rounds",
                "1",
                "-t",
                t,
                "--json",
            )
            theirs = run_json(
                self.bench,
                "-m",
                self.path,
                "-p",
                "512",
                "-n",
                "64",
                "-r",
                "1",
                "-t",
                t,
                "-o",
                "json",
            )
            for row in theirs:
                kind = "prefill" if row["n_prompt"] else "decode"
                ratios[kind].append(ours[kind + "_tps"] / row["avg_ts"])
        words = [
            f"{kind} {statistics.median(r):.2f} ({min(r):.2f} to {max(r):.2f})"
            for kind, r in ratios.items()
        ]
        return True, f"times llama.cpp's speed, {self.a.rounds} rounds in turn: " + ", ".join(words)


def find_text():
    data = os.environ.get("MINNOW_TEST_DATA")
    return os.path.join(data, "text", "wikitext2_valid.raw.txt") if data else None


def pull(minnow, name):
    subprocess.run([minnow, "pull", "--catalogue", "tests/models.catalogue", name], check=True)
    for row in run_json(minnow, "ls", "--json"):
        if row["name"] == name:
            return row["path"]
    raise RuntimeError(f"{name} was pulled, yet 'minnow ls' does not list it")


def main():
    parser = argparse.ArgumentParser(description="The long suite: real models against llama.cpp.")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--checks", nargs="+", default=CHECKS, choices=CHECKS)
    parser.add_argument(
        "--text", default=find_text(), help="the text; wikitext of MINNOW_TEST_DATA"
    )
    parser.add_argument("--chunks", type=int, default=32)
    parser.add_argument("--kl-windows", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument(
        "--work", default="build/models", help="where F32 copies go (deleted after each)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the F32 copies")
    a = parser.parse_args()
    if not a.text:
        print("skipped: set MINNOW_TEST_DATA, or give --text FILE")
        return 77
    try:
        import llama_cpp  # noqa: F401
        import numpy  # noqa: F401
    except ImportError as missing:
        print(
            f"skipped: {missing}; CC=clang CXX=clang++ python3 -m pip install llama-cpp-python numpy"
        )
        return 77
    os.makedirs(a.work, exist_ok=True)
    counts, results = {True: 0, False: 0, None: 0}, {}
    for name in a.models:
        path = name if os.path.exists(name) else pull(os.environ["MINNOW"], name)
        suite = Suite(a, os.path.basename(name).replace(".gguf", ""), path, a.work)
        for check in a.checks:
            try:
                passed, line = getattr(suite, "check_" + check)()
            except (RuntimeError, subprocess.CalledProcessError) as error:
                passed, line = False, str(error)
            counts[passed] += 1
            results[f"{name} {check}"] = {"passed": passed, "line": line}
            word = {True: "ok", False: "FAILED", None: "-"}[passed]
            print(f"{name:20} {check:7} {word:6} {line}", flush=True)
        if not a.keep and os.path.exists(
            suite_f32 := os.path.join(a.work, suite.name.replace(":", "-") + "-f32.gguf")
        ):
            os.remove(suite_f32)
    with open(os.path.join(a.work, "results.json"), "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1)
    print(f"models: {counts[True]} ok, {counts[False]} failed, {counts[None]} skipped")
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
