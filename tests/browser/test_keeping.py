"""Nothing is lost: drafts, spells without a network, two tabs, another session."""

from __future__ import annotations

import time

from house import FORMS, House, asked, at_judge, eventually
from playwright.sync_api import Browser, expect


def test_a_draft_outlives_a_reload_and_is_on_the_server(browser: Browser, house: House) -> None:
    project = house.project("drafted", FORMS["correction"], *asked("correction"))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    took = []  # the least of three: the machine may be busy with something else for a second
    for words in ("Half", "Half a", "Half a thought"):
        page.locator("[name=text]").fill(words)
        before = time.monotonic()
        eventually(lambda words=words: (house.draft() or {}).get("body") == {"text": words})
        took.append(time.monotonic() - before)
    assert min(took) < 1.5
    page.reload()
    expect(page.locator("[name=text]")).to_have_value("Half a thought")
    context.close()
    elsewhere = house.context(browser, "anna", "phone")
    page = at_judge(elsewhere.new_page(), house, project.name)
    expect(page.locator("[name=text]")).to_have_value("Half a thought")
    elsewhere.close()


def test_the_last_words_before_a_page_closes_are_kept(browser: Browser, house: House) -> None:
    project = house.project("closed", FORMS["correction"], *asked("correction"))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    page.locator("[name=text]").fill("Written just now")
    page.close()
    written = {"text": "Written just now"}
    eventually(lambda: (house.draft() or {}).get("body") == written)
    draft = house.draft()
    assert draft is not None and draft["body"] == written and not house.said(project)
    context.close()


def test_a_judgement_sent_without_a_network_is_sent_once_later(
    browser: Browser, house: House
) -> None:
    project = house.project("offline", FORMS["pair"], *asked("pair", 2))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    first = page.locator("#judge").get_attribute("data-judge")
    context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Your judgement is kept here")
    page.keyboard.press("Enter")
    assert not house.said(project)
    context.set_offline(False)
    page.wait_for_function(
        "old => document.querySelector('#judge').dataset.judge !== old", arg=first
    )
    assert [event.kind for event in house.said(project)] == ["judged"]
    context.close()


def test_an_answer_that_was_lost_on_its_way_does_not_count_twice(
    browser: Browser, house: House
) -> None:
    project = house.project("lost", FORMS["pair"], *asked("pair", 2))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)

    def lose(route, request) -> None:  # type: ignore[no-untyped-def]
        route.fetch()  # the server has it
        route.abort()

    page.route(f"**/api/projects/{project.name}/judge", lose, times=1)
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("kept here")
    assert len(house.said(project)) == 1
    page.wait_for_function("() => !document.querySelector('#judge').inert && "
                           "!document.querySelector('[name=lean]:checked')")  # fmt: skip
    assert len(house.said(project)) == 1
    context.close()


def test_a_draft_written_without_a_network_comes_back(browser: Browser, house: House) -> None:
    project = house.project("dark", FORMS["demonstration"], *asked("demonstration"))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    context.set_offline(True)
    page.locator("#turns textarea").fill("In the dark")
    context.set_offline(False)
    page.reload()
    field = page.locator("#turns textarea").first
    expect(field).to_have_value("In the dark")
    assert field.input_value() == "In the dark" and not house.said(project)
    context.close()


def test_two_tabs_show_one_item_and_move_on_together(browser: Browser, house: House) -> None:
    project = house.project("tabs", FORMS["pair"], *asked("pair", 2))
    context = house.context(browser, "anna")
    one, two = (at_judge(context.new_page(), house, project.name) for _ in range(2))
    first = one.locator("#judge").get_attribute("data-judge")
    assert two.locator("#judge").get_attribute("data-judge") == first
    one.keyboard.press("1")
    one.keyboard.press("Enter")
    for page in (one, two):
        page.wait_for_function(
            "old => document.querySelector('#judge')?.dataset.judge !== old", arg=first
        )
    expect(two.locator("#said")).to_contain_text("another tab")
    assert one.locator("#judge").get_attribute("data-judge") == two.locator("#judge").get_attribute(
        "data-judge"
    )
    assert len(house.said(project)) == 1
    context.close()


def test_time_counts_while_the_page_is_seen(browser: Browser, house: House) -> None:
    project = house.project("timed", FORMS["thumb"], *asked("thumb"))
    context = house.context(browser, "anna")
    page = context.new_page()
    page.add_init_script(
        "let hidden = false; Object.defineProperty(document, 'hidden', { get: () => hidden });"
        "addEventListener('hide', () => { hidden = !hidden;"
        " document.dispatchEvent(new Event('visibilitychange')); });"
    )
    at_judge(page, house, project.name)
    before = time.monotonic()
    page.evaluate("dispatchEvent(new Event('hide'))")
    page.wait_for_timeout(1200)
    page.evaluate("dispatchEvent(new Event('hide'))")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#done")
    spent = time.monotonic() - before
    assert house.said(project)[0].seconds < spent - 1.1
    context.close()


def test_who_is_logged_out_keeps_the_judgement_until_logged_in(
    browser: Browser, house: House
) -> None:
    from plumbline.feedback.collecting import sessions

    project = house.project("expired", FORMS["pair"], *asked("pair"))
    context = house.context(browser, "anna")
    page = at_judge(context.new_page(), house, project.name)
    with house.database.write() as here:
        sessions.revoke_others(here, house.people["anna"], "")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("logged out")
    again = house.context(browser, "anna")
    context.add_cookies(again.cookies())
    at_judge(page, house, project.name)
    page.wait_for_selector("#done")
    assert len(house.said(project)) == 1
    context.close()
    again.close()
