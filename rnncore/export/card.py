"""The card of an exported network: what it was trained on, how well it writes, three samples."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.cells import CELLS
from rnncore.errors import SettingError
from rnncore.history import History
from rnncore.network import Network
from rnncore.sampling import Sampler

CURVE_POINTS = 300  # of each line
SAMPLE_TEMPERATURES = (0.3, 0.6, 0.9)
SAMPLE_LENGTH = 300  # characters
SEED_LENGTH = 40  # characters, at most, of a seed text that is taken from the vocabulary

Values = NDArray[np.float64]
Line = tuple[Values, Values]  # iterations and losses


@dataclass(frozen=True)
class Card:
    """What a reader learns about a network. Each part may be missing.

    name: of the training text. seed_text: a text that the network can continue.
    characters: length of the training text. val_loss: nats per character.
    curve: smoothed training loss, and validation loss. samples: pairs of label and text.
    """

    name: str = ""
    seed_text: str = ""
    characters: int | None = None
    iterations: int | None = None
    val_loss: float | None = None
    created: date | None = None
    curve: tuple[Line, Line] | None = None
    samples: tuple[tuple[str, str], ...] = ()


def describe(network: Network) -> str:
    """Return the network's shape in words, such as "LSTM, 2 layers of 200 units"."""
    layers, title = network.num_layers, CELLS[network.cell_type].title
    return f"{title}, {layers} {'layer' if layers == 1 else 'layers'} of {network.hidden_dim} units"


def facts(network: Network, card: Card) -> list[tuple[str, str]]:
    """Return the card's figures as pairs of label and value, both for people."""
    rows = [("Text", card.name)] if card.name else []
    if card.characters is not None:
        rows.append(("Length of the text", f"{card.characters:,} characters"))
    rows.append(("Network", describe(network)))
    rows.append(("Parameters", f"{network.num_params:,}"))
    rows.append(("Characters it knows", f"{network.vocab_dim:,}"))
    if card.iterations:
        rows.append(("Training", f"{card.iterations:,} iterations"))
    if card.val_loss is not None and math.isfinite(card.val_loss):
        rows.append(("Validation loss", f"{card.val_loss:.3f} nats per character"))
        share = math.exp(-card.val_loss)
        rows.append(("Probability of the right character", f"{share:.0%} (geometric mean)"))
    if card.created is not None:
        rows.append(("Date", f"{card.created:%d %B %Y}".lstrip("0")))
    return rows


def read_curve(history: History) -> tuple[Line, Line] | None:
    """Return a run's training loss, in means of equal stretches, and its validation loss."""
    history = history.view()
    if not len(history):
        return None
    val = history.validations()
    return _thin(history["iteration"], history["loss"]), _thin(*val)


def draw_samples(network: Network, seed_text: str) -> tuple[tuple[str, str], ...]:
    """Return three samples, one for each of ``SAMPLE_TEMPERATURES``; the same at each call."""
    sampler = Sampler(network)
    return tuple(
        (
            f"Temperature {temperature}",
            seed_text + sampler.sample(seed_text, SAMPLE_LENGTH, temperature, seed=number),
        )
        for number, temperature in enumerate(SAMPLE_TEMPERATURES)
    )


def choose_seed_text(network: Network, wanted: str = "") -> str:
    """Return the characters of ``wanted`` that the network knows, or else one that it knows.

    SettingError: the network has no characters, because it was trained on numbers.
    """
    vocab = network.vocab
    if vocab is None:
        raise SettingError("This network was trained on numbers; a page needs characters.")
    return vocab.keep_known(wanted) or ("\n" if "\n" in vocab else vocab.idx_to_char[0])


def curve_values(curve: tuple[Line, Line] | None) -> list[list[list[float]]]:
    """Return a curve as plain numbers for JSON: a list of [iterations, losses] for each line."""
    return [[_plain(x), _plain(y)] for x, y in curve or ()]


def _plain(values: Iterable[Any]) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _thin(x: Values, y: Values) -> Line:
    """Return at most ``CURVE_POINTS`` points: the last x and the mean y of equal stretches."""
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    parts = max(1, min(CURVE_POINTS, len(x)))
    if not len(x):
        return x, y
    ends = np.linspace(0, len(x), parts + 1).astype(int)
    means = np.add.reduceat(y, ends[:-1]) / np.diff(ends)
    return x[ends[1:] - 1], means
