"""Writer: a piece of generated text, in a thread of its own, growing as it is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.sampling.copied_passages import Passage
from dashboard.text.codepoints import display_char
from rnncore import RNN, Sampler, Vocab
from rnncore.errors import VocabError

_PER_LOOK = 64  # characters between two looks at whether to stop


@dataclass(frozen=True)
class WriteSettings:
    """How to write: None or 0 leaves top-k, top-p and the random seed out."""

    seed_text: str
    length: int = 500
    temperature: float = 0.8
    top_k: int | None = None
    top_p: float | None = None
    random_seed: int | None = None


def filter_seed_text(seed_text: str, vocab: Vocab) -> tuple[str, str]:
    """The seed text without what the vocabulary lacks, and a sentence about that or "".

    A seed of which nothing is left is a VocabError.
    """
    lacking = vocab.missing(seed_text)
    kept = vocab.keep_known(seed_text)
    if not kept and seed_text:
        raise VocabError(
            f"The network knows none of the characters of the seed text {seed_text[:40]!r}; "
            f"try some of these: {_display_chars(vocab.idx_to_char[:40])}"
        )
    if not lacking:
        return kept, ""
    return kept, (
        f"The text that the network learnt from has no {_display_chars(lacking[:10])}"
        f"{f' and {len(lacking) - 10} more' if len(lacking) > 10 else ''}; "
        "the seed text was used without."
    )


class Writer:
    """Writes from a copy of the model: training may go on, and changes nothing here."""

    def __init__(self, model: RNN, settings: WriteSettings, iteration: int = 0) -> None:
        assert model.vocab is not None
        self.settings = settings
        self.iteration = iteration  # of the training that the model was copied from
        self.seed_text, self.note = filter_seed_text(settings.seed_text, model.vocab)
        self.started = time.monotonic()
        self.seconds = 0.0
        self.copied: list[Passage] | None = None  # what was found in it once it was finished
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
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """What is written so far, without the seed text."""
        return "".join(self._pieces)

    @property
    def writing(self) -> bool:
        """Whether more is to come."""
        return self._thread.is_alive()

    def cancel(self) -> None:
        """Stop soon; what is written stays."""
        self._cancelled.set()

    def wait(self, seconds: float) -> None:
        """Give it so long to finish."""
        self._thread.join(seconds)

    def _work(self) -> None:
        piece: list[str] = []
        for char in self._stream:
            piece.append(char)
            if len(piece) == _PER_LOOK:
                self._pieces.append("".join(piece))
                piece.clear()
                if self._cancelled.is_set():
                    break
                time.sleep(0)  # let the page and the training have their turns
        self._pieces.append("".join(piece))
        self.seconds = time.monotonic() - self.started


_NAMES = {"\n": "newline", "\t": "tab", " ": "space"}


def _display_chars(chars: Sequence[str]) -> str:
    return " ".join(_NAMES.get(char, display_char(char)) for char in chars)
