"""Quotation marks that a vocabulary lacks, read as similar ones that it has."""

from __future__ import annotations

import pytest

from dashboard.text.loading import load
from dashboard.text.quotation_marks import describe, find_stand_ins, read_as_known
from dashboard.text.recoding import recode
from rnncore import Vocab

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,?!-—()\n"
CURLED, STRAIGHT = Vocab(LETTERS + "“”‘’"), Vocab(LETTERS + "\"'")


@pytest.mark.parametrize(
    ("straight", "curled"),
    [
        ('"You are here?" said Ruth.', "“You are here?” said Ruth."),
        ('He said:\n"Don\'t."\n\n"No."', "He said\n“Don’t.”\n\n“No.”"),
        ("\"'Mid, midnight.' It's.\"", "“‘Mid, midnight.’ It’s.”"),
        ("(\"yes\") and 'no'", "(“yes”) and ‘no’"),
        ('"Never—" he said—"never"', "“Never—” he said—“never”"),
        ('"', "“"),
        ('a"', "a”"),
    ],
)
def test_straight_marks_open_or_close_by_the_character_before(straight, curled):
    recoded = recode(load(straight.encode() + b" end", "a.txt"), CURLED)
    assert recoded.preview() == curled + " end"
    assert read_as_known(straight, CURLED) == curled.replace("said\n", "said:\n")


def test_curled_marks_become_straight_for_a_network_that_knows_only_these():
    assert read_as_known("“You’re ‘here’,” he said", STRAIGHT) == "\"You're 'here',\" he said"


def test_known_marks_and_those_without_a_similar_one_stay_as_they_are():
    assert find_stand_ins("\"a' “b”", Vocab(LETTERS + "\"'“”’")) == {}
    assert find_stand_ins("\"a' “b”", Vocab(LETTERS)) == {}
    assert find_stand_ins("\"'", Vocab(LETTERS + "“’")) == {"'": ("’", "’")}


def test_a_note_says_which_marks_are_read_as_others():
    recoded = recode(load(b'"You\'re here 7 times."', "a.txt"), CURLED)
    assert recoded.notes == (
        "The model reads the quotation marks \" ' as “ ” ‘ ’, which it knows.",
        "The model does not know 1 of the text's characters; they were left out.",
    )
    assert describe({}) == ""
