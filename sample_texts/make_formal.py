"""Write the two formal sample texts, ``brackets.txt`` and ``sums.txt``, byte for byte.

Run as ``python sample_texts/make_formal.py``. Each text has its own random generator with a fixed
seed, so that every run of this script writes the same files.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))
MAX_DEPTH = 8
MAX_PAIRS = 18  # per line: at most 36 brackets, fewer than the sequence length of 50
LARGEST_TERM = 99
TEXT_BYTES = 30_000


def make_bracket_line(rng: random.Random) -> str:
    """Return a balanced line of 1 to ``MAX_PAIRS`` pairs, nested at most ``MAX_DEPTH`` deep."""
    unopened = rng.randint(1, MAX_PAIRS)
    missing: list[str] = []  # closing brackets to come, the innermost last
    line = ""
    while unopened or missing:
        may_open = unopened > 0 and len(missing) < MAX_DEPTH
        # A line reaches great depths only if it opens more often than it closes.
        if may_open and (not missing or rng.random() < 0.6):
            opening, closing = rng.choice(PAIRS)
            line += opening
            missing.append(closing)
            unopened -= 1
        else:
            line += missing.pop()
    return line


def make_sum_line(rng: random.Random) -> str:
    """Return the sum of two numbers from 0 to ``LARGEST_TERM``, such as ``17+25=42``."""
    a, b = rng.randint(0, LARGEST_TERM), rng.randint(0, LARGEST_TERM)
    return f"{a}+{b}={a + b}"


def make_text(make_line: Callable[[random.Random], str], seed: int) -> str:
    """Return lines of ``make_line`` that have at least ``TEXT_BYTES`` bytes together."""
    rng = random.Random(seed)
    lines: list[str] = []
    length = 0
    while length < TEXT_BYTES:
        lines.append(make_line(rng) + "\n")
        length += len(lines[-1])
    return "".join(lines)


def make_formal_texts() -> dict[str, str]:
    """Return the content of each file by its name."""
    return {
        "brackets.txt": make_text(make_bracket_line, seed=1),
        "sums.txt": make_text(make_sum_line, seed=2),
    }


def main() -> None:
    """Write both files beside this script, with LF line endings on every system."""
    for name, text in make_formal_texts().items():
        (Path(__file__).parent / name).write_bytes(text.encode("ascii"))


if __name__ == "__main__":
    main()
