"""How a DPO step's time grows with prompt length, K, batch and vocabulary, and its share of peak.

    python bench/growth.py [--threads N] [--repeats 3] [--precision bf16]

Random tokens on the benchmark's model (Qwen3 shape: 8 layers, width 512, 8 heads, 4 of them for
keys); forward, backward and update of one step with reference columns given. Peak is the
rate of a 2048 x 2048 matrix product measured in the same run; the work of a step is
6 FLOP x parameters of the layers a token x tokens, plus the head's for trained tokens, plus
attention's 12 FLOP x layers x width x keys seen (half of what a mask allows is not used).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from statistics import median

import numpy as np
import torch
from transformers import AutoModelForCausalLM, Qwen3Config

from plumbline.core.types import Example, PairOf
from plumbline.engine.batches import Item
from plumbline.engine.engine import Engine
from plumbline.engine.memory import micro_tokens
from plumbline.models import check
from plumbline.models.policy import Policy, Source
from plumbline.objectives import build
from plumbline.text.forest import TokenTree

BASE = {"prompt": 192, "answer": 64, "k": 2, "batch": 8, "vocabulary": 8192}
TRIALS = [
    {},
    {"prompt": 64},
    {"prompt": 384},
    {"prompt": 768},
    {"k": 4},
    {"k": 8},
    {"batch": 4},
    {"batch": 16},
    {"vocabulary": 151_936},
]


def policy(vocabulary: int) -> Policy:
    config = Qwen3Config(
        vocab_size=vocabulary, hidden_size=512, intermediate_size=1536, num_hidden_layers=8,
        num_attention_heads=8, num_key_value_heads=4, head_dim=64, tie_word_embeddings=True,
        max_position_embeddings=2048,
    )  # fmt: skip
    torch.manual_seed(0)
    net = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").train()
    return Policy(net, check.route(net), Source(Path("."), ""))


def items(prompt: int, answer: int, k: int, batch: int, vocabulary: int) -> list[Item]:
    """Trees of exactly these sizes, the first answer preferred to each other one."""
    rng = np.random.default_rng(0)
    pairs = tuple(PairOf(0, j, weight=1 / (k - 1)) for j in range(1, k))
    made = []
    for _ in range(batch):
        answers = tuple(rng.integers(0, vocabulary, answer) for _ in range(k))
        tree = TokenTree(
            rng.integers(0, vocabulary, prompt),
            answers,
            tuple(np.ones(answer, bool) for _ in answers),
        )
        item = Item(tree, Example((), ((),) * k, pairs))
        made.append(item.with_extra("ref_logp", (np.full(answer, -9, np.float32),) * k))
    return made


def seconds(model: Policy, step: list[Item], repeats: int) -> float:
    """Median seconds of a step after one that warms up."""
    engine = Engine(
        model, build("dpo"), micro_tokens=micro_tokens(model.model.config, model.device)
    )
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        engine.forward_backward(step)
        engine.optim_step(1e-6)
        times.append(time.perf_counter() - began)
    return median(times[1:])


def work(model: Policy, step: list[Item]) -> float:
    """FLOP of forward and backward."""
    head = model.head.weight.numel()
    body = sum(p.numel() for p in model.parameters()) - head
    layers, width = model.model.config.num_hidden_layers, model.model.config.hidden_size
    total = 0.0
    for item in step:
        trunk = len(item.tree.prompt)
        total += 6 * body * item.tree.size()
        total += 6 * head * sum(int(t.sum()) for t in item.tree.trained)
        keys = trunk * trunk / 2
        keys += sum(len(c) * trunk + len(c) ** 2 / 2 for c in item.tree.completions)
        total += 12 * layers * width * keys
    return total


def peak(repeats: int = 5, dtype: torch.dtype = torch.float32) -> float:
    """FLOP a second of a plain matrix product."""
    a, b = torch.randn(2048, 2048, dtype=dtype), torch.randn(2048, 2048, dtype=dtype)
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        torch.mm(a, b)
        times.append(time.perf_counter() - began)
    return 2 * 2048**3 / median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    asked = parser.parse_args()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    bf16 = asked.precision == "bf16"
    best = peak(dtype=torch.bfloat16 if bf16 else torch.float32)
    print(f"matrix products: {best / 1e9:.0f} GFLOP/s on {torch.get_num_threads()} threads\n")
    print("| prompt | answers | batch | vocabulary | tokens | s a step | share of peak |")
    print("|---|---|---|---|---|---|---|")
    for change in TRIALS:
        size = {**BASE, **change}
        model, step = policy(size["vocabulary"]), items(**size)
        model.bf16 = bf16
        took, tokens = seconds(model, step, asked.repeats), sum(i.tree.size() for i in step)
        share = work(model, step) / took / best
        print(
            f"| {size['prompt']} | {size['k']} x {size['answer']} | {size['batch']} | "
            f"{size['vocabulary']} | {tokens} | {took:.2f} | {share:.0%} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
