"""Open a run that did not start on this page: by its id, from an upload, or a pretrained model."""

from __future__ import annotations

import time

from dashboard.formatting import ago
from dashboard.page import (
    background,
    current_run,
    error_boundary,
    messages,
    state,
    unsaved_text,
    widgets,
)
from dashboard.runs import run_notes, titles, uploads
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run, check_settings, new_id, new_run, run_from_solver
from dashboard.runs.store import NoSuchRunError
from dashboard.runs.text_files import DamagedTextError
from dashboard.server import error_messages, limits
from dashboard.settings import ModelSettings
from dashboard.text import loading
from dashboard.text.loading import LoadedText, Source
from dashboard.text.recoding import recode
from dashboard.training.status import Phase, Status
from rnncore import RNN, RnnCoreError, Solver, Vocab, pretrained
from rnncore.errors import FileFormatError
from rnncore.pretrained import PRETRAINED
from rnncore.reading.file_names import display_name


def open_by_id(run_id: str) -> None:
    """Show the run with this id, from memory or from disk, and a message on what it did since."""
    live = get_registry().get(run_id)
    try:
        run = live or get_registry().open(run_id)
    except NoSuchRunError:
        messages.show(
            "page",
            "The run in this page's address is not here: it was deleted, or never trained.",
        )
        if state.run() is None:
            state.set_run(None)  # removes the id from the address
        _choose_no_text()
        return
    except DamagedTextError:
        _open_network_of(run_id)
        return
    except (RnnCoreError, MemoryError) as error:
        messages.show("page", error_messages.for_click(error))
        _choose_no_text()
        return
    lost = [state.text_error(), "This run has its own text."] if unsaved_text.is_lost() else []
    current_run.make_current(run)
    if lost or run.notes:
        messages.show("page", " ".join([*lost, *run.notes]))
    elif live is None:
        saved = run.autosaver.saved_at if run.autosaver is not None else None
        when = f", saved {ago(time.time() - saved)}," if saved else ""
        messages.show(
            "page",
            f"This run was opened from disk{when} at iteration {run.solver.iteration:,}. "
            "Press Train to continue.",
        )
    else:
        messages.show("welcome", f"Welcome back: {_since_last_visit(live.trainer.status())}")


def _choose_no_text() -> None:
    """In a new session, choose no text: training another than the run's would be a surprise."""
    if state.text_source() is None and state.text() is None:
        unsaved_text.report_lost("run")


def _open_network_of(run_id: str) -> None:
    """Open the network of a run whose text is damaged, as a new run on the page's text."""
    if state.text() is None:
        name = loading.sample_names()[0]
        source = Source("sample", name, name)
        state.set_text_source(source)
        state.set_text(loading.load_sample(name), (source, widgets.read_options()))
    try:
        model = get_registry().store.load_network(run_id)
        run = _run_of_model(model, "a network whose text is damaged")
        get_registry().add(run)
    except (RnnCoreError, MemoryError) as error:
        messages.show("page", error_messages.for_click(error))
        return
    current_run.make_current(run)
    messages.show(
        "page",
        "The text of this run is damaged, so it cannot continue. Its network was opened as a new "
        "run on the text of this page.",
    )


def _since_last_visit(status: Status) -> str:
    """Return what became of the training while no page showed the run."""
    if status.active:
        return "training continued while the page was closed."
    if status.ended:
        return "training has finished."
    if status.phase is Phase.FAILED:
        return "training stopped with an error, which is shown under Train."
    if status.phase is Phase.TIMED_OUT:
        return "training was paused because no page was open for an hour. Press Train to continue."
    return "this run is as you left it."


@error_boundary.callback
def open_upload() -> None:
    """Open the uploaded model or run."""
    file = widgets.uploaded_model()
    if file is None:
        return
    messages.show("model", "")
    name = display_name(file.name)
    try:
        limits.check_model_size(name, file.size)
        opened = uploads.open_file(file.getvalue(), _whole_text())
        if isinstance(opened, Solver):
            run = _run_of_checkpoint(opened, name)
        else:
            run = _run_of_model(opened, f"the model {name}")
    except (RnnCoreError, MemoryError) as error:
        messages.show("model", error_messages.for_click(error))
        return
    _show_opened(run, name)


@error_boundary.callback
def open_pretrained(name: str) -> None:
    """Open a model that is part of the package."""
    messages.show("model", "")
    try:
        title = PRETRAINED[name].partition(":")[0]
        run = _run_of_model(pretrained(name), titles.PRETRAINED + title)
    except RnnCoreError as error:
        messages.show("model", str(error))
        return
    _show_opened(run, PRETRAINED[name])


@error_boundary.callback
def open_past_run(run_id: str) -> None:
    """Open a run from the list of runs, or the one that was on the page before."""
    before = state.run()
    open_by_id(run_id)
    opened = (now := state.run()) is not None and now.id == run_id
    # The list has no row for a run that no longer exists: show the message above it too.
    messages.show("runs", "" if opened else messages.get("page"))
    if opened and before is not None and before.id != run_id:
        current_run.set_aside(before)


@error_boundary.callback
def rename_run(run_id: str) -> None:
    """Give a run the name in the bar's text box; an empty one brings back its automatic name."""
    with messages.errors_at("rename"):
        get_registry().set_labels(run_id, name=widgets.run_name(run_id))


@error_boundary.callback
def delete_run(run_id: str) -> None:
    """Delete a run from memory and from disk."""
    messages.show("runs", "")
    try:
        get_registry().delete(run_id)
    except RnnCoreError as error:
        messages.show("runs", str(error))
        return
    if (now := state.run()) is not None and now.id == run_id:
        state.set_run(None)
    if state.previous_run_id() == run_id:
        state.set_previous_run_id(None)


def _show_opened(run: Run, name: str) -> None:
    try:
        get_registry().add(run)
    except RnnCoreError as error:
        messages.show("model", str(error))
        return
    if (old := state.run()) is not None:
        current_run.set_aside(old)
    current_run.make_current(run)
    background.first_sample(run)  # before the page starts measurements, which take seconds
    # The line below the stage describes a network that is at the start of its run.
    news = [f"Opened: {name}.", *run.notes] if run.notes or run.solver.iteration else []
    messages.show("page", " ".join(news), about=run.id)
    state.request_redraw()


def _run_of_checkpoint(solver: Solver, name: str) -> Run:
    """Return a run that continues a checkpoint, with the text that the checkpoint holds."""
    model = solver.model
    if model.vocab is None:
        raise FileFormatError(f"{name} was trained on numbers, not on characters.")
    vocab = _checked(model.vocab)
    text = run_notes.read_text(solver, vocab, name)
    settings = ModelSettings.from_model(
        model, solver.seq_length, solver.batch_size, solver.val_fraction
    )
    limits.check_memory(settings.memory(len(vocab), model.dtype.itemsize))
    run = run_from_solver(new_id(), text, settings, solver)
    run_notes.restore(run)
    return run


def _run_of_model(model: RNN, origin: str) -> Run:
    """Return a run of a model on those characters of the page's text that it knows.

    If these are too few to train on, the run has a copy of the model that knows all characters.
    origin: what the model is, for ``Run.began_as``.
    """
    if model.vocab is None:
        raise FileFormatError("This model generates numbers, not characters: it cannot be used.")
    text, chosen = _whole_text(), widgets.model_settings()
    if text is None:
        raise RnnCoreError("Choose a text first: the model continues training on it.")
    vocab, train = _checked(model.vocab), widgets.train_settings()
    settings = ModelSettings.from_model(
        model, chosen.seq_length, chosen.batch_size, chosen.val_fraction
    )
    lacks = bool(vocab.missing("".join(text.vocab)))
    try:
        run = new_run(recode(text, vocab), settings, train, model)
    except RnnCoreError:
        if not lacks:
            raise
        extended = recode(text, vocab.extended(text.vocab))
        check_settings(extended, settings, model.dtype.itemsize)
        run, lacks = new_run(extended, settings, train, model.extended(text.vocab)), False
    run.began_as, run.whole_text = origin, text if lacks else None
    return run


def _whole_text() -> LoadedText | None:
    """Return the page's text, as it was before the page's run changed it for its network."""
    text, run = state.text(), state.run()
    if run is not None and run.whole_text is not None and text == run.text:
        return run.whole_text
    return text


def _checked(vocab: Vocab) -> Vocab:
    """Return the vocabulary; raise FileFormatError if it has surrogates, which are half
    characters that no page and no file can hold."""
    if any("\ud800" <= char <= "\udfff" for char in vocab.idx_to_char):
        raise FileFormatError("The file's vocabulary has halves of characters (surrogates).")
    return vocab
