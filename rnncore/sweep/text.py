"""The text of a sweep, as plain values that Dask sends to each worker once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore.vocab import Vocab


@dataclass(frozen=True, eq=False)
class SweepText:
    """A text as ids, (T,), in the smallest type that holds them, and its symbols."""

    ids: NDArray[np.unsignedinteger]
    symbols: tuple[str, ...]

    @classmethod
    def from_string(cls, text: str) -> SweepText:
        """Return the text with its own vocabulary."""
        vocab = Vocab.from_text(text)
        return cls.from_ids(vocab.encode(text), tuple(vocab))

    @classmethod
    def from_ids(cls, ids: NDArray[np.integer], symbols: tuple[str, ...]) -> SweepText:
        """Return the text of these ids, which are below ``len(symbols)``."""
        smallest = np.min_scalar_type(max(0, len(symbols) - 1)).newbyteorder("<")
        return cls(np.ascontiguousarray(ids, dtype=smallest), symbols)
