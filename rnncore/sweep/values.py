"""Read the values of a setting from text: values, a range, or evenly spaced numbers of a range."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rnncore.errors import SettingError
from rnncore.sweep.plan import ValueRange

# How the text of a setting that takes no names becomes a value.
KINDS: dict[str, Callable[[str], float]] = {
    "hidden_dim": int, "num_layers": int, "input_dim": int, "dropout": float,
    "seq_length": int, "batch_size": int, "lr": float, "warmup": int, "clip": float,
    "fresh_after": int,
}  # fmt: skip


def read_value(text: str, kind: Callable[[str], Any]) -> Any:
    """Return what one word stands for.

    "64" is a value, "0.001..0.02" a ValueRange, "64..256:3" the tuple (64, 128, 256).
    SettingError: it is none of these.
    """
    low, dots, rest = text.partition("..")
    high, colon, count = rest.partition(":")
    try:
        if not dots:
            return kind(text)
        ends = ValueRange(kind(low), kind(high), whole=kind is int)
        return ends.values(int(count)) if colon else ends
    except SettingError:
        raise
    except ValueError:
        whole = "whole number" if kind is int else "number"
        raise SettingError(
            f"{text!r} is no {whole}; write values such as 64, or a range such as 64..256 or "
            "64..256:3."
        ) from None


def join(name: str, found: Iterable[Any]) -> tuple[Any, ...] | ValueRange:
    """Return all values of one setting; SettingError for a range beside other values."""
    found = list(found)
    if any(isinstance(value, ValueRange) for value in found):
        if len(found) > 1:
            raise SettingError(f"{name} has a range beside other values; give one of both.")
        ends: ValueRange = found[0]
        return ends
    values: list[Any] = []
    for value in found:
        values += value if isinstance(value, tuple) else (value,)
    return tuple(values)
