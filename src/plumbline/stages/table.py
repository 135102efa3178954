"""The stages recipes are made of, declared without importing torch.

clean      data -> data                  what should not be taught is taken out
pretrain   data (model) -> model         every token of texts, from nothing or from a model
train      model, data -> model          any objective of the table that keeps a language model
reward     model, data -> reward         an objective with a scalar head
grader     judge (constitution, template, prompts) -> reward   a model that grades by principles
rl         model, prompts, rewards (mix, reference) -> model   online: ppo, grpo, rloo, reinforce
sample     model, prompts -> samples
pick       model, prompts, reward -> samples    best of n
collect    samples (judge) -> data              people judge in the studio; the run waits for them
revise     samples, critic (constitution, template) -> data     a model mends answers
label      data, judge (constitution, template) -> labels   a model compares pairs of answers
pool       labels ... (audits) -> data          what labels of judges come to
audit      labels (people; against, since: audits) -> audit    people check a judge, or are awaited
together   people, judged (audit) -> data    both as one, the judge's weighed by its audit
join       data, data ... -> data    one after the other, in the order of their roles
"""

from __future__ import annotations

from plumbline.data.clean.settings import Cleaning
from plumbline.evals.audit.settings import Auditing
from plumbline.stages.collect import Collect
from plumbline.stages.judging.settings import Grading, Labelling, Pool
from plumbline.stages.online_settings import Onlining
from plumbline.stages.revise import Revising
from plumbline.stages.settings import Picking, Pretraining, Sampling, Training
from plumbline.stages.together import Together
from plumbline.store import stage

clean = stage(
    "clean",
    version=2,
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
grader = stage(
    "grader",
    version=1,
    settings=Grading,
    inputs={"judge?": "model", "constitution?": "any", "template?": "any", "prompts?": "data"},
    makes="reward",
    function="plumbline.stages.judging.grading:stage",
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
audit = stage(
    "audit",
    version=2,
    settings=Auditing,
    inputs={"labels": "labels", "people?": "data", "against?": "audit", "since?": "audit"},
    makes="audit",
    function="plumbline.stages.audit:audit",
)
revise = stage(
    "revise",
    version=1,
    settings=Revising,
    inputs={"answers": "samples", "critic?": "model", "constitution?": "any", "template?": "any"},
    makes="data",
    function="plumbline.stages.revise:revise",
)
label = stage(
    "label",
    version=2,
    settings=Labelling,
    inputs={"data": "any", "judge?": "model", "constitution?": "any", "template?": "any"},
    makes="labels",
    function="plumbline.stages.label:stage",
)
pool = stage(
    "pool",
    version=1,
    settings=Pool,
    inputs={"*": "any"},
    makes="data",
    function="plumbline.stages.judging.pool:stage",
)
together = stage(
    "together",
    version=1,
    settings=Together,
    inputs={"*": "any"},
    makes="data",
    function="plumbline.stages.together:together",
)
join = stage(
    "join",
    version=1,
    inputs={"*": "data"},
    makes="data",
    function="plumbline.stages.steps:join",
)
