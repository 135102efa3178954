"""What a person would see: nothing overflows, everything can be read, focus follows reading.

With PLUMBLINE_SCREENSHOTS=1 the pictures of docs/img are made anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from house import FORMS, SIZES, House, asked, at_judge
from playwright.sync_api import Browser, Page, expect

from plumbline.core.types import answer, user
from plumbline.feedback.collecting import judging, projects, queue
from plumbline.feedback.collecting.forms import Asked, Form
from plumbline.feedback.collecting.projects import Project
from plumbline.web.studio import page_runs

IMAGES = Path(__file__).resolve().parents[2] / "docs/img"
PAGES = ("/", "/p/walks", "/p/walks/items", "/p/walks/people", "/p/walks/guideline",
         "/p/walks/export", "/p/walks/assign", "/account", "/new", "/people", "/audit",
         "/runs")  # fmt: skip
GUIDE = "Prefer answers that **keep people safe**."
WIDE = f"| a | b |\n|-|-|\n| {'c' * 90} | d |\n\n```\n{'d ' * 200}\n```"


def readied(house: House) -> Project:
    """A project that two groups have judged and do not agree about; made once."""
    with house.database.read() as here:
        found = projects.find(here, "walks")
    if found is not None:
        return found
    staff = [f"{group}-{i}" for group in ("guides", "guests") for i in range(3)]
    for name in staff:
        house.come(name, people=name[:-2])
    items = [*asked("pair", 8), Asked((user("A" * 300),), (answer("b" * 300), answer(WIDE)))]
    project = house.project("walks", Form("pair", strength=True), *items, members=(*staff, "anna"),
                            quota=7, guideline=GUIDE)  # fmt: skip
    for name in staff:
        judged(house, project, name)
    return project


def judged(house: House, project: Project, name: str) -> None:
    """All of it: guides for the first answer, guests mostly for the second."""
    n = 0
    with house.database.write() as here:
        while (given := queue.next_item(here, project, house.people[name])) is not None:
            best = 0 if name.startswith("guides") or n % 4 == 0 else 1
            body = {"tiers": [[best], [1 - best]], "none": False, "strength": 1 + n % 3}
            judging.judge(here, project, house.people[name], given.item, body,
                          seconds=8.0 + n, key=f"{name}-key-{n}")  # fmt: skip
            n += 1


def check_looks(page: Page) -> None:
    assert page.evaluate("overflows()") == []
    assert page.evaluate("faint()") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_and_can_be_read(browser: Browser, house: House, size: str, scheme: str) -> None:
    readied(house)
    context = house.context(browser, "olive", size, color_scheme=scheme)
    page = context.new_page()
    for place in PAGES:
        page.goto(house.url + place)
        check_looks(page)
        picture(page, {"/p/walks": "project", "/p/walks/people": "people"}.get(place), size, scheme)
    context.clear_cookies()
    page.goto(f"{house.url}/login")
    check_looks(page)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_forms_fit_and_can_be_read(browser: Browser, house: House, size: str, scheme: str) -> None:
    context = house.context(browser, "olive", size, color_scheme=scheme)
    page = context.new_page()
    for kind, form in FORMS.items():
        name = f"look-{kind}-{size}-{scheme}"
        house.project(name, form, *asked(kind, 2), guideline=GUIDE)
        at_judge(page, house, name)
        page.keyboard.press("2")
        page.keyboard.press("1")
        check_looks(page)
        picture(page, {"ranking": "ranking", "pair": "pair"}.get(kind), size, scheme)
    context.close()


@pytest.mark.parametrize("kind", FORMS)
def test_focus_follows_reading_and_is_seen(browser: Browser, house: House, kind: str) -> None:
    name = f"focus-{kind}"
    house.project(name, FORMS[kind], *asked(kind))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, name)
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate("focused()")
        if stop["tag"] == "BODY" or (stops and stop["order"] <= stops[0]["order"]):
            break
        stops.append(stop)
    places = [stop["order"] for stop in stops]
    assert places == sorted(places) and len(stops) > 6
    assert [stop["name"] for stop in stops if stop["outline"] == "none"] == []
    assert [stop["name"].split()[0] for stop in stops if stop["inside"]] == ["Send", "Skip", "Undo"]
    context.close()


@pytest.mark.parametrize("kind", FORMS)
def test_everything_has_a_name_for_those_who_hear_it(
    browser: Browser, house: House, kind: str
) -> None:
    name = f"heard-{kind}"
    house.project(name, FORMS[kind], *asked(kind))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, name)
    for one in page.locator("main :is(button, input, textarea, a, select)").all():
        heard = one.aria_snapshot()
        assert '"' in heard or not heard, heard
    context.close()


def test_curves_are_drawn_and_grow(
    browser: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_runs, "LISTED", 0.0)  # a list from before would not have it
    file = house.studio.folder / "run-1" / "metrics.jsonl"
    file.parent.mkdir()
    lines = [f'{{"step": {n}, "loss": {1 / (n + 1)}, "lr": 1e-5}}\n' for n in range(60)]
    file.write_text("".join(lines[:50]))
    context = house.context(browser, "olive")
    page = context.new_page()
    page.goto(f"{house.url}/runs")
    page.get_by_role("link", name="run-1").click()
    expect(page.locator("figure")).to_have_count(2)
    expect(page.locator("#said")).to_have_text("50 steps written")
    check_looks(page)
    file.write_text("".join(lines))
    expect(page.locator("#said")).to_have_text("60 steps written")
    context.close()


def test_a_thumb_on_a_phone_ranks(browser: Browser, house: House) -> None:
    project = house.project("touched", FORMS["ranking"], *asked("ranking"))
    context = house.context(browser, "anna", "phone")
    page = at_judge(context.new_page(), house, project.name)
    shown = house.shown(project)
    for index in (shown[2], shown[0]):
        page.locator(f'.chip[data-index="{index}"]').tap()
    page.locator("[data-move=up]").tap()
    page.get_by_role("button", name="Send").tap()
    page.wait_for_selector("#done")
    assert house.said(project)[0].body["tiers"] == [[shown[0]], [shown[2]]]
    context.close()


def picture(page: Page, what: str | None, size: str, scheme: str) -> None:
    """docs/img/studio-WHAT-SIZE-SCHEME.png, when asked for."""
    if what and os.environ.get("PLUMBLINE_SCREENSHOTS") == "1":
        IMAGES.mkdir(exist_ok=True)
        page.mouse.move(0, 0)
        page.screenshot(path=IMAGES / f"studio-{what}-{size}-{scheme}.png")
