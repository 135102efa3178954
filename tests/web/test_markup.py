"""Model text is untrusted: whatever it is, only tags and attributes of a list come out."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.web.studio.markup import MARKDOWN, TAGS, UNSEEN, both, markdown, plain

VECTORS = """\
<script>alert(1)</script>
<img src=x onerror=alert(1)>
<svg/onload=alert(1)>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<a href="javascript:alert(1)">x</a>
<style>@import 'https://evil.example/x.css'</style>
<meta http-equiv=refresh content="0;url=https://evil.example">
<base href=https://evil.example/>
<form action=https://evil.example><button>x</button></form>
<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<!--<img src="--><img src=x onerror=alert(1)//">
<![CDATA[<img src=x onerror=alert(1)>]]>
</div></article></main><script>alert(1)</script>
</textarea><script>alert(1)</script>
"><script>alert(1)</script>
' onmouseover='alert(1)
[x](javascript:alert(1))
[x](JaVaScRiPt:alert(1))
[x](java\tscript:alert(1))
[x](&#106;avascript:alert(1))
[x](\x01javascript:alert(1))
[x](data:text/html;base64,PHNjcmlwdD4=)
[x](vbscript:msgbox(1))
[x](file:///etc/passwd)
[x](//evil.example)
[x](/logout)
[x](https:evil.example)
[x](https:\\\\evil.example)
[x](https://a.example/"onmouseover="alert(1))
[x](<https://a.example/ onclick=alert(1)>)
[x](https://a.example 'onclick="alert(1)')
[x](https://a.example "</a><script>alert(1)</script>")
<javascript:alert(1)>
<https://a.example/"><script>alert(1)</script>>
![x](https://evil.example/pixel.png)
![x](data:image/svg+xml;base64,PHN2Zz4=)
![" onerror="alert(1)](x "y")
![<script>alert(1)</script>](https://evil.example)
[![x](https://evil.example/a.png)](javascript:alert(1))
[r]: javascript:alert(1)
```"><script>alert(1)</script>
`<script>alert(1)</script>`
| a | b |\n|:-|-:|\n| <script>alert(1)</script> | ![x](//e.example) |
# <img src=x onerror=alert(1)>
1. <svg onload=alert(1)>
&lt;script&gt;alert(1)&lt;/script&gt;
&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;
\\<script>alert(1)\\</script>
""".splitlines()


class Found(HTMLParser):
    """What a parser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.odd: list[str] = []
        self.said: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.odd.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        if not self.tags or self.tags[-1][1].get("class") != "unseen" or self.open[-1:] != ["span"]:
            self.said.append(data)

    @property
    def words(self) -> str:
        return "".join(self.said)

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def check_safe(page: str) -> Found:
    found = Found(page)
    assert not found.odd and not found.open
    for tag, attributes in found.tags:
        assert tag in TAGS and set(attributes) <= TAGS[tag]
        if "class" in attributes:
            known = {"md", "plain", "unseen", "image", "rest", "long", "piece"}
            assert attributes["class"] in known | {"left", "center", "right"}
        if tag == "a":
            assert attributes["href"].lower().startswith(("http://", "https://", "mailto:"))
            assert attributes["rel"] == "noopener noreferrer nofollow"
            assert attributes["target"] == "_blank"
    assert not UNSEEN.search(page)
    page.encode()
    return found


@pytest.mark.parametrize("vector", VECTORS)
@pytest.mark.parametrize("frame", ["{}", "a {} b", "> {}", "- {}", "x\n\n{}\n\ny"])
def test_no_vector_gets_through(vector: str, frame: str) -> None:
    text = frame.format(vector)
    for write in (markdown, plain, both):
        check_safe(write(text))


PIECES = ["<", ">", '"', "'", "&", "[", "](", ")", "!", "`", "```", "\n", "|", "\\", "javascript:",
          "https://a.b/", "<script>", "onload=", " ", "#", "*", "~~", "\u202e", "&#x202e;",
          "-", "1. ", "---|---", "\ud800", "\x00", "\u2028"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40).map("".join))
def test_only_listed_tags_and_attributes_come_out(text: str) -> None:
    check_safe(both(text))


@given(st.text() | st.lists(st.sampled_from(["\r", "\n", "\u200b", "a"])).map("".join))
def test_plain_shows_every_character(text: str) -> None:
    found = check_safe(plain(text))
    boxes = [int(of["data-n"]) for _, of in found.tags if "data-n" in of]
    assert sum(boxes) == len(UNSEEN.findall(text))
    assert found.words == UNSEEN.sub("", text)


def test_markdown_is_read() -> None:
    page = markdown(
        "# Head\n\n*a* **b** `c`\n\n1. d\n\n| e |\n|--:|\n| f |\n\n[g](https://h.example)"
    )
    for part in ("<h4>Head</h4>", "<em>a</em>", "<strong>b</strong>", "<code>c</code>",
                 "<li>d</li>", '<td class="right">f</td>', 'href="https://h.example"'):  # fmt: skip
        assert part in page


def test_an_image_is_named_and_not_loaded() -> None:
    page = markdown("![a cat](https://evil.example/cat.png)")
    assert "image: a cat (https://evil.example/cat.png)" in page and "<img" not in page


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\U000e0041", "\x1b", "\ufeff"]
)
def test_an_unseen_character_is_boxed(character: str) -> None:
    boxed = f"U+{ord(character):04X}"
    for frame in ("a{}b", "`a{}b`", "```\n{}\n```", "![{}](x)", "[{}](https://a.example)", "# {}"):
        assert boxed in markdown(frame.format(character))


def test_an_unseen_character_written_as_an_entity_is_boxed() -> None:
    assert "U+202E" in markdown("a&#x202e;b")


@pytest.mark.parametrize("text", ["👩\u200d🚀", "می\u200cخواهم", "क्\u200dष", "❤️"])
def test_joiners_that_shape_stay(text: str) -> None:
    assert text in markdown(text) and "unseen" not in markdown(text)


def test_a_joiner_among_plain_letters_is_boxed() -> None:
    assert "U+200D" in plain("pass\u200dword")


@pytest.mark.parametrize(
    "part", ["a", "[", "> ", "*a ", "`", "![](", "<", "|", "- ", "&#", "\n[a]:", "\u202e"]
)
def test_a_huge_text_is_folded_and_takes_no_time(part: str) -> None:
    text = part * (400_000 // len(part))
    before = time.process_time()
    page = both(text)
    assert time.process_time() - before < 3
    found = check_safe(page)
    assert "show all" in found.words and len([t for t in found.tags if t[0] == "details"]) == 1


def test_what_is_folded_is_all_there() -> None:
    text = "word " * MARKDOWN
    words = check_safe(plain(text)).words
    assert words.replace(f"show all {len(text):,} characters", "") == text
