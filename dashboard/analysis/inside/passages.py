"""Passages of a book: where a unit is strongest and weakest, and where a phrase's units are on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.inside.reading import Reading, Values
from dashboard.formatting import counted
from rnncore import RNN, RnnCoreError, Vocab, inspect

MAX_CHARS = 3_000_000  # of the book that is read
MAX_PHRASE = 200
COUNT, AROUND = 8, 30  # passages shown, and characters on either side
# A chosen place rules out at most the windows on either side of its own.
_WINDOWS = 3 * COUNT


@dataclass(frozen=True)
class Place:
    """A place in a text with the characters before and after it, and the unit's value there."""

    at: int
    before: str
    char: str
    after: str
    value: float


def describe_cut(length: int) -> str:
    """Return a sentence about a book that is too long to be read as a whole, or ""."""
    if length <= MAX_CHARS:
        return ""
    return f"The text has {length:,} characters; the first {MAX_CHARS:,} are read."


def find_extremes(
    network: RNN,
    ids: NDArray[np.integer],
    part: str,
    progress: inspect.Progress | None = None,
) -> inspect.Extremes:
    """Read a book once and keep the extremes of every unit of all layers."""
    return inspect.find_strongest(network, ids[:MAX_CHARS], part, _WINDOWS, progress)


def strongest(
    extremes: inspect.Extremes, vocab: Vocab, ids: NDArray[np.integer], unit: int
) -> tuple[list[Place], list[Place]]:
    """Return the places where a unit is strongest and where it is weakest, the extreme first.

    unit: counted through all layers. ids: those that ``extremes`` were found in.
    """

    def places(values: Values, at: NDArray[np.intp]) -> list[Place]:
        chosen: list[Place] = []
        for value, place in zip(values.tolist(), at.tolist(), strict=True):
            if value == value and all(abs(place - other.at) > AROUND for other in chosen):
                chosen.append(_cut(vocab, ids, place, value))
            if len(chosen) == COUNT:
                break
        return chosen

    return (
        places(extremes.high[:, unit], extremes.high_at[:, unit]),
        places(extremes.low[:, unit], extremes.low_at[:, unit]),
    )


@dataclass(frozen=True, eq=False)
class Match:
    """Passages of a book where the units of a phrase are on again.

    problem: why there are none, or "". units: names of the units, "+12" or "-12" with layer.
    passages: (before, passage, after, share of the units that are on). count: characters read.
    """

    problem: str = ""
    units: tuple[str, ...] = ()
    passages: tuple[tuple[str, str, str, float], ...] = ()
    count: int = 0


def match_pattern(
    network: RNN,
    reading: Reading,
    phrase: tuple[int, int],
    book: NDArray[np.integer],
    threshold: float,
    progress: inspect.Progress | None = None,
) -> Match:
    """Find where in a book the units that switch on in a phrase are on together again.

    phrase: (start, stop) in ``reading.text``. book: the ids of the book.
    """
    assert network.vocab is not None
    first, last = (int(i) for i in np.searchsorted(reading.places, phrase))
    if last <= first:
        return Match("The network knows no character of this phrase; select another one.")
    if last - first > MAX_PHRASE:
        return Match(
            f"The phrase has {counted(last - first, 'character')}; select up to {MAX_PHRASE}."
        )
    book = book[:MAX_CHARS]
    ids, shift = np.concatenate([reading.context, reading.ids]), len(reading.context)
    lead = max(0, first + shift - 1)  # the last character before the phrase
    state = inspect.state_after(network, ids[:lead])
    values = inspect.activations(network, ids[lead : last + shift], state=state)
    start = first + shift - lead
    try:
        units, signs = inspect.switched_on(values, start, start + last - first, threshold)
    except RnnCoreError as error:
        return Match(str(error))
    own = None if reading.origin is None else (reading.origin + first, reading.origin + last)
    found = inspect.search_pattern(
        network, book, units, signs, last - first, threshold, phrase=own, progress=progress
    )
    H, decode = network.hidden_dim, network.vocab.decode
    names = tuple(
        f"{'+' if sign > 0 else '−'}{unit % H}"
        + (f" (layer {unit // H + 1})" if network.num_layers > 1 else "")
        for unit, sign in zip(units.tolist(), signs.tolist(), strict=True)
    )
    passages = tuple(
        (
            decode(book[max(0, p.start - AROUND) : p.start]),
            decode(book[p.start : p.stop]),
            decode(book[p.stop : p.stop + AROUND]),
            p.share,
        )
        for p in found
    )
    return Match("", names, passages, len(book))


def _cut(vocab: Vocab, ids: NDArray[np.integer], at: int, value: float) -> Place:
    before = vocab.decode(ids[max(0, at - AROUND) : at])
    after = vocab.decode(ids[at + 1 : at + 1 + AROUND])
    return Place(at, before, vocab.decode(ids[at : at + 1]), after, value)
