"""A long text, read in pieces side by side, several times as fast as one character after another.

The pieces have the same length. Each is read from a zero state after the ``CONTEXT`` characters
before it, so its first values differ a little from those of a text that is read as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks
from rnncore.inspect.patterns import Passage, find_passages, share_on
from rnncore.inspect.unit_values import Progress, run_streams
from rnncore.network import Array, Ids, Network, State

PIECES, CONTEXT = 16, 500
STEPS = 32  # characters of each piece in a block
_MIN_PIECE = 4 * CONTEXT


@dataclass(frozen=True, eq=False)
class Extremes:
    """The largest and the smallest values of U units in a text, from different windows of it.

    high, low: (count, U), the most extreme first; NaN where the text has fewer windows.
    high_at, low_at: (count, U), their places in the text.
    """

    high: Array
    high_at: NDArray[np.intp]
    low: Array
    low_at: NDArray[np.intp]


def read_pieces(
    network: Network, ids: Ids, part: str = "h", progress: Progress | None = None
) -> Iterator[tuple[NDArray[np.intp], Array]]:
    """Read a text (T,) in blocks; yield the first places and the values of each block.

    part: one of ``network.cells[0].parts``.
    Each block has ``STEPS`` characters of each of N pieces, in the last block fewer. places: (N,),
    where its characters begin. values: (characters, N, units), units counted through all layers,
    valid until the next block. Places from T on are padding.
    progress: called after each block with the number of characters done.
    """
    checks.check_choice("part", part, network.cells[0].parts)
    ids = batches.check_ids(ids, network.vocab_dim)
    T = len(ids)
    N = max(1, min(PIECES, T // _MIN_PIECE))
    length = -(-T // N)
    padded = np.zeros(N * length, ids.dtype)
    padded[:T] = ids
    starts = np.arange(N) * length
    state = _states_before(network, padded, starts)
    for block, buffers in run_streams(network, padded.reshape(N, length), state, STEPS):
        read = [cell.read(b)[part] for cell, b in zip(network.cells, buffers, strict=True)]
        yield starts + block.start, read[0] if len(read) == 1 else np.concatenate(read, axis=2)
        if progress is not None:
            progress(min(T, N * block.stop))


def find_strongest(
    network: Network, ids: Ids, part: str, count: int, progress: Progress | None = None
) -> Extremes:
    """Return the extremes of each unit in a text (T,), one of each window of ``STEPS`` characters.

    Memory does not grow with the text. part, progress: as in ``read_pieces``.
    """
    units = network.num_layers * network.hidden_dim
    high, low = (_Largest(count, units, network.dtype) for _ in range(2))
    for places, values in read_pieces(network, ids, part, progress):
        inside = places[None] + np.arange(len(values))[:, None] < len(ids)
        for found, signed in ((high, values), (low, -values)):
            signed = signed if inside.all() else np.where(inside[..., None], signed, -np.inf)
            top = signed.argmax(axis=0)
            found.add(np.take_along_axis(signed, top[None], axis=0)[0], places[:, None] + top)
    return Extremes(high.values(), high.at, -low.values(), low.at)


def search_pattern(
    network: Network,
    ids: Ids,
    units: NDArray[np.intp],
    signs: NDArray[np.intp],
    length: int,
    threshold: float = 0.3,
    *,
    phrase: tuple[int, int] | None = None,
    share: float = 0.8,
    count: int = 20,
    progress: Progress | None = None,
) -> list[Passage]:
    """Return the passages of a text (T,) where the units of a phrase are on together.

    units, signs: what ``switched_on`` returned for the outputs h of the phrase. length: of the
    phrase. phrase: its place in this text, which is left out, or None.
    threshold, share, count: as in ``find_pattern``. progress: as in ``read_pieces``.
    Memory grows by 4 bytes a character.
    """
    shares = np.zeros(len(ids), np.float32)
    for places, values in read_pieces(network, ids, "h", progress):
        for start, on in zip(places, share_on(values, units, signs, threshold).T, strict=True):
            kept = shares[start : start + len(on)]
            kept[:] = on[: len(kept)]
    return find_passages(shares, phrase, length, share, count)


class _Largest:
    """The largest values of each of U units so far, (count, U), and their places."""

    def __init__(self, count: int, units: int, dtype: np.dtype):
        self._values = np.full((count, units), -np.inf, dtype)
        self.at = np.zeros((count, units), np.intp)

    def add(self, values: Array, at: NDArray[np.intp]) -> None:
        """Add values (N, U) and their places."""
        rising = (values > self._values[-1]).any(axis=1)
        values = np.concatenate([self._values, values[rising]])
        at = np.concatenate([self.at, at[rising]])
        order = np.argsort(-values, axis=0, kind="stable")[: len(self.at)]
        self._values = np.take_along_axis(values, order, axis=0)
        self.at = np.take_along_axis(at, order, axis=0)

    def values(self) -> Array:
        """Return the values, NaN where there are fewer."""
        return np.where(np.isfinite(self._values), self._values, np.nan)


def _states_before(network: Network, ids: Ids, starts: NDArray[np.intp]) -> State:
    """Return the state of each piece after its context; the first has none."""
    state = network.initial_state(len(starts))
    later = starts[1:]
    if len(later):
        context = ids[later[:, None] - CONTEXT + np.arange(CONTEXT)]
        warm = network.initial_state(len(later))
        for _ in run_streams(network, context, warm, STEPS):
            pass
        for mine, found in zip(state, warm, strict=True):
            mine[:, 1:] = found
    return state
