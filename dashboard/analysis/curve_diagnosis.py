"""Diagnose a training curve: what it shows, and which setting to change next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dashboard.analysis.baselines import LETTER_FREQUENCIES, Baseline
from dashboard.analysis.curve import Curve
from dashboard.analysis.curve_checks import CHECKS
from dashboard.analysis.diagnosis import Diagnosis
from dashboard.analysis.learning_rates import lower_rate
from rnncore import Solver

MAX_ROWS = 5_000  # of the history that are read, however long the run
SETTLING = 200  # iterations that a changed setting needs at least to show its effect


def diagnose_solver(
    solver: Solver, changed: int = 0, baselines: Sequence[Baseline] = ()
) -> Diagnosis:
    """Return the diagnosis of a run whose settings were last changed at iteration ``changed``.

    baselines: those of its text, as far as they are known.
    """
    history = solver.history.view()
    n = history.iterations
    # Iterations from one row to the next; of a thinned history, no fewer than its longest row has.
    step = max(-(-n // MAX_ROWS), 1, *history["iterations"][:1].astype(int).tolist())
    rows = np.searchsorted(history.ends, np.arange(n, 0, -step)[::-1])  # with the newest row
    val_iteration, val_loss = history.validations()
    finite = np.isfinite(val_loss)
    curve = Curve(
        iteration=history["iteration"][rows],
        loss=history["loss"][rows],
        grad_norm=history["grad_norm"][rows],
        val_iteration=val_iteration[finite],
        val_loss=val_loss[finite],
        lr=solver.lr,
        clip=solver.clip,
        num_iters=solver.num_iters,
        dropout=solver.model.dropout,
        update_rule=solver.update_rule,
        rate=history["lr"][rows],
        uniform=math.log(solver.model.vocab_dim),
        frequencies=next((b.nats for b in baselines if b.name == LETTER_FREQUENCIES), math.nan),
        best_iteration=0 if solver.best is None else solver.best.iteration,
        every_iteration=history["iteration"],
        every_loss=history["loss"],
    )
    return diagnose(curve, changed)


def diagnose_divergence(lr: float, update_rule: str = "") -> Diagnosis:
    """Return the diagnosis of a run that stopped because its loss was no longer a number."""
    slower = lower_rate(lr, update_rule)
    sentence = f"A learning rate of {lr:g} was too high."
    return Diagnosis("diverged", sentence, f"Try {slower:g}.", ("lr", slower))


def diagnose(curve: Curve, changed: int = 0) -> Diagnosis:
    """Return the most important diagnosis of ``curve``.

    changed: the iteration at which a setting was last changed. Its effect must show before the
    learning rate or clipping is advised again, unless the change did harm.
    """
    found = _run_checks(replace(curve, changed=changed))
    adjusts_training = found.action is not None and found.action[0] in ("lr", "clip")
    if found.key in ("risen", "rate"):
        return found
    if changed and adjusts_training and math.isfinite(curve.loss[-1]):
        patience = max(SETTLING, changed // 10)
        if curve.done < changed + patience:
            sentence = f"A setting was changed at iteration {changed:,}."
            return Diagnosis(
                "changed",
                sentence,
                f"Wait {patience:,} iterations for its effect.",
                if_paused="Press Train to see its effect.",
            )
    return found


def _run_checks(curve: Curve) -> Diagnosis:
    """Return what the first check that finds something found."""
    for check in CHECKS:
        if found := check(curve):
            return found
        curve = curve.finite()  # only the first check looks at losses that are not numbers
    raise AssertionError("The last check must always return a diagnosis.")
