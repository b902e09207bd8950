"""The race on a page: start one, pause it and go on, and the racers that can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dashboard.page import comparison, current_run, entry, error_boundary, messages, state, widgets
from dashboard.page.session import values
from dashboard.races.entrants import (
    READY,
    Race,
    Racer,
    at_suggested_rates,
    equal_sizes,
    new_racers,
)
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run
from dashboard.server import limits
from dashboard.settings import CELL_NAMES, PRESETS, Goal
from dashboard.text import loading
from dashboard.text.loading import LoadedText
from rnncore import RnnCoreError

OURS = "Preset: "  # begins the names of the presets among the entrants


def entrants() -> dict[str, Racer]:
    """Return the networks that can race, by name: the page's settings with each cell, presets."""
    model = widgets.model_settings()
    train = state.next_train_settings() or widgets.train_settings()  # of a run with this network
    found = {
        title: Racer(replace(model, cell_type=cell), train) for cell, title in CELL_NAMES.items()
    }
    small = replace(model, hidden_dim=max(1, model.hidden_dim // 4))
    found["A quarter of the size"] = Racer(small, train)
    found["Without clipping"] = Racer(model, replace(train, clip=float("inf")))
    for preset in PRESETS.values():
        found[f"{OURS}{preset.title}"] = Racer(preset.model, preset.train)
    return found


def chosen_racers(text: LoadedText) -> list[Racer]:
    """Return the networks that are chosen for a race of one's own.

    If wanted, they are of equal size, and train at suggested rates. A preset keeps its own rate,
    and the page's network keeps a rate that was set by hand.
    """
    offered = entrants()
    names = [name for name in values()["race_entrants"] if name in offered]
    racers = [offered[name] for name in names]
    if values()["race_same_size"] and racers:
        racers = equal_sizes(racers, len(text.vocab))
    if values()["race_suggested_rates"]:
        suggested = at_suggested_rates(racers)
        chosen = zip(names, racers, suggested, strict=True)
        racers = [own if _keeps_rate(name, offered[name]) else other for name, own, other in chosen]
    return racers


def _keeps_rate(name: str, racer: Racer) -> bool:
    by_hand = racer.train.lr != state.preset_rate()
    return name.startswith(OURS) or (by_hand and racer.model == widgets.model_settings())


def chosen_goal() -> Goal:
    """Return when a race of one's own ends."""
    if values()["race_end"] == "minutes":
        return Goal("minutes", float(values()["race_minutes"]))
    return Goal("iterations", int(values()["race_iterations"]))


@error_boundary.callback
def start_ready(name: str) -> None:
    """Start one of the ready races, on its own sample text."""
    with messages.errors_at("race"):
        race: Race = READY[name]
        text = loading.load_sample(race.text)
        racers = equal_sizes(race.racers, len(text.vocab)) if race.same_size else [*race.racers]
        if race.suggested_rates:
            racers = at_suggested_rates(racers)
        _start(text, racers, race.goal, name)


@error_boundary.callback
def start_own() -> None:
    """Start the race of the chosen networks on the workbench's text."""
    with messages.errors_at("race"):
        text = state.text()
        if text is None:
            raise RnnCoreError("Choose a text on the workbench first: the race trains on it.")
        _start(text, chosen_racers(text), chosen_goal(), "own")


@error_boundary.callback
def pause(run_ids: Sequence[str]) -> None:
    """Pause all racers."""
    for run in _live(run_ids):
        run.trainer.pause()


@error_boundary.callback
def go_on(run_ids: Sequence[str]) -> None:
    """Let all racers train that have not reached their goal."""
    with messages.errors_at("race"):
        for run in [get_registry().open(run_id) for run_id in run_ids]:
            if not run.solver.finished:
                current_run.start(run)


@error_boundary.callback
def close() -> None:
    """Show the races that can be started; the racers stay in the list of runs."""
    pause(entry.named_runs())
    entry.name_race((), "")


def _start(text: LoadedText, racers: Sequence[Racer], goal: Goal, name: str) -> None:
    """Register a run for each racer, name them in the address, and train them in turns."""
    runs = new_racers(text, racers, goal)
    added: list[Run] = []
    try:
        for run in runs:
            get_registry().add(run)
            added.append(run)
    except RnnCoreError:
        for run in added:
            get_registry().unload(run.id)
        raise
    pause(entry.named_runs())  # the race before
    values()[comparison.STAGE] = comparison.NEWEST
    values()["compare_x"] = "Seconds" if goal.kind == "minutes" else "Iterations"
    entry.name_race([run.id for run in runs], name)
    for run in runs:
        run.train(limits.UNATTENDED_SECONDS)


def _live(run_ids: Sequence[str]) -> list[Run]:
    found = (get_registry().get(run_id) for run_id in run_ids)
    return [run for run in found if run is not None]
