"""Make the example of a network as one web page: ``python -m docs.examples.make``.

The network is the pretrained model; its figures are those of ``docs/pretrained-pride.md``.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from rnncore import Card, pretrained, to_html

FOLDER = Path(__file__).parent
MODEL_CARD = FOLDER.parent / "pretrained-pride.md"


def make() -> bytes:
    """Return the page."""
    text = MODEL_CARD.read_text(encoding="utf-8")

    def stated(pattern: str) -> str:
        found = re.search(pattern, text)
        assert found is not None, f"{MODEL_CARD.name} does not say {pattern!r}"
        return found[1].replace(",", "")

    card = Card(
        name="Pride and Prejudice",
        seed_text="It is a truth universally acknowledged, that",
        characters=int(stated(r"([\d,]+)\s+characters, 80 of them")),
        iterations=int(stated(r"([\d,]+) iterations, which")),
        val_loss=float(stated(r"\*\*validation part\*\* .*\| ([\d.]+) \|")),
        created=date(2026, 11, 27),
    )
    return to_html(pretrained("pride"), card)


if __name__ == "__main__":
    (FOLDER / "pride.html").write_bytes(make())
