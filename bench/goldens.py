"""Losses and gradients of TRL's own trainers on fixed token ids, for the default test suite.

Runs in the peers' environment (`make goldens`) and writes into tests/goldens: a tiny Qwen3 policy,
reference and reward model (fp32, seeded), the token ids, and per case TRL's loss and the gradient
of every parameter. The trainers are TRL's, with its collators and `compute_loss`; only the token
ids are given. KTO's mismatched pairs are TRL's rotation by one.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
import trl
from datasets import Dataset
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3ForSequenceClassification,
)
from trl.trainer.dpo_trainer import DataCollatorForPreference as PairCollator
from trl.trainer.kto_trainer import DataCollatorForUnpairedPreference as LabelCollator
from trl.trainer.reward_trainer import DataCollatorForPreference as RewardCollator

HERE = Path(__file__).resolve().parent.parent / "tests" / "goldens"
VOCABULARY, PAD, END = 48, 0, 1
SEED = 7
Example = dict[str, Any]


def config() -> Qwen3Config:
    return Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=None,
        eos_token_id=END,
    )


def make(kind: type[PreTrainedModel], seed: int) -> PreTrainedModel:
    """A random model whose attention and log-ratios are far from uniform."""
    torch.manual_seed(seed)
    made = config()
    made.num_labels = 1
    model = kind(made)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(1.0 if parameter.ndim == 1 else 0.0, 0.15)
    return model


def pairs() -> list[Example]:
    """Six prompts of different lengths with two answers each; no id is the pad."""
    r = random.Random(SEED)

    def ids(low: int, high: int) -> list[int]:
        return [r.randrange(2, VOCABULARY) for _ in range(r.randint(low, high))]

    return [
        {
            "prompt_ids": ids(2, 9),
            "chosen_ids": [*ids(1, 8), END],
            "rejected_ids": [*ids(1, 8), END],
            "margin": round(r.random(), 2),
        }
        for _ in range(6)
    ]


def labelled(found: list[Example]) -> list[Example]:
    """Answers as single labels, and TRL's mismatched twins: completions rotated by one."""
    rows = [
        {
            "prompt_ids": p["prompt_ids"],
            "completion_ids": p[f"{side}_ids"],
            "label": side == "chosen",
        }
        for i, p in enumerate(found)
        for side in (("chosen", "rejected") if i < 4 else ("chosen",))
    ]
    last = [rows[-1], *rows[:-1]]
    return [
        {**row, "KL_completion_ids": twin["completion_ids"]}
        for row, twin in zip(rows, last, strict=True)
    ]


def tokenizer() -> PreTrainedTokenizerFast:
    words = {"<pad>": PAD, "<end>": END} | {f"w{i}": i for i in range(2, VOCABULARY)}
    plain = Tokenizer(models.WordLevel(words, unk_token="<end>"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", eos_token="<end>")


def arguments(folder: str, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": folder,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": [],
        "per_device_train_batch_size": 16,
        **more,
    }


def preference_case(folder: str, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    def trainer() -> tuple[Any, Any]:
        data = Dataset.from_list([{"prompt": "w2 ", "chosen": "w3 ", "rejected": "w4 "}])
        made = trl.DPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(HERE / "policy"),
            ref_model=AutoModelForCausalLM.from_pretrained(HERE / "reference"),
            args=trl.DPOConfig(**arguments(folder, **settings)),
            train_dataset=data,
            processing_class=tokenizer(),
        )
        return made, PairCollator(pad_token_id=PAD)(pairs())

    return trainer


def kto_case(folder: str, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    def trainer() -> tuple[Any, Any]:
        data = Dataset.from_list(
            [{"prompt": "w2 ", "completion": "w3 ", "label": good} for good in (True, False)]
        )
        made = trl.KTOTrainer(
            model=AutoModelForCausalLM.from_pretrained(HERE / "policy"),
            ref_model=AutoModelForCausalLM.from_pretrained(HERE / "reference"),
            args=trl.KTOConfig(**arguments(folder, **settings)),
            train_dataset=data,
            processing_class=tokenizer(),
        )
        return made, LabelCollator(pad_token_id=PAD)(labelled(pairs()))

    return trainer


def reward_case(folder: str, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    def trainer() -> tuple[Any, Any]:
        data = Dataset.from_list([{"prompt": "w2 ", "chosen": "w3 ", "rejected": "w4 "}])
        made = trl.RewardTrainer(
            model=AutoModelForSequenceClassification.from_pretrained(HERE / "reward"),
            args=trl.RewardConfig(**arguments(folder, **settings)),
            train_dataset=data,
            processing_class=tokenizer(),
        )
        whole = [
            {
                "chosen_ids": p["prompt_ids"] + p["chosen_ids"],
                "rejected_ids": p["prompt_ids"] + p["rejected_ids"],
                "margin": p["margin"],
            }
            for p in pairs()
        ]
        return made, RewardCollator(pad_token_id=PAD)(whole)

    return trainer


def sft_case(folder: str, **settings: Any) -> Callable[[], tuple[Any, Any]]:
    def trainer() -> tuple[Any, Any]:
        made = trl.SFTTrainer(
            model=AutoModelForCausalLM.from_pretrained(HERE / "policy"),
            args=trl.SFTConfig(**arguments(folder, **settings)),
            train_dataset=Dataset.from_list([{"prompt": "w2 ", "completion": "w3 "}]),
            processing_class=tokenizer(),
        )
        rows = [
            {
                "input_ids": p["prompt_ids"] + p["chosen_ids"],
                "labels": [-100] * len(p["prompt_ids"]) + p["chosen_ids"],
            }
            for p in pairs()
        ]
        return made, made.data_collator(rows)

    return trainer


def measure(
    case: Callable[[], tuple[Any, Any]],
) -> tuple[dict[str, float], dict[str, torch.Tensor]]:
    """Loss, logged metrics and gradients of one `compute_loss` in train mode."""
    trainer, inputs = case()
    trainer.model.train()
    loss = trainer.compute_loss(trainer.model, inputs)
    loss.backward()
    logged = {name: float(v[-1]) for name, v in trainer._metrics["train"].items()}
    gradients = {n: p.grad.contiguous() for n, p in trainer.model.named_parameters()}
    return {"loss": float(loss.detach()), **logged}, gradients


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    for name, kind, seed in (
        ("policy", Qwen3ForCausalLM, 1),
        ("reference", Qwen3ForCausalLM, 5),
        ("reward", Qwen3ForSequenceClassification, 3),
    ):
        make(kind, seed).save_pretrained(HERE / name)
    with tempfile.TemporaryDirectory() as folder:
        cases = {
            "sft": sft_case(folder),
            "bradley_terry": reward_case(folder, center_rewards_coefficient=0.01),
            "dpo": preference_case(folder, beta=0.1),
            "dpo_robust": preference_case(
                folder, beta=0.5, loss_type=["robust"], label_smoothing=0.1
            ),
            "ipo": preference_case(folder, beta=0.1, loss_type=["ipo"]),
            "kto": kto_case(folder, beta=0.1, desirable_weight=1.2, undesirable_weight=0.8),
        }
        found = {name: measure(case) for name, case in cases.items()}
    record = {
        "trl": trl.__version__,
        "torch": torch.__version__.partition("+")[0],
        "pairs": pairs(),
        "labelled": labelled(pairs()),
        "cases": {name: numbers for name, (numbers, _) in found.items()},
    }
    (HERE / "trl.json").write_text(json.dumps(record, indent=1) + "\n")
    flat = {f"{name}/{p}": g for name, (_, grads) in found.items() for p, g in grads.items()}
    save_file(flat, HERE / "trl.safetensors")
    for name, numbers in record["cases"].items():
        print(name, {k: round(v, 5) for k, v in numbers.items()}, file=sys.stderr)


if __name__ == "__main__":
    main()
