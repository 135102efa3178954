"""The page: the folders' numbers exactly, no claim past an interval, nothing unescaped."""

from __future__ import annotations

import json
import math
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from fabricated_runs import write_runs

from plumbline.core.errors import UserError
from plumbline.evals.compare import baselines, claim, difference, fmt, shortfalls
from plumbline.evals.folders import read_runs
from plumbline.evals.live import plot_metrics
from plumbline.evals.report import Section, build_report


class Page(HTMLParser):
    """Tags, values of <data>, and words of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.values: set[str] = set()
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.words = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(key, value or "") for key, value in attrs]
        if tag == "data":
            self.values.add(dict(attrs)["value"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    root = tmp_path_factory.mktemp("runs")
    return root, write_runs(root)


@pytest.fixture(scope="module")
def page(made: tuple[Path, list[Path]]) -> Page:
    root, folders = made
    story = [Section("A story", ("One & two <b>.",), ("a", "b"), (("1", "<i>2"),))]
    return Page(build_report(folders, root / "report.html", "The title", story))


@pytest.fixture
def runs(made: tuple[Path, list[Path]], tmp_path: Path) -> list[Path]:
    """Folders that a test may spoil; curves only in one, since drawing them takes time."""
    copies = [Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in made[1]]
    for folder in copies:
        if folder.name != "dpo":
            (folder / "metrics.jsonl").unlink(missing_ok=True)
    return copies


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "results.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_every_number_of_the_folders_is_on_the_page_exactly(
    page: Page, made: tuple[Path, list[Path]]
) -> None:
    for folder in made[1]:
        results = json.loads((folder / "results.json").read_text())
        for metric in results["metrics"].values():
            assert str(metric["value"]) in page.values
            assert f"{fmt(metric['low'])} to {fmt(metric['high'])}" in page.words
            assert f"n = {metric['n']}" in page.words
        for seconds in results["seconds"].values():
            assert str(seconds) in page.values


def test_the_comparison_stands_beside_the_page(page: Page, made: tuple[Path, list[Path]]) -> None:
    results = json.loads((made[0] / "results.json").read_text())
    own = json.loads((made[1][2] / "results.json").read_text())
    assert results["metrics"]["gold.dpo"] == own["metrics"]["gold"]
    gain = results["metrics"]["gold.dpo-sft"]
    assert str(gain["value"]) in page.values and gain["n"] == 120
    assert set(results["metrics"]["gold.kto-base"]) == {"value", "low", "high", "n"}


def test_sections_and_sentences(page: Page) -> None:
    for heading in ("In short", "Answers side by side", "Training", "All numbers", "Limits"):
        assert heading in page.words
    assert "DPO raised the gold value from base’s" in page.words
    assert "on held-out prompts" in page.words
    assert "No clear change in the gold value from SFT to KTO" in page.words
    assert "DPO lowered the “helpful” part of the gold value" in page.words  # told, not hidden
    assert "worst losses" in page.words and "largest gains" in page.words
    assert "One & two <b>." in page.words and "<i>2" in page.words


def test_the_page_is_self_contained_and_runs_nothing(page: Page) -> None:
    assert "://" not in page.source and "script" not in page.tags and "link" not in page.tags
    assert not [k for k, _ in page.attributes if k.startswith("on") or k == "src"]
    assert all(v.startswith("#") for k, v in page.attributes if k in ("href", "xlink:href"))
    assert page.tags.count("svg") >= 10
    labels = [v for k, v in page.attributes if k == "aria-label"]
    assert len(labels) == page.tags.count("svg") and all(len(label) > 15 for label in labels)


def test_what_models_and_files_say_is_escaped(runs: list[Path]) -> None:
    attack = "</div></style><script>alert(1)</script><img src=x onerror=alert(2)>\"' $x_{y$"
    rows = [json.loads(line) for line in (runs[1] / "samples.jsonl").open()]
    for row in rows:
        row |= {"response": attack, "why": [attack], "prompt": attack, "model": attack}
    (runs[1] / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    edit(runs[1], label=attack, notes=[attack], settings={attack: attack}, seconds={attack: 1.0})
    (runs[1] / "record.json").write_text(json.dumps({"id": attack, "inputs": {attack: attack}}))
    story = [Section(attack, (attack,))]
    page = Page(build_report(runs[1:2], runs[1].parent / "r.html", attack, story))
    assert not {"script", "img"} & set(page.tags)
    assert not [k for k, _ in page.attributes if k.startswith("on")]
    assert page.source.count("alert(1)") > 8  # shown as words


def test_one_folder(runs: list[Path]) -> None:
    out = build_report(runs[2:3], runs[2] / "report.html")
    page = Page(out)
    assert "raised" not in page.words and "lowest values" in page.words
    assert json.loads((runs[2] / "results.json").read_text())["label"] == "dpo"  # not overwritten
    assert (runs[2] / "report.results.json").is_file()


def test_without_answers_differences_are_from_the_intervals_and_say_so(runs: list[Path]) -> None:
    for folder in runs:
        (folder / "samples.jsonl").unlink()
    page = Page(build_report(runs, runs[0].parent / "r.html"))
    assert "not paired by prompt" in page.words and "as if independent" in page.words
    assert "largest gains" not in page.words
    assert "no answers were logged" in page.words


def test_missing_values_are_seen(runs: list[Path]) -> None:
    nothing = {"value": None, "low": None, "high": None, "n": 120}
    edit(runs[1], metrics={"gold": nothing})
    edit(runs[2], metrics={"heldout_loss": {"value": 1.5, "low": None, "high": None, "n": 1}})
    for folder in runs:
        (folder / "samples.jsonl").unlink()
    page = Page(build_report(runs, runs[0].parent / "r.html"))
    assert "not measured" in page.words and "no interval" in page.words
    assert 'class="missing">missing' in page.source
    assert "no number for gold (not finite)" in page.words
    assert "SFT’s gold value is missing; whether SFT differs from base" in page.words
    assert "nan" not in page.words.lower().split()


def test_a_log_that_does_not_add_up_is_told(runs: list[Path]) -> None:
    lines = (runs[3] / "samples.jsonl").read_text().splitlines(keepends=True)
    (runs[3] / "samples.jsonl").write_text("".join(lines[:60]))
    page = Page(build_report(runs, runs[0].parent / "r.html"))
    assert "the 60 logged answers average" in page.words
    assert "n = 60 shared prompts" in page.words


def test_losses_of_two_objectives_are_never_compared(runs: list[Path]) -> None:
    for folder in runs:
        results = json.loads((folder / "results.json").read_text())
        kept = {k: v for k, v in results["metrics"].items() if k == "heldout_loss"}
        edit(folder, metrics=kept)
        (folder / "samples.jsonl").unlink()
    page = Page(build_report(runs[1:], runs[0].parent / "r.html"))
    assert "no difference is claimed" in page.words and "raised" not in page.words
    assert "each in its own unit" in page.words


def test_another_version_of_a_task_is_never_compared(runs: list[Path]) -> None:
    edit(runs[2], settings={"tasks": {"gold": {"version": 2}}})
    page = Page(build_report([runs[0], runs[2]], runs[0].parent / "r.html"))
    assert "raised" not in page.words and "lowered" not in page.words


def test_training_and_evaluation_of_one_label_are_one_model(runs: list[Path]) -> None:
    other = runs[2].parent / "dpo-eval"
    other.mkdir()
    (runs[2] / "samples.jsonl").rename(other / "samples.jsonl")
    results = json.loads((runs[2] / "results.json").read_text())
    gold = {k: v for k, v in results["metrics"].items() if k.startswith("gold")}
    held = {k: v for k, v in results["metrics"].items() if k.startswith("held")}
    edit(runs[2], metrics=held)
    (other / "results.json").write_text(
        json.dumps({"label": "dpo", "metrics": gold, "seconds": {"evaluate": 2.0}, "peak_gb": 3.0})
    )
    joined = read_runs([runs[2], other])
    assert len(joined) == 1 and set(joined[0].metrics) == {*gold, *held}
    assert joined[0].results["peak_gb"] == 3.0 and len(joined[0].rows) == 120
    twice = read_runs([runs[1], Path(shutil.copytree(runs[1], runs[1].parent / "again"))])
    assert twice[0].label == "sft" and "again" in twice[1].label


def test_several_models_in_one_folder_are_told_apart(runs: list[Path]) -> None:
    text = "".join((folder / "samples.jsonl").read_text() for folder in runs[:2])
    (runs[0] / "samples.jsonl").write_text(text)
    found = {run.label: run for run in read_runs(runs[:1])}
    assert set(found) == {"base", "sft"}
    expected = json.loads((runs[1] / "results.json").read_text())["metrics"]["gold"]
    assert found["sft"].metrics["gold"].value == pytest.approx(expected["value"])


@pytest.mark.parametrize(
    ("spoil", "what", "where"),
    [
        (lambda f: shutil.rmtree(f), "no such folder", "dpo"),
        (lambda f: (f / "results.json").unlink(), "no results.json", "dpo"),
        (lambda f: (f / "results.json").write_text('{"metr'), "not valid JSON", "results.json"),
        (lambda f: (f / "results.json").write_text("[1]"), "not a JSON object", "results.json"),
        (lambda f: edit(f, metrics={"gold": "high"}), "a metric is", "metrics.gold"),
        (lambda f: (f / "samples.jsonl").write_text("{}\n{\n"), "not JSON", "samples.jsonl:2"),
        (lambda f: (f / "metrics.jsonl").write_text("3\n"), "not an object", "metrics.jsonl:1"),
    ],
)
def test_bad_folders_name_the_place_and_the_remedy(
    runs: list[Path], spoil: Any, what: str, where: str
) -> None:
    spoil(runs[2])
    out = runs[0].parent / "r.html"
    with pytest.raises(UserError, match=re.escape(what)) as caught:
        build_report(runs, out)
    assert where in caught.value.where and caught.value.fix
    assert not out.exists()


def test_nothing_to_report_on_and_an_unknown_baseline(runs: list[Path]) -> None:
    with pytest.raises(UserError, match="no folder"):
        build_report([], Path("r.html"))
    with pytest.raises(UserError, match="no model 'rlhf'") as caught:
        build_report(runs, runs[0].parent / "r.html", against=["rlhf"])
    assert "dpo" in caught.value.fix


def test_a_half_written_last_line_is_left_out(runs: list[Path]) -> None:
    with (runs[2] / "metrics.jsonl").open("a") as file:
        file.write('{"step": 121, "lo')
    assert len(read_runs(runs[2:3])[0].curves) == 120


def test_claims_follow_the_interval(runs: list[Path]) -> None:
    base, sft, dpo, kto = read_runs(runs)
    assert baselines([base, sft, dpo, kto]) == [base, sft]
    assert difference("gold", dpo, sft).verdict == "better"
    assert difference("gold", sft, dpo).verdict == "worse"
    assert claim(difference("gold", sft, dpo)).startswith("SFT lowered the gold value")
    assert difference("gold", kto, sft).verdict == "unclear"
    assert {d.metric for d in shortfalls([base, dpo], base, "gold")} == {"gold.helpful"}


def test_numbers_for_people() -> None:
    assert [fmt(x) for x in (0.12345, -2.0, 12.345, 12345.6, 1e-5, 0.0)] == [
        "0.123", "−2.000", "12.3", "12,346", "1e−05", "0.000"]  # fmt: skip
    assert fmt(0.5, signed=True) == "+0.500" and fmt(math.nan) == "missing"


def test_live_plots(made: tuple[Path, list[Path]], tmp_path: Path) -> None:
    runs = [Path(shutil.copytree(folder, tmp_path / folder.name)) for folder in made[1]]
    plots = plot_metrics(runs[2])
    assert {path.name for path in plots} >= {"loss.png", "margin.png", "accuracy.png"}
    assert all(path.read_bytes()[:4] == b"\x89PNG" for path in plots)
    assert "margin.png" not in {path.name for path in plot_metrics(runs[1])}  # sft has none
    with pytest.raises(UserError, match="no metrics"):
        plot_metrics(runs[0])
