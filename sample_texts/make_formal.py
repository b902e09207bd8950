"""Write the two formal sample texts, ``brackets.txt`` and ``sums.txt``, byte for byte.

Run as ``python sample_texts/make_formal.py``. Both come from a seeded generator of their
own, so that a training run on them can be repeated by anybody.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))
MAX_DEPTH = 8
MAX_PAIRS = 18  # a line: 36 brackets at most, within reach of a sequence length of 50
LARGEST_TERM = 99
TEXT_BYTES = 30_000


def bracket_line(rng: random.Random) -> str:
    """One balanced line of 1 to ``MAX_PAIRS`` pairs, nested at most ``MAX_DEPTH`` deep."""
    unopened = rng.randint(1, MAX_PAIRS)
    awaited: list[str] = []  # closing brackets still owed, the innermost last
    line = ""
    while unopened or awaited:
        may_open = unopened > 0 and len(awaited) < MAX_DEPTH
        # Opening a little more often than closing is what reaches the greater depths.
        if may_open and (not awaited or rng.random() < 0.6):
            opening, closing = rng.choice(PAIRS)
            line += opening
            awaited.append(closing)
            unopened -= 1
        else:
            line += awaited.pop()
    return line


def sum_line(rng: random.Random) -> str:
    """One addition of two numbers from 0 to ``LARGEST_TERM`` with its answer, ``17+25=42``."""
    a, b = rng.randint(0, LARGEST_TERM), rng.randint(0, LARGEST_TERM)
    return f"{a}+{b}={a + b}"


def lines_text(make_line: Callable[[random.Random], str], seed: int) -> str:
    """Whole lines from ``make_line``, until they hold at least ``TEXT_BYTES`` bytes."""
    rng = random.Random(seed)
    lines: list[str] = []
    length = 0
    while length < TEXT_BYTES:
        lines.append(make_line(rng) + "\n")
        length += len(lines[-1])
    return "".join(lines)


def formal_texts() -> dict[str, str]:
    """The content of each file by its name."""
    return {
        "brackets.txt": lines_text(bracket_line, seed=1),
        "sums.txt": lines_text(sum_line, seed=2),
    }


def main() -> None:
    """Rewrite both files beside this script, with LF line ends on every system."""
    for name, text in formal_texts().items():
        (Path(__file__).parent / name).write_bytes(text.encode("ascii"))


if __name__ == "__main__":
    main()
