"""What a click does: callbacks that tie the session to the run. Errors become sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from dashboard.page import error_boundary, state
from dashboard.page.open_run import put_aside, show_run
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run, check_settings, new_run
from dashboard.server import error_messages, limits
from dashboard.settings import PRESETS, Goal, TrainSettings
from dashboard.text.loading import LoadedText, ReadOptions, Source, load, load_sample
from dashboard.training.goals import Plan, TrainingStart
from dashboard.training.status import Phase, Status
from rnncore import RNN, RnnCoreError
from rnncore.errors import TextError

_OBSTACLE = "obstacle"  # said of what ``obstacle`` tells, which may go away

# -- text --------------------------------------------------------------------------------------


@error_boundary.click
def choose_upload() -> None:
    """A file was put into the uploader, or taken away: a run keeps its own text."""
    file = state.uploaded()
    if file is not None:
        state.choose_source(Source("upload", file.file_id, file.name))


@error_boundary.click
def choose_sample() -> None:
    """A sample text was picked (letting go of it changes nothing)."""
    name = state.sample_choice()
    if name is not None:
        state.choose_source(Source("sample", name, name))


@error_boundary.click
def choose_paste() -> None:
    """A text was pasted."""
    if state.pasted().strip():
        state.choose_source(Source("paste", state.pasted(), "pasted text"))


def is_read(source: Source) -> bool:
    """Whether the text on the page is this one, read with the options that are chosen."""
    return (source, state.read_options()) == state.text_signature()


def read_source(source: Source) -> None:
    """Read the chosen text."""
    options = state.read_options()
    signature = (source, options)
    try:
        state.set_text(_read(source, options), signature)
    except (RnnCoreError, MemoryError) as error:
        # The text that was there stays: nothing is lost by a bad file.
        state.set_text(state.text(), signature, error_messages.for_click(error))


def _read(source: Source, options: ReadOptions) -> LoadedText:
    run = state.run()
    if source.kind == "run" and run is not None:
        return run.text
    if source.kind == "sample":
        return load_sample(source.key, options)
    if source.kind == "paste":
        return load(source.key.encode("utf-8", "replace"), source.name, options)
    file = state.uploaded()
    if file is None:
        raise TextError(f"{source.name} was taken away; upload it again to read it anew.")
    return load(file.getvalue(), source.name, options)


# -- settings ----------------------------------------------------------------------------------


@error_boundary.click
def apply_preset() -> None:
    """Put the chosen preset's settings into the widgets."""
    preset, run = PRESETS.get(state.preset() or ""), state.run()
    if preset is None:
        return
    state.show_settings(preset.model, None)
    if run is not None and run.has_progress and differs():
        # Shown, they would act on this run at the next touch: they wait for a run of their own.
        state.set_waiting(preset.train)
    else:
        state.show_settings(None, preset.train)
        apply_train_settings()


@error_boundary.click
def apply_train_settings() -> None:
    """Let a changed rate, rule, schedule, clipping or goal act on the run that is there."""
    if (run := state.run()) is not None:
        _act(run, run.plan.since)


def _act(run: Run, since: TrainingStart) -> None:
    """Train as the page says, its goal counted from here; show what comes of it."""
    training, goal = _changed_here(run)
    plan, length = Plan(goal, since), run.solver.num_iters
    if plan != run.plan:  # else the length is right, or the plan's rule sees to it
        speed = run.trainer.status().chars_per_second / (
            run.solver.batch_size * run.solver.seq_length
        )
        length = plan.total(run.solver, speed)
    run.set_plan(plan)
    run.trainer.change(replace(training, num_iters=length))
    state.show_settings(None, replace(training, num_iters=state.train_settings().num_iters))
    state.show_goal(goal)
    state.agree()


def _changed_here(run: Run) -> tuple[TrainSettings, Goal]:
    """The run's training and goal, with what was changed on this page: another page of the same
    run may have changed the rest, of which this one does not know."""
    training, goal = state.train_settings(), state.goal()
    if (agreed := state.agreed()) is None:
        return training, goal
    before, goal_before = agreed
    changed = {n: value for n, value in vars(training).items() if value != getattr(before, n)}
    return replace(run.train_settings, **changed), run.plan.goal if goal == goal_before else goal


@error_boundary.click
def follow(action: tuple[str, float]) -> None:
    """Do what the curve doctor advises, a setting and its value; go on if that is its point."""
    (name, value), run = action, state.run()
    if run is None:
        return
    if name == "dropout":
        show_run(run)
        state.show_settings(replace(run.model_settings, dropout=value), None)
        start_new()
        return
    if name == "num_iters":
        state.show_goal(Goal("iterations", int(value) - run.plan.since.iteration))
    else:
        advised: dict[str, Any] = {name: value}
        state.show_settings(None, replace(state.train_settings(), **advised))
    goes_on = name == "num_iters" or run.trainer.status().phase is Phase.FAILED
    _act(run, run.plan.since)
    if goes_on:
        with refusals("train"):
            _start(run)


# -- training ----------------------------------------------------------------------------------


@error_boundary.click
def train() -> None:
    """Begin a run, go on with it, or ask first if the page's settings are another run's."""
    with refusals("train"):
        run = state.run()
        if run is not None and run.has_progress and differs():
            state.ask(True)
        else:
            _go_on(present())


@error_boundary.click
def start_new() -> None:
    """Begin a new run with the text and settings on the page, and train it."""
    state.ask(False)
    with refusals("train"):
        _go_on(_replace())


@error_boundary.click
def keep_run() -> None:
    """Put the run's own text and settings back on the page and go on with it."""
    state.ask(False)
    if (run := state.run()) is not None:
        with refusals("train"):
            show_run(run)
            _go_on(run)


def look_at(run: Run) -> Status:
    """Where the run stands; a page that looks keeps it going, and in memory."""
    get_registry().get(run.id)
    status = run.trainer.status()
    if status.active:
        run.trainer.extend(limits.GRANT_SECONDS)
    return status


@error_boundary.click
def pause() -> None:
    """Stop training after the iterations at hand."""
    run = state.run()
    if run is not None:
        run.trainer.pause()


@error_boundary.click
def step() -> None:
    """One iteration."""
    with refusals("train"):
        run = present()
        get_registry().add(run)  # it may have been put away while the page was idle
        if run.solver.finished:
            _act(run, _here(run))
        run.trainer.step(limits.GRANT_SECONDS)


@error_boundary.click
def reset() -> None:
    """Back to the same first weights, with the settings that are on the page."""
    state.ask(False)
    with refusals("train"):
        _replace()


def obstacle() -> str:
    """Why the page's settings cannot train on the page's text, or ""."""
    text = state.text()
    if text is None:
        return "There is no text to train on yet: upload one, or pick a sample text."
    try:
        check_settings(text, state.model_settings())
    except RnnCoreError as error:
        return str(error)
    return ""


def refusal() -> str:
    """Why the last click on Train or Step came to nothing, for as long as that is so, or ""."""
    return obstacle() if state.said("train") == _OBSTACLE else state.said("train")


def differs() -> bool:
    """Whether the page's text or network is another than the run's."""
    run, text = state.run(), state.text()
    return run is not None and (
        run.model_settings != state.model_settings() or (text is not None and text != run.text)
    )


@contextmanager
def refusals(place: str, about: Callable[[], object] = lambda: None) -> Iterator[None]:
    """A click, with which older sentences are over; why it comes to nothing is said here, for as
    long as what it is about stays as it is."""
    state.say("page", "")
    state.say(place, "")
    try:
        yield
    except (RnnCoreError, MemoryError) as error:
        hindered = place == "train" and obstacle()  # said for as long as that is so
        state.say(place, _OBSTACLE if hindered else error_messages.for_click(error), about())


def present() -> Run:
    """The page's run: a new one if there is none, or if the page says otherwise by now and
    nothing has been learnt that could be lost."""
    run = state.run()
    return _begin() if run is None or (differs() and not run.has_progress) else run


def _replace() -> Run:
    """A new run in the old one's place; the old one stays if that cannot be."""
    old = state.run()
    run = _begin(None if old is None or differs() else old.initial_model)
    if old is not None:
        put_aside(old)
    return run


def _begin(first: RNN | None = None) -> Run:
    """A new run on the page, of a fresh network or of this one; an RnnCoreError if that cannot
    be."""
    text = state.text()
    if text is None or obstacle():
        raise RnnCoreError(obstacle())
    training = state.waiting() or state.train_settings()
    run = new_run(text, state.model_settings(), training, first)
    get_registry().add(run)
    state.set_run(run)
    state.show_settings(None, training)
    state.set_waiting(None)
    _act(run, TrainingStart())
    return run


def _go_on(run: Run) -> None:
    """Train it, another piece if the last one's goal was reached."""
    state.set_waiting(None)
    status = run.trainer.status()
    reached = status.phase is Phase.FINISHED or (status.phase is Phase.PAUSED and status.message)
    _act(run, _here(run) if reached else run.plan.since)
    _start(run)


def _start(run: Run) -> None:
    get_registry().add(run)  # it may have been put away while the page was idle
    run.train(limits.GRANT_SECONDS)


def _here(run: Run) -> TrainingStart:
    """A piece of training that begins where the run stands."""
    return TrainingStart(run.solver.iteration, run.solver.seconds)
