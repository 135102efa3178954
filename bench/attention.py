"""Attention in bf16 beside attention in fp32 with both conversions, by length; with gradients.

    python bench/attention.py [--tokens 4096] [--heads 4] [--width 64]

Causal attention of `tokens` tokens in sequences of each length, inputs and outputs in bf16 on both
sides, sides alternating. A ratio above 1 says that going through fp32 is faster.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch.nn.functional import scaled_dot_product_attention

LENGTHS = (32, 64, 128, 256, 512, 1024)


def narrow(inputs: list[torch.Tensor]) -> None:
    scaled_dot_product_attention(*inputs, is_causal=True).sum().backward()


def widened(inputs: list[torch.Tensor]) -> None:
    out = scaled_dot_product_attention(*(x.float() for x in inputs), is_causal=True)
    out.bfloat16().sum().backward()


def seconds(side: Callable[[list[torch.Tensor]], None], inputs: list[torch.Tensor]) -> float:
    began = time.perf_counter()
    side(inputs)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=15)
    asked = parser.parse_args()
    print("| length | bf16, ms | through fp32, ms | ratio |\n|---|---|---|---|")
    for length in LENGTHS:
        shape = (max(1, asked.tokens // length), asked.heads, length, asked.width)
        inputs = [torch.randn(shape, dtype=torch.bfloat16, requires_grad=True) for _ in range(3)]
        times: dict[Callable[..., None], list[float]] = {narrow: [], widened: []}
        for _ in range(asked.repeats):
            for side, took in times.items():
                took.append(seconds(side, inputs))
        a, b = (1e3 * median(took[1:]) for took in times.values())
        print(f"| {length} | {a:.1f} | {b:.1f} | {a / b:.2f} |", flush=True)


if __name__ == "__main__":
    main()
