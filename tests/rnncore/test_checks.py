"""Checks of settings: every nonsense value is a SettingError with one short sentence."""

from __future__ import annotations

import math

import pytest

from rnncore import checks
from rnncore.errors import SettingError

NESTED: object = ()
for _ in range(995):
    NESTED = (NESTED,)

NONSENSE = [10**400, -(10**400), 10**5000, math.nan, math.inf, True, None, "3", b"3", [], NESTED]


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: type(value).__name__)
def test_nonsense_is_refused_with_one_short_sentence(value):
    for check in (
        lambda: checks.check_number("lr", value, 0.0, 100.0),
        lambda: checks.check_number("lr", value, -math.inf),
        lambda: checks.check_whole("lr", value, 0, 100),
        lambda: checks.check_choice("lr", value, ["adam"]),
    ):
        with pytest.raises(SettingError) as refused:
            check()
        assert str(refused.value).startswith("lr is ")
        assert len(str(refused.value)) < 200


def test_a_value_without_a_printable_form_is_still_named():
    assert checks.shorten(10**5000) == "a very large int"
    assert checks.shorten("x" * 500, 20) == "'xxxxxxxxxxxxxxxx..."
