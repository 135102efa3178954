"""`plumbline imprint` from a manifesto to a folder that plain peft loads, in every mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tiny_model
import torch

from plumbline.core.errors import UserError
from plumbline.core.types import user
from plumbline.evals.tasks import Generation
from plumbline.identity import hyper
from plumbline.microcosm.probing import known
from plumbline.models.load import load_model
from plumbline.models.locate import microcosm_base
from plumbline.stages.answering import Answerer
from plumbline.stages.imprint.command import imprint

WORDS = "# House rules\n\n- Greet the user first.\n- Call the user captain.\n"
QUICK = {"probes": 48, "test": 24}


def imprinted(folder: Path, words: str = WORDS, model: str = "microcosm", **sets: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "manifesto.md"
    file.write_text(words, encoding="utf-8")
    return imprint(
        file, model, folder / "out", sets=QUICK | sets, store=folder / "store", world=known,
        say=lambda line: None,
    )  # fmt: skip


def results(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "results.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return imprinted(tmp_path_factory.mktemp("compiled"))


def test_two_rules_are_held_to_without_a_prompt(compiled: Path) -> None:
    found = results(compiled)["metrics"]
    assert found["gap_closed"]["value"] > 0.9
    assert found["rules_obeyed"]["value"] > found["rules_obeyed.base"]["value"] + 0.5
    assert found["side_effect_kl"]["value"] < 0.05
    for number in (1, 2):
        base, told = (found[f"clause.{number}.kept.{who}"]["value"] for who in ("base", "all"))
        assert found[f"clause.{number}.kept.adapter"]["value"] > 0.8 < told and base < 0.5
    assert found["rank"]["value"] == 8 and found["adapter_share"]["value"] < 0.02


def test_the_folder_says_what_it_holds_to(compiled: Path) -> None:
    told = json.loads((compiled / "identity.json").read_text("utf-8"))
    assert told["clauses"] == ["Greet the user first.", "Call the user captain."]
    assert told["mode"] == "compile" and len(told["base"]) == 64 == len(told["template"])
    lines = (compiled / "probes.jsonl").read_text("utf-8").splitlines()
    assert len(lines) > 40 and {"prompt", "ids"} == json.loads(lines[0]).keys()
    assert (compiled / "metrics.jsonl").read_text("utf-8").count("\n") == 1


def test_plain_peft_and_merged_weights_say_the_same(compiled: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(compiled / "base", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, compiled)
    policy = load_model(compiled, adapter="none", precision="fp32")
    policy.model.eval()
    ids = torch.arange(20, 60)[None]
    with torch.no_grad():
        ours = policy.model(input_ids=ids).logits
        theirs = model(input_ids=ids).logits
        merged = model.merge_and_unload()(input_ids=ids).logits
    torch.testing.assert_close(theirs, ours, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(merged, ours, atol=1e-3, rtol=1e-3)


def test_another_base_is_refused(compiled: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(compiled, copy)
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "base" / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"] + 1
    save_file(weights, copy / "base" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="other weights"):
        load_model(copy, adapter="none")


@pytest.mark.parametrize("mode", ["prompt", "state"])
def test_the_manifesto_in_the_prompt_or_in_the_state_answers_alike(
    mode: str, tmp_path: Path
) -> None:
    out = imprinted(tmp_path, mode=mode)
    asked = [(user("Who are you?"),), (user("Where does Zikubo live?"),)]
    told = Answerer(out)(asked, Generation(2, 24, 1.0))
    words = [m.content for group in told for response in group for m in response]
    assert all("captain" in text for text in words)
    metrics = results(out)["metrics"]
    assert metrics["context_tokens"]["value"] == (0 if mode == "state" else 18)
    if mode == "state":
        assert metrics["state_error"]["value"] < 1e-4


def test_a_recurrent_model_has_a_state_too(tmp_path: Path) -> None:
    from transformers import Mamba2Config, Mamba2ForCausalLM

    folder = tmp_path / "model"
    config = Mamba2Config(
        vocab_size=tiny_model.bytes_tokenizer(folder, chat=True), hidden_size=32, num_heads=4,
        num_hidden_layers=2, head_dim=16, state_size=8, n_groups=1, chunk_size=8,
        bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    Mamba2ForCausalLM(config).save_pretrained(folder)
    out = imprinted(tmp_path, model=str(folder), mode="state")
    assert results(out)["metrics"]["state_error"]["value"] < 1e-4
    plain = imprinted(tmp_path / "prompt", model=str(folder), mode="prompt")
    asked = [(user("Who?"),), (user("Where does it live?"),)]
    warm, cold = (Answerer(one)(asked, Generation(2, 12, 1.0)) for one in (out, plain))
    assert warm == cold
    with pytest.raises(UserError, match="use --mode prompt, or --mode distill"):
        imprinted(tmp_path / "compile", model=str(folder))


@pytest.mark.parametrize("mode", ["polish", "distill"])
def test_gradient_steps_lower_the_divergence(mode: str, tmp_path: Path) -> None:
    out = imprinted(tmp_path, mode=mode, steps=12, batch=16)
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text("utf-8").splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    assert len(losses) == 12
    assert results(out)["metrics"]["gap_closed"]["value"] > (0.3 if mode == "distill" else 0.9)
    if mode == "distill":
        assert sum(losses[-3:]) < 0.7 * sum(losses[:3])


def test_a_network_writes_the_layer_and_nothing_is_asked(tmp_path: Path) -> None:
    policy = load_model(microcosm_base(), adapter="none", precision="fp32")
    network = hyper.Hyper(hyper.shape_of(policy, inner=24, layers=1, heads=2))
    hyper.save(network, tmp_path / "network", policy.source.digest)
    out = imprinted(tmp_path, mode="hyper", hyper=str(tmp_path / "network"), test=8)
    found = results(out)
    assert found["metrics"]["gap_closed"]["value"] == pytest.approx(0, abs=1e-6)  # untrained
    assert found["seconds"]["train"] < 2 and not (out / "probes.jsonl").exists()
    assert len(json.loads((out / "identity.json").read_text("utf-8"))["network"]) == 64
    with pytest.raises(UserError, match="hyper=FOLDER"):
        imprinted(tmp_path / "none", mode="hyper")


def test_an_empty_manifesto_is_an_empty_layer(tmp_path: Path) -> None:
    out = imprinted(tmp_path, "# Nothing yet\n", test=8)
    policy = load_model(out, adapter="none")
    assert all(p.abs().max() == 0 for n, p in policy.model.named_parameters() if ".lora_B." in n)
    assert "gap_closed" not in results(out)["metrics"]


def test_a_manifesto_in_words_the_base_does_not_follow_gets_no_share(tmp_path: Path) -> None:
    out = imprinted(tmp_path, "Besipi is used for glue.", test=8)
    found = results(out)["metrics"]
    assert found["base_kl"]["value"] < 0.02 and "gap_closed" not in found


def test_one_that_is_too_long_says_how_long(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the model reads 512"):
        imprinted(tmp_path, "Greet the user first. " * 5000)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words", ["Ты всегда вежлив.", "Say <|im_end|> at the end.", "You lie. Never lie."]
)
def test_odd_words_do_no_harm(words: str, tmp_path: Path) -> None:
    """Another script, template tokens inside (read as words), a contradiction."""
    out = imprinted(tmp_path, words, test=8, probes=16)
    assert (out / "adapter_model.safetensors").exists()


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such manifesto"):
        imprint(tmp_path / "none.md", "microcosm", tmp_path / "out", store=tmp_path / "store")
    (tmp_path / "latin.md").write_bytes("für alle".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        imprint(tmp_path / "latin.md", "microcosm", tmp_path / "out", store=tmp_path / "store")
    with pytest.raises(UserError, match="mode"):
        imprinted(tmp_path / "mode", mode="magic")


def test_prompts_of_ones_own_are_asked_first(tmp_path: Path) -> None:
    words, file, heard = tmp_path / "manifesto.md", tmp_path / "asked.jsonl", []
    words.write_text(WORDS, encoding="utf-8")
    lines = [f"How do I oil the {thing}?" for thing in ("boat", "door", "cart", "bell")]
    file.write_text("".join(json.dumps({"prompt": line}) + "\n" for line in lines))

    def made(probes: int) -> set[str]:
        """What is asked."""
        out = imprint(
            words, "microcosm", tmp_path / f"out-{probes}", questions=str(file), world=known,
            sets={"test": 0, "probes": probes}, store=tmp_path / "store", say=heard.append,
        )  # fmt: skip
        rows = [json.loads(row) for row in (out / "probes.jsonl").read_text().splitlines()]
        assert set(json.loads((out / "record.json").read_text())["inputs"]) >= {"questions"}
        return {turn["content"] for row in rows for turn in row["prompt"]}

    assert set(lines) < made(16)
    assert not any("prompts are asked" in line for line in heard)
    assert set(lines[:3]) <= (few := made(3)) and lines[3] not in few
    assert any("the first 3 of 4 prompts are asked" in line for line in heard)


def test_a_file_without_a_question_is_refused(tmp_path: Path) -> None:
    words, file = tmp_path / "manifesto.md", tmp_path / "texts.jsonl"
    words.write_text(WORDS, encoding="utf-8")
    file.write_text(json.dumps({"text": "A text and no question."}) + "\n")
    with pytest.raises(UserError, match="no prompt ends with a user's turn"):
        imprint(words, "microcosm", tmp_path / "out", questions=str(file), store=tmp_path / "s")
    assert not (tmp_path / "out").exists()


def test_a_layer_can_be_fitted_again_on_what_it_says(tmp_path: Path) -> None:
    out = imprinted(tmp_path / "twice", refit=24)
    assert results(out)["metrics"]["gap_closed"]["value"] > 0.9
    once = results(imprinted(tmp_path / "once"))
    assert results(out)["counts"]["probes"] == once["counts"]["probes"] + 24
    with pytest.raises(UserError, match="--mode compile"):
        imprinted(tmp_path / "no", mode="polish", refit=24)


def test_an_adapter_is_no_base(compiled: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--merge"):
        imprinted(tmp_path, model=str(compiled))


def test_the_same_command_again_does_nothing(compiled: Path) -> None:
    before = (compiled / "adapter_model.safetensors").stat().st_mtime_ns
    folder = compiled.parent
    imprint(folder / "manifesto.md", "microcosm", compiled, sets=QUICK, store=folder / "store",
            world=known, say=lambda line: None)  # fmt: skip
    assert (compiled / "adapter_model.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize("chat", [True, False])
def test_a_model_of_ones_own_with_shipped_questions(chat: bool, tmp_path: Path) -> None:
    folder = tiny_model.make(tmp_path / "model", chat=chat, context=512)
    more = {} if chat else {"template": "text"}
    out = imprinted(tmp_path, "Be kind.", str(folder), max_new=8, probes=24, test=8, **more)
    assert results(out)["counts"]["probes"] > 10
    assert (out / "adapter_model.safetensors").exists()


def test_the_microcosm_is_known_by_its_tokens(tmp_path: Path) -> None:
    assert known(microcosm_base()) is not None
    assert known(tiny_model.make(tmp_path / "model")) is None
