"""What each run of a comparison had written at the same stage of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.charts.chart_options import X_AXES
from dashboard.charts.downsampling import Floats
from dashboard.comparison.compared import Compared
from dashboard.training.sample_log import Entry

_ENDED = "This run ended before the stage."
_STAGES = 20  # positions of the slider, beside the newest


@dataclass(frozen=True)
class Sample:
    """What is shown of a run at a stage.

    entry: None if there is no sample. note: a sentence if it is not the one that was asked for.
    """

    seed_text: str
    entry: Entry | None
    note: str = ""


def stages(runs: Sequence[Compared], x_axis: str) -> list[float]:
    """Return positions on ``x_axis`` (a key of X_AXES) at which samples can be compared.

    They are round numbers up to where the run that got furthest is. Empty if none has samples.
    """
    furthest = max((float(_entries(run, x_axis).max(initial=0.0)) for run in runs), default=0.0)
    if not furthest:
        return []
    step = _round(furthest / _STAGES)
    # The first stage is finer: the writing changes most at the beginning.
    marks = [step / 4, step / 2, *(step * n for n in range(1, int(furthest / step) + 1))]
    if x_axis in ("Iterations", "Characters"):  # which are whole numbers
        marks = [mark for mark in marks if mark == int(mark)]
    return [float(f"{mark:.6g}") for mark in marks]


def sample_at(run: Compared, x_axis: str, stage: float | None) -> Entry | None:
    """Return the last sample of a run up to a stage, or its first; None if it has none.

    stage: a position on ``x_axis``; None for the newest sample.
    """
    if not run.entries:
        return None
    if stage is None:
        return run.entries[-1]
    at = int(np.searchsorted(_entries(run, x_axis), stage, side="right")) - 1
    return run.entries[max(0, at)]


def stored_sample(run: Compared, x_axis: str, stage: float | None, note: str = "") -> Sample:
    """Return what the run wrote after its own seed text while it trained.

    A run that ended before the stage gets a note.
    """
    if stage is not None and run.entries:
        end = float(_places(run, x_axis, [run.history.iterations])[0])
        note = note or _ENDED * (end < stage)
    return Sample(run.seed_text, sample_at(run, x_axis, stage), note)


def at_stage(
    run: Compared, x_axis: str, stage: float | None, marks: Sequence[float], saved: Sequence[int]
) -> int | None:
    """Return which of a run's networks is that of the stage; None if none is.

    saved: iterations after which networks are saved, ascending. marks: positions of the slider,
    as ``stages`` returns them. Each network belongs to the mark that is nearest to it, and the
    newest to all later marks, too.
    """
    if not saved:
        return None
    last = len(saved) - 1
    if stage is None:
        return last
    places = _places(run, x_axis, saved)
    ends = np.array(marks)
    nearest = ends[np.abs(ends - places[:, None]).argmin(axis=1)]
    if stage >= nearest[last]:
        return last
    here = np.flatnonzero(nearest == stage)
    return int(here[np.abs(places[here] - stage).argmin()]) if len(here) else None


def _entries(run: Compared, x_axis: str) -> Floats:
    """Return where each sample of a run lies on the axis, (samples,)."""
    return _places(run, x_axis, [entry.iteration for entry in run.entries])


def _places(run: Compared, x_axis: str, after: Sequence[int]) -> Floats:
    """Return where these iterations of a run lie on the axis, (iterations,)."""
    iterations = np.array(after, dtype=np.float64)
    if x_axis == "Iterations" or not len(run.history):
        return iterations
    column = "chars" if x_axis == "Epochs" else X_AXES[x_axis]
    scale = run.chars_per_epoch if x_axis == "Epochs" else 1.0
    ends = np.concatenate([[0], run.history.ends])
    return np.interp(iterations, ends, np.concatenate([[0.0], run.history[column]])) / scale


def _round(value: float) -> float:
    """Return the next higher number of the form 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(n for n in (1, 2, 5, 10) if n * power >= value * (1 - 1e-9)) * power)
