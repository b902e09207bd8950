"""The plan of a sweep: which settings and seeds are tried, and for how long each run trains."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rnncore import checks
from rnncore.errors import SettingError
from rnncore.model import RNN
from rnncore.solver import Solver
from rnncore.sweep.text import SweepText

MODEL_SETTINGS = ("cell_type", "hidden_dim", "num_layers", "input_dim", "dropout")
SOLVER_SETTINGS = (
    "seq_length", "batch_size", "lr", "update_rule", "schedule", "warmup", "clip", "fresh_after",
    "eval_every", "val_fraction",
)  # fmt: skip
# Settings of which a sweep tries several values. Losses on different validation texts cannot be
# compared, so ``val_fraction`` is the same for all runs.
SWEPT = (*MODEL_SETTINGS, *SOLVER_SETTINGS[:-2])
SEARCHES = ("grid", "random", "halving")
MAX_AXES, MAX_RUNS = 4, 10_000
# Halving compares first after this share of a run at the earliest.
_FIRST_RUNG = 1 / 16
_DRAWS_PER_RUN = 100  # attempts to draw a combination that was not drawn before


@dataclass(frozen=True)
class ValueRange:
    """Numbers from ``low`` to ``high`` that a random search draws from, evenly by factor.

    whole: draw whole numbers.
    """

    low: float
    high: float
    whole: bool = False

    def __post_init__(self) -> None:
        checks.check_number("The lower end of a range", self.low, 0, open_low=True)
        checks.check_number("The upper end of a range", self.high, self.low)

    def draw(self, rng: np.random.Generator) -> float | int:
        """Return a number of the range."""
        return self._shape(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))

    def values(self, count: int) -> tuple[float | int, ...]:
        """Return up to ``count`` numbers from ``low`` to ``high``, each the same factor apart."""
        steps = np.linspace(math.log(self.low), math.log(self.high), count)
        return tuple(dict.fromkeys(self._shape(math.exp(step)) for step in steps))

    def _shape(self, value: float) -> float | int:
        return round(value) if self.whole else float(f"{value:.3g}")


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep.

    number: from 1. changed: the swept settings. settings: all settings of model and solver that
    are not at their defaults. Runs that differ in the seed only have the same ``group``.
    """

    number: int
    group: int
    seed: int
    changed: dict[str, Any]
    settings: dict[str, Any]

    def build(self, text: SweepText, num_iters: int) -> Solver:
        """Return the run's solver at iteration 0."""
        model_settings = {k: v for k, v in self.settings.items() if k in MODEL_SETTINGS}
        model = RNN(len(text.symbols), text.symbols, **model_settings, seed=self.seed)
        others = {k: v for k, v in self.settings.items() if k in SOLVER_SETTINGS}
        return Solver(text.ids, model, **others, num_iters=num_iters, seed=self.seed)


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep tries.

    axes: for each swept setting (at most four) its values, or a ValueRange.
    settings: arguments of RNN and Solver that are the same for all runs.
    seeds: runs for each combination of values, with the seeds ``first_seed``, +1, ….
    search: "grid" (all combinations), "random" (``draws`` combinations), or "halving": all, or
        ``draws``, combinations start, and again and again the worse half is stopped.
    iterations, minutes: the length of a run; one of both. Minutes become iterations by a short
        measurement when the run starts, because the learning rate schedule spans the run.
    total_minutes: the sweep ends after so many minutes, or None.
    checkpoint_seconds: seconds of training between two checkpoints of a run; longer if saving
        would take more than a tenth of the time.
    """

    axes: Mapping[str, tuple[Any, ...] | ValueRange]
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: int = 1
    first_seed: int = 0
    search: str = "grid"
    draws: int | None = None
    iterations: int | None = None
    minutes: float | None = None
    total_minutes: float | None = None
    checkpoint_seconds: float = 5.0

    def __post_init__(self) -> None:
        checks.check_choice("search", self.search, SEARCHES)
        checks.check_whole("seeds", self.seeds, 1, 1000)
        checks.check_whole("first_seed", self.first_seed, 0)
        if len(self.axes) > MAX_AXES:
            raise SettingError(f"{len(self.axes)} settings vary; a sweep varies up to {MAX_AXES}.")
        for name, values in self.axes.items():
            self._check_axis(name, values)
        for name in self.settings:
            checks.check_choice("A sweep's setting", name, (*MODEL_SETTINGS, *SOLVER_SETTINGS))
        if (self.iterations is None) == (self.minutes is None):
            raise SettingError("A run's length is missing; give iterations or minutes, not both.")
        if self.iterations is not None:
            checks.check_whole("iterations", self.iterations, 1)
        for name in ("minutes", "total_minutes", "checkpoint_seconds"):
            if getattr(self, name) is not None:
                checks.check_number(name, getattr(self, name), 0, open_low=True)
        if self.search == "random" or self.draws is not None:
            checks.check_whole("draws", self.draws, 1, MAX_RUNS)
        if self.count() > MAX_RUNS:
            raise SettingError(f"These are {self.count():,} runs; a sweep has up to {MAX_RUNS:,}.")

    def _check_axis(self, name: str, values: Any) -> None:
        checks.check_choice("A swept setting", name, SWEPT)
        if isinstance(values, ValueRange):
            if self.search == "grid" or self.draws is None:
                raise SettingError(
                    f"{name} is a range; a random search with a number of draws takes ranges. "
                    "Give a list of values instead."
                )
        elif not values:
            raise SettingError(f"{name} has no values; give at least one.")
        elif len(set(values)) < len(values):
            raise SettingError(f"{name} has a value twice: {checks.shorten(values)}.")

    @property
    def draws_at_random(self) -> bool:
        """Whether combinations are drawn; otherwise all of a grid are tried."""
        return self.search == "random" or (self.search == "halving" and self.draws is not None)

    def count(self) -> int:
        """Return the number of runs, without making them; a random search may find fewer."""
        if self.draws_at_random:
            return (self.draws or 1) * self.seeds
        sizes = (len(v) for v in self.axes.values() if not isinstance(v, ValueRange))
        return math.prod(sizes) * self.seeds

    @cached_property
    def runs(self) -> tuple[SweepRun, ...]:
        """All runs. All combinations come with the first seed before any comes with another."""
        combinations = self._draw() if self.draws_at_random else self._grid()
        numbers = itertools.count(1)
        return tuple(
            SweepRun(next(numbers), group, seed, changed, {**self.settings, **changed})
            for seed in range(self.first_seed, self.first_seed + self.seeds)
            for group, changed in enumerate(combinations)
        )

    @property
    def rungs(self) -> tuple[float, ...]:
        """The shares of a run after which runs are compared; the last is 1, the whole run."""
        if self.search != "halving":
            return (1.0,)
        halvings = max(1, len(self.runs) // self.seeds).bit_length() - 1
        halvings = min(halvings, round(math.log2(1 / _FIRST_RUNG)))
        return tuple(2.0**-k for k in range(halvings, -1, -1))

    def work(self) -> float:
        """Return the length of the whole sweep, in lengths of one run."""
        groups, total, before = len(self.runs) / self.seeds, 0.0, 0.0
        for share in self.rungs:
            total += groups * (share - before)
            groups, before = math.ceil(groups / 2), share
        return total * self.seeds

    def check(self, text: SweepText) -> None:
        """Raise a SettingError for a value that no run on this text can use."""
        seen: set[tuple[str, Any]] = set()
        for run in self.runs:
            # Batches depend on these two together; every other value is checked by itself.
            parts = {(n, v) for n, v in run.changed.items()}
            both = (run.settings.get("seq_length"), run.settings.get("batch_size"))
            parts.add(("batch", both))
            if not parts <= seen or not seen:
                seen |= parts
                run.build(text, self.iterations or 1)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        plain = {k: v for k, v in vars(self).items() if k in self.__dataclass_fields__}
        axes = {
            name: asdict(values) if isinstance(values, ValueRange) else list(values)
            for name, values in self.axes.items()
        }
        return plain | {"axes": axes, "settings": dict(self.settings)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> SweepPlan:
        """Return the plan that ``to_json`` described; TypeError or SettingError if it is none."""
        axes = {
            name: ValueRange(**values) if isinstance(values, dict) else tuple(values)
            for name, values in plain["axes"].items()
        }
        return cls(**plain | {"axes": axes})

    def _grid(self) -> list[dict[str, Any]]:
        lists = [v for v in self.axes.values() if not isinstance(v, ValueRange)]
        return [dict(zip(self.axes, values, strict=True)) for values in itertools.product(*lists)]

    def _draw(self) -> list[dict[str, Any]]:
        """Return different combinations; fewer than ``draws`` if there are not so many."""
        rng = np.random.default_rng(self.first_seed)
        drawn: dict[tuple[Any, ...], None] = {}
        for _ in range((self.draws or 1) * _DRAWS_PER_RUN):
            if len(drawn) < (self.draws or 1):
                drawn[tuple(_draw_value(values, rng) for values in self.axes.values())] = None
        return [dict(zip(self.axes, values, strict=True)) for values in drawn]


def _draw_value(values: tuple[Any, ...] | ValueRange, rng: np.random.Generator) -> Any:
    if isinstance(values, ValueRange):
        return values.draw(rng)
    return values[int(rng.integers(len(values)))]
