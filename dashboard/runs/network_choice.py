"""Which network of a run to use: the latest, or the one with the lowest validation loss."""

from __future__ import annotations

from dashboard.analysis.validation_rise import has_risen_clearly
from dashboard.runs.run import Run
from rnncore import RNN

BEST, LATEST = "best", "latest"


def options(run: Run) -> dict[str, str]:
    """Return the choices with their labels; empty if the latest network is the only one."""
    best, iteration = run.solver.best, run.solver.iteration
    if best is None or best.iteration == iteration:
        return {}
    return {
        BEST: f"Best (iteration {best.iteration:,})",
        LATEST: f"Latest (iteration {iteration:,})",
    }


def default(run: Run) -> str:
    """Return the best network once validation has risen clearly, and before that the latest."""
    if not options(run):
        return LATEST
    _, val_losses = run.solver.history.validations()
    return BEST if has_risen_clearly(val_losses) else LATEST


def copy_network(run: Run, which: str) -> tuple[RNN, int]:
    """Return a copy of the best or the latest network, and the iteration that it is from.

    Without a best network, the latest is returned.
    """
    best = run.solver.best
    if which == BEST and best is not None:
        return best.apply_to(run.solver.model), best.iteration
    return run.trainer.model(), run.solver.iteration
