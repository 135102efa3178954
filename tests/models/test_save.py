"""What is saved loads in plain transformers and peft, from any folder, to the same numbers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
import tiny
import torch
from peft import AutoPeftModelForCausalLM, PeftModel
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerFast,
)

from plumbline.core.errors import UserError
from plumbline.models import check
from plumbline.models.adapters import Lora
from plumbline.models.digest import digest_folder
from plumbline.models.heads import choose_pad
from plumbline.models.load import load_model
from plumbline.models.policy import Policy
from plumbline.models.save import Extras, save_policy
from plumbline.text.forest import grow

FOREST = grow(check.trees())
TEXT = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12]])


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tokenized(tiny.save("llama", tmp_path_factory.mktemp("in") / "base"))


def tokenized(folder: Path) -> Path:
    """Put a word tokenizer of 96 tokens into a model folder."""
    words = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"w{i}": i for i in range(3, tiny.VOCAB)}
    plain = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=plain, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    ).save_pretrained(folder)
    return folder


def policy_of(folder: Path, adapter: str = "lora", **settings) -> Policy:
    return load_model(folder, adapter=adapter, precision="fp32", device="cpu", **settings)


def shake(policy: Policy, size: float = 0.1, seed: int = 1) -> Policy:
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in policy.trained_state().values():
            parameter.add_(size * torch.randn_like(parameter))
    return policy


@torch.no_grad()
def logits(model: torch.nn.Module) -> torch.Tensor:
    return model.eval()(input_ids=TEXT).logits


def assert_close(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("adapter", ["full", "last:1"])
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma3"])
def test_models(tmp_path, adapter, name) -> None:
    policy = shake(policy_of(tiny.save(name, tmp_path / "in"), adapter))
    out = save_policy(policy, tmp_path / "out")
    assert_close(logits(AutoModelForCausalLM.from_pretrained(out)), logits(policy.model))
    assert not list(out.glob("*.bin")) and not list(out.glob(".*"))


def test_in_the_bases_dtype(tmp_path) -> None:
    folder = tiny.save("llama", tmp_path / "in", dtype=torch.bfloat16)
    policy = shake(policy_of(folder, "full"))
    out = save_policy(policy, tmp_path / "out")
    again = AutoModelForCausalLM.from_pretrained(out)
    assert again.dtype == torch.bfloat16
    for name, parameter in again.named_parameters():
        assert torch.equal(parameter, policy.trained_state()[name].bfloat16())


def test_an_untouched_model_keeps_its_identity(llama, tmp_path) -> None:
    out = save_policy(policy_of(llama, "full"), tmp_path / "out")
    assert digest_folder(out) == digest_folder(llama)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_adapters_load_with_peft_alone(tmp_path, name) -> None:
    policy = shake(policy_of(tiny.save(name, tmp_path / "base"), lora=Lora(r=4, alpha=12)))
    out = save_policy(policy, tmp_path / "out")
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["task_type"]) == (4, 12, "CAUSAL_LM")
    assert config["base_model_name_or_path"] == "../base"
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    assert_close(logits(PeftModel.from_pretrained(base, out)), logits(policy.model))


def test_the_readmes_lines_work_from_anywhere(llama, tmp_path) -> None:
    """PEFT alone reads the relative base from the current folder; the README does not."""
    policy = shake(policy_of(llama))
    out = save_policy(policy, tmp_path / "out")
    text = (out / "README.md").read_text()
    lines = [line[4:] for line in text.splitlines() if line.startswith("    ")]
    code = "\n".join(lines).replace('Path("...")', f"Path({str(out)!r})")
    scope: dict[str, object] = {}
    exec(code, scope)
    assert_close(logits(scope["model"]), logits(policy.model))
    here = Path.cwd()
    try:
        os.chdir(out)
        assert_close(logits(AutoPeftModelForCausalLM.from_pretrained(".")), logits(policy.model))
    finally:
        os.chdir(here)


def test_an_adapter_on_an_adapter_is_one_adapter_on_the_base(llama, tmp_path) -> None:
    first = shake(policy_of(llama, lora=Lora(r=4, alpha=12)))
    save_policy(first, tmp_path / "one")
    second = policy_of(tmp_path / "one", lora=Lora(r=2, alpha=8))
    given = logits(first.model)
    assert_close(logits(second.model), given)
    assert all(".default." in name for name in second.trained_state())
    frozen = {n: p.clone() for n, p in second.model.named_parameters() if ".given." in n}
    shake(second, seed=2)
    with second.reference():
        assert_close(logits(second.model), given)
    assert (logits(second.model) - given).abs().max() > 0.01
    for name, parameter in second.model.named_parameters():
        assert name not in frozen or torch.equal(parameter, frozen[name])

    out = save_policy(second, tmp_path / "two")
    config = json.loads((out / "adapter_config.json").read_text())
    assert config["r"] == 6
    assert (out / config["base_model_name_or_path"]).resolve() == llama.resolve()
    base = AutoModelForCausalLM.from_pretrained(llama)
    assert_close(logits(PeftModel.from_pretrained(base, out)), logits(second.model))
    assert_close(logits(policy_of(out, "none").model), logits(second.model))


def test_merged_is_a_whole_model(llama, tmp_path) -> None:
    policy = shake(policy_of(llama))
    out = save_policy(policy, tmp_path / "out", merge=True)
    assert not (out / "adapter_config.json").exists()
    torch.testing.assert_close(
        logits(AutoModelForCausalLM.from_pretrained(out)),
        logits(policy.model),
        rtol=1e-4,
        atol=1e-4,
    )


def test_an_adapter_folder_that_does_not_fit(llama, tmp_path) -> None:
    out = save_policy(policy_of(llama, lora=Lora(r=2)), tmp_path / "out")
    config = json.loads((out / "adapter_config.json").read_text())

    def refused(match: str, **change: object) -> None:
        (out / "adapter_config.json").write_text(json.dumps(config | change))
        with pytest.raises(UserError, match=match):
            policy_of(out)

    refused("differ, first", target_modules=["q_proj"])
    refused("not plain LoRA .use_dora", use_dora=True)
    refused("not plain LoRA .IA3", peft_type="IA3")
    refused("'../gone' was not found", base_model_name_or_path="../gone")


def padded(rows: list[list[int]], pad: int, side: str) -> torch.Tensor:
    width = max(map(len, rows))
    gaps = [[pad] * (width - len(row)) for row in rows]
    both = zip(rows, gaps, strict=True)
    return torch.tensor([gap + row if side == "left" else row + gap for row, gap in both])


def mask_of(rows: list[list[int]], side: str) -> torch.Tensor:
    return padded([[1] * len(row) for row in rows], 0, side)


@pytest.mark.parametrize("adapter", ["full", "lora"])
@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_rewards_are_those_of_plain_transformers(tmp_path, adapter, name) -> None:
    """On batches padded left and right; with pad = eos it would read one token early."""
    folder = tokenized(tiny.save(name, tmp_path / "base"))
    policy = shake(policy_of(folder, adapter, scalar_head=True))
    seen = {int(token) for tree in check.trees() for ids in (tree.prompt, *tree.completions)
            for token in ids}  # fmt: skip
    pad = choose_pad([2, 0], seen, policy.rows)
    assert pad not in seen
    out = save_policy(policy, tmp_path / "out", folder, extras=Extras(pad_id=pad))
    if adapter == "full":
        model = AutoModelForSequenceClassification.from_pretrained(out)
        assert model.config.pad_token_id == pad and model.config.num_labels == 1
    else:
        base = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)
        model = PeftModel.from_pretrained(base, out)
        model.config.pad_token_id = pad
    assert AutoTokenizer.from_pretrained(out).pad_token_id == pad
    rows = [
        [*tree.prompt.tolist(), *ids.tolist()] for tree in check.trees() for ids in tree.completions
    ]
    with torch.no_grad():
        ours = policy.values(FOREST)
        for side in ("left", "right"):
            mask = mask_of(rows, side)
            positions = (mask.cumsum(1) - 1).clamp_min(0)
            theirs = model.eval()(
                input_ids=padded(rows, pad, side), attention_mask=mask, position_ids=positions
            ).logits[:, 0]
            assert_close(ours, theirs)


def test_reward_on_an_adapter_and_back_in(llama, tmp_path) -> None:
    first = shake(policy_of(llama))
    save_policy(first, tmp_path / "sft")
    reward = shake(policy_of(tmp_path / "sft", scalar_head=True))
    out = save_policy(reward, tmp_path / "reward", extras=Extras(pad_id=0))
    again = policy_of(out, "none", scalar_head=True)
    with torch.no_grad():
        assert_close(again.values(FOREST), reward.values(FOREST))
    base = AutoModelForSequenceClassification.from_pretrained(llama, num_labels=1)
    base.config.pad_token_id = 0
    plain = PeftModel.from_pretrained(base, out)
    assert_close(logits(plain), logits(reward.model))
    with pytest.raises(UserError, match="reward"):
        policy_of(out, "none")


def test_tokenizer_template_and_end_ids_come_along(llama, tmp_path) -> None:
    folder = shutil.copytree(llama, tmp_path / "in")
    GenerationConfig(eos_token_id=[2, 7]).save_pretrained(folder)
    extras = Extras(end_ids=(9, 2), chat_template="{{ messages[0].content }}")
    for adapter in ("lora", "full"):
        out = save_policy(policy_of(folder, adapter), tmp_path / adapter, folder, extras=extras)
        tokenizer = AutoTokenizer.from_pretrained(out)
        assert tokenizer.encode("w5 w6") == [5, 6]
        said = tokenizer.apply_chat_template([{"role": "user", "content": "w5"}], tokenize=False)
        assert said == "w5"
        assert GenerationConfig.from_pretrained(out).eos_token_id == [2, 7, 9]


def test_saving_again_replaces_only_the_model(llama, tmp_path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "metrics.jsonl").write_text("{}\n")
    policy = policy_of(llama, "full")
    save_policy(policy, out)
    shake(policy)
    save_policy(policy, out)
    assert (out / "metrics.jsonl").read_text() == "{}\n"
    assert_close(logits(AutoModelForCausalLM.from_pretrained(out)), logits(policy.model))


def test_a_failed_save_leaves_the_old_model(llama, tmp_path, monkeypatch) -> None:
    from plumbline.models import save

    policy = policy_of(llama, "full")
    out = save_policy(policy, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def full_disk(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(save, "_generation", full_disk)
    with pytest.raises(UserError, match="no space left"):
        save_policy(shake(policy), out)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_nothing_in_the_folder_refers_to_this_package(llama, tmp_path) -> None:
    for adapter in ("full", "lora"):
        out = save_policy(policy_of(llama, adapter), tmp_path / adapter, llama)
        for file in out.iterdir():
            assert b"plumbline" not in file.read_bytes(), file
