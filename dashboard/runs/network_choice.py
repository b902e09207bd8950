"""Which network of a run to use: the latest, or the one with the lowest validation loss."""

from __future__ import annotations

from dashboard.analysis.validation_rise import best_is_better
from dashboard.runs.run import Run
from rnncore import RNN

BEST, LATEST = "best", "latest"


def options(run: Run) -> dict[str, str]:
    """Return the choices with their labels; empty if the latest network is the only one."""
    best = run.solver.best
    if best is None or best.iteration == run.solver.iteration:
        return {}
    # Without the latest iteration: the choice stays as it was drawn while training goes on.
    return {BEST: f"Best (iteration {best.iteration:,})", LATEST: "Latest"}


def default(run: Run) -> str:
    """Return the best network if validation has risen since (``best_is_better``), or if the
    training has ended.

    While it goes on, one higher validation may be chance.
    """
    if not options(run):
        return LATEST
    if run.trainer.status().ended:
        return BEST
    _, val_losses = run.solver.history.validations()
    return BEST if best_is_better(val_losses) else LATEST


def copy_network(run: Run, which: str) -> tuple[RNN, int]:
    """Return a copy of the best or the latest network, and the iteration that it is from.

    Without a best network, the latest is returned.
    """
    best = run.solver.best
    if which == BEST and best is not None:
        return best.apply_to(run.solver.model), best.iteration
    return run.trainer.model(), run.solver.iteration
