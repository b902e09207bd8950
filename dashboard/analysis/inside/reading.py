"""A text as a network reads it: characters that it does not know are shown, and skipped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dashboard.formatting import counted
from dashboard.text import quotation_marks
from dashboard.text.codepoints import display_char
from rnncore import RNN, Vocab, inspect

CONTEXT = 500  # characters before a text that the network reads first
MAX_BYTES = 96 * 2**20  # of the units' values that are held while something is computed
MAX_PAINTED_BYTES = 16 * 2**20  # of those that a page keeps

Values = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Reading:
    """A text, and what a network reads of it.

    text: as it is shown. places: (T,), where the characters are that the network knows.
    ids: (T,), their ids. context: ids before the text. notes: sentences about what was changed.
    origin: where the text begins in the run's whole text, or None if it is not from there.
    """

    text: str
    places: NDArray[np.intp]
    ids: NDArray[np.integer]
    context: NDArray[np.integer]
    notes: tuple[str, ...] = ()
    origin: int | None = None

    def on_text(self, values: Values) -> Values:
        """Return values of the (first) known characters for all characters, NaN for the others."""
        spread = np.full(len(self.text), np.nan)
        spread[self.places[: len(values)]] = values
        return spread

    def known_text(self) -> str:
        """Return the text without the characters that the network does not know."""
        return "".join([self.text[i] for i in self.places])

    def place_of(self, at: int) -> int:
        """Return the index among the known characters of the last one up to ``text[at]``."""
        return max(0, int(np.searchsorted(self.places, at, side="right")) - 1)


def read_ids(
    vocab: Vocab, ids: NDArray[np.integer], start: int, length: int, origin: int | None = None
) -> Reading:
    """Return a part of a text that the network was trained on or is validated on.

    origin: where ``ids`` begin in the run's whole text.
    """
    chosen = ids[start : start + length]
    context = ids[max(0, start - CONTEXT) : start]
    origin = None if origin is None else origin + start
    return Reading(vocab.decode(chosen), np.arange(len(chosen)), chosen, context, origin=origin)


def read_text(vocab: Vocab, text: str, length: int) -> Reading:
    """Return a text of any origin, cut to ``length`` characters."""
    notes = []
    if len(text) > length:
        notes.append(f"The text has {len(text):,} characters; the first {length:,} are read.")
    text = text[:length]
    if stand_ins := quotation_marks.find_stand_ins(text, vocab):
        notes.append(quotation_marks.describe(stand_ins, "The network"))
        text = quotation_marks.read_as_known(text, vocab)
    missing = vocab.missing(text)
    if missing:
        shown = ", ".join(display_char(char) for char in missing[:8])
        more = " …" if len(missing) > 8 else ""
        notes.append(
            f"The network does not know {counted(len(missing), 'character')} of this text "
            f"({shown}{more}). They are shown without colour and skipped."
        )
    places = np.array([i for i, char in enumerate(text) if char in vocab], np.intp)
    known = "".join([text[i] for i in places])
    ids = vocab.encode(known)
    return Reading(text, places, ids, ids[:0], tuple(notes))


def unit_values(network: RNN, reading: Reading, layer: int, part: str) -> Values:
    """Return one part of the units of a layer at the known characters, (T, H).

    A long text for a large network is read as far as ``MAX_PAINTED_BYTES`` allow.
    """
    most = max(1, MAX_PAINTED_BYTES // (network.num_layers * network.hidden_dim * 4))
    short = replace(reading, ids=reading.ids[:most])
    return all_values(network, short, part)[:, layer]


def all_values(
    network: RNN, reading: Reading, part: str, progress: inspect.Progress | None = None
) -> Values:
    """Return one part of the units of all layers at the known characters, (T, layers, H)."""
    most = max(1, MAX_BYTES // (network.num_layers * network.hidden_dim * 4))
    state = inspect.state_after(network, reading.context)
    ids = reading.ids[:most]
    return inspect.activations(network, ids, (part,), state=state, progress=progress)[:, :, 0]


def default_part(network: RNN) -> str:
    """Return the part that shows most: the cell state, or the output if there is none."""
    return "c" if "c" in network.cells[0].parts else "h"
