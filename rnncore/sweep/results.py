"""The results of a sweep's runs, as plain values and as a table."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from rnncore.sweep.plan import SweepRun
from rnncore.sweep.task import Interval

# Names of settings in tables; the same as the command line's options.
NAMES = {
    "cell_type": "cell", "hidden_dim": "hidden", "num_layers": "layers", "input_dim": "embed",
    "update_rule": "rule", "seq_length": "seq-length", "batch_size": "batch-size",
    "fresh_after": "fresh-after",
}  # fmt: skip

WAITING, RUNNING, FINISHED = "waiting", "running", "finished"
STOPPED, FAILED = "stopped early", "failed"


@dataclass(frozen=True)
class RunResult:
    """How far a run is. Losses are in nats per character; NaN if not measured yet.

    status: "waiting", "running", "finished", "stopped early" (by halving) or "failed".
    scores: the validation loss at each comparison of runs; the last one at the end of the run.
    message: why it failed, or "". worker: host and process id of the last worker.
    """

    status: str = WAITING
    iteration: int = 0
    num_iters: int = 0
    seconds: float = 0.0
    chars: int = 0
    loss: float = math.nan
    val_loss: float = math.nan
    best_val_loss: float = math.nan
    best_iteration: int = 0
    scores: tuple[float, ...] = ()
    message: str = ""
    worker: str = ""
    curve: dict[str, list[float]] = field(default_factory=dict, repr=False)

    def after(self, interval: Interval, last: bool) -> RunResult:
        """Return the result after a further interval; ``last``: whether the run then ends."""
        status = FINISHED if last and interval.paused else RUNNING
        plain = {
            f.name: getattr(interval, f.name) for f in fields(self) if hasattr(interval, f.name)
        }
        return replace(
            self,
            **plain,
            status=FAILED if interval.failure else status,
            message=interval.failure,
            scores=(*self.scores, interval.score) if interval.paused else self.scores,
        )

    @property
    def ended(self) -> bool:
        """Whether the sweep trains it no further."""
        return self.status in (FINISHED, STOPPED, FAILED)

    @property
    def lowest(self) -> float:
        """The lowest validation loss so far, by which runs are ranked; NaN if there is none."""
        known = [loss for loss in (self.best_val_loss, *self.scores) if math.isfinite(loss)]
        return min(known, default=math.nan)

    @property
    def chars_per_second(self) -> float:
        """Characters trained in a second; NaN before the first."""
        return self.chars / self.seconds if self.seconds else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return plain values; NaN becomes None."""
        return _without_nan(asdict(self))

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> RunResult:
        """Return the result that ``to_json`` described."""
        known = {f.name for f in fields(cls)}
        values: dict[str, Any] = {k: v for k, v in plain.items() if k in known}
        values = {k: math.nan if v is None else v for k, v in values.items()}
        return cls(**values | {"scores": tuple(_with_nan(values.get("scores", ())))})


@dataclass(frozen=True)
class Trial:
    """A run of the plan and its result."""

    run: SweepRun
    result: RunResult

    @property
    def number(self) -> int:
        """The run's number, from 1."""
        return self.run.number

    @property
    def name(self) -> str:
        """What is special about the run, such as "hidden 64, cell gru, seed 1"."""
        return f"{describe(self.run.changed)}seed {self.run.seed}"


def rank(trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials by their lowest validation loss, unmeasured and failed ones last."""

    def key(trial: Trial) -> tuple[bool, bool, float, int]:
        lowest = trial.result.lowest
        unknown = math.isnan(lowest)
        return trial.result.status == FAILED, unknown, 0.0 if unknown else lowest, trial.number

    return sorted(trials, key=key)


def describe(changed: dict[str, Any]) -> str:
    """Return settings as "hidden 64, cell gru, "."""
    return "".join(f"{NAMES.get(name, name)} {show(value)}, " for name, value in changed.items())


def show(value: Any) -> str:
    """Return a setting's value for a table."""
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def table(trials: Sequence[Trial]) -> tuple[list[str], list[list[str]]]:
    """Return the heading and the rows of a table, in the order of ``trials``."""
    axes = list(trials[0].run.changed) if trials else []
    heading = ["run", *(NAMES.get(axis, axis) for axis in axes), "seed", "validation", "at"]
    heading += ["iterations", "seconds", "characters/s", "status"]
    rows = []
    for trial in trials:
        result = trial.result
        rows.append([
            str(trial.number),
            *(show(trial.run.changed[axis]) for axis in axes),
            str(trial.run.seed),
            _number(result.lowest, ".4f"),
            f"{result.best_iteration:,}" if result.best_iteration else "",
            f"{result.iteration:,}",
            f"{result.seconds:,.1f}",
            _number(result.chars_per_second, ",.0f"),
            result.status,
        ])  # fmt: skip
    return heading, rows


def as_text(trials: Sequence[Trial]) -> str:
    """Return the table as aligned lines."""
    heading, rows = table(trials)
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heading, *rows)
    )
    return "\n".join(lines)


def as_csv(trials: Sequence[Trial]) -> str:
    """Return settings and results of each run as CSV, with losses in nats per character."""
    axes = list(trials[0].run.changed) if trials else []
    measured = [
        "status", "iteration", "num_iters", "seconds", "chars", "loss", "val_loss",
        "best_val_loss", "best_iteration", "message",
    ]  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", *axes, "seed", *measured])
    for trial in trials:
        values = [trial.run.changed[axis] for axis in axes]
        found = [getattr(trial.result, name) for name in measured]
        writer.writerow([trial.number, *values, trial.run.seed, *map(_cell, found)])
    return out.getvalue()


def _cell(value: Any) -> Any:
    return "" if isinstance(value, float) and math.isnan(value) else value


def _number(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else ""


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _with_nan(values: Any) -> list[float]:
    return [math.nan if value is None else value for value in values]
