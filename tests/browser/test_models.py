"""Models in a real browser: a project whose answers they write, and revisions of a critique."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import SIZES, House, asked, at_judge, eventually, opened
from playwright.sync_api import Browser, Page, expect
from test_looks import check_looks, picture
from test_safe import EVIL, Watch
from test_studio_forms import click, press, tab_to

from plumbline.core.errors import UserError
from plumbline.core.types import Conversation
from plumbline.feedback.collecting import drawing, listing, projects
from plumbline.feedback.collecting.forms import Form
from plumbline.feedback.collecting.projects import Project

FORM = Form("critique", reviser="ant")
BETTER = "Leave at six: the pass is closed after **noon** when it snows.\n\nTell somebody."


class Pen:
    """A writer that waits until it may go on."""

    def __init__(self) -> None:
        self.free, self.says, self.down = threading.Event(), BETTER, ""
        self.asked: list[Conversation] = []
        self.free.set()

    def models(self) -> list[str]:
        if self.down:
            raise UserError(self.down)
        return ["ant", "a-model-with-a-name-that-is-as-long-as-names-can-be/70b-instruct-q4", "cow"]

    def answers(
        self, model: str, prompt: Conversation, *, n: int = 1, seed: int | None = None
    ) -> list[str]:
        self.asked.append(prompt)
        assert self.free.wait(20)
        if self.down:
            raise UserError(self.down)
        return [f"{self.says} ({model} {i})" if seed else self.says for i in range(n)]


@pytest.fixture(scope="module")
def pen() -> Pen:
    return Pen()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, pen: Pen) -> Iterator[House]:
    """A studio with models, which takes the place of the one without."""
    with opened(tmp_path_factory.mktemp("models"), pen) as found:
        yield found


@pytest.fixture(autouse=True)
def _as_new(pen: Pen) -> None:
    pen.free.set()
    pen.says, pen.down = BETTER, ""
    pen.asked.clear()


def begun(browser: Browser, house: House, name: str) -> tuple[Page, Project]:
    """A critique of one item, with one note on it."""
    project = house.project(name, FORM, *asked("critique"))
    page = at_judge(house.context(browser, "anna").new_page(), house, name)
    press(page, "n")
    page.keyboard.type("say when to start")
    return page, project


def revised(page: Page) -> None:
    """The model's text is in the field, and what it changes is marked."""
    expect(page.locator("#said")).to_contain_text("A model wrote a better answer")
    expect(page.locator("[name=revision]")).to_have_value(BETTER)
    assert "morning" in page.locator("#diff del").all_inner_texts()
    assert "six" in page.locator("#diff ins").all_inner_texts()


def sent(page: Page, house: House, project: Project) -> dict[str, str]:
    page.wait_for_selector("#done")
    (event,) = house.said(project)
    body: dict[str, str] = event.body
    assert body["reviser"] == "ant" and event.body["notes"][0]["text"] == "say when to start"
    return body


def test_a_model_revises_by_mouse_and_a_person_changes_it(
    browser: Browser, house: House, pen: Pen
) -> None:
    page, project = begun(browser, house, "mouse")
    click(page, "[data-do=revise]")
    revised(page)
    assert "- on all of it: say when to start" in pen.asked[0][-1].content
    field = page.locator("[name=revision]")
    field.fill(BETTER.replace("six", "five"))
    assert "five" in page.locator("#diff ins").all_inner_texts()
    page.get_by_role("button", name="Send").click()
    body = sent(page, house, project)
    assert "five" in body["revision"] and body["offered"] == BETTER
    page.context.close()


def test_a_model_revises_by_keys_and_it_stands(browser: Browser, house: House) -> None:
    page, project = begun(browser, house, "keys")
    tab_to(page, "[data-do=revise]")
    press(page, "r")
    revised(page)
    assert page.evaluate("document.activeElement.dataset.do") == "revise", "the focus stays"
    press(page, "?")
    assert page.locator("#help").get_by_text("let a model revise it").is_visible()
    press(page, "Escape", "Control+Enter")
    body = sent(page, house, project)
    assert body["revision"] == BETTER and "offered" not in body
    page.context.close()


def test_what_one_writes_oneself_is_not_overwritten(
    browser: Browser, house: House, pen: Pen
) -> None:
    page, _ = begun(browser, house, "own")
    pen.free.clear()
    click(page, "[data-do=revise]")
    eventually(lambda: pen.asked)
    click(page, "#revising summary", "[name=revision]")
    page.keyboard.type("My own.")
    pen.free.set()
    expect(page.locator("#said")).to_contain_text("you are writing your own")
    expect(page.locator("[name=revision]")).to_have_value("My own.")
    click(page, "[data-do=revise]")
    expect(page.locator("#said")).to_contain_text("Clear the better answer first")
    assert len(pen.asked) == 1
    page.context.close()


def test_the_next_item_gets_no_revision_of_the_last(
    browser: Browser, house: House, pen: Pen
) -> None:
    house.project("late", FORM, *asked("critique", 2))
    page = at_judge(house.context(browser, "anna").new_page(), house, "late")
    first = page.locator("#judge").get_attribute("data-judge")
    press(page, "n")
    page.keyboard.type("too long")
    pen.free.clear()
    with page.expect_response("**/revise") as reply:
        click(page, "[data-do=revise]")
        eventually(lambda: pen.asked)
        press(page, "Control+Enter")
        page.wait_for_function(
            "old => document.querySelector('#judge')?.dataset.judge !== old", arg=first
        )
        pen.free.set()
    assert reply.value.status == 200
    page.wait_for_timeout(100)
    assert page.locator("[name=revision]").input_value() == ""
    assert page.locator("#said").inner_text() == ""
    page.context.close()


def test_without_notes_an_answer_or_a_network_it_is_a_sentence(
    browser: Browser, house: House, pen: Pen
) -> None:
    house.project("failing", FORM, *asked("critique"))
    page = at_judge(house.context(browser, "anna").new_page(), house, "failing")
    line = page.locator("#said")
    press(page, "r")
    expect(line).to_contain_text("Note something")
    press(page, "n")
    page.keyboard.type("too long")
    pen.down = "the address of ant does not answer"
    click(page, "[data-do=revise]")
    expect(line).to_contain_text("the model did not answer. try again in a moment")
    page.context.set_offline(True)
    click(page, "[data-do=revise]")
    expect(line).to_contain_text("There is no connection")
    page.context.set_offline(False)
    pen.down = ""
    click(page, "[data-do=revise]")
    revised(page)
    page.reload()
    expect(page.locator("[name=revision]")).to_have_value(BETTER)
    assert (
        page.locator("#diff ins").count()
        and "too long" in page.locator("#notes textarea").input_value()
    )
    page.context.close()


def test_what_a_model_writes_is_text_and_nothing_else(
    browser: Browser, house: House, pen: Pen
) -> None:
    house.project("evil", FORM, *asked("critique"))
    page = house.context(browser, "anna").new_page()
    watch = Watch(page, house.url)
    at_judge(page, house, "evil")
    press(page, "n")
    page.keyboard.type("be evil")
    pen.says = EVIL
    click(page, "[data-do=revise]")
    expect(page.locator("#said")).to_contain_text("A model wrote")
    page.reload()
    page.wait_for_selector("#judge[data-ready]")
    page.wait_for_timeout(100)
    assert "<script>alert(1)" in page.locator("#diff").inner_text()
    assert watch.found == []
    assert page.locator("main img, main script, main iframe, main style, main link").count() == 0
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_a_revision_fits_and_can_be_read(
    browser: Browser, house: House, size: str, scheme: str
) -> None:
    name = f"look-{size}-{scheme}"
    house.project(name, FORM, *asked("critique"))
    context = house.context(browser, "anna", size, color_scheme=scheme)
    page = at_judge(context.new_page(), house, name)
    press(page, "n")
    page.keyboard.type("say when to start")
    click(page, "[data-do=revise]")
    revised(page)
    check_looks(page)
    picture(page, "revision", size, scheme)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_pages_fit_and_can_be_read(
    browser: Browser, house: House, pen: Pen, size: str, scheme: str
) -> None:
    context = house.context(browser, "olive", size, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{house.url}/new")
    check_looks(page)
    name, pen.down = f"drawn-{size}-{scheme}", "the address does not answer"
    project = house.project(name, Form("pair"))
    with house.database.write() as at:
        prompts = [drawing.Prompt((asked("pair")[0].prompt[-1],))] * 3
        drawing.ask(at, project, prompts, ["ant", "cow"], 0)
    assert house.models is not None
    house.models.drawer.wake()
    page.goto(f"{house.url}/p/{name}")
    eventually(lambda: page.reload() and "does not answer" in page.content())
    check_looks(page)
    page.get_by_role("button", name="Leave these prompts out").click()
    expect(page.get_by_text("wait for answers")).to_have_count(0)
    context.close()


def test_a_project_with_models_is_made_by_mouse_or_keys(
    browser: Browser, house: House, tmp_path: Path
) -> None:
    file = tmp_path / "prompts.jsonl"
    file.write_text('{"prompt": "Why?"}\n{"prompt": "How?"}\n')
    context = house.context(browser, "olive")
    page = context.new_page()
    for name, way in (("by-mouse", by_mouse), ("by-keys", by_keys)):
        page.goto(f"{house.url}/new")
        page.locator("[name=file]").set_input_files(file)
        way(page, name)
        page.wait_for_url(f"{house.url}/p/{name}")
        eventually(lambda: page.reload() and "of 2 items done" in page.content())
        with house.database.read() as at:
            found = listing.page(at, projects.named(at, name))
        assert [one.models for one in found] == [("ant", "cow")] * 2
    context.close()


def by_mouse(page: Page, name: str) -> None:
    page.locator("[name=name]").fill(name)
    page.locator("[name=kind]").select_option("pair")
    for model in ("ant", "cow"):
        page.get_by_label(model, exact=True).check()
    page.get_by_role("button", name="Make it").click()


def by_keys(page: Page, name: str) -> None:
    page.keyboard.type(name)
    tab_to(page, "[name=kind]")
    page.keyboard.type("pair")
    for model in ("ant", "cow"):
        tab_to(page, f'[name=models][value="{model}"]')
        press(page, " ")
    tab_to(page, "button.main")
    press(page, "Enter")
