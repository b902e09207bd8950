"""Conversion between the values of widgets, by key, and settings.

The functions are pure; ``widgets`` applies them to the page's own session state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.charts.chart_options import ChartOptions
from dashboard.page import sweep_widgets
from dashboard.page.comparison_options import COMPARISON_DEFAULTS
from dashboard.page.settings_link import WIDGETS, Lesson
from dashboard.sampling.writer import WriteSettings
from dashboard.settings import PRESETS, Goal, ModelSettings, TrainSettings
from dashboard.text.cleanup import CLEANUP_RULES
from dashboard.text.loading import DEFAULT_READ_OPTIONS, ReadOptions

Widgets = Mapping[Any, Any]

FIRST_PRESET = "taste"

MODEL_KEYS = {name: f"model_{name}" for name in ModelSettings.__dataclass_fields__}
TRAIN_KEYS = {name: f"train_{name}" for name in TrainSettings.__dataclass_fields__}
GOAL_KEYS = {
    "iterations": TRAIN_KEYS["num_iters"],
    "epochs": "goal_epochs",
    "minutes": "goal_minutes",
    "plateau": "goal_patience",
}
CLEANUP_KEYS = {name: f"clean_{name}" for name in CLEANUP_RULES}

# The sliders. The browser moves one at each press of a key, and a run of the page that sends it a
# value sends the one of an earlier press. So the page leaves their values as they are, and
# Streamlit keeps them while they are not drawn: they have ``persist_state="session"``.
SLIDERS = frozenset(
    [
        *(TRAIN_KEYS[name] for name in ("lr", "clip", "warmup", "eval_every", "fresh_after")),
        *(MODEL_KEYS[name] for name in ("hidden_dim", "seq_length", "batch_size", "input_dim")),
        *(MODEL_KEYS[name] for name in ("dropout", "val_fraction")),
        *GOAL_KEYS.values(),
        *("temperature", "length", "top_p"),
    ]
)

# -- from the widgets --------------------------------------------------------------------------


def model_settings(widgets: Widgets) -> ModelSettings:
    """Return the network's settings."""
    return ModelSettings(**{name: widgets[key] for name, key in MODEL_KEYS.items()})


def train_settings(widgets: Widgets) -> TrainSettings:
    """Return the training's settings."""
    return TrainSettings(**{name: widgets[key] for name, key in TRAIN_KEYS.items()})


def goal(widgets: Widgets) -> Goal:
    """Return when training should end."""
    kind = widgets["goal_kind"] or "iterations"
    return Goal(kind, widgets[GOAL_KEYS[kind]])


def write_settings(widgets: Widgets, fallback_seed: str) -> WriteSettings:
    """Return the settings of sampling; ``fallback_seed`` stands in for an empty seed text."""
    top_k, top_p = widgets["top_k"], widgets["top_p"]
    return WriteSettings(
        seed_text=widgets["seed_text"] or fallback_seed,
        length=widgets["length"],
        temperature=widgets["temperature"],
        top_k=top_k or None,
        top_p=None if top_p >= 1 else top_p,
        random_seed=widgets["random_seed"],
    )


def read_options(widgets: Widgets) -> ReadOptions:
    """Return how the text is decoded and cleaned up."""
    cleanup_rules = frozenset(name for name, key in CLEANUP_KEYS.items() if widgets[key])
    return ReadOptions(
        widgets["encoding"],
        widgets["strip_gutenberg"],
        cleanup_rules,
        widgets["column"],
        frozenset(widgets["left_out"] or ()),
    )


def chart_options(widgets: Widgets) -> ChartOptions:
    """Return how the loss curve is drawn."""
    return ChartOptions(**{name: widgets[f"chart_{name}"] for name in ("x", "unit", "smoothing")})


def changed_widgets(widgets: Widgets) -> dict[str, Any]:
    """Return the other widgets that a link names: those that differ from their defaults, by key."""
    return {key: widgets[key] for key, _ in WIDGETS.values() if widgets[key] != DEFAULTS[key]}


# -- to the widgets ----------------------------------------------------------------------------


def model_widgets(settings: ModelSettings) -> dict[str, Any]:
    """Return the widgets' values for these settings of the network, by key."""
    return {key: getattr(settings, name) for name, key in MODEL_KEYS.items()}


def train_widgets(settings: TrainSettings) -> dict[str, Any]:
    """Return the widgets' values for these settings of training, by key."""
    return {key: getattr(settings, name) for name, key in TRAIN_KEYS.items()}


def goal_widgets(goal: Goal) -> dict[str, Any]:
    """Return the widgets' values for this goal, by key."""
    return {"goal_kind": goal.kind, GOAL_KEYS[goal.kind]: goal.amount}


def read_option_widgets(options: ReadOptions) -> dict[str, Any]:
    """Return the widgets' values for these read options, by key."""
    cleanup_rules = {key: name in options.cleanup_rules for name, key in CLEANUP_KEYS.items()}
    return {
        "encoding": options.encoding,
        "strip_gutenberg": options.strip_gutenberg,
        "column": options.column,
        "left_out": sorted(options.left_out),
        **cleanup_rules,
    }


def lesson_widgets(lesson: Lesson) -> dict[str, Any]:
    """Return the widgets' values for a lesson, by key, without those that it does not name."""
    asked = {
        "preset": lesson.preset,
        "sample": lesson.text,
        "seed_text": lesson.seed_text,
        "temperature": lesson.temperature,
        **(model_widgets(lesson.model) if lesson.model else {}),
        **(train_widgets(lesson.train) if lesson.train else {}),
        **lesson.widgets,
    }
    return {key: value for key, value in asked.items() if value is not None}


# The value of each widget at the start of a visit.
DEFAULTS: dict[str, Any] = {
    **sweep_widgets.DEFAULTS,
    "sample": "lighthouse.txt",
    "pasted": "",
    "cleanup_open": False,
    "text_open": True,
    "network_open": True,
    "rail_touched": False,
    "notify": False,
    **read_option_widgets(DEFAULT_READ_OPTIONS),
    "preset": FIRST_PRESET,
    **model_widgets(PRESETS[FIRST_PRESET].model),
    "goal_kind": "iterations",
    "goal_epochs": 10,
    "goal_minutes": 5,
    "goal_patience": 5,
    **train_widgets(PRESETS[FIRST_PRESET].train),
    "keep_training": False,
    "chart_x": "Iterations",
    "chart_unit": "nats",
    "chart_smoothing": 100,
    "chart_more": False,
    "seed_text": "",
    "temperature": 0.8,
    "length": 500,
    "top_k": 0,
    "top_p": 1.0,
    "random_seed": None,
    **COMPARISON_DEFAULTS,
    # The filters of the list of runs.
    "runs_search": "",
    "runs_texts": [],
    "runs_cells": [],
    "runs_starred": False,
    "runs_all": False,
}
