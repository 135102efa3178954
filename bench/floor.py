"""The memory nobody can avoid: imports, weights, gradients and AdamW's state of a full training.

Run in either environment; its peak resident memory is read from outside.
"""

from __future__ import annotations

import importlib
import sys

import torch
from transformers import AutoModelForCausalLM

IMPORTS = {"plumbline": ["plumbline.stages.command"], "trl": ["trl.trainer.dpo_trainer"]}


def main(side: str, model: str) -> None:
    for name in IMPORTS[side]:
        importlib.import_module(name)
    net = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    torch.optim.AdamW(net.parameters(), lr=1e-6).step()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
