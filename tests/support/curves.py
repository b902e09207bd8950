"""Histories of real trainings, recorded in tests/data/curves, as curves to judge."""

from __future__ import annotations

from typing import Any

import numpy as np

from dashboard.analysis.curve import Curve
from tests.support.paths import ROOT

FOLDER = ROOT / "tests" / "data" / "curves"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.npz")))


def recorded_curve(name: str, until: int | None = None, **changed: Any) -> Curve:
    """Return a recorded curve as it was after ``until`` iterations (None: at its end).

    changed: fields of the Curve with other values.
    """
    with np.load(FOLDER / f"{name}.npz") as file:
        values = {key: file[key].astype(float) for key in file.files}
    end = slice(until)
    loss, val = values["loss"][end], values["val_loss"][end]
    iteration = np.arange(1.0, len(loss) + 1)
    measured = ~np.isnan(val)
    fields: dict[str, Any] = {
        "iteration": iteration,
        "loss": loss,
        "grad_norm": values["grad_norm"][end],
        "val_iteration": iteration[measured],
        "val_loss": val[measured],
        "lr": float(values["base_lr"]),
        "clip": float(values["clip"]),
        "num_iters": int(values["num_iters"]),
        "update_rule": "adagrad" if name == "noisy" else "adam",
        "rate": values["lr"][end],
        "uniform": float(values["uniform"]),
        "frequencies": float(values["frequencies"]),
    }
    return Curve(**fields | changed)
