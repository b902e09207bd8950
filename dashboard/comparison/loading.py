"""Load the runs of a comparison, with titles that tell them apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dashboard.comparison.compared import Compared, of_run, of_save
from dashboard.comparison.tables import settings_that_differ
from dashboard.runs.registry import Registry
from dashboard.runs.saved_run import read_saved
from dashboard.server import error_messages
from rnncore import RnnCoreError

MOST = 8  # runs in one comparison: the colours of more cannot be told apart
_NAMED = 2  # settings that are added to a title


def load(registry: Registry, run_ids: Sequence[str]) -> tuple[list[Compared], list[str]]:
    """Return the runs with these ids, at most ``MOST``, and a sentence about each that failed."""
    found, problems = [], []
    wanted = list(dict.fromkeys(run_ids))
    for run_id in wanted[:MOST]:
        try:
            live = registry.get(run_id)
            found.append(
                of_run(live) if live is not None else of_save(read_saved(registry.store, run_id))
            )
        except (RnnCoreError, MemoryError) as error:
            problems.append(f"A run is left out: {error_messages.for_click(error)}")
    if len(wanted) > MOST:
        problems.append(f"The first {MOST} of {len(wanted)} runs are compared.")
    return distinguish(found), problems


def distinguish(runs: Sequence[Compared]) -> list[Compared]:
    """Return the runs with titles that differ.

    Equal titles get the settings that differ between them, or failing that numbers.
    """
    titles = [run.title for run in runs]
    for title in [title for title, count in Counter(titles).items() if count > 1]:
        places = [i for i, run in enumerate(runs) if run.title == title]
        differ = list(settings_that_differ([runs[i] for i in places]).items())[:_NAMED]
        for n, i in enumerate(places):
            added = [f"{label.lower()} {values[n]}" for label, values in differ]
            titles[i] = ", ".join([title, *added])
    seen: Counter[str] = Counter()
    for i, title in enumerate(titles):
        seen[title] += 1
        if seen[title] > 1:
            titles[i] = f"{title} ({seen[title]})"
    return [replace(run, title=title) for run, title in zip(runs, titles, strict=True)]
