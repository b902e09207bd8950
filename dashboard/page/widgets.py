"""Settings on this page: read from its widgets, and written to them.

``widget_values`` has the keys and the conversions; this module applies them to the page's own
session state. Settings must be written before the widgets are drawn: in a callback, or at the
top of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.charts.chart_options import ChartOptions
from dashboard.page import widget_values
from dashboard.page.session import values
from dashboard.sampling.writer import WriteSettings
from dashboard.settings import Goal, ModelSettings, TrainSettings
from dashboard.text.loading import DEFAULT_READ_OPTIONS, ReadOptions

NEWEST = "newest"  # the last option of the slider through the sample log
KEEP_TRAINING = "keep_training"  # the key of its toggle

# -- keys and options --------------------------------------------------------------------------


def model_key(name: str) -> str:
    """Return the widget key of a field of ModelSettings."""
    return widget_values.MODEL_KEYS[name]


def train_key(name: str) -> str:
    """Return the widget key of a field of TrainSettings."""
    return widget_values.TRAIN_KEYS[name]


def cleanup_key(name: str) -> str:
    """Return the widget key of a clean-up rule's switch."""
    return widget_values.CLEANUP_KEYS[name]


def options(key: str, offered: Sequence[Any]) -> list[Any]:
    """Return a slider's options: those offered, and its value if a file or link set another."""
    return sorted({*offered, values()[key]})


# -- text --------------------------------------------------------------------------------------


def read_options() -> ReadOptions:
    """Return how the text is decoded and cleaned up."""
    return widget_values.read_options(values())


def reset_read_options() -> None:
    """Set the default read options, since those of one text rarely fit another."""
    values().update(widget_values.read_option_widgets(DEFAULT_READ_OPTIONS))


def switch_on_cleanup(rules: Iterable[str]) -> None:
    """Switch on the clean-up rules with these keys."""
    values().update({cleanup_key(name): True for name in rules})


def set_encoding(name: str) -> None:
    """Choose the encoding of the uploaded file."""
    values()["encoding"] = name


def pasted_text() -> str:
    """Return the content of the text box."""
    return values()["pasted"]


def selected_sample() -> str | None:
    """Return the name of the selected sample text, or None."""
    return values()["sample"]


def select_sample(name: str | None) -> None:
    """Select a sample text, or none."""
    values()["sample"] = name


def uploaded_text() -> Any:
    """Return the file in the uploader for texts, or None."""
    file = values().get("upload")
    # After a restart of the server, a browser may still name a file that is gone.
    return None if getattr(file, "name", None) is None else file


# -- network and training ----------------------------------------------------------------------


def uploaded_model() -> Any:
    """Return the file in the uploader for models, or None."""
    return values().get("model_upload")


def preset() -> str | None:
    """Return the name of the selected preset, or None."""
    return values()["preset"]


def model_settings() -> ModelSettings:
    """Return the network's settings."""
    return widget_values.model_settings(values())


def train_settings() -> TrainSettings:
    """Return the training's settings."""
    return widget_values.train_settings(values())


def show_settings(model: ModelSettings | None, train: TrainSettings | None) -> None:
    """Write settings to the widgets; None leaves them as they are."""
    if model is not None:
        values().update(widget_values.model_widgets(model))
    if train is not None:
        values().update(widget_values.train_widgets(train))


def goal() -> Goal:
    """Return when training should end."""
    return widget_values.goal(values())


def show_goal(goal: Goal) -> None:
    """Write a goal to the widgets."""
    values().update(widget_values.goal_widgets(goal))


def keeps_training() -> bool:
    """Return whether training should go on without a page."""
    return bool(values()[KEEP_TRAINING])


def show_keeps_training(keeps: bool) -> None:
    """Set the toggle."""
    if keeps_training() != keeps:
        values()[KEEP_TRAINING] = keeps


# -- charts and samples ------------------------------------------------------------------------


def chart_options() -> ChartOptions:
    """Return how the loss curve is drawn."""
    return widget_values.chart_options(values())


def shows_side_charts() -> bool:
    """Return whether gradient norm and learning rate are drawn too."""
    return bool(values()["chart_more"])


def stage(iterations: Sequence[int]) -> int | None:
    """Return the selected iteration of those that have a sample, or None if none has.

    If the sample log has dropped the selected one, the nearest is selected instead.
    """
    if not iterations:
        return None
    *earlier, newest = iterations
    selected = values().setdefault("stage", NEWEST)
    if selected == NEWEST or not earlier:
        return newest
    if selected not in earlier:
        selected = values()["stage"] = min(earlier, key=lambda n: abs(n - selected))
    return int(selected)


def select_newest_stage() -> None:
    """Select the newest sample of the log."""
    values()["stage"] = NEWEST


def seed_text() -> str:
    """Return the seed text; may be empty."""
    return values()["seed_text"]


def set_seed_text(text: str) -> None:
    """Write a seed text to its box."""
    values()["seed_text"] = text


def temperature() -> float:
    """Return the sampling temperature."""
    return values()["temperature"]


def write_settings(fallback_seed: str) -> WriteSettings:
    """Return the settings of sampling; ``fallback_seed`` stands in for an empty seed text."""
    return widget_values.write_settings(values(), fallback_seed)
