"""Writer: generate a text in a thread of its own, readable while it grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.sampling.copied_passages import Passage
from dashboard.text import quotation_marks
from dashboard.text.codepoints import display_char
from rnncore import RNN, Sampler, Vocab
from rnncore.errors import VocabError

_CHUNK = 64  # characters between two checks for cancellation


@dataclass(frozen=True)
class WriteSettings:
    """How to generate a text of ``length`` characters.

    top_k, top_p: None or 0 for no limit. random_seed: None for a different text each time.
    """

    seed_text: str
    length: int = 500
    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None
    random_seed: int | None = None


def filter_seed_text(seed_text: str, vocab: Vocab) -> tuple[str, str]:
    """Return the seed text without unknown characters, and a sentence on them or "".

    Quotation marks are read as similar ones that are known. A seed text of unknown characters
    alone is a VocabError.
    """
    stand_ins = quotation_marks.find_stand_ins(seed_text, vocab)
    note = quotation_marks.describe(stand_ins, "The network")
    read = quotation_marks.read_as_known(seed_text, vocab)
    lacking = vocab.missing(read)
    kept = vocab.keep_known(read)
    if not kept and seed_text:
        raise VocabError(
            f"The network knows none of the characters in the seed text {seed_text[:40]!r}. "
            f"Try some of these: {_display_chars(vocab.idx_to_char[:40])}"
        )
    if not lacking:
        return kept, note
    left_out = (
        "These characters of the seed text are not in the training text and were left out: "
        f"{_display_chars(lacking[:10])}"
        f"{f' and {len(lacking) - 10} more' if len(lacking) > 10 else ''}."
    )
    return kept, f"{note} {left_out}".lstrip()


class Writer:
    """A text that a copy of the model generates; training can continue meanwhile.

    iteration: of the training, when the model was copied. seconds: that generation took, 0 before
    its end. copied: passages copied from the training text, once they were searched for.
    """

    def __init__(self, model: RNN, settings: WriteSettings, iteration: int = 0) -> None:
        assert model.vocab is not None
        self.settings = settings
        self.iteration = iteration
        self.seed_text, self.note = filter_seed_text(settings.seed_text, model.vocab)
        self.started = time.monotonic()
        self.seconds = 0.0
        self.copied: list[Passage] | None = None
        self._stream = Sampler(model).stream(
            self.seed_text or model.vocab.idx_to_char[0],
            settings.length,
            settings.temperature,
            settings.top_k,
            settings.top_p,
            settings.random_seed,
        )
        self._pieces: list[str] = []
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._generate, name="writer", daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """The text generated so far, without the seed text."""
        return "".join(self._pieces)

    @property
    def writing(self) -> bool:
        """Whether generation is still running."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Stop generation soon; the text generated so far stays."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Wait until generation ends, but at most so many seconds."""
        self._thread.join(seconds)

    def _generate(self) -> None:
        piece: list[str] = []
        for char in self._stream:
            piece.append(char)
            if len(piece) == _CHUNK:
                self._pieces.append("".join(piece))
                piece.clear()
                if self._cancelled.is_set():
                    break
                time.sleep(0)  # let the threads of the page and the training run
        self._pieces.append("".join(piece))
        self.seconds = time.monotonic() - self.started


_NAMES = {"\n": "newline", "\t": "tab", " ": "space"}


def _display_chars(chars: Sequence[str]) -> str:
    return " ".join(_NAMES.get(char, display_char(char)) for char in chars)
