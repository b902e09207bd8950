"""The history in a checkpoint: checked, and what can be read of a run without its network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import FileFormatError
from rnncore.history import COLUMNS, RANGES, VALIDATION_COLUMNS, History
from rnncore.layer_table import MAX_COLUMNS, MAX_NAMES, LayerTable

Array = NDArray[Any]


@dataclass(frozen=True)
class Progress:
    """What a run has measured, and the settings that it trains with.

    settings: as ``Solver.settings`` returns them. length: characters of its text.
    """

    history: History
    settings: Mapping[str, Any]
    num_params: int
    length: int


def import_progress(values: Mapping[str, Any], arrays: dict[str, Array]) -> Progress:
    """Return the progress of the run that ``solver_values.export_solver`` described.

    FileFormatError: the values do not describe a run.
    """
    num_params = sum(p.size for name, p in arrays.items() if name.startswith("params/"))
    match values:
        case {"solver": dict() as settings, "ids": {"length": int() as length}} if num_params:
            # Files from before ``fresh_after`` existed lack it.
            history = pop_history(values, arrays)
            return Progress(history, {"fresh_after": 0} | settings, num_params, length)
    raise FileFormatError("The file is not a run: it lacks settings, weights or text.")


def pop_history(values: Mapping[str, Any], arrays: dict[str, Array]) -> History:
    rows = arrays.pop("history", None)
    if values.get("columns") != list(COLUMNS) or rows is None:
        raise FileFormatError("The run's file lacks the columns of its history.")
    if rows.dtype != np.float64 or rows.ndim != 2 or len(rows) != len(COLUMNS):
        raise FileFormatError(
            f"The run's history has the wrong type or shape: {rows.dtype} {rows.shape}."
        )
    measured = [i for i, name in enumerate(COLUMNS) if name != "val_loss"]
    if not np.isfinite(rows[measured]).all():
        raise FileFormatError("The run's history holds values that are not finite.")
    layers = _pop_layers(values, arrays)
    if "history_ranges" not in arrays:
        return History.from_array(rows, layers=layers)
    ranges = arrays.pop("history_ranges")
    validations = arrays.pop("history_validations", None)
    for name, columns, array in (
        ("ranges", RANGES, ranges),
        ("validations", VALIDATION_COLUMNS, validations),
    ):
        if array is None or array.dtype != np.float64 or array.ndim != 2:
            raise FileFormatError(f"The {name} of the run's history have the wrong type.")
        if len(array) != len(columns) or not np.isfinite(array).all():
            raise FileFormatError(f"The {name} of the run's history cannot be used.")
    lengths = ranges[0]  # of the stretches: powers of two, the older the longer
    exact = np.isin(lengths, 2.0 ** np.arange(1, 53))
    if ranges.shape[1] > rows.shape[1] or not exact.all() or (np.diff(lengths) > 0).any():
        raise FileFormatError("The ranges of the run's history do not fit its rows.")
    return History.from_array(rows, ranges, validations, layers)


def _pop_layers(values: Mapping[str, Any], arrays: dict[str, Array]) -> LayerTable:
    """Return the figures of each layer; none, as in files of earlier versions."""
    table = arrays.pop("history_layers", None)
    if table is None:
        return LayerTable()
    match values.get("layer_figures"):
        case ["iteration", *names] if (
            all(isinstance(name, str) and len(name) <= 32 for name in names)
            and len(names) < MAX_NAMES
            and table.dtype == np.float64
            and table.ndim == 2
            and table.shape[0] == 1 + len(set(names)) == 1 + len(names)
            and table.shape[1] <= MAX_COLUMNS
            and np.isfinite(table).all()
        ):
            return LayerTable(("iteration", *names), table.copy())
    raise FileFormatError("The figures of each layer in the run's history cannot be used.")


def are_norms(values: Any) -> bool:
    """Return whether a file's value is a table of norms by layer."""
    return (
        isinstance(values, dict)
        and len(values) < MAX_NAMES
        and all(len(name) <= 16 for name in values)
        and all(isinstance(norm, float) and 0 <= norm < math.inf for norm in values.values())
    )
