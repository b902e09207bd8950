"""What the pretrained network writes, shown on the stage before anything was trained."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from rnncore import RNN, Sampler, pretrained

SHOWN = "pride"  # the pretrained model
_SEED_TEXT, _LENGTH, _TEMPERATURE = "Elizabeth ", 600, 0.5
# docs/pretrained-pride.md says how it was trained and measured.
TITLE = "Jane Austen’s network"
CARD = "Pride and Prejudice · 20,000 iterations · validation 1.08"


@dataclass(frozen=True)
class Showcase:
    """A seed text and what a network wrote after it."""

    seed_text: str
    text: str


@cache
def write_showcase() -> Showcase:
    """Return a sample of the pretrained network; it takes about 50 ms, once for each server."""
    return first_sample(pretrained(SHOWN), _SEED_TEXT)


def first_sample(model: RNN, seed_text: str) -> Showcase:
    """Return what a network writes after a seed text, always the same.

    The blanks at the start of its lines, which come from a book's page, are left out.
    """
    text = Sampler(model).sample(seed_text, _LENGTH, _TEMPERATURE, seed=0)
    return Showcase(seed_text, re.sub(r"\n[ \t]+", "\n", text))
