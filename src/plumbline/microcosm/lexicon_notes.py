"""The words of passages: headings, sources, and what is said where notes fail or differ."""

from __future__ import annotations

NOTES, QUESTION = "Notes:", "Question:"
SIGNED = "The {s} of {y}:"
SOURCES = ("almanac", "herald", "ledger", "sailors")
ABSENT, DIFFER = "The notes do not say.", "The notes differ."
NEWEST, SOURCE = "Trust the newest note.", "Trust the {s}."
