"""Runs that are not begun on this page: come back to, uploaded, or pretrained."""

from __future__ import annotations

import time
from dataclasses import replace

from dashboard.formatting import ago, byte_size
from dashboard.page import error_boundary, state
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run, new_id, new_run, run_from_solver
from dashboard.runs.store import NoSuchRunError
from dashboard.server import error_messages, limits
from dashboard.settings import MAX_SEED, ModelSettings
from dashboard.text.loading import LoadedText, Source, from_ids
from dashboard.training.status import Phase, Status
from rnncore import RNN, RnnCoreError, Solver, Vocab, load, pretrained
from rnncore.errors import FileFormatError, TextError
from rnncore.pretrained import PRETRAINED
from rnncore.reading.file_names import display_name


def come_back(run_id: str) -> None:
    """Take up the run that the page's address names, wherever it is, and say where it was."""
    live = get_registry().get(run_id)
    try:
        run = live or get_registry().open(run_id)
    except NoSuchRunError:
        state.say("page", "The run in this page's address is not here; it may have been deleted.")
        if state.run() is None:
            state.set_run(None)  # so that the address does not name it any longer
        return
    except (RnnCoreError, MemoryError) as error:
        state.say("page", error_messages.for_click(error))
        return
    adopt(run)
    if run.notes:
        state.say("page", " ".join(run.notes))
    elif live is None:
        saved = run.autosaver.saved_at if run.autosaver is not None else None
        when = f", saved {ago(time.time() - saved)}," if saved else ""
        state.say(
            "page",
            f"This run was opened from disk{when} at iteration {run.solver.iteration:,}. "
            "Press Train to go on.",
        )
    else:
        state.say("page", f"Welcome back: {_meanwhile(live.trainer.status())}")


def _meanwhile(status: Status) -> str:
    """What became of a training while its page was away."""
    if status.active:
        return "training went on while the page was away."
    if status.phase is Phase.FINISHED or (status.phase is Phase.PAUSED and status.message):
        return "training has come to its end."
    if status.phase is Phase.FAILED:
        return "training stopped by itself; why is said beside the figures."
    if status.phase is Phase.TIMED_OUT:
        return "training fell asleep, since no page was open for an hour. Train goes on."
    return "this run was waiting here."


def adopt(run: Run) -> None:
    """Show this run with its own text and settings."""
    state.set_run(run)
    state.ask(False)
    show_run(run)


def show_run(run: Run) -> None:
    """Put the run's own text, network, training and goal on the page."""
    if state.text() != run.text:
        source = Source("run", run.id, run.text.name)
        state.choose_source(source)
        state.set_text(run.text, (source, state.read_options()))
    length = state.train_settings().num_iters  # the run's is a total; its goal says how long
    state.show_settings(run.model_settings, replace(run.train_settings, num_iters=length))
    state.show_goal(run.plan.goal)
    state.agree()
    state.set_waiting(None)


def put_aside(run: Run) -> None:
    """Pause a run that leaves the page; it can be brought back if it has learnt anything."""
    run.trainer.pause()
    if run.has_progress:
        state.set_before(run.id)


@error_boundary.click
def open_upload() -> None:
    """Go on with the model or run that was put into the uploader."""
    file = state.uploaded_model()
    if file is None:
        return
    state.say("model", "")
    name = display_name(file.name)
    try:
        if file.size > limits.MAX_MODEL_BYTES:
            raise FileFormatError(
                f"{name} has {byte_size(file.size)}; "
                f"models of up to {byte_size(limits.MAX_MODEL_BYTES)} are opened here."
            )
        opened = load(file.getvalue())
        run = _run_of(opened, name) if isinstance(opened, Solver) else _run_with(opened)
    except (RnnCoreError, MemoryError) as error:
        state.say("model", error_messages.for_click(error))
        return
    _begin(run, name)


@error_boundary.click
def open_pretrained(name: str) -> None:
    """Go on with a model that came with the package."""
    state.say("model", "")
    try:
        run = _run_with(pretrained(name))
    except RnnCoreError as error:
        state.say("model", str(error))
        return
    _begin(run, PRETRAINED[name])


@error_boundary.click
def open_past(run_id: str) -> None:
    """Show a run from the list of past ones."""
    before = state.run()
    come_back(run_id)
    opened = (now := state.run()) is not None and now.id == run_id
    state.say("runs", "" if opened else state.said("page"))  # a run that is gone has no row there
    if opened and before is not None and before.id != run_id:
        put_aside(before)


@error_boundary.click
def delete(run_id: str) -> None:
    """Remove a run for good."""
    state.say("runs", "")
    try:
        get_registry().delete(run_id)
    except RnnCoreError as error:
        state.say("runs", str(error))
        return
    if (now := state.run()) is not None and now.id == run_id:
        state.set_run(None)
    if state.before() == run_id:
        state.set_before(None)


def _begin(run: Run, name: str) -> None:
    try:
        get_registry().add(run)
    except RnnCoreError as error:
        state.say("model", str(error))
        return
    if (old := state.run()) is not None:
        put_aside(old)
    adopt(run)
    state.say("page", f"Opened: {name}. Generate lets it write; Train teaches it the text here.")


def _run_of(solver: Solver, name: str) -> Run:
    """A whole run, with the text that came with it."""
    model = solver.model
    if model.vocab is None:
        raise FileFormatError(f"{name} holds a run on numbers, not on characters.")
    vocab = _showable(model.vocab)
    ids = solver.ids.astype(vocab.dtype)
    text = from_ids(ids, vocab, name, ids.nbytes, "from a run", ())
    settings = _settings(model, solver.seq_length, solver.batch_size, solver.val_fraction)
    limits.check_memory(settings.memory(len(vocab), model.dtype.itemsize))
    return run_from_solver(new_id(), text, settings, solver)


def _run_with(model: RNN) -> Run:
    """A model, to go on with the page's text as far as it knows its characters."""
    if model.vocab is None:
        raise FileFormatError("The model writes numbers, not characters: it cannot be used here.")
    text, chosen = state.text(), state.model_settings()
    if text is None:
        raise RnnCoreError("Choose a text first: the model is trained on with it.")
    settings = _settings(model, chosen.seq_length, chosen.batch_size, chosen.val_fraction)
    return new_run(_recoded(text, _showable(model.vocab)), settings, state.train_settings(), model)


def _showable(vocab: Vocab) -> Vocab:
    """The vocabulary, unless it has halves of characters: no page and no file can hold them."""
    if any("\ud800" <= char <= "\udfff" for char in vocab.idx_to_char):
        raise FileFormatError("The file's vocabulary has halves of characters (surrogates).")
    return vocab


def _settings(model: RNN, T: int, N: int, val_fraction: float) -> ModelSettings:
    return ModelSettings(
        cell_type=model.cell_type,
        hidden_dim=model.hidden_dim,
        num_layers=model.num_layers,
        input_dim=model.input_dim,
        dropout=model.dropout,
        seq_length=T,
        batch_size=N,
        val_fraction=val_fraction,
        seed=min(model.seed, MAX_SEED),  # as the page can show it
    )


def _recoded(text: LoadedText, vocab: Vocab) -> LoadedText:
    """The text in a model's vocabulary, without the characters that the model does not know."""
    if text.vocab == vocab:
        return text
    whole = text.vocab.decode(text.ids)
    lacking = vocab.missing("".join(text.vocab.idx_to_char))
    note = f"The model does not know {len(lacking)} of the text's characters; they were left out."
    notes = (*text.notes, note) if lacking else text.notes
    known = vocab.keep_known(whole)
    if not known:
        raise TextError("The model knows none of this text's characters: choose another text.")
    ids = vocab.encode(known)
    return from_ids(ids, vocab, text.name, text.size, text.encoding, notes)
