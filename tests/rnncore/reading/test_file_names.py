"""File names as they are shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rnncore.reading.file_names import display_name


@given(st.text())
def test_a_displayed_name_is_short_printable_and_not_a_path(name: str) -> None:
    shown = display_name(name)
    assert 0 < len(shown) <= 60
    assert shown.isprintable()
    assert not set(shown) & set("/\\")


def test_the_last_part_of_a_path_is_displayed() -> None:
    assert display_name("../../etc/passwd") == "passwd"
    assert display_name("C:\\books\\a.txt") == "a.txt"
    assert display_name("") == "untitled"
