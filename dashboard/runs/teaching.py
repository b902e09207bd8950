"""Start a run that teaches the network of another run a new text."""

from __future__ import annotations

from dashboard.formatting import counted
from dashboard.runs.network_choice import LATEST, copy_network
from dashboard.runs.run import Run, check_settings, new_id, new_solver, run_from_solver
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.text import quotation_marks
from dashboard.text.codepoints import display_char
from dashboard.text.loading import LoadedText
from dashboard.text.recoding import recode
from rnncore import teaching

_MAX_SHOWN = 8  # characters that are named
_MAX_ORIGIN = 300  # characters: a network may be taught many texts, one after another


def teach(
    run: Run,
    text: LoadedText,
    batches: ModelSettings,
    train: TrainSettings,
    which: str = LATEST,
) -> Run:
    """Return a run at iteration 0 that trains a copy of a network of ``run`` on ``text``.

    The network is extended by the characters of the text that it does not know. With the latest
    network and the same update rule, the optimizer continues.
    batches: its sequence length, batch size and validation share are used; the others are those
        of the network.
    which: ``network_choice.BEST`` or ``LATEST``.
    RnnCoreError: these settings cannot train on the text, or the network would be too large.
    """
    with run.trainer.lock:  # weights and moments of the same iteration
        source = run.solver
        assert source.model.vocab is not None
        settings = ModelSettings.from_model(
            source.model, batches.seq_length, batches.batch_size, batches.val_fraction
        )
        new_text = recode(text, source.model.vocab.extended(text.vocab))
        check_settings(new_text, settings, source.model.dtype.itemsize)
        network, iteration = copy_network(run, which)
        model = network.extended(text.vocab)
        solver = new_solver(new_text, settings, train, model.copy())
        if iteration == source.iteration:
            teaching.copy_moments(source, solver)
        origin = describe_origin(run, iteration)
    taught = run_from_solver(new_id(), new_text, settings, solver)
    taught.initial_model, taught.began_as = model, origin
    return taught


def unknown_share(run: Run, text: LoadedText) -> float:
    """Return the share of the text, 0 to 1, that consists of characters the network lacks."""
    return teaching.unknown_share(run.solver.model.vocab, text.vocab, text.ids)


def count_left_out(run: Run) -> int:
    """Return how many characters of its text a run leaves out: its network does not know them."""
    return 0 if run.whole_text is None else len(run.whole_text) - len(run.text)


def describe_changes(run: Run) -> str:
    """Return what a run replaces in its text or leaves out, as its network requires, or ""."""
    whole, vocab = run.whole_text, run.solver.model.vocab
    if whole is None or vocab is None:
        return ""
    stand_ins = quotation_marks.find_stand_ins(whole.vocab, vocab)
    replaced = quotation_marks.describe(stand_ins)
    lacking = [c for c in vocab.missing("".join(whole.vocab)) if c not in stand_ins]
    if not lacking:
        return replaced
    shown = " ".join(display_char(char) for char in lacking[:_MAX_SHOWN])
    more = " …" if len(lacking) > _MAX_SHOWN else ""
    count = counted(count_left_out(run), "character")
    left_out = f"{count} of the text ({shown}{more}) are left out: it does not know them."
    return f"{replaced} {left_out}".lstrip()


def describe_origin(run: Run, iteration: int) -> str:
    """Return what a run's network is: "a network trained on sums.txt for 300 iterations".

    If it began as another network, that one is named, too. It is plain text of limited length.
    """
    if not iteration and run.began_as:
        return run.began_as
    origin = f"a network trained on {run.text.name} for {counted(iteration, 'iteration')}"
    if run.began_as:
        origin += f", which began as {run.began_as}"
    return origin if len(origin) <= _MAX_ORIGIN else origin[: _MAX_ORIGIN - 1] + "…"
