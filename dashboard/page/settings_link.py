"""Settings in the page's address, so that a teacher can hand out a lesson as a link.

    ?preset=original&hidden=64&text=verses&seed=The+sea&hide=model,download

Only what is named changes; what is wrong is said and left as it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from dashboard.charts.chart_options import UNITS, X_AXES
from dashboard.server import limits
from dashboard.settings import GOAL_TITLES, MAX_SEED, PRESETS, ModelSettings, TrainSettings
from dashboard.text.cleanup import CLEANUP_RULES
from rnncore import CELLS, UPDATE_RULES, checks
from rnncore.errors import RnnCoreError, SettingError
from rnncore.network import MAX_DIM, MAX_LAYERS
from rnncore.schedules import SCHEDULES

SECTIONS = ("text", "model", "train", "sample", "download")


class Field(NamedTuple):
    """A name in the address, the setting it stands for, and how a value is read."""

    setting: str
    read: Callable[[str, str], Any]


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    return lambda name, value: checks.check_whole(name, _number(name, value), low, high)


def _between(low: float, high: float, *, open_low: bool = False) -> Callable[[str, str], float]:
    return lambda name, value: checks.check_number(
        name, _number(name, value), low, high, open_low=open_low
    )


def _one_of(names: Any) -> Callable[[str, str], str]:
    return lambda name, value: checks.check_choice(name, value, names)


def _positive(name: str, value: str) -> float:
    return checks.check_number(name, _number(name, value), 0.0, open_low=True)


def _or_off(read: Callable[[str, str], float]) -> Callable[[str, str], float]:
    return lambda name, value: math.inf if value == "off" else read(name, value)


def _switch(name: str, value: str) -> bool:
    return checks.check_choice(name, value, ("on", "off")) == "on"


def _sections(name: str, value: str) -> frozenset[str]:
    parts = [part.strip() for part in value.split(",")]
    return frozenset(checks.check_choice(name, part, SECTIONS) for part in parts if part)


MODEL = {
    "cell": Field("cell_type", _one_of(CELLS)),
    "hidden": Field("hidden_dim", _whole(1, MAX_DIM)),
    "layers": Field("num_layers", _whole(1, MAX_LAYERS)),
    "embedding": Field("input_dim", _whole(0, MAX_DIM)),
    "dropout": Field("dropout", _between(0.0, 0.95)),
    "sequence": Field("seq_length", _whole(1, 10_000)),
    "batch": Field("batch_size", _whole(1, 10_000)),
    "held_out": Field("val_fraction", _between(0.0, 0.9)),
    "weights": Field("seed", _whole(0, MAX_SEED)),
}
TRAIN = {
    "rate": Field("lr", _between(0.0, 100.0, open_low=True)),
    "rule": Field("update_rule", _one_of(UPDATE_RULES)),
    "schedule": Field("schedule", _one_of(SCHEDULES)),
    "clip": Field("clip", _or_off(_positive)),
    "iterations": Field("num_iters", _whole(1, 10**8)),
    "warmup": Field("warmup", _whole(0, 10**8)),
    "validate": Field("eval_every", _or_off(_whole(0, 10**8))),
    "fresh": Field("fresh_after", _or_off(_whole(1, 10**8))),
}

# Beside network and training: widgets by their keys, named only where they differ from what the
# page begins with.
WIDGETS = {
    "until": Field("goal_kind", _one_of(GOAL_TITLES)),
    "epochs": Field("goal_epochs", _whole(1, 10**6)),
    "minutes": Field("goal_minutes", _whole(1, 10**5)),
    "patience": Field("goal_patience", _whole(1, 1_000)),
    "length": Field("length", _whole(1, limits.MAX_SAMPLE_CHARS)),
    "top_k": Field("top_k", _whole(0, 1_000)),
    "top_p": Field("top_p", _between(0.05, 1.0)),
    "random": Field("random_seed", _whole(0, MAX_SEED)),
    "across": Field("chart_x", _one_of(X_AXES)),
    "up": Field("chart_unit", _one_of(UNITS)),
    "smoothing": Field("chart_smoothing", _whole(1, 10_000)),
    "more": Field("chart_more", _switch),
    "gutenberg": Field("strip_gutenberg", _switch),
    **{f"mend_{name}": Field(f"clean_{name}", _switch) for name in CLEANUP_RULES},
}


@dataclass(frozen=True)
class Lesson:
    """What an address asks for; None where it says nothing. ``problems``: what was wrong in it."""

    preset: str | None = None
    model: ModelSettings | None = None
    train: TrainSettings | None = None
    text: str | None = None  # name of a sample text
    seed_text: str | None = None
    temperature: float | None = None
    hide: frozenset[str] = frozenset()
    widgets: Mapping[str, Any] = field(default_factory=dict)  # widgets by key
    problems: tuple[str, ...] = ()


def read(address: Mapping[str, str], start: str, sample_names: list[str]) -> Lesson:
    """The lesson in an address's parameters; ``start`` is the preset it counts from."""
    problems: list[str] = []

    def value(name: str, reader: Callable[[str, str], Any]) -> Any:
        if name not in address:
            return None
        try:
            return reader(name, address[name])
        except RnnCoreError as error:
            problems.append(f"In this page's address, {error}")
            return None

    preset = value("preset", _one_of(PRESETS))
    base = PRESETS[preset or start]
    found = {
        setting: read_value
        for name, (setting, reader) in (MODEL | TRAIN).items()
        if (read_value := value(name, reader)) is not None
    }
    names = {name.removesuffix(".txt"): name for name in sample_names}
    text = value("text", _one_of(names))
    return Lesson(
        preset,
        _changed(base.model, found),
        _changed(base.train, found),
        names.get(text) if text else None,
        address["seed"][: limits.MAX_SEED_CHARS] if "seed" in address else None,
        value("temperature", _between(0.0, 2.0)),
        value("hide", _sections) or frozenset(),
        {
            key: read_value
            for name, (key, reader) in WIDGETS.items()
            if (read_value := value(name, reader)) is not None
        },
        tuple(problems),
    )


def write(
    model: ModelSettings,
    train: TrainSettings,
    text: str | None,
    seed_text: str,
    temperature: float,
    hide: list[str],
    widgets: Mapping[str, Any],
) -> dict[str, str]:
    """The parameters of an address that asks for all this, the nearest preset named first.

    widgets: values by key, those that are not as the page begins.
    """

    def differing(name: str) -> dict[str, str]:
        there = PRESETS[name]
        return {
            parameter: _shown(getattr(mine, setting))
            for mine, theirs, table in ((model, there.model, MODEL), (train, there.train, TRAIN))
            for parameter, (setting, _) in table.items()
            if getattr(mine, setting) != getattr(theirs, setting)
        }

    nearest = min(PRESETS, key=lambda name: len(differing(name)))
    parameters = {"preset": nearest, **differing(nearest), "temperature": _shown(temperature)}
    if text:
        parameters["text"] = text.removesuffix(".txt")
    if seed_text:
        parameters["seed"] = seed_text
    parameters |= {
        name: _shown(widgets[key]) for name, (key, _) in WIDGETS.items() if key in widgets
    }
    if hide:
        parameters["hide"] = ",".join(hide)
    return parameters


def _changed(base: Any, found: Mapping[str, Any]) -> Any:
    own = {field.name for field in fields(base)}
    return replace(base, **{name: value for name, value in found.items() if name in own})


def _number(name: str, value: str) -> float | int:
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        raise SettingError(f"{name} is {value[:40]!r}; it must be a number.") from None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return "off" if math.isinf(value) else f"{value:g}"
    return str(value)
