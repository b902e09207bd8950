"""Patched networks: copies in which some units have a fixed output.

What follows when a unit is silenced shows what the network uses it for; that a unit merely
correlates with something does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from rnncore import checks
from rnncore.network import Network

N = TypeVar("N", bound=Network)


def patched(network: N, fixed: Mapping[tuple[int, int], float]) -> N:
    """Return a copy in which units have these outputs after every character.

    fixed: {(layer, unit): value}; layers and units count from 0. The initial state stays zero.

    The copy is an ordinary network: it can be sampled, evaluated and inspected. Inside it a fixed
    unit has a constant output, and the weights that read it are scaled to give the value.
    SettingError: there is no such layer or unit, or the value is not a finite number.
    """
    copy = network.copy()
    weights, H = copy.weights(copy.flat), copy.hidden_dim
    readers = [W[: cell.D] for W, cell in zip(weights, copy.cells, strict=True)][1:]
    readers.append(copy.params["W_out"])
    for (layer, unit), value in fixed.items():
        layer = checks.check_whole("layer", layer, 0, copy.num_layers - 1)
        unit = checks.check_whole("unit", unit, 0, H - 1)
        value = checks.check_number("value", value, -1e6, 1e6)
        cell, W = copy.cells[layer], weights[layer]
        scale = value / cell.constant_output
        W[cell.D + unit] *= scale
        readers[layer][unit] *= scale
        columns = slice(unit, None, H)
        W[:, columns] = 0
        W[-1, columns] = cell.constant_biases
    return copy


def silenced(network: N, units: Iterable[int], layer: int = 0) -> N:
    """Return a copy in which these units of a layer have the output 0."""
    return patched(network, {(layer, int(unit)): 0.0 for unit in units})
