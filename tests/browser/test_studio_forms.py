"""Every form is filled in and sent, by mouse and by keyboard alone; what is stored is what was
meant, and the answers stand on the screen in the order stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from house import FORMS, House, asked, at_judge, eventually
from playwright.sync_api import Browser, Page

from plumbline.core.types import answer, user
from plumbline.feedback.collecting.forms import Asked, Form

Meant = Callable[[list[int]], dict[str, Any]]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def click(page: Page, *what: str) -> None:
    for one in what:
        page.locator(one).click()


def radio(page: Page, name: str, value: object) -> None:
    page.locator(f'label:has([name="{name}"][value="{value}"])').click()


def chip(page: Page, index: int) -> Any:
    return page.locator(f'.chip[data-index="{index}"]')


def rank_by_mouse(page: Page, shown: list[int]) -> None:
    a, b, c, _ = shown
    chip(page, b).click()
    chip(page, a).drag_to(page.locator("#board li"), target_position={"x": 30, "y": 48})
    page.wait_for_selector("#board li:nth-child(2)")
    chip(page, c).drag_to(page.locator("#board li:first-child"))
    radio(page, "strength", 2)


def rank_by_keys(page: Page, shown: list[int]) -> None:
    press(
        page,
        "1",
        "2",
        "3",
        "4",
        "-",
        "3",
        "ArrowUp",
        "=",
        "2",
        "ArrowUp",
        "3",
        "ArrowUp",
        "ArrowUp",
        "=",
    )
    press(page, "2", "ArrowUp", "ArrowUp", "3", "=")
    page.locator('[name="strength"]').first.focus()
    press(page, " ", "ArrowRight")


def ranked(shown: list[int]) -> dict[str, Any]:
    a, b, c, _ = shown
    return {"tiers": [[b, c], [a]], "none": False, "strength": 2}


def pair_by_mouse(page: Page, shown: list[int]) -> None:
    radio(page, "lean", 2)
    page.locator("[name=none]").click()


def pair_by_keys(page: Page, shown: list[int]) -> None:
    press(page, "1", "=", "2", "ArrowRight", "b")


def paired(shown: list[int]) -> dict[str, Any]:
    return {"tiers": [[shown[1]], [shown[0]]], "none": True, "strength": 2}


def thumb_by_mouse(page: Page, shown: list[int]) -> None:
    radio(page, "good", "no")


def thumb_by_keys(page: Page, shown: list[int]) -> None:
    press(page, "1", "ArrowDown")


def rate_by_mouse(page: Page, shown: list[int]) -> None:
    for name, value in ((f"r0-{shown[0]}", 4), (f"r0-{shown[1]}", 1)):
        radio(page, name, value)
    for name, value in ((f"r1-{shown[0]}", "70"), (f"r1-{shown[1]}", "0")):
        page.locator(f'[name="{name}"]').fill(value)


def rate_by_keys(page: Page, shown: list[int]) -> None:
    press(page, "4", "1")
    page.keyboard.type("70")
    press(page, "Tab")
    page.keyboard.type("0")


def rated(shown: list[int]) -> dict[str, Any]:
    scores = {"helpful": [0, 0], "honest": [0, 0]}
    scores["helpful"][shown[0]], scores["helpful"][shown[1]] = 4, 1
    scores["honest"][shown[0]] = 70
    return {"scores": scores}


def show_by_mouse(page: Page, shown: list[int]) -> None:
    click(page, "[data-do=more]")
    for field, text in zip(
        page.locator("#turns textarea").all(), ("Early.", "And?", "Water."), strict=True
    ):
        field.click()
        page.keyboard.type(text)


def show_by_keys(page: Page, shown: list[int]) -> None:
    tab_to(page, "#turns textarea")
    page.keyboard.type("Early.")
    tab_to(page, "[data-do=more]")
    press(page, "Enter")  # the last turn has the focus now
    page.keyboard.type("Water.")
    press(page, "Shift+Tab")
    page.keyboard.type("And?")


def demonstrated(shown: list[int]) -> dict[str, Any]:
    roles, texts = ("assistant", "user", "assistant"), ("Early.", "And?", "Water.")
    return {"turns": [{"role": r, "content": t} for r, t in zip(roles, texts, strict=True)]}


def correct_by_mouse(page: Page, shown: list[int]) -> None:
    field = page.locator("[name=text]")
    field.click()
    field.fill(field.input_value().replace("noon", "eleven"))
    assert page.locator("#diff del").all_inner_texts() == ["noon"]
    assert page.locator("#diff ins").all_inner_texts() == ["eleven"]


def correct_by_keys(page: Page, shown: list[int]) -> None:
    tab_to(page, "[name=text]")
    press(page, "Control+Home")
    before = asked("correction")[0].answers[0][0].content.index("noon")
    for _ in range(before):
        press(page, "ArrowRight")
    press(page, *["Shift+ArrowRight"] * 4)
    page.keyboard.type("eleven")


def corrected(shown: list[int]) -> dict[str, Any]:
    return {"text": asked("correction")[0].answers[0][0].content.replace("noon", "eleven")}


def criticise_by_mouse(page: Page, shown: list[int]) -> None:
    page.locator("#critiqued").get_by_text("Leave in the").dblclick(position={"x": 12, "y": 10})
    click(page, "[data-do=mark]")
    page.keyboard.type("good")
    click(page, "[data-do=note]")
    page.keyboard.type("too long")
    click(page, "#revising summary", "[name=revision]")
    page.keyboard.type("Go early.")


def criticise_by_keys(page: Page, shown: list[int]) -> None:
    tab_to(page, "#critiqued")
    press(page, "ArrowRight", "ArrowRight", "ArrowLeft", "m")
    page.keyboard.type("good")
    tab_to(page, "[data-do=note]", back=True)
    press(page, "Enter")
    page.keyboard.type("too long")
    tab_to(page, "#revising summary")
    press(page, "Enter", "Tab")
    page.keyboard.type("Go early.")


def tab_to(page: Page, what: str, back: bool = False) -> None:
    """Press Tab until the focus is there."""
    for _ in range(40):
        if page.evaluate("what => document.activeElement?.matches(what)", what):
            return
        press(page, "Shift+Tab" if back else "Tab")
    raise AssertionError(f"Tab does not lead to {what}")


WAYS: dict[str, tuple[Any, Any, Meant]] = {
    "ranking": (rank_by_mouse, rank_by_keys, ranked),
    "pair": (pair_by_mouse, pair_by_keys, paired),
    "thumb": (thumb_by_mouse, thumb_by_keys, lambda shown: {"good": False}),
    "rating": (rate_by_mouse, rate_by_keys, rated),
    "demonstration": (show_by_mouse, show_by_keys, demonstrated),
    "correction": (correct_by_mouse, correct_by_keys, corrected),
}


@pytest.mark.parametrize("way", ["mouse", "keys"])
@pytest.mark.parametrize("kind", [*WAYS, "critique"])
def test_a_form_is_filled_in_and_sent(
    browser: Browser, each_house: House, kind: str, way: str
) -> None:
    house = each_house
    project = house.project(f"{kind}-{way}", FORMS[kind], *asked(kind, 2))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    shown = house.shown(project)
    on_screen = [
        int(one.get_attribute("data-index") or "") for one in page.locator(".answer").all()
    ]
    assert on_screen == shown and "secret" not in page.content()
    first = page.locator("#judge").get_attribute("data-judge")
    by_mouse, by_keys, meant = WAYS.get(kind, (criticise_by_mouse, criticise_by_keys, None))
    (by_mouse if way == "mouse" else by_keys)(page, shown)
    if way == "mouse":
        page.get_by_role("button", name="Send").click()
    else:
        press(page, "Enter" if kind in ("ranking", "pair", "thumb", "rating") else "Control+Enter")
    page.wait_for_function(
        "old => document.querySelector('#judge')?.dataset.judge !== old", arg=first
    )
    (event,) = house.said(project)
    assert event.kind == "judged" and event.shown == shown and 0 < event.seconds < 30
    if kind == "critique":
        check_critique(event.body)
    else:
        assert meant is not None and event.body == meant(shown)
    context.close()


def check_critique(body: dict[str, Any]) -> None:
    text = asked("critique")[0].answers[0][0].content
    first, whole = body["notes"]
    assert text[slice(*first["span"])].strip() == "Leave" and first["text"] == "good"
    assert (whole["text"], whole["span"], body["revision"]) == ("too long", None, "Go early.")


def test_a_span_counts_characters_as_the_server_does(browser: Browser, house: House) -> None:
    text = "👩‍🚀 flies\r\nto\u202ethe moon 🌙 now"
    project = house.project("odd", Form("critique"), Asked((user("?"),), (answer(text),)))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    page.evaluate("""() => {
        const last = document.querySelector("#critiqued .plain").lastChild;
        const at = last.data.indexOf("moon");
        getSelection().setBaseAndExtent(last, at, last, at + 7);
    }""")
    click(page, "[data-do=mark]")
    page.keyboard.type("where")
    assert page.locator(".quote").inner_text() == "moon 🌙"
    press(page, "Control+Enter")
    page.wait_for_selector("#done")
    (event,) = house.said(project)
    assert text[slice(*event.body["notes"][0]["span"])] == "moon 🌙"
    context.close()


def test_skip_with_a_reason_and_undo_by_keys(browser: Browser, house: House) -> None:
    project = house.project("skipped", FORMS["thumb"], *asked("thumb"))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    press(page, "s")
    tab_to(page, "[name=reason]")
    press(page, " ", "Enter")
    page.wait_for_selector("#done")
    press(page, "u")
    page.wait_for_selector("#judge[data-ready]")
    press(page, "1", "Enter")
    page.wait_for_selector("#done")
    page.get_by_role("button", name="Take back").click()
    page.wait_for_selector("#judge[data-ready]")
    assert page.locator("[name=good][value=yes]").is_checked(), "what was said before is there"
    kinds = [event.kind for event in house.said(project)]
    assert kinds == ["skipped", "undone", "judged", "undone"]
    context.close()


def test_nothing_incomplete_is_sent_and_help_opens(browser: Browser, house: House) -> None:
    project = house.project("lacking", FORMS["pair"], *asked("pair"))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    press(page, "Enter")
    assert "Say which is better" in page.locator("#said").inner_text()
    press(page, "?")
    assert page.locator("#help").is_visible()
    press(page, "Escape")
    assert not page.locator("#help").is_visible() and not house.said(project)
    press(page, "p")
    assert "**noon**" in page.locator(".answers").inner_text()
    context.close()


def test_the_guidelines_say_that_they_changed(browser: Browser, house: House) -> None:
    from plumbline.feedback.collecting import projects

    project = house.project("guided", FORMS["thumb"], *asked("thumb"), guideline="Be kind.")
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    tag = page.locator("#guide .tag")
    assert not tag.is_visible() and page.get_by_text("Be kind.").first.is_visible()
    with house.database.write() as here:
        projects.guide(here, project, "Be **true**.", None)
    at_judge(page, house, project.name)
    assert tag.is_visible() and page.get_by_text("true").first.is_visible()
    at_judge(page, house, project.name)
    assert not tag.is_visible()
    eventually(lambda: not house.said(project))
    context.close()
