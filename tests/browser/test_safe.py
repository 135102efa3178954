"""What models and people wrote does nothing in a browser, wherever it is shown."""

from __future__ import annotations

import pytest
from house import FORMS, House, at_judge
from playwright.sync_api import Browser, Page

from plumbline.core.types import answer, user
from plumbline.feedback.collecting import judging, projects, queue
from plumbline.feedback.collecting.forms import Asked, Form

EVIL = """\
<script>alert(1)</script><img src=x onerror=alert(2)><svg/onload=alert(3)>
</textarea></article></main>'"--><script>alert(4)</script>

[click](javascript:alert(5)) ![pixel](https://evil.example/pixel.png)
[a](data:text/html,<script>alert(6)</script>)
<iframe src=https://evil.example></iframe><link rel=stylesheet href=https://evil.example/x.css>
<style>@import "https://evil.example/y.css"; body { display: none }</style>
<meta http-equiv=refresh content="0;url=https://evil.example"><base href=https://evil.example/>

```" onmouseover="alert(7)
{{ 7 * 7 }} ${7 * 7} \u202eesrever \u2028
```
"""


class Watch:
    """What a page tried: dialogs, requests to other hosts, errors."""

    def __init__(self, page: Page, url: str) -> None:
        self.found: list[str] = []
        page.on("dialog", lambda box: (self.found.append(box.message), box.dismiss()))
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("console", lambda m: self.found.append(m.text) if m.type == "error" else None)
        page.on("request", lambda asked: self.seen(asked.url, url))

    def seen(self, url: str, own: str) -> None:
        if not url.startswith((own, "data:,")):
            self.found.append(url)


@pytest.mark.parametrize("kind", ["ranking", "correction", "critique", "rating"])
def test_evil_text_does_nothing_where_it_is_judged(
    browser: Browser, house: House, kind: str
) -> None:
    count = 2 if kind in ("ranking", "rating") else 1
    one = Asked((user(EVIL),), tuple(answer(f"{EVIL} {i}") for i in range(count)))
    project = house.project(f"evil-{kind}", FORMS[kind], one, guideline=EVIL)
    context = house.context(browser, "anna")
    page = context.new_page()
    watch = Watch(page, house.url)
    at_judge(page, house, project.name)
    page.locator(".answers").hover()
    page.keyboard.press("p")
    page.wait_for_timeout(150)
    assert watch.found == [] and page.url.startswith(house.url)
    assert page.locator("main img, main script, main iframe, main style, main link").count() == 0
    assert page.locator(".unseen:visible").count()
    context.close()


def test_evil_text_does_nothing_on_the_other_pages(browser: Browser, house: House) -> None:
    name = "eve"
    house.come(name, people=EVIL[:60])
    asked = Asked((user(EVIL),), (answer(EVIL), answer("b")))
    project = house.project("evil-pages", Form("pair"), asked, members=(name,), guideline=EVIL)
    with house.database.write() as here:
        given = queue.next_item(here, project, house.people[name])
        assert given is not None
        judging.skip(here, project, house.people[name], given.item, EVIL[:900], key="k" * 16)
        projects.guide(here, project, EVIL * 2, house.people["olive"])
    context = house.context(browser, "olive")
    page = context.new_page()
    watch = Watch(page, house.url)
    for place in ("", "/items", "/people", "/assign", "/guideline", "/export"):
        page.goto(f"{house.url}/p/{project.name}{place}")
    for place in ("/", "/account", "/people", "/audit", "/new", "/runs"):
        page.goto(house.url + place)
    page.wait_for_timeout(150)
    assert watch.found == []
    page.goto(f"{house.url}/p/<script>alert(9)</script>")
    assert watch.found == ["Failed to load resource: the server responded with a status of 404"
                           " (Not Found)"]  # fmt: skip
    context.close()


def test_a_huge_answer_opens_at_once_and_is_all_there(browser: Browser, house: House) -> None:
    text = "word " * 400_000 + "the end"
    project = house.project("huge", FORMS["thumb"], Asked((user("?"),), (answer(text),)))
    context = house.context(browser, "anna")
    page = context.new_page()
    at_judge(page, house, project.name)
    page.locator("summary").last.click()
    assert page.locator(".long").evaluate("one => one.textContent.endsWith('the end')")
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#done")
    context.close()
