"""The page's run: create, replace and continue it, and apply the page's settings to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dashboard.page import messages, state, widgets
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run, check_settings, fit_settings, new_run
from dashboard.server import error_messages, limits
from dashboard.settings import PRESETS, Goal, ModelSettings, TrainSettings
from dashboard.text import loading
from dashboard.text.loading import LoadedText, Source
from dashboard.training.goals import Plan, TrainingStart
from dashboard.training.status import Status
from rnncore import RnnCoreError

_SETTINGS_ERROR = "settings error"  # stands for the present result of ``settings_error``

# -- questions about the page's settings -------------------------------------------------------


def settings_error() -> str:
    """Return why the page's settings cannot train on the page's text, or ""."""
    text, settings = state.text(), widgets.model_settings()
    if text is None:
        return "There is no text to train on yet: upload one, or select a sample text."
    now, known = time.monotonic(), state.settings_error()
    # Several parts of the page ask in each redraw, and to look up the free memory takes 6 ms.
    if known is None or known[0] is not text or known[1] != settings or known[2] < now - 0.5:
        known = (text, settings, now, _settings_error(text, settings))
        state.set_settings_error(known)
    return known[3]


def _settings_error(text: LoadedText, settings: ModelSettings) -> str:
    try:
        check_settings(text, settings)
    except RnnCoreError as error:
        return str(error)
    return ""


def fitting_settings() -> ModelSettings | None:
    """Return settings that suit the page's text if it is too short for the page's, or None."""
    text = state.text()
    return None if text is None else fit_settings(text, widgets.model_settings())


def training_text() -> LoadedText | None:
    """Return the text that Train trains on: the run's, or the page's for a new run."""
    run, text = state.run(), state.text()
    return run.text if run is not None and (text is None or not settings_differ()) else text


def settings_differ() -> bool:
    """Return whether the page's text or network settings differ from those of its run."""
    run, text = state.run(), state.text()
    return run is not None and (
        run.model_settings != widgets.model_settings() or (text is not None and text != run.text)
    )


def goal() -> Goal:
    """Return when training on the page's text ends; as a preset has it, if it is unchanged."""
    chosen, text, preset = widgets.goal(), state.text(), PRESETS.get(widgets.preset() or "")
    if text is None or preset is None:
        return chosen
    of_preset = preset.goal(len(text), widgets.model_settings())
    return of_preset if replace(of_preset, patience=0) == chosen else chosen


@contextmanager
def train_errors() -> Iterator[None]:
    """Show an error of the ``with`` block beside the Train button (see ``train_error``)."""

    def describe(error: RnnCoreError | MemoryError) -> str:
        return _SETTINGS_ERROR if settings_error() else error_messages.for_click(error)

    with messages.errors_at("train", describe=describe):
        yield


def train_error() -> str:
    """Return why the last click on Train or Step failed, or "".

    An error of the settings is shown as it is now: it disappears when the user has corrected it.
    """
    message = messages.get("train")
    return settings_error() if message == _SETTINGS_ERROR else message


# -- the run on the page -----------------------------------------------------------------------


def make_current(run: Run) -> None:
    """Show this run with its own text and settings."""
    state.set_run(run)
    state.set_confirming_new_run(False)
    show_settings_of(run)
    widgets.fold_settings()


def show_settings_of(run: Run) -> None:
    """Write the run's text, network, training and goal to the page."""
    if state.text() != run.text:
        _show_text_of(run)
    # The widget holds the iterations of one goal, the run's settings those of the whole run.
    num_iters = widgets.train_settings().num_iters
    widgets.show_settings(run.model_settings, replace(run.train_settings, num_iters=num_iters))
    widgets.show_goal(run.plan.goal)
    state.mark_settings_applied()
    state.set_next_train_settings(None)


def _show_text_of(run: Run) -> None:
    """Choose the run's text: as the sample text that it is, else as that of the run."""
    sample = loading.find_sample_name(run.text)
    source = Source("run", run.id, run.text.name)
    if sample is not None:
        source = Source("sample", sample, sample)
    state.set_text_source(source)
    if sample is not None:
        widgets.select_sample(sample)
        state.set_text(loading.load_sample(sample), (source, widgets.read_options()))
    else:
        state.set_text(run.text, (source, widgets.read_options()))


def set_aside(run: Run) -> None:
    """Pause a run that leaves the page; if it has learnt anything, offer to restore it."""
    run.trainer.pause()
    if run.has_progress:
        state.set_previous_run_id(run.id)


def get_or_create() -> Run:
    """Return the page's run, or a new one if there is none.

    A run that has learnt nothing yet is replaced if the page's settings differ from its own.
    """
    run = state.run()
    return create() if run is None or (settings_differ() and not run.has_progress) else run


def create(like: Run | None = None) -> Run:
    """Show and return a new run with the page's settings.

    like: a run from whose first network the new one starts; None for an untrained network.
    Raises RnnCoreError if the settings cannot train on the text.
    """
    text = state.text()
    if text is None or settings_error():
        raise RnnCoreError(settings_error())
    training = state.next_train_settings() or widgets.train_settings()
    first = None if like is None else like.initial_model
    run = new_run(text, widgets.model_settings(), training, first)
    if like is not None:
        run.began_as, run.whole_text = like.began_as, like.whole_text
    run.keeps_training = widgets.keeps_training()
    get_registry().add(run)
    state.set_run(run)
    widgets.show_settings(None, training)
    state.set_next_train_settings(None)
    apply_settings(run, TrainingStart())
    return run


def replace_run() -> Run:
    """Show and return a new run instead of the old one; if that fails, the old one stays.

    If text and network settings are unchanged, the new run starts from the same first network.
    """
    old = state.run()
    run = create(None if settings_differ() else old)
    if old is not None:
        set_aside(old)
    return run


def show_taught(run: Run) -> None:
    """Show a run that teaches the page's network a new text, with the page's goal."""
    get_registry().add(run)
    if (old := state.run()) is not None:
        set_aside(old)
    state.set_run(run)
    state.set_next_train_settings(None)
    apply_settings(run, TrainingStart())
    show_settings_of(run)


# -- training ----------------------------------------------------------------------------------


def watch(run: Run) -> Status:
    """Return the run's status; keep it in memory and training, since a page shows it."""
    get_registry().get(run.id)
    status = run.trainer.status()
    if status.active:
        run.trainer.extend(limits.UNATTENDED_SECONDS)
    return status


def continue_training(run: Run) -> None:
    """Train the run; if it has reached its goal, by another goal counted from here."""
    state.set_next_train_settings(None)
    status = run.trainer.status()
    if (
        status.ended and run.plan.goal.patience
    ):  # who goes on wants more than the preset's early end
        run.set_plan(replace(run.plan, goal=replace(run.plan.goal, patience=0)))
    apply_settings(run, start_from_here(run) if status.ended else run.plan.since)
    start(run)


def start(run: Run) -> None:
    """Start the run's trainer, and fold the settings to make room for it."""
    widgets.fold_settings()
    get_registry().add(run)  # the registry may have put it away while the page was idle
    run.train()


def start_from_here(run: Run) -> TrainingStart:
    """Return a TrainingStart at the run's present iteration."""
    return TrainingStart(run.solver.iteration, run.solver.seconds)


def apply_settings(run: Run, since: TrainingStart) -> None:
    """Train the run with the page's settings, its goal counted from ``since``; show the result."""
    training, wanted = _changed_settings(run)
    plan, length = Plan(wanted, since), run.solver.num_iters
    if plan != run.plan:  # else the length is right, or the plan's stop rule adjusts it
        speed = run.trainer.status().chars_per_second / (
            run.solver.batch_size * run.solver.seq_length
        )
        length = plan.total(run.solver, speed)
    run.set_plan(plan)
    run.trainer.change(replace(training, num_iters=length))
    widgets.show_settings(None, replace(training, num_iters=widgets.train_settings().num_iters))
    widgets.show_goal(wanted)
    state.mark_settings_applied()


def _changed_settings(run: Run) -> tuple[TrainSettings, Goal]:
    """Return the run's training and goal with what was changed on this page.

    Another page of the same run may have changed other settings: those are kept.
    """
    training = widgets.train_settings()
    if (applied := state.applied_settings()) is None:
        return training, goal()
    before, goal_before = applied
    changed = {n: value for n, value in vars(training).items() if value != getattr(before, n)}
    unchanged = widgets.goal() == goal_before
    return replace(run.train_settings, **changed), run.plan.goal if unchanged else goal()
