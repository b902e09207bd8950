"""What is found out beside the page: jobs that begin at the first need, and are kept."""

from __future__ import annotations

from dashboard import probe, state
from dashboard.insight.baselines import Baseline, baselines
from dashboard.insight.copies import CopyIndex
from dashboard.jobs import Job
from dashboard.probe import Speed
from dashboard.run import TURNS, Run
from dashboard.settings import ModelSettings
from dashboard.texts import LoadedText


def levels(run: Run) -> Job[list[Baseline]]:
    """What simpler models reach on this run's text."""
    solver = run.solver
    V = solver.model.vocab_dim
    return state.job(
        "baselines",
        (run.text, run.model_settings.val_fraction),
        lambda: baselines(solver.train_ids, solver.val_ids, V),
    )


def copy_index(run: Run) -> Job[CopyIndex]:
    """Where every passage of what this run trains on stands; not of what is held out."""
    about = (run.text, run.model_settings.val_fraction)
    return state.job("copies", about, lambda: CopyIndex(run.solver.train_ids))


def speed(text: LoadedText, settings: ModelSettings) -> Job[Speed | None]:
    """How fast such a network would train; measured only while nothing trains."""
    job = state.job("speed", (text, settings), lambda: probe.measure(text, settings))
    if job.interrupted and not len(TURNS):
        job.begin()
    return job
