"""Numbers and foreign words as the page shows them."""

from __future__ import annotations

import pytest

from dashboard.formatting import (
    ago,
    byte_size,
    counted,
    duration,
    escape_markdown,
    strip_markdown,
    three_decimals,
    training_stage,
)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"),
        (99_960, "100 kB"), (812_000, "812 kB"), (999_400, "999 kB"), (999_960, "1.0 MB"),
        (3_400_000, "3.4 MB"), (25e9, "25.0 GB"), (4e12, "4.0 TB"), (5e15, "5,000.0 TB"),
    ],
)  # fmt: skip
def test_byte_sizes(count, shown):
    assert byte_size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (float("nan"), "–"), (0, "0 s"), (0.44, "0.4 s"), (2.96, "3.0 s"), (48.2, "48 s"),
        (99.4, "99 s"), (100, "1:40 min"), (149, "2:29 min"), (365, "6:05 min"),
        (3599.4, "59:59 min"), (3599.6, "1 h"), (3600, "1 h"), (4800, "1 h 20 min"),
        (7260, "2 h 1 min"),
    ],
)  # fmt: skip
def test_durations(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "a moment ago"), (59, "a moment ago"), (60, "1 minute ago"), (125, "2 minutes ago"),
        (3600, "1 hour ago"), (90_000, "1 day ago"), (200_000, "2 days ago"),
        (-5, "a moment ago"),
    ],
)  # fmt: skip
def test_times_since(seconds, shown):
    assert ago(seconds) == shown


def test_a_count_has_its_noun_in_singular_or_plural():
    shown = [counted(n, "iteration") for n in (0, 1, 1200)]
    assert shown == ["0 iterations", "1 iteration", "1,200 iterations"]


def test_training_stages():
    shown = [training_stage(n) for n in (0, 1, 1200)]
    assert shown == ["at the start of this run", "after 1 iteration", "after 1,200 iterations"]


def test_losses_have_three_decimals():
    assert (three_decimals(1.23456), three_decimals(float("nan"))) == ("1.235", "–")


@pytest.mark.parametrize("words", ["*a*", "[x](y)", ":red[x]", "$$a$$", "`b`", "<b>", "# a", "| a"])
def test_escaping_only_adds_backslashes(words):
    escaped = escape_markdown(words)
    assert escaped.replace("\\", "") == words
    assert escaped != words


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("WWW.evil.example.txt", "WWW\u2060.evil.example.txt"),
        ("https://evil.example", "https:\u2060//evil.example"),
        ("you@evil.example", "you@\u2060evil.example"),
        ("my.www book.txt: 1 / 2", "my.www book.txt: 1 / 2"),
    ],
)
def test_escaping_breaks_addresses_that_would_become_links(words, shown):
    assert escape_markdown(words).replace("\\", "") == shown


def test_stripping_leaves_words_for_a_screen_reader():
    assert strip_markdown("my *best*: [a](b) book.txt") == "my best a b book.txt"
