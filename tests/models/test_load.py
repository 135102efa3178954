"""Loading: what is trained, in which dtypes, the reference, and every refusal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from plumbline.core.errors import UserError
from plumbline.models import check, precision
from plumbline.models.adapters import Lora, linear_names
from plumbline.models.digest import digest_folder
from plumbline.models.load import load_model
from plumbline.models.locate import hub_name, resolve_model
from plumbline.models.policy import Policy
from plumbline.models.save import save_policy
from plumbline.text.forest import TokenTree, grow

FOREST = grow(check.trees())


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save("llama", tmp_path_factory.mktemp("llama"))


def policy_of(folder: Path, adapter: str = "lora", **settings) -> Policy:
    return load_model(folder, adapter=adapter, device="cpu", **settings)


def logp(policy: Policy) -> torch.Tensor:
    with torch.no_grad():
        return policy.logprobs(policy.grow(check.trees())).logp


def shake(policy: Policy, size: float = 0.1) -> None:
    """Stand in for training: move every trained weight."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in policy.trained_state().values():
            parameter.add_(size * torch.randn_like(parameter))


def broken(folder: Path, to: Path, change) -> Path:
    """A copy of a model folder with its tensors changed."""
    shutil.copytree(folder, to)
    tensors = load_file(to / "model.safetensors")
    change(tensors)
    save_file(tensors, to / "model.safetensors", metadata={"format": "pt"})
    return to


# What is trained


def test_lora_starts_as_the_given_model_and_the_reference_stays_it(llama) -> None:
    policy = policy_of(llama)
    given = logp(policy_of(llama, "none"))
    assert torch.equal(logp(policy), given)
    assert all(".lora_" in name for name in policy.trained_state())
    shake(policy)
    assert (logp(policy) - given).abs().max() > 0.01
    before = {name: p.requires_grad for name, p in policy.model.named_parameters()}
    with policy.reference():
        assert torch.equal(logp(policy), given)
    assert {name: p.requires_grad for name, p in policy.model.named_parameters()} == before
    assert (logp(policy) - given).abs().max() > 0.01


def test_lora_is_on_every_linear_layer_and_nowhere_else(llama, tmp_path) -> None:
    policy = policy_of(llama, lora=Lora(r=4, alpha=8))
    assert len(policy.trained_state()) == 2 * 7 * 2  # seven linear layers a block, A and B
    assert not any("embed" in name or "lm_head" in name for name in policy.trained_state())
    gpt2 = policy_of(tiny.save("gpt2", tmp_path))
    assert len(gpt2.trained_state()) == 2 * 4 * 2
    assert {n.rsplit(".", 1)[-1] for n in linear_names(policy_of(llama, "none").model)} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip


def test_the_same_seed_gives_the_same_adapter(llama) -> None:
    def first(seed: int) -> torch.Tensor:
        return next(iter(policy_of(llama, seed=seed).trained_state().values()))

    state = torch.get_rng_state()
    assert torch.equal(first(1), first(1)) and not torch.equal(first(1), first(2))
    assert torch.equal(torch.get_rng_state(), state), "loading must not touch the global generator"


def test_last_n_trains_blocks_and_final_norm(llama) -> None:
    policy = policy_of(llama, "last:1")
    names = set(policy.trained_state())
    assert names and all(n.startswith("model.layers.1.") or n == "model.norm.weight" for n in names)
    given = logp(policy)
    reference = policy.load_reference()
    shake(policy)
    assert torch.equal(logp(reference), given) and not torch.equal(logp(policy), given)
    mine, theirs = (dict(p.model.named_parameters()) for p in (policy, reference))
    shared = [n for n in mine if mine[n].data_ptr() == theirs[n].data_ptr()]
    assert set(shared) == set(mine) - names


def test_full_trains_everything_against_a_frozen_copy(llama) -> None:
    policy = policy_of(llama, "full")
    assert len(policy.trained_state()) == len(list(policy.parameters()))
    given = logp(policy)
    reference = policy.load_reference()
    shake(policy)
    assert torch.equal(logp(reference), given) and not reference.trained_state()


def test_gpt2_has_no_dropout_but_its_config_keeps_it(tmp_path) -> None:
    policy = policy_of(tiny.save("gpt2", tmp_path / "in"), "full")
    assert policy.model.training
    assert torch.equal(logp(policy), logp(policy))
    assert policy.source.dropouts["attn_pdrop"] == 0.1
    save_policy(policy, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "config.json").read_text())["attn_pdrop"] == 0.1


def test_scalar_head_starts_at_zero_and_reads_the_last_token(llama) -> None:
    policy = policy_of(llama, "full", scalar_head=True, precision="fp32")
    assert torch.equal(policy.values(FOREST), torch.zeros(FOREST.rows))
    shake(policy)
    values = policy.values(FOREST)
    for r, tree, k in [(0, 0, 0), (2, 0, 2), (3, 1, 0)]:
        source = check.trees()[tree]
        ids = torch.from_numpy(np.concatenate([source.prompt, source.completions[k]]))[None]
        alone = policy.model(input_ids=ids).logits[0, 0]
        torch.testing.assert_close(values[r], alone, rtol=1e-5, atol=1e-5)


# Dtypes


def test_bf16_weights_are_held_by_what_is_done_with_them(tmp_path) -> None:
    folder = tiny.save("llama", tmp_path, dtype=torch.bfloat16)
    weight = "model.embed_tokens.weight"

    def held(adapter: str, how: str) -> torch.dtype:
        policy = policy_of(folder, adapter, precision=how)
        assert policy.source.dtype == torch.bfloat16
        for name, parameter in policy.trained_state().items():
            assert parameter.dtype == torch.float32, name
        return dict(policy.model.named_parameters())[weight].dtype

    assert held("full", "bf16") == torch.float32
    assert held("lora", "fp32") == torch.float32
    assert held("lora", "bf16") == torch.bfloat16


def test_bf16_autocast_is_near_fp32(llama) -> None:
    exact, fast = (policy_of(llama, precision=how) for how in ("fp32", "bf16"))
    assert (exact.precision, fast.precision) == ("fp32", "bf16")
    difference = (logp(exact) - logp(fast)).abs().max()
    assert 0 < difference < 0.3


def test_auto_follows_the_machine(llama) -> None:
    fast = precision.fast_bf16(torch.device("cpu"))
    assert policy_of(llama).precision == ("bf16" if fast else "fp32")


# Refusals: what, where, what to do


def assert_refused(match: str, folder: Path, **settings) -> None:
    before = sorted(p.name for p in folder.rglob("*")) if folder.exists() else []
    with pytest.raises(UserError, match=match) as caught:
        policy_of(folder, **settings)
    assert caught.value.fix or caught.value.where
    assert before == (sorted(p.name for p in folder.rglob("*")) if folder.exists() else [])


def test_nan_weights_name_the_tensor(llama, tmp_path) -> None:
    def spoil(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.layers.0.mlp.up_proj.weight"][1, 2] = float("nan")

    assert_refused(
        "NaN or infinity in model.layers.0.mlp.up_proj", broken(llama, tmp_path / "m", spoil)
    )


def test_missing_tensor_is_named(llama, tmp_path) -> None:
    folder = broken(llama, tmp_path / "m", lambda t: t.pop("model.layers.1.mlp.up_proj.weight"))
    assert_refused("missing, first model.layers.1.mlp.up_proj", folder)


def test_wrong_shape(llama, tmp_path) -> None:
    def narrow(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"] = torch.ones(16)

    assert_refused("do not fit the config", broken(llama, tmp_path / "m", narrow))


def test_truncated_weights(llama, tmp_path) -> None:
    folder = shutil.copytree(llama, tmp_path / "m")
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    assert_refused("cut short", folder)


def test_folders_that_are_no_models(llama, tmp_path) -> None:
    assert_refused("no config.json", tmp_path)
    shutil.copy(llama / "config.json", tmp_path)
    assert_refused("no weights", tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    assert_refused("no weights", tmp_path)
    (tmp_path / "config.json").write_text("{")
    assert_refused("not JSON", tmp_path)


@pytest.mark.parametrize(
    ("config", "match"),
    [
        ({"model_type": "gemma3"}, "multimodal wrapper"),
        ({"model_type": "t5"}, "not a causal language model"),
        ({"model_type": "strange", "auto_map": {"AutoConfig": "x.Y"}}, "brings its own code"),
    ],
)
def test_other_architectures_are_refused_by_name(tmp_path, config, match) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_file({"w": torch.ones(1)}, tmp_path / "model.safetensors")
    assert_refused(match, tmp_path)


def test_no_reward_class(tmp_path) -> None:
    assert_refused("ForSequenceClassification", tiny.save("rwkv", tmp_path), scalar_head=True)


def test_unknown_settings(llama) -> None:
    assert_refused("unknown adapter 'first:2'", llama, adapter="first:2")
    assert_refused("model has 2 blocks", llama, adapter="last:3")
    assert_refused("unknown precision", llama, precision="fp8")


def test_token_beyond_the_rows(llama) -> None:
    tree = TokenTree(np.array([1, 2]), (np.array([tiny.VOCAB]),), (np.ones(1, bool),))
    with pytest.raises(UserError, match=r"token id 96 is beyond the model's 96"):
        policy_of(llama, "none").logprobs(grow([tree]))


def test_dynamic_rope_is_exact_below_its_limit_and_refused_beyond(tmp_path) -> None:
    folder = tiny.save("llama", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"] = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}
    config["max_position_embeddings"] = 32
    (folder / "config.json").write_text(json.dumps(config))
    policy = policy_of(folder, "none", precision="fp32")
    assert policy.share
    rows = policy.logprobs(grow(check.trees(), share=False)).logp
    torch.testing.assert_close(logp(policy), rows, rtol=1e-4, atol=1e-4)
    long = TokenTree(np.ones(30, int), (np.ones(5, int),), (np.ones(5, bool),))
    with pytest.raises(UserError, match=r"change beyond 32"):
        policy.logprobs(grow([long]))


def test_longrope_rows_do_not_depend_on_the_batch(tmp_path) -> None:
    folder = tiny.save("phi3", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 4, "long_factor": [4.0] * 4}
    config["rope_parameters"] = rope | {"rope_theta": 1e4, "original_max_position_embeddings": 16}
    config["original_max_position_embeddings"] = 16
    (folder / "config.json").write_text(json.dumps(config))
    policy = policy_of(folder, "none")
    assert not policy.share and "longrope" in policy.path_note
    trees = check.trees()
    together = policy.logprobs(grow(trees, share=False)).logp
    alone = torch.cat([policy.logprobs(grow([t], share=False)).logp for t in single(trees)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def single(trees: list[TokenTree]) -> list[TokenTree]:
    return [
        TokenTree(t.prompt, (c,), (m,))
        for t in trees
        for c, m in zip(t.completions, t.trained, strict=True)
    ]


# Names and identity


def test_names_are_tried_in_order(llama, monkeypatch, tmp_path) -> None:
    assert resolve_model(str(llama)).path == llama
    assert resolve_model("ref:mine", lambda name: llama / name).path == llama / "mine"
    with pytest.raises(UserError, match="needs a store"):
        resolve_model("ref:mine")
    with pytest.raises(UserError, match="no such model folder"):
        resolve_model("./not/here/at/all")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "microcosm").mkdir()
    with pytest.raises(UserError, match=r"no config\.json"):
        resolve_model("microcosm")


def test_an_unreachable_hub_is_one_clear_message(monkeypatch) -> None:
    import huggingface_hub

    def offline(*args: object, **settings: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(UserError, match="could not be fetched") as caught:
        resolve_model("some/model")
    assert "no route to host" in str(caught.value) and "existing folder" in str(caught.value)


def test_identity_is_of_numbers_not_of_files(llama, tmp_path) -> None:
    one = digest_folder(llama)
    again = broken(llama, tmp_path / "same", lambda t: None)
    save_file(load_file(again / "model.safetensors"), again / "model.safetensors",
              metadata={"format": "pt", "note": "other metadata"})  # fmt: skip
    assert digest_folder(again) == one

    def nudge(tensors: dict[str, torch.Tensor]) -> None:
        tensors["model.norm.weight"][0] += 1e-3

    assert digest_folder(broken(llama, tmp_path / "other", nudge)) != one
    policy = policy_of(llama, "full")
    policy.model.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    assert digest_folder(tmp_path / "shards") == one


def test_a_hub_snapshot_keeps_its_name() -> None:
    assert hub_name(Path("/c/hub/models--org--some--name/snapshots/0abc")) == "org/some--name"
    assert hub_name(Path("/c/models/name")) == ""
