"""The comparison on a page: its runs, which train on while it is open, their levels and samples."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analysis.baselines import Baseline, compute_baselines
from dashboard.charts.comparison import Look
from dashboard.comparison import loading, stages, writing
from dashboard.comparison.compared import Compared
from dashboard.comparison.stages import Sample
from dashboard.page import background, comparison_options, current_run, error_boundary
from dashboard.page.session import values
from dashboard.runs.registry import get_registry
from dashboard.server import limits
from dashboard.server.background_job import Job
from rnncore.batches import split

STAGE = "compare_stage"  # key of the slider
NEWEST = comparison_options.NEWEST  # its last option
SEED_TEXT = "compare_seed_text"  # key of the text box
_WRITING = "compared samples"  # kind of the job that writes after it
_AGAIN = "_compare_again"  # how often "Write again" was pressed


def load(run_ids: Sequence[str]) -> tuple[list[Compared], list[str]]:
    """Return the runs and sentences about those that are left out; let them go on training."""
    for run_id in run_ids[: loading.MOST]:
        if (live := get_registry().get(run_id)) is not None:
            current_run.watch(live)
    return loading.load(get_registry(), run_ids)


def look() -> Look:
    """Return how the chart is drawn."""
    return comparison_options.look(values())


def stage(places: Sequence[float]) -> float | None:
    """Return the place of the slider on the x axis; None for the newest samples."""
    chosen = values()[STAGE]
    if chosen != NEWEST and chosen not in places:
        chosen = values()[STAGE] = NEWEST
    return None if chosen == NEWEST else float(chosen)


def levels(runs: Sequence[Compared]) -> tuple[dict[str, list[Baseline]], bool]:
    """Return what simpler models reach on each run's text, by the run's id, as far as it is known.

    The second value tells whether some are still being measured.
    """
    found, waiting = {}, False
    for run in runs:
        text, share = run.text, run.model.val_fraction
        if text is None:
            continue
        job: Job[list[Baseline]] = background.job(
            f"levels_{run.digest}_{share:g}",
            (run.digest, share),
            lambda text=text, share=share: compute_baselines(  # type: ignore[misc]
                *split(text.ids, share), len(text.vocab)
            ),
        )
        waiting |= job.running
        found[run.id] = job.result or []
    return found, waiting


def seed_text() -> str:
    """Return the text that all networks shall continue; "" for the stored samples."""
    return str(values()[SEED_TEXT] or "")[-limits.MAX_SEED_CHARS :]


def samples(runs: Sequence[Compared], marks: Sequence[float]) -> list[Sample]:
    """Return a sample of each run at the chosen stage; while some are written, a note instead.

    With an empty seed text, these are the samples that were stored while the runs trained.
    marks: the positions of the slider.
    """
    x, at, after = look().x, stage(marks), seed_text()
    if not after:
        background.forget(_WRITING)
        return [stages.stored_sample(run, x, at) for run in runs]
    about = (tuple(run.id for run in runs), after, x, at, values().get(_AGAIN, 0))
    job = background.job(
        _WRITING,
        about,
        lambda: writing.write_samples(get_registry(), runs, x, at, marks, after),
    )
    job.wait(0.5)  # enough for small networks, so that the samples are drawn only once
    if job.result is not None:
        return job.result
    note = "Writing …" if job.running else "Writing failed. The server's log has the details."
    return [Sample(after, None, note) for _ in runs]


def writes() -> bool:
    """Return whether networks are writing samples now."""
    return background.is_running(_WRITING)


@error_boundary.callback
def write_again() -> None:
    """Have the networks write again, as they are now."""
    values()[_AGAIN] = values().get(_AGAIN, 0) + 1
