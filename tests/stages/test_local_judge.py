"""The local judge: every way of writing an option counts once; reasons are read where they end."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_model import make

from plumbline.core.errors import UserError
from plumbline.core.types import assistant, user
from plumbline.feedback.judging.judge import Question, Weighed
from plumbline.feedback.judging.weighing import NEVER
from plumbline.models.locate import microcosm_base
from plumbline.models.sampler import Sample
from plumbline.stages.judging.local import LocalJudge
from plumbline.stages.judging.opening import is_address, judge_of
from plumbline.stages.judging.ways import Ways, written

ASKED = (user("Rule: Greet the user. Question: Who is Bo? A: Hello! B: No. Which is better?"),)
LETTERS = (("A", " A"), ("B", " B"))
WORDS = (("Yes", " Yes"), ("No", " No", " Not"), ("1", " 1"), ("10", " 1 0", "100"))


@pytest.fixture(scope="module")
def judge() -> LocalJudge:
    return LocalJudge.opened(microcosm_base(), "base", precision="fp32")


def enumerated(judge: LocalJudge, question: Question) -> list[float]:
    """The same by the chain rule over the whole vocabulary: all texts that begin with a form."""
    renderer = judge.answerer.renderer
    tok, policy = renderer.tok, judge.answerer.policy
    spelt = {i: tok.decode_continuation([i]) for i in range(len(tok.tokenizer))}
    before = renderer.prompt_ids(question.asked) + tok.encode_continuation(question.start)
    found: dict[tuple[int, ...], tuple[int, float]] = {}

    def follow(path: tuple[int, ...], text: str, logp: float, form: str, owner: int) -> None:
        if text == form:
            found[path] = owner, logp
            return
        with torch.no_grad():
            logits = policy.model(torch.tensor([[*before, *path]])).logits[0, -1]
        after = logits.double().log_softmax(-1)
        for i, said in spelt.items():
            if said and i not in tok.special.values() and form.startswith(text + said):
                follow((*path, i), text + said, logp + float(after[i]), form, owner)

    for owner, forms in enumerate(question.options):
        for form in forms:
            follow((), "", 0.0, form, owner)
    masses = [0.0] * len(question.options)
    for path, (owner, logp) in found.items():
        above = [found[path[:n]][0] for n in range(len(path) - 1, 0, -1) if path[:n] in found]
        if not above or above[0] != owner:
            masses[owner] += math.exp(logp)
            if above:
                masses[above[0]] -= math.exp(logp)
    return masses


@pytest.mark.parametrize("start", ["", "So"])
@pytest.mark.parametrize("options", [LETTERS, WORDS])
def test_the_mass_is_that_of_all_ways_of_writing(
    judge: LocalJudge, options: tuple[tuple[str, ...], ...], start: str
) -> None:
    question = Question(ASKED, options, start)
    (found,) = judge.weigh([question])
    wanted = enumerated(judge, question)
    assert [math.exp(x) for x in found.options] == pytest.approx(wanted, abs=1e-6, rel=1e-4)
    assert found.residual == pytest.approx(1 - sum(wanted), abs=1e-6)


def test_a_word_that_goes_on_from_another_is_no_such_word() -> None:
    pieces = {b"1": [1], b"0": [2], b"10": [3], b"00": [4]}
    ways = Ways([("1",), ("10",), ("100",)], pieces)
    assert sorted(written("100", pieces)) == [(1, 2, 2), (1, 4), (3, 2)]
    logp = {(1,): 0.5, (3,): 0.2, (1, 2): 0.5, (1, 4): 0.1, (1, 2, 2): 0.4, (3, 2): 0.3}
    read = [
        [math.log(logp[(*branch[:t], i)]) for i in ids] + [0.0] * (ways.width - len(ids))
        for branch, asked in zip(ways.branches, ways.asked, strict=True)
        for t, ids in enumerate(asked)
    ]
    ten = 0.2 * (1 - 0.3) + 0.5 * 0.5 * (1 - 0.4)
    hundred = 0.2 * 0.3 + 0.5 * 0.5 * 0.4 + 0.5 * 0.1
    one = 0.5 - 0.5 * 0.5 - 0.5 * 0.1
    assert ways.masses(torch.tensor([read]).numpy())[0] == pytest.approx([one, ten, hundred])


def test_a_form_within_its_own_option_counts_once() -> None:
    ways = Ways([("a", "ab"), ("b",)], {b"a": [1], b"b": [2]})
    read = [[math.log(0.5), math.log(0.25)], [math.log(0.125), 0.0]]
    assert ways.masses(torch.tensor([read]).numpy())[0] == pytest.approx([0.5, 0.25])


def test_options_that_nobody_can_tell_apart_or_write_are_refused() -> None:
    pieces = {b"a": [1], b"b": [2], b"aa": [3]}
    for options, words in (
        ([("a",), ("b", "a")], "two options"),
        ([("a",), ("",)], "without words"),
        ([("a",), ("c",)], "cannot write"),
        ([("a" * 40,), ("b",)], "ways"),
    ):
        with pytest.raises(UserError, match=words):
            Ways(options, pieces)


def test_rows_and_forest_read_the_same(judge: LocalJudge) -> None:
    questions = [Question(ASKED, LETTERS), Question((user("Hm?"),), WORDS, "So")]
    forest = judge.weigh(questions)
    policy = judge.answerer.policy
    before = policy.route
    assert before.share
    try:
        policy.route = replace(before, share=False, paths=False)
        policy.model.set_attn_implementation("sdpa")
        rows = judge.weigh(questions)
    finally:
        policy.route = before
        policy.model.set_attn_implementation("sdpa_along_paths")
    for one, other in zip(forest, rows, strict=True):
        assert one.options == pytest.approx(other.options, abs=1e-4)
        assert one.residual == pytest.approx(other.residual, abs=1e-6)


def test_what_is_asked_beside_does_not_matter(judge: LocalJudge) -> None:
    long = (user(ASKED[0].content * 3),)
    questions = [Question(long, LETTERS), Question(ASKED, LETTERS), Question(ASKED, WORDS, "So")]
    together = judge.weigh(questions)
    alone = [judge.weigh([one])[0] for one in questions]
    for one, other in zip(together, alone, strict=True):
        assert one.options == pytest.approx(other.options, abs=1e-4)


def saying(judge: LocalJudge, monkeypatch: pytest.MonkeyPatch, *texts: str) -> list[list[int]]:
    """Let the judge's reasons be these texts; their ids."""
    renderer = judge.answerer.renderer
    ids = [[*renderer.tok.encode_continuation(text), renderer.end_id] for text in texts]
    drawn = [[Sample(one, [], True)] for one in ids]
    monkeypatch.setattr(judge.answerer, "draw", lambda asked, how: drawn)
    return ids


def behind(judge: LocalJudge, words: str) -> Weighed:
    return judge.weigh([Question(ASKED, LETTERS, words)])[0]


def test_the_verdict_is_read_where_the_reasons_come_to_it(
    judge: LocalJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ("So says the ledger. B is rude. So A.", "A greets.", "A greets. So they say.")
    wanted = [
        behind(judge, "So says the ledger. B is rude. So"),
        behind(judge, "A greets. So"),
        behind(judge, "A greets. So they say. So"),
    ]
    saying(judge, monkeypatch, *texts)
    found = judge.weigh([Question(ASKED, LETTERS, "So", reasons=30)] * 3)
    for one, other in zip(found, wanted, strict=True):
        assert one.options == pytest.approx(other.options, abs=1e-4)
    said = [one.reasons for one in found]
    assert said == ["So says the ledger. B is rude.", "A greets.", "A greets. So they say."]


def test_the_verdict_may_be_asked_for_in_a_turn_of_its_own(
    judge: LocalJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = (*ASKED, assistant("A greets."), user("Which?"))
    wanted = judge.weigh([Question(talk, LETTERS)])[0]
    saying(judge, monkeypatch, "A greets.")
    (found,) = judge.weigh([Question(ASKED, LETTERS, reasons=30, again="Which?")])
    assert found.options == pytest.approx(wanted.options, abs=1e-4)
    assert found.reasons == "A greets."


def test_reasons_are_drawn_and_counted(judge: LocalJudge) -> None:
    before = judge.cost.written_tokens, judge.cost.requests
    question = Question(ASKED, LETTERS, "So", reasons=8)
    one, other = judge.weigh([question]), judge.weigh([question])
    assert one == other and one[0].reasons
    assert 0 < judge.cost.written_tokens - before[0] <= 16 and judge.cost.requests - before[1] == 2
    assert judge.cost.seconds > 0


def test_examples_go_first_from_what_is_too_long(tmp_path: Path) -> None:
    judge = LocalJudge.opened(make(tmp_path / "tiny", context=64), "tiny", precision="fp32")
    shown = (user("an example " * 4), assistant("A"))
    short = (user("Which of both?"),)
    options = (("A",), ("B",))
    asked = [Question((*shown, *short), options), Question(short, options)]
    whole, alone = judge.weigh(asked)
    assert whole.options == alone.options and judge.long == 0
    (lost,) = judge.weigh([Question((user("far too long " * 9),), options)])
    assert lost.options == (NEVER, NEVER) and lost.residual == 1.0 and judge.long == 1


def test_the_id_is_that_of_weights_precision_and_words(tmp_path: Path) -> None:
    first = make(tmp_path / "one")
    shutil.copytree(first, tmp_path / "copy")
    judge = LocalJudge.opened(first, "one", precision="fp32")

    def other(folder: Path = first, **how: object) -> str:
        return LocalJudge.opened(folder, "x", **({"precision": "fp32"} | how)).id  # type: ignore[arg-type]

    assert judge.id == other() == other(tmp_path / "copy")
    different = {judge.id, other(precision="bf16"), other(temperature=0.7), other(template="text")}
    assert len(different) == 4
    assert other(make(tmp_path / "wide", width=32)) not in different


def test_it_writes(judge: LocalJudge) -> None:
    said: Sequence[str] = judge.write([(user("Hello!"),), (user("Who is Bo?"),)], 12)
    assert len(said) == 2 and all(said)
    drawn = [judge.write([(user("Hello!"),)], 12, temperature=1.0, seed=s)[0] for s in range(4)]
    assert len(set(drawn)) > 1


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """plumbline's own server of the same model, as a process."""
    command = [sys.executable, "-m", "plumbline", "serve", "--model", "microcosm"]
    server = subprocess.Popen(
        [*command, "--port", "0", "--set", "precision=fp32"],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert server.stdout is not None
    yield next(line.split()[-1] for line in server.stdout if line.startswith("serving"))
    server.kill()
    server.wait()


def test_the_same_model_behind_an_address_says_the_same(
    judge: LocalJudge, address: str, tmp_path: Path
) -> None:
    assert is_address(address) and not is_address("microcosm")
    other = judge_of(address, store=tmp_path / "store")
    assert other.name.startswith("microcosm at ")
    asked = [(user(ASKED[0].content.replace("Hello!", said)),) for said in ("Hello!", "No.", "Hm.")]
    questions = [Question(one, LETTERS) for one in asked]
    for here, there in zip(judge.weigh(questions), other.weigh(questions), strict=True):
        both = [
            (math.exp(x), math.exp(y)) for x, y in zip(here.options, there.options, strict=True)
        ]
        assert all(x == pytest.approx(y, abs=2e-3) for x, y in both)
        assert here.residual == pytest.approx(there.residual, abs=2e-3)
    assert (other.cost.requests, other.cost.cached) == (4, 0), "one for the model's name"
    again = judge_of(f"{address}#microcosm", store=tmp_path / "store")
    assert again.id == other.id
    again.weigh(questions)
    assert (again.cost.requests, again.cost.cached) == (0, 3), "replies are kept in the store"
