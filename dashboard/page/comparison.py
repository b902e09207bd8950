"""The comparison on a page: its runs, kept training while the page shows them, and their levels."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analysis.baselines import Baseline, compute_baselines
from dashboard.charts.comparison import Look
from dashboard.comparison import loading
from dashboard.comparison.compared import Compared
from dashboard.page import background, comparison_options, current_run
from dashboard.page.session import values
from dashboard.runs.registry import get_registry
from dashboard.server.background_job import Job
from rnncore.batches import split

STAGE = "compare_stage"  # key of the slider
NEWEST = "newest"  # its last option


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
    chosen = values().setdefault(STAGE, NEWEST)
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
