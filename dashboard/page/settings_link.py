"""Settings in the page's address, so that a teacher can share a lesson as a link.

    ?preset=original&hidden=64&text=verses&seed=The+sea&hide=model,download

Settings that the address does not name keep their defaults. A wrong value is reported and ignored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from dashboard.charts.chart_options import SMOOTHINGS, UNITS, X_AXES
from dashboard.charts.comparison import SHOWN
from dashboard.page.comparison_options import NEWEST
from dashboard.server import limits
from dashboard.settings import GOAL_TITLES, MAX_SEED, PRESETS, ModelSettings, TrainSettings
from dashboard.text.cleanup import CLEANUP_RULES
from rnncore import CELLS, UPDATE_RULES, checks
from rnncore.errors import RnnCoreError, SettingError
from rnncore.network import MAX_DIM, MAX_LAYERS
from rnncore.schedules import SCHEDULES

SECTIONS = ("text", "model", "train", "sample", "download")


class Field(NamedTuple):
    """A parameter of the address.

    setting: the field of ModelSettings or TrainSettings, or the key of the widget.
    parse: converts (parameter, value) from text; raises an RnnCoreError if the value is wrong.
    """

    setting: str
    parse: Callable[[str, str], Any]


def _integer(low: int, high: int) -> Callable[[str, str], int]:
    return lambda name, value: checks.check_whole(name, _number(name, value), low, high)


def _number_between(
    low: float, high: float, *, open_low: bool = False
) -> Callable[[str, str], float]:
    return lambda name, value: checks.check_number(
        name, _number(name, value), low, high, open_low=open_low
    )


def _one_of(names: Any) -> Callable[[str, str], str]:
    return lambda name, value: checks.check_choice(name, value, names)


def _number_of(numbers: Sequence[int]) -> Callable[[str, str], int]:
    return lambda name, value: int(checks.check_choice(name, value, map(str, numbers)))


def _positive(name: str, value: str) -> float:
    return checks.check_number(name, _number(name, value), 0.0, open_low=True)


def _or_off(parse: Callable[[str, str], float]) -> Callable[[str, str], float]:
    return lambda name, value: math.inf if value == "off" else parse(name, value)


def _switch(name: str, value: str) -> bool:
    return checks.check_choice(name, value, ("on", "off")) == "on"


def _stage(name: str, value: str) -> float | str:
    return value if value == NEWEST else _positive(name, value)


def _sections(name: str, value: str) -> frozenset[str]:
    parts = [part.strip() for part in value.split(",")]
    return frozenset(checks.check_choice(name, part, SECTIONS) for part in parts if part)


MODEL = {
    "cell": Field("cell_type", _one_of(CELLS)),
    "hidden": Field("hidden_dim", _integer(1, MAX_DIM)),
    "layers": Field("num_layers", _integer(1, MAX_LAYERS)),
    "embedding": Field("input_dim", _integer(0, MAX_DIM)),
    "dropout": Field("dropout", _number_between(0.0, 0.95)),
    "sequence": Field("seq_length", _integer(1, 10_000)),
    "batch": Field("batch_size", _integer(1, 10_000)),
    "held_out": Field("val_fraction", _number_between(0.0, 0.9)),
    "weights": Field("seed", _integer(0, MAX_SEED)),
}
TRAIN = {
    "rate": Field("lr", _number_between(0.0, 100.0, open_low=True)),
    "rule": Field("update_rule", _one_of(UPDATE_RULES)),
    "schedule": Field("schedule", _one_of(SCHEDULES)),
    "clip": Field("clip", _or_off(_positive)),
    "iterations": Field("num_iters", _integer(1, 10**8)),
    "warmup": Field("warmup", _integer(0, 10**8)),
    "validate": Field("eval_every", _or_off(_integer(0, 10**8))),
    "fresh": Field("fresh_after", _or_off(_integer(1, 10**8))),
}

# Other widgets, by key. A link names only those that differ from their defaults.
WIDGETS = {
    "until": Field("goal_kind", _one_of(GOAL_TITLES)),
    "epochs": Field("goal_epochs", _integer(1, 10**6)),
    "minutes": Field("goal_minutes", _integer(1, 10**5)),
    "patience": Field("goal_patience", _integer(1, 1_000)),
    "length": Field("length", _integer(1, limits.MAX_SAMPLE_CHARS)),
    "top_k": Field("top_k", _integer(0, 1_000)),
    "top_p": Field("top_p", _number_between(0.05, 1.0)),
    "random": Field("random_seed", _integer(0, MAX_SEED)),
    "across": Field("chart_x", _one_of(X_AXES)),
    "up": Field("chart_unit", _one_of(UNITS)),
    "smoothing": Field("chart_smoothing", _integer(1, 10_000)),
    "more": Field("chart_more", _switch),
    "gutenberg": Field("strip_gutenberg", _switch),
    **{f"mend_{name}": Field(f"clean_{name}", _switch) for name in CLEANUP_RULES},
}

# How a comparison is drawn: the parameters are the keys of its widgets.
COMPARISON = {
    "compare_x": Field("compare_x", _one_of(X_AXES)),
    "compare_shown": Field("compare_shown", _one_of(SHOWN)),
    "compare_unit": Field("compare_unit", _one_of(UNITS)),
    "compare_smoothing": Field("compare_smoothing", _number_of(SMOOTHINGS)),
    "compare_log_x": Field("compare_log_x", _switch),
    "compare_log_y": Field("compare_log_y", _switch),
    "compare_seed_text": Field(
        "compare_seed_text", lambda _, value: value[-limits.MAX_SEED_CHARS :]
    ),
    "compare_stage": Field("compare_stage", _stage),
}


@dataclass(frozen=True)
class Lesson:
    """The settings in an address; None for those that it does not name.

    text: file name of a sample text.
    hide: sections to leave out.
    widgets: values of other widgets by key.
    problems: one sentence for each wrong value.
    """

    preset: str | None = None
    model: ModelSettings | None = None
    train: TrainSettings | None = None
    text: str | None = None
    seed_text: str | None = None
    temperature: float | None = None
    hide: frozenset[str] = frozenset()
    widgets: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read(address: Mapping[str, str], start: str, sample_names: list[str]) -> Lesson:
    """Return the lesson in an address's parameters.

    start: the preset that gives the settings that the address does not name.
    sample_names: file names of the sample texts.
    """
    problems: list[str] = []

    def value(name: str, parse: Callable[[str, str], Any]) -> Any:
        if name not in address:
            return None
        try:
            return parse(name, address[name])
        except RnnCoreError as error:
            problems.append(f"In this page's address, {error}")
            return None

    preset = value("preset", _one_of(PRESETS))
    base = PRESETS[preset or start]
    found = {
        setting: parsed
        for name, (setting, parse) in (MODEL | TRAIN).items()
        if (parsed := value(name, parse)) is not None
    }
    names = {name.removesuffix(".txt"): name for name in sample_names}
    text = value("text", _one_of(names))
    return Lesson(
        preset,
        _with_fields(base.model, found),
        _with_fields(base.train, found),
        names.get(text) if text else None,
        address["seed"][-limits.MAX_SEED_CHARS :] if "seed" in address else None,
        value("temperature", _number_between(0.0, 2.0)),
        value("hide", _sections) or frozenset(),
        {
            key: parsed
            for name, (key, parse) in (WIDGETS | COMPARISON).items()
            if (parsed := value(name, parse)) is not None
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
    """Return the parameters of an address with these settings, as short as possible.

    They name the preset with the fewest differences, and the differences.
    widgets: values of other widgets by key, those that differ from their defaults.
    """

    def differences(name: str) -> dict[str, str]:
        preset = PRESETS[name]
        return {
            parameter: _format(getattr(mine, setting))
            for mine, theirs, table in ((model, preset.model, MODEL), (train, preset.train, TRAIN))
            for parameter, (setting, _) in table.items()
            if getattr(mine, setting) != getattr(theirs, setting)
        }

    nearest = min(PRESETS, key=lambda name: len(differences(name)))
    parameters = {"preset": nearest, **differences(nearest), "temperature": _format(temperature)}
    if text:
        parameters["text"] = text.removesuffix(".txt")
    if seed_text:
        parameters["seed"] = seed_text
    parameters |= {
        name: _format(widgets[key]) for name, (key, _) in WIDGETS.items() if key in widgets
    }
    if hide:
        parameters["hide"] = ",".join(hide)
    return parameters


def write_comparison(widgets: Mapping[Any, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of a comparison's address: its options that are not the defaults."""
    return {
        name: _format(widgets[key])
        for name, (key, _) in COMPARISON.items()
        if widgets[key] != defaults[key]
    }


def _with_fields(base: Any, found: Mapping[str, Any]) -> Any:
    """Return a copy of ``base`` with those values of ``found`` that are fields of it."""
    own = {field.name for field in fields(base)}
    return replace(base, **{name: value for name, value in found.items() if name in own})


def _number(name: str, value: str) -> float | int:
    """Return the number in ``value``; raise SettingError if it is none."""
    try:
        return int(value)
    except ValueError:
        pass
    try:
        return float(value)
    except ValueError:
        raise SettingError(f"{name} is {value[:40]!r}; it must be a number.") from None


def _format(value: Any) -> str:
    """Return a value as text that its field's ``parse`` reads."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return "off" if math.isinf(value) else f"{value:g}"
    return str(value)
