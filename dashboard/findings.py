"""What is found out beside the page: jobs that begin at the first need, and are kept."""

from __future__ import annotations

from dashboard import probe, state
from dashboard.insight.baselines import Baseline, baselines
from dashboard.insight.copies import CopyIndex, Passage
from dashboard.jobs import Job
from dashboard.probe import Speed
from dashboard.run import TURNS, Run
from dashboard.settings import ModelSettings
from dashboard.texts import LoadedText
from dashboard.writing import Writer


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
    job = state.job("speed", (text, settings), lambda: probe.measure(text, settings))
    if job.interrupted and not len(TURNS):
        job.begin()
    return job
