"""What both sides of the benchmark are given: a 29 M model, a tokenizer, 160 real pairs.

The model is Qwen3-shaped (8 layers, width 512, 8 heads, 4 key-value heads, vocabulary 8192, tied),
random from a seed; the tokenizer a byte-level BPE trained on the English text and the comparisons
of the shared data. The pairs are the first 160 of hh-rlhf's harmless-base test file with a shared
prompt, no empty answer and at most 1024 tokens a side. The peers' files hold the same texts in the
order plumbline will take them, so that both see the same batches.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SEED, PAIRS, LENGTH, VOCABULARY = 0, 160, 1024, 8192
COMPARISONS = "data/hh-rlhf/harmless-base/test.jsonl.gz"
TURN = "\n\nAssistant:"


def build(folder: Path, shared: Path, *, pairs: int = PAIRS) -> dict[str, Any]:
    """Write model and data into `folder` (once); what they are."""
    about = folder / f"about-{pairs}.json"
    if about.exists():
        return json.loads(about.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    lines = list(comparisons(shared))
    if not (folder / "model" / "tokenizer.json").exists():
        write_tokenizer(folder / "model", texts(shared, lines))
        write_model(folder / "model")
    chosen = usable(lines, folder / "model", pairs)
    write_data(folder, chosen)
    found = describe(folder, chosen)
    about.write_text(json.dumps(found, indent=1) + "\n")
    return found


def comparisons(shared: Path) -> Iterator[dict[str, str]]:
    with gzip.open(shared / COMPARISONS, "rt", encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def texts(shared: Path, lines: list[dict[str, str]]) -> Iterator[str]:
    """What the tokenizer is trained on."""
    for line in lines:
        yield line["chosen"]
        yield line["rejected"].rpartition(TURN)[2]
    for path in sorted((shared / "data" / "english").rglob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from (json.loads(line)["text"] for line in file)


def write_tokenizer(folder: Path, found: Iterator[str]) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=["<|pad|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    plain.train_from_iterator(found, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<|pad|>", eos_token="<|end|>")
    made.save_pretrained(folder)


def write_model(folder: Path) -> None:
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(SEED)
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=512,
        intermediate_size=1536,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=4,
        head_dim=64,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
    )
    Qwen3ForCausalLM(config).save_pretrained(folder)


def split(line: dict[str, str]) -> tuple[str, str, str] | None:
    """Prompt (ending at the open turn) and the two answers; None where they share no prompt."""
    prompt, _, chosen = line["chosen"].rpartition(TURN)
    other, _, rejected = line["rejected"].rpartition(TURN)
    if prompt != other or not chosen.strip() or not rejected.strip() or chosen == rejected:
        return None
    return prompt + TURN, chosen, rejected


def usable(
    lines: list[dict[str, str]], model: Path, count: int
) -> list[tuple[dict[str, str], tuple[str, str, str]]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    kept = []
    for line in lines:
        parts = split(line)
        if parts is None:
            continue
        # Room for the end tokens of earlier turns and a token at the boundary.
        longest = max(len(tokenizer(parts[0] + answer)["input_ids"]) for answer in parts[1:])
        if longest <= LENGTH - 24:
            kept.append((line, parts))
        if len(kept) == count:
            return kept
    raise SystemExit(f"only {len(kept)} usable pairs of {count}")


def write_data(folder: Path, found: list[tuple[dict[str, str], tuple[str, str, str]]]) -> None:
    """pairs.jsonl for plumbline; trl-pairs, trl-labels and trl-demos in the order of its steps."""
    from plumbline.engine.order import permutation

    ordered = [found[i][1] for i in permutation(len(found), SEED, 0)]
    pairs = [{"prompt": p, "chosen": c, "rejected": r} for p, c, r in ordered]
    labels = [
        {"prompt": p, "completion": answer, "label": good}
        for p, c, r in ordered
        for answer, good in ((c, True), (r, False))
    ]
    demos = [{"prompt": p, "completion": c} for p, c, _ in ordered]
    for name, rows in (
        ("pairs", [line for line, _ in found]),
        ("trl-pairs", pairs),
        ("trl-labels", labels),
        ("trl-demos", demos),
    ):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}-{len(found)}.jsonl").write_text(text)


def describe(
    folder: Path, found: list[tuple[dict[str, str], tuple[str, str, str]]]
) -> dict[str, Any]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder / "model")

    def count(text: str) -> int:
        return len(tokenizer(text)["input_ids"])

    prompts = [count(p) for _, (p, _, _) in found]
    answers = [count(text) for _, (_, *both) in found for text in both]
    return {
        "pairs": len(found),
        "prompt_tokens": {"mean": sum(prompts) / len(prompts), "most": max(prompts)},
        "answer_tokens": {"mean": sum(answers) / len(answers), "most": max(answers)},
    }
