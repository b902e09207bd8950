"""A visitor's regular expression is searched for in another process, for a limited time."""

from __future__ import annotations

import time

import pytest

from dashboard.text import regex_search
from dashboard.text.regex_search import find_spans
from rnncore.errors import TextError


def test_matches_are_found_without_empty_ones():
    assert find_spans("a1 22 é", "[0-9]*") == [(1, 2), (3, 5)]


def test_a_pattern_that_would_take_hours_is_stopped(monkeypatch):
    monkeypatch.setattr(regex_search, "SECONDS", 1.0)
    start = time.monotonic()
    with pytest.raises(TextError, match="takes more than 1 seconds"):
        find_spans("a" * 40 + "!", "(a+)+$")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("", "The pattern is empty"),
        ("(", "is not a regular expression"),
        ("x" * 201, "has 201 characters"),
        ("z", "matches no character"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_explained(pattern, words):
    with pytest.raises(TextError, match=words):
        find_spans("abc", pattern)
