"""The embedding's plane, the size of the weights, and how saturated the gates are."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

from dashboard.analysis.inside.reading import Reading
from dashboard.text.codepoints import display_char
from rnncore import RNN, inspect

KINDS = ("Vowel", "Consonant", "Capital", "Digit", "Space", "Punctuation", "Other")
CHARS = 2000  # that the saturation is measured on


@dataclass(frozen=True, eq=False)
class Plane:
    """Each character with its kind and its place (x, y), and the share of variance of the axes."""

    chars: tuple[str, ...]
    kinds: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    shares: tuple[float, float]


@dataclass(frozen=True)
class LayerFigures:
    """Figures of one layer: root mean square of its weights, and gates near 0 and near 1."""

    layer: int
    weights: dict[str, float]
    saturated: dict[str, tuple[float, float]]


def plane(network: RNN) -> Plane:
    """Return where the network has put its characters: principal components of ``W_embed``."""
    found = inspect.components(network.params["W_embed"])
    assert network.vocab is not None
    chars = network.vocab.idx_to_char
    return Plane(
        tuple(display_char(char) for char in chars),
        tuple(kind(char) for char in chars),
        tuple(found.places[:, 0].tolist()),
        tuple(found.places[:, 1].tolist()),
        (float(found.shares[0]), float(found.shares[1])),
    )


def kind(char: str) -> str:
    """Return the kind of a character, one of ``KINDS``."""
    if char.isspace():
        return "Space"
    if char.isdigit():
        return "Digit"
    if char.isupper():
        return "Capital"
    if char.isalpha():
        return "Vowel" if inspect.vowels(char)[0] else "Consonant"
    return "Punctuation" if unicodedata.category(char)[0] in "PS" else "Other"


def figures_by_layer(network: RNN, reading: Reading) -> list[LayerFigures]:
    """Return the figures of each layer, its gates measured on the reading's first characters."""
    cell = network.cells[0]
    gates = [name for name in cell.gates if name in inspect.SIGMOID_GATES]
    ids = reading.ids[:CHARS]
    values = inspect.activations(network, ids, gates) if gates and len(ids) else None
    norms = inspect.weight_norms(network)
    found = []
    for layer in range(network.num_layers):
        n = "" if layer == 0 else str(layer + 1)
        weights = {name: norms[f"{name}{n}"] for name in ("Wx", "Wh", "b")}
        saturated = {
            name: inspect.saturation(np.asarray(values)[:, layer, k])
            for k, name in enumerate(gates)
            if values is not None
        }
        found.append(LayerFigures(layer, weights, saturated))
    return found
