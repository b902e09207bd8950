"""Settings on this page: read from its widgets, and written to them.

``widget_values`` has the keys and the conversions; this module applies them to the page's own
session state. Settings must be written before the widgets are drawn: in a callback, or at the
top of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dashboard.charts.chart_options import ChartOptions
from dashboard.page import session, widget_values
from dashboard.page.session import values
from dashboard.sampling.writer import WriteSettings
from dashboard.settings import PRESETS, Goal, ModelSettings, TrainSettings
from dashboard.text.loading import DEFAULT_READ_OPTIONS, ReadOptions

NEWEST = "newest"  # the option of the stage slider that follows the newest sample
STAGES = 100  # steps of that slider
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


def keep_values() -> None:
    """Keep the values of all widgets for the time when another page was shown."""
    values()["_kept_values"] = {key: values()[key] for key in widget_values.DEFAULTS}


def kept_values() -> dict[str, Any]:
    """Return the values of all widgets as they were kept last; {} at first."""
    return values().get("_kept_values", {})


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


def uploaded_texts() -> list[Any]:
    """Return the files in the uploader for texts."""
    # After a restart of the server, a browser may still name files that are gone.
    files = values().get("upload") or []
    return [file for file in files if getattr(file, "name", None) is not None]


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


def deselect_changed_preset() -> None:
    """Select no preset if the sliders no longer show the network of the selected one."""
    named = PRESETS.get(preset() or "")
    if named is not None and named.model != model_settings():
        session.show("preset", None)


def show_settings(model: ModelSettings | None, train: TrainSettings | None) -> None:
    """Write settings to the widgets; None leaves them as they are."""
    if model is not None:
        values().update(widget_values.model_widgets(model))
        shown = model_settings()
        named = next((name for name, each in PRESETS.items() if each.model == shown), None)
        session.show("preset", named)
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
    session.show(KEEP_TRAINING, keeps)


# -- charts and samples ------------------------------------------------------------------------


def chart_options() -> ChartOptions:
    """Return how the loss curve is drawn."""
    return widget_values.chart_options(values())


def resend_chart_options() -> None:
    """Have their widgets set in the browser again when they are drawn.

    It has the widgets of a popover only while that is open, and would show none of them selected.
    A run of the whole page sends these values (``entry.initialise``), a fragment's does not.
    """
    for key in ("chart_x", "chart_unit", "chart_smoothing", "chart_more"):
        values()[key] = values()[key]
    keep_values()


def shows_side_charts() -> bool:
    """Return whether gradient norm and learning rate are drawn too."""
    return bool(values()["chart_more"])


def stage(iterations: Sequence[int]) -> int | None:
    """Return the iteration of the sample to show, of those that have one; None if none has.

    It is the newest, or the last one before the selected stage.
    """
    if not iterations:
        return None
    selected = values().get("_stage", NEWEST)
    if selected == NEWEST:
        return iterations[-1]
    return max((n for n in iterations if n <= selected), default=iterations[0])


def stage_options(newest: int, length: int) -> list[int | str]:
    """Return the options of the stage slider: evenly spaced iterations from 0 to ``length``.

    So the slider's thumb stands at its iteration on the chart. NEWEST stands behind the last
    one before the newest sample: its value stays the same while training proceeds. None of the
    other options depends on the newest sample, since a browser that has not heard of it yet may
    still send one of them, and Streamlit turns a value that is not an option into the first.
    """
    gap = max(1, -(-length // STAGES))
    iterations = {k * gap for k in range(-(-length // gap) + 1)}
    selected = values().get("_stage", NEWEST)
    if values().get("stage") != selected:  # a page that is still loading may send another value
        values()["stage"] = selected
    if selected != NEWEST:
        iterations.add(selected)
    options: list[int | str] = sorted(iterations)
    place = max(n for n in iterations if n <= newest)  # one step to the left is an older sample
    options.insert(options.index(place) + 1, NEWEST)
    return options


def offers_stages(sampled: Sequence[int]) -> bool:
    """Return whether there are enough samples to choose from."""
    return len(sampled) >= 3


def show_stage(selected: int | str, sampled: Sequence[int]) -> None:
    """Select a stage; at or beyond the newest of the samples, follow the newest."""
    newest = not offers_stages(sampled) or selected == NEWEST or int(selected) >= sampled[-1]
    values()["_stage"] = values()["stage"] = NEWEST if newest else selected


def select_newest_stage() -> None:
    """Select the newest sample of the log."""
    values()["_stage"] = values()["stage"] = NEWEST


def seed_text() -> str:
    """Return the seed text; may be empty."""
    return values()["seed_text"]


def set_seed_text(text: str) -> None:
    """Write a seed text to its box."""
    values()["seed_text"] = text


def temperature() -> float:
    """Return the sampling temperature."""
    return values()["temperature"]


# -- the rail and the tabs -----------------------------------------------------------------------


def fold_settings() -> None:
    """Fold the sections Text and Network in the rail to one line each."""
    values().update(text_open=False, network_open=False, rail_touched=True)


def unfold(which: str) -> None:
    """Open the section "text" or "network" of the rail, and fold the other."""
    fold_settings()
    values()[f"{which}_open"] = True


def is_unfolded(which: str) -> bool:
    """Return whether the section "text" or "network" of the rail is open."""
    return bool(values()[f"{which}_open"])


def mark_rail_touched() -> None:
    """Remember that the user has opened or folded a section of the rail."""
    values()["rail_touched"] = True


def rail_touched() -> bool:
    """Return whether the user has opened, folded or trained; until then a phone folds the rail."""
    return bool(values()["rail_touched"])


def notifies() -> bool:
    """Return whether the browser should notify the user when training ends."""
    return bool(values()["notify"])


def run_name_key(run_id: str) -> str:
    """Return the widget key of a run's name."""
    return f"run_name_{run_id}"


def run_name(run_id: str) -> str:
    """Return the name that was typed for a run; may be empty."""
    return values().get(run_name_key(run_id)) or ""


def write_settings(fallback_seed: str) -> WriteSettings:
    """Return the settings of sampling; ``fallback_seed`` stands in for an empty seed text."""
    return widget_values.write_settings(values(), fallback_seed)
