"""The stages recipes are made of, declared without importing torch.

train      model, data -> model          any objective of the table that keeps a language model
reward     model, data -> reward         an objective with a scalar head
sample     model, prompts -> samples
"""

from __future__ import annotations

from plumbline.stages.settings import Sampling, Training
from plumbline.store import stage

train = stage(
    "train",
    version=1,
    settings=Training,
    inputs={"model": "model", "data": "data", "teacher?": "model"},
    makes="model",
    function="plumbline.stages.steps:train",
)
reward = stage(
    "reward",
    version=1,
    settings=Training,
    inputs={"model": "model", "data": "data"},
    makes="reward",
    function="plumbline.stages.steps:train",
)
sample = stage(
    "sample",
    version=1,
    settings=Sampling,
    inputs={"model": "model", "prompts": "data"},
    makes="samples",
    function="plumbline.stages.steps:sample",
)
