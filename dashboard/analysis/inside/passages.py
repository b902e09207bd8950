"""Passages of a book: where a unit is strongest and weakest, and where a phrase's units are on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.inside.reading import Reading, Values, all_values
from rnncore import RNN, RnnCoreError, Vocab, inspect
from rnncore.inspect.unit_values import run_blocks

MAX_CHARS = 100_000  # of the book that is read, for a network of up to 2,000 units
WINDOW = 32  # characters of which the largest and the smallest value are kept
_KEPT = 1 << 22  # values that are kept at most
COUNT, AROUND = 8, 30  # passages shown, and characters on either side


@dataclass(frozen=True, eq=False)
class Extremes:
    """The largest and smallest value of every unit in each window of a text.

    high, low: (windows, units). high_at, low_at: their places in the text. count: characters read.
    """

    high: Values
    high_at: NDArray[np.intp]
    low: Values
    low_at: NDArray[np.intp]
    count: int


@dataclass(frozen=True)
class Place:
    """A place in a text with the characters before and after it, and the unit's value there."""

    at: int
    before: str
    char: str
    after: str
    value: float


def find_extremes(
    network: RNN,
    ids: NDArray[np.integer],
    part: str,
    progress: inspect.Progress | None = None,
) -> Extremes:
    """Read a book once and keep the extremes of every unit of all layers."""
    ids = ids[:MAX_CHARS]
    units = network.num_layers * network.hidden_dim
    window = max(WINDOW, -(-len(ids) * units * 2 // _KEPT // WINDOW) * WINDOW)
    found: list[tuple[Values, NDArray[np.intp], Values, NDArray[np.intp]]] = []
    for block, buffers in run_blocks(network, ids):
        values = np.concatenate(
            [
                cell.read(b)[part][:, 0]
                for cell, b in zip(network.cells, buffers, strict=True)
            ],
            axis=1,
        )  # fmt: skip
        for start in range(0, len(values), window):
            piece = values[start : start + window]
            top, bottom = piece.argmax(axis=0), piece.argmin(axis=0)
            found.append(
                (piece.max(axis=0), top + block.start + start,
                 piece.min(axis=0), bottom + block.start + start)
            )  # fmt: skip
        if progress is not None:
            progress(block.stop)
    high, high_at, low, low_at = (np.array(rows) for rows in zip(*found, strict=True))
    return Extremes(high, high_at, low, low_at, len(ids))


def strongest(
    extremes: Extremes, vocab: Vocab, ids: NDArray[np.integer], unit: int
) -> tuple[list[Place], list[Place]]:
    """Return the places where a unit is strongest and where it is weakest, the extreme first.

    unit: counted through all layers. ids: those that ``extremes`` were found in.
    """

    def places(values: Values, at: NDArray[np.intp], sign: int) -> list[Place]:
        order = np.argsort(-sign * values, kind="stable")
        chosen: list[Place] = []
        for row in order:
            place = int(at[row])
            if all(abs(place - other.at) > AROUND for other in chosen):
                chosen.append(_cut(vocab, ids, place, float(values[row])))
            if len(chosen) == COUNT:
                break
        return chosen

    return (
        places(extremes.high[:, unit], extremes.high_at[:, unit], 1),
        places(extremes.low[:, unit], extremes.low_at[:, unit], -1),
    )


@dataclass(frozen=True, eq=False)
class Match:
    """Passages where the units of a phrase are on again.

    problem: why there are none, or "". units: names of the units, "+12" or "-12" with layer.
    passages: (before, passage, after, share of the units that are on).
    """

    problem: str = ""
    units: tuple[str, ...] = ()
    passages: tuple[tuple[str, str, str, float], ...] = ()
    count: int = 0


def match_pattern(
    network: RNN,
    reading: Reading,
    start: int,
    stop: int,
    threshold: float,
    progress: inspect.Progress | None = None,
) -> Match:
    """Find where the units that switch on in ``text[start:stop]`` are on together again."""
    values = all_values(network, reading, "h", progress)
    known = reading.known_text()[: len(values)]
    first, last = (int(i) for i in np.searchsorted(reading.places, [start, stop]))
    if last <= first or last > len(values):
        return Match("The network knows no character of this phrase; select another one.")
    try:
        found = inspect.find_pattern(values, first, last, threshold)
    except RnnCoreError as error:
        return Match(str(error))
    H = network.hidden_dim
    names = tuple(
        f"{'+' if sign > 0 else '−'}{unit % H}"
        + (f" (layer {unit // H + 1})" if network.num_layers > 1 else "")
        for unit, sign in zip(found.units.tolist(), found.signs.tolist(), strict=True)
    )
    passages = tuple(
        (
            known[max(0, p.start - AROUND) : p.start],
            known[p.start : p.stop],
            known[p.stop : p.stop + AROUND],
            p.share,
        )
        for p in found.passages
    )
    return Match("", names, passages, len(values))


def _cut(vocab: Vocab, ids: NDArray[np.integer], at: int, value: float) -> Place:
    before = vocab.decode(ids[max(0, at - AROUND) : at])
    after = vocab.decode(ids[at + 1 : at + 1 + AROUND])
    return Place(at, before, vocab.decode(ids[at : at + 1]), after, value)
