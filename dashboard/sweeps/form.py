"""What is chosen on the page for a sweep, and the plan that it makes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.server import limits
from dashboard.settings import CELL_NAMES, ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText
from rnncore import UPDATE_RULES, RnnCoreError
from rnncore.learning_rates import default_rate
from rnncore.schedules import SCHEDULES
from rnncore.sweep import SweepPlan, SweepText, ValueRange, values
from rnncore.sweep.plan import MODEL_SETTINGS, SOLVER_SETTINGS

# Runs that the page starts at once: a table and curves of more are hard to read.
MAX_RUNS = 200


@dataclass(frozen=True)
class SweptSetting:
    """A setting that a sweep of the page can vary.

    title: its label. choices: names to choose from, with their titles; None for numbers.
    first: what is tried unless something else is chosen.
    """

    title: str
    first: str | tuple[str, ...]
    choices: Mapping[str, str] | None = None


SETTINGS = {
    "hidden_dim": SweptSetting("Hidden size", "64, 128, 256"),
    "cell_type": SweptSetting("Cell", ("lstm", "gru"), CELL_NAMES),
    "num_layers": SweptSetting("Layers", "1, 2"),
    "lr": SweptSetting("Learning rate", "0.002, 0.004, 0.008"),
    "dropout": SweptSetting("Dropout", "0, 0.2, 0.4"),
    "batch_size": SweptSetting("Batch size", "8, 16, 32"),
    "seq_length": SweptSetting("Sequence length", "25, 50, 100"),
    "clip": SweptSetting("Gradient clipping", "1, 5, 25"),
    "update_rule": SweptSetting(
        "Update rule", ("adam", "rmsprop"), {name: name for name in UPDATE_RULES}
    ),
    "schedule": SweptSetting(
        "Schedule", ("constant", "cosine"), {name: name for name in SCHEDULES}
    ),
}
# Each value of these has a learning rate of its own that suits it.
_NEED_RATES = ("hidden_dim", "cell_type", "num_layers", "batch_size", "update_rule")
SEARCHES = {"grid": "All combinations", "random": "Random", "halving": "Halving"}


@dataclass(frozen=True)
class SweepForm:
    """The page's choices.

    axes: by setting, the text of its values, or the chosen names.
    draws: combinations of a random search. amount: iterations or minutes of a run, by ``budget``.
    total_minutes: of the sweep, or None.
    suggested_rates: whether each run trains at the rate suggested for it, if what varies asks for
        different rates (see ``asks_for_rates``).
    """

    axes: Mapping[str, str | tuple[str, ...]]
    seeds: int = 2
    search: str = "grid"
    draws: int = 10
    budget: str = "iterations"
    amount: float = 1_000
    total_minutes: float | None = None
    suggested_rates: bool = True


def asks_for_rates(axes: Iterable[str]) -> bool:
    """Return whether the swept settings need different rates, and the rate is not one of them."""
    names = {*axes}
    return "lr" not in names and not names.isdisjoint(_NEED_RATES)


def make_plan(form: SweepForm, model: ModelSettings, train: TrainSettings) -> SweepPlan:
    """Return the plan; RnnCoreError with a sentence if the choices make none."""
    if not form.axes:
        raise RnnCoreError("Choose at least one setting to vary.")
    axes = {name: read_axis(name, chosen) for name, chosen in form.axes.items()}
    ranges = any(isinstance(found, ValueRange) for found in axes.values())
    draws = form.draws if form.search == "random" or (form.search == "halving" and ranges) else None
    settings = {k: v for k, v in rnncore_settings(model, train).items() if k not in axes}
    if form.suggested_rates and asks_for_rates(axes):
        del settings["lr"]  # each Solver takes the rate that suits its network
    plan = SweepPlan(
        axes,
        settings,
        seeds=form.seeds,
        first_seed=model.seed,
        search=form.search,
        draws=draws,
        iterations=int(form.amount) if form.budget == "iterations" else None,
        minutes=form.amount if form.budget == "minutes" else None,
        total_minutes=form.total_minutes,
        checkpoint_seconds=limits.AUTOSAVE_SECONDS,
    )
    if plan.count() > MAX_RUNS:
        raise RnnCoreError(
            f"These are {plan.count():,} runs; the page starts up to {MAX_RUNS}. Choose fewer "
            "values or seeds, or the random search."
        )
    return plan


def check_plan(plan: SweepPlan, text: LoadedText, workers: int) -> None:
    """Raise an RnnCoreError if a run cannot train on the text, or if the memory is too small."""
    plan.check(sweep_text(text))
    largest = max(model_settings(run.settings).memory(len(text.vocab)) for run in plan.runs)
    limits.check_memory(largest * min(workers, len(plan.runs)))


def read_axis(name: str, chosen: str | tuple[str, ...]) -> tuple[Any, ...] | ValueRange:
    """Return the values of a setting; RnnCoreError with its title if they cannot be read."""
    title = SETTINGS[name].title
    if not isinstance(chosen, str):
        if not chosen:
            raise RnnCoreError(f"{title}: choose at least one value.")
        return chosen
    words = chosen.replace(",", " ").replace(";", " ").split()
    try:
        return values.join(title, [values.read_value(word, values.KINDS[name]) for word in words])
    except RnnCoreError as error:
        raise RnnCoreError(f"{title}: {error}") from None


def rnncore_settings(model: ModelSettings, train: TrainSettings) -> dict[str, Any]:
    """Return the page's settings as arguments of RNN and Solver, without seed and length."""
    given = vars(model) | train.solver_arguments()
    known = {k: v for k, v in given.items() if k in (*MODEL_SETTINGS, *SOLVER_SETTINGS)}
    return {
        k: v for k, v in known.items() if (k, v) not in {("input_dim", 0), ("eval_every", None)}
    }


def model_settings(settings: Mapping[str, Any], seed: int = 0) -> ModelSettings:
    """Return the page's network settings for those of a sweep's run."""
    names = ModelSettings.__dataclass_fields__
    return ModelSettings(**{k: v for k, v in settings.items() if k in names}, seed=seed)


def train_settings(settings: Mapping[str, Any], num_iters: int) -> TrainSettings:
    """Return the page's training settings for those of a sweep's run."""
    names = TrainSettings.__dataclass_fields__
    known = {k: v for k, v in settings.items() if k in names}
    if "lr" not in known:
        network, rule = model_settings(settings), known.get("update_rule", "adam")
        known["lr"] = default_rate(rule, network, network.batch_size)
    if "clip" in known and known["clip"] is None:
        known["clip"] = math.inf
    for name in ("fresh_after", "eval_every"):
        if known.get(name) == 0:
            known[name] = math.inf
    return TrainSettings(**known, num_iters=num_iters)


def sweep_text(text: LoadedText) -> SweepText:
    """Return the text as a sweep takes it."""
    return SweepText.from_ids(text.ids, tuple(text.vocab))
