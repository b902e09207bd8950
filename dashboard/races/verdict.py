"""Who won a race and why, in sentences that state the figures they follow from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.analysis.curve_statistics import robust_deviation
from dashboard.analysis.validation_rise import has_risen_clearly
from dashboard.comparison.compared import Compared
from dashboard.formatting import counted, duration
from dashboard.races.names import short_names
from dashboard.training.status import Phase
from rnncore.history import VALIDATION_COLUMNS

_TIE = 0.01  # nats per character: a smaller lead can be chance
_RECENT = 50  # iterations over which the training loss is averaged
_FASTER, _LARGER = 1.25, 1.5  # factors that are worth a sentence
_MEMORISED = 0.1  # nats by which the training loss must lie below the validation loss
# Two seeds of one network differ by up to 0.04 (docs/quality.md), and more on a short text.
_BEYOND_CHANCE = 5 * 0.04
_ONCE = (
    "Each network trained once, so the difference can be chance. To check, train several seeds of "
    "each on the Sweep page."
)


@dataclass(frozen=True)
class Point:
    """A point of training: so many of a history's "iteration" or "seconds"."""

    column: str
    amount: float = math.inf


_END = Point("iteration")


@dataclass(frozen=True)
class Verdict:
    """The result of a race, or its state so far.

    headline: one sentence. reasons: sentences that follow from the figures. winner: the short
    name of the best run, or "" if there is none or the race is a draw.
    """

    over: bool
    winner: str
    headline: str
    reasons: tuple[str, ...] = ()


def judge(runs: Sequence[Compared]) -> Verdict:
    """Return who leads or has won, by the lowest validation loss.

    While they train, racers take turns of equal time, so fast ones have more iterations. They are
    compared at the point that all have reached.
    """
    names = short_names(runs)
    runs = [replace(run, title=name) for run, name in zip(runs, names, strict=True)]
    over = all(map(_is_over, runs))
    point = _END if over else _shared_point(runs)
    scores = {id(run): _score(run, point) for run in runs}
    scored = sorted(
        (run for run in runs if not math.isnan(scores[id(run)])), key=lambda run: scores[id(run)]
    )
    if len(scored) < 2:
        return Verdict(over, "", "The race has begun; the first validation losses are due soon.")
    first, second, *_ = scored
    lead = scores[id(second)] - scores[id(first)]
    measure = "best validation loss" if _validated(first) else "training loss"
    losses = ", ".join(f"{scores[id(run)]:.3f} ({run.title})" for run in scored)
    if not over:
        where = _describe(point, runs)
        state = f"leads {where}"
        if not any(run.active for run in runs):
            state = f"was ahead {where} when the race paused"
        return Verdict(False, first.title, f"{first.title} {state}: {measure} {losses}.")
    if lead < max(_TIE, 2 * max(_noise(first), _noise(second))):
        headline = f"A draw between {first.title} and {second.title}: {measure} {losses}."
        reason = f"A difference of {lead:.3f} nats per character can be chance."
        return Verdict(True, "", headline, (reason, *_reasons(first, scored[1:])[:2]))
    headline = f"{first.title} won: {measure} {losses}, in nats per character."
    reasons = _reasons(first, scored[1:])[:4]
    if lead <= _BEYOND_CHANCE:
        reasons.append(_ONCE)
    return Verdict(True, first.title, headline, tuple(reasons))


def _shared_point(runs: Sequence[Compared]) -> Point:
    """Return how far all racers have trained, apart from those that cannot go on."""
    going = [run for run in runs if not _failed(run)]
    if runs[0].plan.goal.kind == "minutes":
        return Point("seconds", min((_last_seconds(run) for run in going), default=math.inf))
    return Point("iteration", min((run.history.iterations for run in going), default=math.inf))


def _describe(point: Point, runs: Sequence[Compared]) -> str:
    """Return at what point the racers are compared, in words."""
    if point.column == "seconds":
        return f"after {duration(point.amount)} of training each"
    return f"at iteration {point.amount:,.0f} of each"


def _reasons(winner: Compared, others: Sequence[Compared]) -> list[str]:
    """Return what in the figures explains the result, the most important first."""
    return [
        *(text for run in others if (text := _explosion(run, winner))),
        *(text for run in (winner, *others) if (text := _memorised(run))),
        *_lead(winner, others[0]),
        *_differences(winner, others[0]),
    ]


def _explosion(run: Compared, winner: Compared) -> str:
    """Return that a run's gradient exploded, or ""."""
    history = run.history
    start, end = float(history["loss"][0]), _training_loss(run)
    if not _failed(run) and end < start:
        return ""
    norm = float(history["grad_norm_max"].max())
    text = (
        f"{run.title} became unstable: its gradient reached a norm of {norm:,.0f}, and its "
        f"training loss ended at {end:.2f}, above the {start:.2f} that it began with."
    )
    if run.settings["clip"] is None and (clip := winner.settings["clip"]):
        text += (
            f" It trained without clipping; the winner's gradients were shortened to at most "
            f"{clip:g}."
        )
    return text


def _memorised(run: Compared) -> str:
    """Return that a run has learnt its text by heart, or ""."""
    at, val = run.history.validations()
    loss = _training_loss(run)
    if not has_risen_clearly(val) or loss > val[-1] - _MEMORISED or loss > run.history["loss"][0]:
        return ""
    best = int(np.argmin(val))
    chars = "" if run.text is None else f" for {counted(len(run.text), 'character')} of text"
    return (
        f"{run.title} memorised its text: after iteration {at[best]:,.0f} its validation loss "
        f"rose from {val[best]:.2f} to {val[-1]:.2f}, while its training loss fell to {loss:.2f}. "
        f"It has {counted(run.num_params, 'parameter')}{chars}."
    )


def _lead(winner: Compared, second: Compared) -> list[str]:
    """Return when the winner reached the best loss of the second."""
    at, val = winner.history.validations()
    _, other = second.history.validations()
    if not len(val) or not len(other):
        return []
    reached = np.flatnonzero(val <= other.min())
    if not len(reached):
        return []
    return [
        f"{winner.title} reached the best loss of {second.title} at iteration "
        f"{at[reached[0]]:,.0f} of {winner.history.iterations:,}."
    ]


def _differences(winner: Compared, second: Compared) -> list[str]:
    """Return what was equal and what was not: speed, size, characters read."""
    found = []
    mine, theirs = winner.history.last("chars"), second.history.last("chars")
    if max(mine, theirs) >= _FASTER * min(mine, theirs) > 0:
        more = f"{max(mine, theirs) / min(mine, theirs):.1f} times as many characters"
        who = "read" if mine > theirs else "won although it read fewer: the other read"
        found.append(f"{winner.title} {who} {more}.")
    sizes = winner.num_params, second.num_params
    if max(sizes) >= _LARGER * min(sizes):
        factor = max(sizes) / min(sizes)
        larger = winner if winner.num_params > second.num_params else second
        found.append(f"{larger.title} has {factor:.1f} times as many parameters.")
    elif winner.model.cell_type != second.model.cell_type and not found:
        found.append(
            f"Both have about {winner.num_params:,} parameters and read as many characters; their "
            "cells differ."
        )
    return found


def _is_over(run: Compared) -> bool:
    """Return whether a run has reached its goal, or cannot."""
    if run.active:
        return False
    if run.status is not None and (run.status.ended or _failed(run)):
        return True
    goal, since = run.plan.goal, run.plan.since
    if goal.kind == "minutes":
        return _last_seconds(run) - since.seconds >= 60 * goal.amount
    return run.history.iterations >= run.settings["num_iters"]


def _validated(run: Compared) -> bool:
    return bool(len(run.history.validations()[1]))


def _failed(run: Compared) -> bool:
    return run.status is not None and run.status.phase is Phase.FAILED


def _last_seconds(run: Compared) -> float:
    return run.history.last("seconds") if len(run.history) else 0.0


def _score(run: Compared, point: Point) -> float:
    """Return the lowest validation loss up to a point of training, or NaN.

    Without validation text it is the training loss.
    """
    if not run.settings["val_fraction"]:
        return _training_loss(run, point)
    table = run.history.validation_table()
    reached = table[VALIDATION_COLUMNS.index(point.column)] <= point.amount
    losses = table[VALIDATION_COLUMNS.index("val_loss"), reached]
    return float(losses.min()) if len(losses) else math.nan


def _training_loss(run: Compared, point: Point = _END) -> float:
    history = run.history
    if point is _END:
        return history.recent_loss()  # as beside the samples
    loss = history["loss"][history[point.column] <= point.amount][-_RECENT:]
    return float(loss.mean()) if len(loss) else math.nan


def _noise(run: Compared) -> float:
    """Return by how much a validation loss differs from a smooth curve by chance."""
    _, val = run.history.validations()
    return robust_deviation(np.diff(val[-8:], 2)) / math.sqrt(6) if len(val) > 4 else 0.0
