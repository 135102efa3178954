"""New tokens a second: plumbline's sampler beside `transformers`' generate on the same work.

    python bench/sampling.py [--repeats 3] [--rows 64 128 256] [--precision fp32] [--ends]
        [--portion 1024]

64 prompts of 128 random tokens x 4 samples x 64 new tokens on the benchmark model (Qwen3 shape, 29
M parameters). Each side is tried at every batch size of `--rows`, sides alternating, and the best
median of each is compared; both draw at temperature 1 from the whole vocabulary. `--ends` lets one
token in 64 end an answer, so that batches thin out. Then greedy tokens are compared: a difference
counts where the gap between the two likeliest tokens is at least 1e-4 nats.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import growth
import torch

from plumbline.models import branches
from plumbline.models.draw import Draw
from plumbline.models.policy import Policy
from plumbline.models.sampler import Sample, sample

PROMPTS, LENGTH, N, NEW, VOCABULARY = 64, 128, 4, 64, 8192
GAP = 1e-4


def ours(policy: Policy, prompts: torch.Tensor, rows: int, ends: list[int]) -> int:
    got = sample(policy, prompts.tolist(), n=N, max_new=NEW, rows=rows, stop_ids=ends)
    return sum(len(one.ids) for one in got)


def theirs(policy: Policy, prompts: torch.Tensor, rows: int, ends: list[int]) -> int:
    model, made = policy.model, 0
    model.set_attn_implementation("sdpa")
    model.eval()
    with torch.no_grad(), policy.autocast():
        for part in prompts.split(max(1, rows // N)):
            out = model.generate(
                part, attention_mask=torch.ones_like(part), do_sample=True, top_k=0, top_p=1.0,
                num_return_sequences=N, max_new_tokens=NEW, pad_token_id=0,
                eos_token_id=ends or None,
            )  # fmt: skip
            new = out[:, LENGTH:]
            stopped = torch.isin(new, torch.tensor(ends)).cumsum(1) if ends else new * 0
            made += int((stopped - torch.isin(new, torch.tensor(ends)).int() == 0).sum())
    model.set_attn_implementation("sdpa_along_paths")
    return made


def timed(side, policy: Policy, prompts: torch.Tensor, rows: int, ends: list[int]) -> float:
    began = time.perf_counter()
    made = side(policy, prompts, rows, ends)
    return made / (time.perf_counter() - began)


def greedy(policy: Policy, prompts: torch.Tensor) -> tuple[int, int, int]:
    """Answers that differ, of those the ones at a gap of at least GAP, and all."""
    got = sample(policy, prompts.tolist(), max_new=NEW, draw=Draw(0.0))
    model = policy.model
    model.set_attn_implementation("sdpa")
    model.eval()
    with torch.no_grad():
        out = model.generate(
            prompts, attention_mask=torch.ones_like(prompts), do_sample=False, max_new_tokens=NEW,
            pad_token_id=0, eos_token_id=None, output_logits=True, return_dict_in_generate=True,
        )  # fmt: skip
    model.set_attn_implementation("sdpa_along_paths")
    differ = wrong = 0
    for row, one in enumerate(got):
        at = first_difference(one, out.sequences[row, LENGTH:].tolist())
        if at is not None:
            top = out.logits[at][row].topk(2).values
            differ, wrong = differ + 1, wrong + int(top[0] - top[1] >= GAP)
    return differ, wrong, len(got)


def first_difference(one: Sample, want: list[int]) -> int | None:
    return next((i for i, (a, b) in enumerate(zip(one.ids, want, strict=True)) if a != b), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rows", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--ends", action="store_true")
    parser.add_argument("--portion", type=int, default=branches.PORTION["cpu"])
    asked = parser.parse_args()
    policy = growth.policy(VOCABULARY)
    policy.bf16 = asked.precision == "bf16"
    branches.PORTION["cpu"] = asked.portion
    torch.manual_seed(1)
    prompts = torch.randint(2, VOCABULARY, (PROMPTS, LENGTH))
    ends = list(range(2, 2 + VOCABULARY // 64)) if asked.ends else []
    sides = {"plumbline": ours, "generate": theirs}
    rates: dict[tuple[str, int], list[float]] = {}
    for _ in range(asked.repeats):
        for rows in asked.rows:
            for name, side in sides.items():
                rate = timed(side, policy, prompts, rows, ends)
                rates.setdefault((name, rows), []).append(rate)
                print(f"{name:10} rows {rows:4}: {rate:7.0f} new tokens/s", flush=True)
    best = {n: max(median(rates[n, rows]) for rows in asked.rows) for n in sides}
    ratio = best["plumbline"] / best["generate"]
    print(f"best medians: {best['plumbline']:.0f} and {best['generate']:.0f}, ratio {ratio:.2f}")
    if not policy.bf16:
        differ, wrong, all_ = greedy(policy, prompts)
        print(f"greedy: {differ} of {all_} answers differ, {wrong} at a gap of {GAP} or more")


if __name__ == "__main__":
    main()
