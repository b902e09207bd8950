"""Checks of settings. A SettingError names the argument, its value and the allowed range."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from rnncore.errors import SettingError


def check_whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """Return ``value`` as an int if it is a whole number within ``low .. high``."""
    allowed = f"{low:,} or more" if high is None else f"{low:,} to {high:,}"
    good = isinstance(value, Integral) and not isinstance(value, bool)
    if not good or int(value) < low or (high is not None and int(value) > high):
        raise SettingError(f"{name} is {shorten(value, 60)}; it must be a whole number, {allowed}.")
    return int(value)


def check_number(
    name: str, value: Any, low: float, high: float = math.inf, *, open_low: bool = False
) -> float:
    """Return ``value`` as a float if it is finite and within ``low .. high``.

    open_low: exclude ``low`` itself.
    """
    allowed = f"above {low:g}" if open_low else f"{low:g} or more"
    if high != math.inf:
        allowed += f" and at most {high:g}"
    good = isinstance(value, Real) and not isinstance(value, bool) and _is_finite(value)
    if not good or value < low or value > high or (open_low and value == low):
        raise SettingError(f"{name} is {shorten(value, 60)}; it must be a number {allowed}.")
    return float(value)


def check_choice(name: str, value: Any, names: Iterable[str]) -> str:
    """Return ``value`` if it is exactly one of ``names``."""
    names = list(names)
    if value not in names:
        raise SettingError(f"{name} is {shorten(value, 60)}; choose one of {', '.join(names)}.")
    return str(value)


def shorten(value: Any, limit: int = 160) -> str:
    """Return ``repr(value)``, cut to ``limit`` characters; it works for every value."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of over 4,300 digits; tuples nested too deeply
        text = f"a very large {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an int that no float can hold
        return False
