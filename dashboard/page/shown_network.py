"""The network that "How it works" looks into: a copy of the page's own, if it has learned."""

from __future__ import annotations

from dashboard.analysis.inside.reading import Reading, read_text
from dashboard.page import inside_state, network_choice, state
from dashboard.page.inside_state import Subject
from dashboard.page.session import values
from dashboard.runs.run import Run

TEXT = "how_text"  # key of the box for the user's own sentence
MAX_CHARS = 40  # of the sentence: as many columns of a chart can be read


def at_hand() -> tuple[Run, Subject] | None:
    """Return the page's run and the copy of its network that the tab Inside looks into, too.

    None: the page has no run, or its network is untrained.
    """
    run = state.run()
    if run is None or not run.has_progress:
        return None
    return run, inside_state.subject(run, network_choice.chosen(run, "inside"))


def sentence(run: Run, subject: Subject) -> Reading:
    """Return the user's own sentence, or the beginning of the held-out text."""
    vocab = subject.network.vocab or run.text.vocab
    typed = values().get(TEXT) or ""
    return read_text(vocab, typed or _held_out_words(run, subject), MAX_CHARS)


def _held_out_words(run: Run, subject: Subject) -> str:
    """Return the first whole words of the held-out text, on one line."""
    text = inside_state.held_out(run, subject, 2 * MAX_CHARS).text
    _, space, rest = text.partition(" ")
    words = " ".join((rest if space else text).split())
    known = subject.network.vocab
    return (known.keep_known(words) if known else words)[:MAX_CHARS].rstrip()
