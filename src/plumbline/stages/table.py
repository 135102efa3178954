"""The stages recipes are made of, declared without importing torch.

clean      data -> data                  what should not be taught is taken out
pretrain   data (model) -> model         every token of texts, from nothing or from a model
train      model, data -> model          any objective of the table that keeps a language model
reward     model, data -> reward         an objective with a scalar head
rl         model, prompts, rewards (mix, reference) -> model   online: ppo, grpo, rloo, reinforce
sample     model, prompts -> samples
pick       model, prompts, reward -> samples    best of n
collect    samples (judge) -> data              people judge in the studio; the run waits for them
join       data, data ... -> data    one after the other, in the order of their roles
"""

from __future__ import annotations

from plumbline.data.clean.settings import Cleaning
from plumbline.stages.collect import Collect
from plumbline.stages.online_settings import Onlining
from plumbline.stages.settings import Picking, Pretraining, Sampling, Training
from plumbline.store import stage

clean = stage(
    "clean",
    version=1,
    settings=Cleaning,
    inputs={"data": "data", "against?": "data"},
    makes="data",
    function="plumbline.stages.clean:clean",
)
pretrain = stage(
    "pretrain",
    version=1,
    settings=Pretraining,
    inputs={"data": "data", "model?": "model", "tokenizer?": "model"},
    makes="model",
    function="plumbline.stages.pretrain:stage",
)
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
    version=2,
    settings=Training,
    inputs={"model": "model", "data": "data"},
    makes="reward",
    function="plumbline.stages.steps:train",
)
rl = stage(
    "rl",
    version=2,
    settings=Onlining,
    inputs={
        "model": "model",
        "prompts": "data",
        "mix?": "data",
        "reference?": "model",
        "*": "reward",
    },
    makes="model",
    function="plumbline.stages.steps:online",
)
sample = stage(
    "sample",
    version=1,
    settings=Sampling,
    inputs={"model": "model", "prompts": "data"},
    makes="samples",
    function="plumbline.stages.steps:sample",
)
pick = stage(
    "pick",
    version=1,
    settings=Picking,
    inputs={"model": "model", "prompts": "data", "reward": "reward"},
    makes="samples",
    function="plumbline.stages.steps:pick",
)
collect = stage(
    "collect",
    version=1,
    settings=Collect,
    inputs={"answers": "samples", "judge?": "reward"},
    makes="data",
    function="plumbline.stages.collect:collect",
)
join = stage(
    "join",
    version=1,
    inputs={"*": "data"},
    makes="data",
    function="plumbline.stages.steps:join",
)
