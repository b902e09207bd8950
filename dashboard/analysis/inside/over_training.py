"""Figures of each layer over a training, as lines: what the history keeps at validations."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.analysis.inside.reading import Values
from rnncore.layer_table import LayerTable

MEASURES = {
    "gradient": "Gradient norm",
    "weights": "Weight norm",
    "near_0": "Gates near 0",
    "near_1": "Gates near 1",
}
_LAYERS = {"embedding": "Embedding", "output": "Output layer"}


def available(table: LayerTable) -> dict[str, str]:
    """Return those of ``MEASURES`` that the table has; none if it is empty."""
    kinds = {name.split(" ")[0] for name in table.names} if len(table) else set()
    return {kind: title for kind, title in MEASURES.items() if kind in kinds}


def is_of_gates(measure: str) -> bool:
    """Return whether a measure is about gates, of which each layer has several."""
    return measure.startswith("near")


def lines(
    table: LayerTable, measure: str, layer: int, gates: Mapping[str, str]
) -> dict[str, Values]:
    """Return the lines of a measure by name: one for each layer, or for each gate of a layer.

    layer: counts from 0; only a measure of gates needs it. Their values are in percent.
    gates: the gates' titles.
    """
    found: dict[str, Values] = {}
    for name in table.names:
        kind, *of = name.split(" ")
        if kind != measure:
            continue
        if not is_of_gates(measure):
            found[_LAYERS.get(of[0], f"Layer {of[0]}")] = table[name]
        elif of[0] == str(layer + 1):
            found[gates[of[1]]] = 100 * table[name]
    return found
