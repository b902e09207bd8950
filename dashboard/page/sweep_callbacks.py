"""What the buttons of the Sweep page do, and what the page shows of the plan before it starts."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field

from dashboard.page import (
    background,
    current_run,
    error_boundary,
    messages,
    open_run,
    state,
    sweep_widgets,
    widgets,
)
from dashboard.page.session import values
from dashboard.runs.run import SCHEDULER
from dashboard.settings import Goal
from dashboard.sweeps import form, summary
from dashboard.sweeps.form import SweepForm
from dashboard.sweeps.manager import get_manager
from dashboard.sweeps.sweep import ADDRESS_VARIABLE, Sweep
from dashboard.text.loading import LoadedText, Source
from rnncore import RnnCoreError
from rnncore.sweep import SweepPlan
from rnncore.sweep.engine import count_cores
from rnncore.sweep.progress import estimate_seconds
from rnncore.sweep.results import Trial

PLACE = "sweep"  # of the page's messages


@dataclass(frozen=True)
class Draft:
    """The plan that the page's choices make.

    problem: why they make none, or "". seconds: how long it takes here, or None if that is not
    known. measuring: whether it is being measured. waiting: whether it will be when no training is
    running. workers: runs that train at once here.
    """

    plan: SweepPlan | None
    problem: str
    seconds: float | None = None
    measuring: bool = False
    waiting: bool = False
    workers: int = field(default_factory=count_cores)


def form_now() -> SweepForm:
    """Return what is chosen on the page."""
    return sweep_widgets.read_form(values())


def draft() -> Draft:
    """Return the plan of the page's choices and its duration."""
    text = state.text()
    if text is None:
        return Draft(None, state.text_error() or "Choose a text on the workbench first.")
    try:
        plan = form.make_plan(form_now(), widgets.model_settings(), widgets.train_settings())
        form.check_plan(plan, text, count_cores())
    except (RnnCoreError, MemoryError) as error:
        return Draft(None, str(error))
    if plan.minutes is None and scheduler_address():
        return Draft(plan, "")  # other computers have other speeds
    job = background.job("sweep", (text, repr(plan)), lambda: _estimate(plan, text))
    if job.interrupted and not len(SCHEDULER):
        job.start()
    return Draft(plan, "", job.result, job.running, job.interrupted)


def _estimate(plan: SweepPlan, text: LoadedText) -> float | None:
    """Return the seconds that the sweep takes; None while a training would disturb the trial."""
    if plan.minutes is None and len(SCHEDULER):
        return None
    return estimate_seconds(plan, form.sweep_text(text), count_cores())


def has_dask() -> bool:
    """Return whether the package that computes sweeps is installed."""
    return importlib.util.find_spec("distributed") is not None


def scheduler_address() -> str:
    """Return the address of the Dask scheduler that the owner of the server chose, or ""."""
    return os.environ.get(ADDRESS_VARIABLE, "")


def shown_sweep() -> Sweep | None:
    """Return the sweep whose results the page shows: the chosen, the running or the newest one."""
    manager = get_manager()
    chosen = values().get(sweep_widgets.SHOWN)
    running = manager.running()
    ids = [chosen, running.id if running else None, *manager.ids()[:1]]
    for sweep_id in (found for found in ids if found):
        try:
            return manager.get(sweep_id)
        except RnnCoreError as error:
            if sweep_id == chosen:
                messages.show(PLACE, str(error))
    return None


@error_boundary.callback
def start() -> None:
    """Start a sweep with the page's choices."""
    state.request_redraw()  # the button is in a fragment, the results and messages outside it
    with messages.errors_at(PLACE):
        made, text = draft(), state.text()
        if made.plan is None or text is None:
            raise RnnCoreError(made.problem)
        values()[sweep_widgets.SHOWN] = get_manager().start(made.plan, text).id


@error_boundary.callback
def cancel(sweep_id: str) -> None:
    """End a sweep; its runs are kept."""
    with messages.errors_at(PLACE):
        get_manager().get(sweep_id).stop()


@error_boundary.callback
def resume(sweep_id: str) -> None:
    """Compute what is left of a sweep."""
    with messages.errors_at(PLACE):
        get_manager().resume(sweep_id)


@error_boundary.callback
def delete(sweep_id: str) -> None:
    """Delete a sweep; its runs stay."""
    with messages.errors_at(PLACE):
        get_manager().delete(sweep_id)
        values()[sweep_widgets.SHOWN] = None


@error_boundary.callback
def show(key: str) -> None:
    """Show the sweep that was chosen in the widget with this key."""
    values()[sweep_widgets.SHOWN] = values()[key]


@error_boundary.callback
def open_trial(sweep_id: str, number: int) -> None:
    """Open a run of a sweep on the workbench."""
    with messages.errors_at(PLACE):
        run_id = get_manager().get(sweep_id).about.stored.get(number)
        if run_id is None:
            raise RnnCoreError("This run is still being stored. Try again in a moment.")
        before = state.run()
        open_run.open_by_id(run_id)
        opened = (now := state.run()) is not None and now.id == run_id
        if opened and before is not None and before.id != run_id:
            current_run.set_aside(before)
        messages.show(PLACE, "" if opened else messages.get("page"))


@error_boundary.callback
def use_settings(sweep_id: str, number: int) -> None:
    """Set the workbench's text and settings to those of a run of a sweep."""
    with messages.errors_at(PLACE):
        sweep = get_manager().get(sweep_id)
        trial = next(t for t in sweep.trials() if t.number == number)
        _show_on_workbench(sweep, trial)
        messages.show(
            "page",
            f"The settings of the sweep's run {number} are set: {summary.describe_run(trial)}. "
            "Press Train to train a network with them.",
        )


def _show_on_workbench(sweep: Sweep, trial: Trial) -> None:
    if state.text() != sweep.text:
        source = Source("run", sweep.id, sweep.text.name)
        state.set_text_source(source)
        state.set_text(sweep.text, (source, widgets.read_options()))
    length = trial.result.num_iters or sweep.folder.plan.iterations or 1_000
    settings = trial.run.settings
    widgets.show_settings(
        form.model_settings(settings, trial.run.seed), form.train_settings(settings, length)
    )
    widgets.show_goal(Goal("iterations", length))
