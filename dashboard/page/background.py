"""What is found out beside the page: jobs that begin at the first need, and are kept."""

from __future__ import annotations

from dashboard.analysis.baselines import Baseline, compute_baselines
from dashboard.page import state
from dashboard.runs import speed_probe
from dashboard.runs.run import SCHEDULER, Run
from dashboard.runs.speed_probe import Speed
from dashboard.sampling.copied_passages import CopyIndex, Passage
from dashboard.sampling.writer import Writer
from dashboard.server.background_job import Job
from dashboard.settings import ModelSettings
from dashboard.text.loading import LoadedText


def levels(run: Run) -> Job[list[Baseline]]:
    """What simpler models reach on this run's text."""
    solver = run.solver
    V = solver.model.vocab_dim
    return state.job(
        "baselines",
        (run.text, run.model_settings.val_fraction),
        lambda: compute_baselines(solver.train_ids, solver.val_ids, V),
    )


def copy_index(run: Run) -> Job[CopyIndex]:
    """Where every passage of what this run trains on stands; not of what is held out."""
    about = (run.text, run.model_settings.val_fraction)
    return state.job("copies", about, lambda: CopyIndex(run.solver.train_ids))


def copied(run: Run, writer: Writer) -> list[Passage] | None:
    """What the piece of this run copies; None until it is finished and the index is there.

    It is kept with the piece: in a long one that recites, the search takes a quarter second.
    """
    index = copy_index(run).result
    if writer.copied is None and index is not None and not writer.writing:
        writer.copied = index.find(run.text.vocab.encode(writer.text))
    return writer.copied


def speed(text: LoadedText, settings: ModelSettings) -> Job[Speed | None]:
    """How fast such a network would train; measured only while nothing trains."""
    job = state.job("speed", (text, settings), lambda: speed_probe.measure(text, settings))
    if job.interrupted and not len(SCHEDULER):
        job.start()
    return job
