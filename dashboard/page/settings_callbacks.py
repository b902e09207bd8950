"""Callbacks that change settings: a preset, a live setting, the advice on the curve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboard.page import current_run, error_boundary, state, teaching, widgets
from dashboard.page.training_callbacks import start_new_run
from dashboard.settings import PRESETS, Goal
from dashboard.training.status import Phase


@error_boundary.callback
def apply_preset() -> None:
    """Write the selected preset's settings to the widgets."""
    preset, run = PRESETS.get(widgets.preset() or ""), state.run()
    if preset is None:
        return
    widgets.show_settings(preset.model, None)
    state.set_preset_rate(preset.train.lr)
    if run is not None and run.has_progress and current_run.settings_differ():
        # In the widgets, the preset's training settings would act on the present run at the next
        # change of any of them. They are kept for a run with the preset's network.
        state.set_next_train_settings(preset.train)
    else:
        widgets.show_settings(None, preset.train)
        apply_train_settings()


@error_boundary.callback
def fit_settings_to_text() -> None:
    """Reduce the batch size, or else the sequence length, to what the page's text can fill."""
    if (fitting := current_run.fitting_settings()) is not None:
        widgets.show_settings(fitting, None)


@error_boundary.callback
def apply_train_settings() -> None:
    """Apply the live settings and the goal to the page's run, if there is one."""
    if (run := state.run()) is not None:
        current_run.apply_settings(run, run.plan.since)


@error_boundary.callback
def apply_advice(action: tuple[str, float]) -> None:
    """Change the setting that the curve diagnosis advises to change.

    action: the setting's name and its new value. Dropout needs a new run; "best" starts one from
    the best weights. After more iterations are set, or if training has failed, training continues.
    """
    (name, value), run = action, state.run()
    if run is None:
        return
    state.request_redraw()
    if name == "dropout":
        current_run.show_settings_of(run)
        widgets.show_settings(replace(run.model_settings, dropout=value), None)
        start_new_run()
        return
    if name == "best":
        teaching.continue_from_best()
        return
    if name == "num_iters":
        widgets.show_goal(Goal("iterations", int(value) - run.plan.since.iteration))
    else:
        advised: dict[str, Any] = {name: value}
        widgets.show_settings(None, replace(widgets.train_settings(), **advised))
    continues = name == "num_iters" or run.trainer.status().phase is Phase.FAILED
    current_run.apply_settings(run, run.plan.since)
    if continues:
        with current_run.train_errors():
            current_run.start(run)
