"""The title of a run: the name that a person gave it, or its text and its network."""

from __future__ import annotations

from pathlib import PurePath

from dashboard.settings import CELL_NAMES, ModelSettings
from rnncore.reading.file_names import display_name

PRETRAINED = "the pretrained model "  # how ``Run.began_as`` begins for those of the package


def subject(text_name: str, began_as: str, iteration: int) -> str:
    """Return after what a run is called: its text, or the author whom a pretrained network read.

    iteration: of the run. Until the first one, its network knows nothing of the text.
    """
    if iteration or not began_as.startswith(PRETRAINED):
        return text_name
    return began_as.removeprefix(PRETRAINED).partition(",")[0]


def title(name: str, text_name: str, settings: ModelSettings | None) -> str:
    """Return the name, or failing that a title such as "lighthouse · LSTM 128".

    settings: None for a run that is damaged.
    """
    if name:
        return name
    stem = display_name(PurePath(text_name).stem) or "text"
    return stem if settings is None else f"{stem} · {describe_cells(settings)}"


def describe_cells(settings: ModelSettings) -> str:
    """Return cell, layers and hidden size in a few characters: "LSTM 128" or "GRU 2 × 64"."""
    cell = CELL_NAMES.get(settings.cell_type, settings.cell_type)
    layers = f"{settings.num_layers} × " if settings.num_layers > 1 else ""
    return f"{cell} {layers}{settings.hidden_dim}"
