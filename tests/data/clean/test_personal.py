"""Personal data: every kind found whole, its decoys left, masked text without a rest of it."""

from __future__ import annotations

import random

import pytest

from plumbline.data.clean import personal
from plumbline.data.clean.personal import Span, find, hidden, luhn, mask, mod97
from plumbline.data.clean.settings import Personal

ALL = Personal()
FOUND = [
    ("mail", "a.b+c@mail.qvtx.co.uk"),
    ("mail", "X_9@qvtx.museum"),
    ("phone", "+49 30 1234567"),
    ("phone", "+1 (212) 736-5000"),
    ("phone", "(212) 736-5000"),
    ("phone", "212-736-5000"),
    ("phone", "212.736.5000"),
    ("iban", "DE89370400440532013000"),
    ("iban", "GB29 NWBK 6016 1331 9268 19"),
    ("iban", "NO93 8601 1117 947"),
    ("card", "4111 1111 1111 1111"),
    ("card", "4111111111111111"),
    ("card", "3782 822463 10005"),
    ("card", "5500-0000-0000-0004"),
    ("ip", "8.8.4.4"),
    ("ip", "2a00:1450:4001:81b::200e"),
    ("key", "AKIAIOSFODNN7EXAMPLQ"),
    ("key", "ghp_" + "a1B2" * 9),
    ("key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"),
]
LEFT = [
    "user@example.com",
    "me@shop.test",
    "@handle and 3 @ 4",
    "a@b",
    "1939-1945",
    "2021-03-04 12:30:45",
    "978-3-16-148410-0",
    "1,234,567,890",
    "(202) 555-0143",
    "3.14159265358979",
    "DE89370400440532013001",
    "4111 1111 1111 1112",
    "1234 5678 9012 3456",
    "version 1.2.3.4",
    "v10.4.2.1",
    "192.168.0.1",
    "10.0.0.1",
    "192.0.2.7",
    "1.2.3",
    "1.2.3.4.5",
    "999.1.1.1",
    "fe80::1",
    "2001:db8::1",
    "std::vector",
    "12:34:56",
    "d41d8cd98f00b204e9800998ecf8427e",
    "api_key = your_api_key_here",
    "the password is a secret word",
    "token = tokens[3]",
    "sk-learn",
    "order 123456789",
]


@pytest.mark.parametrize(("kind", "text"), FOUND)
@pytest.mark.parametrize(
    "around", ["{}", "so {} it", "({})", "{}.", '"{}", and', "a\n{}\nb", "é{{ {}"]
)
def test_found_whole(kind: str, text: str, around: str) -> None:
    around = around.replace("{{", "(")
    whole = around.format(text)
    at = whole.index(text)
    assert find(whole, ALL) == [Span(at, at + len(text), kind)]
    assert mask(whole, find(whole, ALL)) == around.format(f"[{kind.upper()}]")


@pytest.mark.parametrize("text", LEFT)
def test_decoys_are_left(text: str) -> None:
    assert find(f"see {text} there", ALL) == []


@pytest.mark.parametrize(
    "text",
    [
        "Tel. 030 1234567",
        "phone: 555 1234",
        "Call me at 030/1234567",
        "Fax: 06 12 34 56 78",
        "mobil 0171 234567",
    ],
)
def test_cue_words_make_a_telephone(text: str) -> None:
    spans = find(f"{text} now", ALL)
    assert [span.kind for span in spans] == ["phone"]
    assert mask(f"{text} now", spans).endswith("[PHONE] now")
    digits = text[spans[0].start :]
    assert find(f"room {digits} now", ALL) == []


def test_assigned_secrets() -> None:
    for text in (
        'password: "x8K2m9Qz4LwT"',
        "api_key=9f8a7b6c5d4e3f2a1b0c",
        "Bearer a8Kx0p2Lm4Nq6Rs8Tu",
    ):
        assert [span.kind for span in find(text, ALL)] == ["key"], text


def test_reserved_things_on_request() -> None:
    settings = Personal(reserved=True)
    for text in ("user@example.com", "192.168.0.1", "(202) 555-0143"):
        assert len(find(text, settings)) == 1 and not find(text, ALL)


def test_kinds_are_chosen() -> None:
    assert find("a@qvtx.org 8.8.4.4", Personal(kinds=("ip",))) == [Span(11, 18, "ip")]


def test_check_digits_catch_every_single_error() -> None:
    rng = random.Random(0)
    for good, check in (
        ("4111111111111111", luhn),
        ("DE89370400440532013000", lambda t: mod97(t) == 1),
    ):
        assert check(good)
        for at in range(4, len(good)):
            wrong = str((int(good[at]) + rng.randint(1, 9)) % 10)
            assert not check(good[:at] + wrong + good[at + 1 :])


def test_reports_hide_what_was_found() -> None:
    text = "write to someone.private@qvtx.org"
    shown = hidden(text, find(text, ALL)[0])
    assert "private" not in shown and shown == "mail so…rg (24 characters)"


def test_overlaps_take_the_longer() -> None:
    assert personal._apart([Span(0, 5, "a"), Span(3, 20, "b"), Span(30, 31, "c")]) == [
        Span(3, 20, "b"),
        Span(30, 31, "c"),
    ]
