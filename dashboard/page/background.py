"""Analyses that run in background jobs; each starts when it is first needed, and is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from dashboard.analysis.baselines import Baseline, compute_baselines
from dashboard.page import current_run, state, widgets
from dashboard.page.session import values
from dashboard.runs import speed_probe
from dashboard.runs.run import SCHEDULER, Run
from dashboard.runs.speed_probe import Speed
from dashboard.sampling import showcase
from dashboard.sampling.copied_passages import CopyIndex, Passage
from dashboard.sampling.showcase import Showcase
from dashboard.sampling.writer import Writer
from dashboard.server.background_job import Job
from dashboard.settings import ModelSettings
from dashboard.text.loading import LoadedText
from rnncore.batches import split

T = TypeVar("T")


def job(kind: str, about: object, work: Callable[[], T], *, start: bool = True) -> Job[T]:
    """Return this page's job of a kind, a new one if there is none about the same thing.

    A job of that kind about something else is cancelled.
    start: whether a new job starts at once.
    """
    key = f"_job_{kind}"
    known = values().get(key)
    if known is None or known[0] != about:
        if known is not None:
            known[1].cancel()
        known = values()[key] = (about, Job(work, start=start))
    found: Job[T] = known[1]
    return found


def find(kind: str, about: object) -> Job[T] | None:
    """Return this page's job of a kind if it is about this; cancel and drop it if not."""
    known = values().get(f"_job_{kind}")
    if known is not None and known[0] != about:
        known[1].cancel()
        forget(kind)
        known = None
    return None if known is None else known[1]


def is_running(kind: str) -> bool:
    """Return whether this page has a job of a kind that waits or runs."""
    known = values().get(f"_job_{kind}")
    return known is not None and known[1].running


def forget(kind: str) -> None:
    """Drop this page's job of a kind, and what its function refers to."""
    values()[f"_job_{kind}"] = None


def baselines(run: Run) -> Job[list[Baseline]]:
    """Return the job that measures what simpler models reach on the run's text."""
    return levels(run.text, run.model_settings.val_fraction)


def levels(text: LoadedText, val_fraction: float) -> Job[list[Baseline]]:
    """Return the job that measures what simpler models reach on a text that is split like this."""
    train_ids, val_ids = split(text.ids, val_fraction)
    return job(
        "baselines",
        (text, val_fraction),
        lambda: compute_baselines(train_ids, val_ids, len(text.vocab)),
    )


def copy_index(run: Run) -> Job[CopyIndex]:
    """Return the job that indexes the run's training text, without its validation text."""
    about = (run.text, run.model_settings.val_fraction)
    return job("copies", about, lambda: CopyIndex(run.solver.train_ids))


def copied_passages(run: Run, writer: Writer) -> list[Passage] | None:
    """Return the passages of a sample that are copied from the training text.

    None until the sample is complete and the index is ready. The result is kept with the sample:
    for a long one that copies much, the search takes a quarter of a second.
    """
    index = copy_index(run).result
    if writer.copied is None and index is not None and not writer.writing:
        writer.copied = index.find(run.text.vocab.encode(writer.text))
    return writer.copied


def first_sample(run: Run) -> Job[Showcase] | None:
    """Return the job that writes with a network as it was when the run began.

    None: the network was not trained before the run.
    """
    if (model := run.initial_model) is None:
        return None
    seed_text = run.sample_log.seed_text
    return job("first", run.id, lambda: showcase.first_sample(model, seed_text))


def training_speed(text: LoadedText, settings: ModelSettings) -> Job[Speed | None]:
    """Return the job that measures how fast such a network would train."""
    return _speed_job("speed", (text, settings), lambda: speed_probe.measure(text, settings))


def page_speed() -> Job[Speed | None] | None:
    """Return the same for the page's text and settings; None if they cannot train."""
    text = state.text()
    if text is None or current_run.settings_error():
        return None
    return training_speed(text, widgets.model_settings())


def preset_speeds(text: LoadedText) -> Job[dict[str, Speed] | None]:
    """Return the job that measures how fast the network of each preset would train.

    Settings that cannot train on the text are left out.
    """
    return _speed_job("preset speeds", text, lambda: speed_probe.measure_presets(text))


def _speed_job(kind: str, about: object, work: Callable[[], T]) -> Job[T]:
    """Return a job that measures speed; it starts, or starts again, once no run is training."""
    found = job(kind, about, work, start=False)
    if found.interrupted and not len(SCHEDULER):
        found.start()
    return found
