"""Charts draw what they are given, say it in words, and label logarithmic axes for people."""

from __future__ import annotations

import math
import re
import xml.dom.minidom

from plumbline.core.stats import Interval
from plumbline.evals.charts import Panel, Series, chart, short, ticks
from plumbline.evals.figures import bars


def at(value: float, off: float = 0.1) -> Interval:
    return Interval(value, value - off, value + off, 10)


def test_a_chart_is_one_picture_with_its_numbers_in_words() -> None:
    line = Series("", (1e5, 1e6), (at(3.0), at(2.0)), 1, "line")
    dots = Series("small", (1e5, 1e6), (at(3.1), at(2.1)), 1, "points")
    more = Series("large $x$ <b>", (1e5, 1e6), (at(2.5), at(1.5)), 2, "both")
    panel = Panel((line, dots, more), "loss", log=True)
    made = chart((panel,), "tokens", "Loss by tokens", log_x=True)
    xml.dom.minidom.parseString(made.svg)
    assert "small 3.100 at 100 k to 2.100 at 1 M" in made.alt
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", made.svg)
    assert {"200 k", "500 k", "tokens", "loss", "small"} <= set(texts)
    assert not any("mathdefault" in text for text in texts), "no formulas in tick labels"
    assert "large $x$ &lt;b&gt;" in texts
    assert "var(--m1)" in made.svg and "#0b0b" not in made.svg


def test_an_unknown_interval_is_drawn_without_ends() -> None:
    bare = Interval(2.0, math.nan, math.nan, 1)
    known, unknown = (
        chart((Panel((Series("one", (1.0,), (i,), 1, "points"),), "y"),), "x", "c")
        for i in (at(2.0), bare)
    )
    assert known.svg.count("<path") > unknown.svg.count("<path")


def test_panels_share_one_axis() -> None:
    panels = [Panel((Series("one", (1.0, 2.0), (at(1), at(2))),), name) for name in ("up", "down")]
    made = chart(panels, "steps", "Both")
    assert made.svg.count(">steps<") == 1 and ">up<" in made.svg and ">down<" in made.svg


def test_one_legend_tells_the_names_of_all_panels() -> None:
    above = Panel((Series("one", (1.0, 2.0), (at(1), at(2)), 1),), "up")
    below = Panel((Series("two", (1.0, 2.0), (at(1), at(2)), 2), above.series[0]), "down")
    made = chart([above, below], "steps", "Both")
    assert made.svg.count(">one<") == 1 and made.svg.count(">two<") == 1


def test_bars_have_headings_and_numbers() -> None:
    made = bars([("group", None, 0), ("one", at(0.5), 1), ("two", at(-0.25), 2)], "Shares")
    xml.dom.minidom.parseString(made.svg)
    assert made.alt == "Shares: group:; one 0.500 (0.400 to 0.600); two −0.250 (−0.350 to −0.150)"
    assert ">0.500<" in made.svg and ">−0.250<" in made.svg
    assert "font-weight: 700" in made.svg or "bold" in made.svg


def test_ticks_lie_inside_and_are_few() -> None:
    for low, high in ((0.9, 5.2), (58_000, 700_000), (1e9, 6e14), (2.0, 2.1)):
        found = ticks(low, high)
        assert len(found) <= 7 and all(low <= t <= high for t in found)
    assert ticks(0.9, 5.2) == [1, 1.5, 2, 3, 4, 5]
    assert ticks(58_000, 700_000) == [100_000, 200_000, 500_000]


def test_short_numbers() -> None:
    assert [short(x) for x in (0.5, 40, 1500, 2.5e6, 3e12, 4e15)] == [
        "0.5",
        "40",
        "1.5 k",
        "2.5 M",
        "3 T",
        "4 P",
    ]


def test_many_names_stand_above_the_panels_and_a_path_has_no_band() -> None:
    def made(style: str, count: int) -> str:
        many = [
            Series(f"way {i}", (1.0, 3.0, 2.0), (at(1), at(2), at(3)), i, style)  # type: ignore[arg-type]
            for i in range(count)
        ]
        return chart((Panel(tuple(many), "y"),), "x", "c").svg

    few, many = (
        float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', made("path", count))[0])
        for count in (5, 6)
    )
    assert many > few + 20, "room for their lines"
    assert "fill-opacity" in made("both", 1) and "fill-opacity" not in made("path", 1)
