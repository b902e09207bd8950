"""What differs between the page's text and network and those of its run, in words."""

from __future__ import annotations

from typing import Any

from dashboard.page import state, widgets
from dashboard.runs.run import Run
from dashboard.settings import CELL_NAMES, ModelSettings
from dashboard.text.loading import LoadedText

# Names of the fields of ModelSettings, as the page's labels have them.
_FIELD_NAMES = {
    "cell_type": "cell",
    "hidden_dim": "hidden size",
    "num_layers": "layers",
    "input_dim": "embedding size",
    "dropout": "dropout",
    "seq_length": "sequence length",
    "batch_size": "batch size",
    "val_fraction": "validation share",
    "seed": "initialisation seed",
}


def describe(run: Run) -> str:
    """Return what the page has changed since this run began: "cell: LSTM → GRU; layers: 1 → 2".

    It is plain text, because it holds the names of texts; "" if nothing differs.
    """
    text = state.text()
    texts = [] if text is None or text == run.text else [describe_texts(run.text, text)]
    return "; ".join([*describe_settings(run.model_settings, widgets.model_settings()), *texts])


def describe_settings(old: ModelSettings, new: ModelSettings) -> list[str]:
    """Return each field that differs, with both values, such as "hidden size: 128 → 256"."""
    before, after = vars(old), vars(new)
    return [
        f"{label}: {_describe_value(name, before[name])} → {_describe_value(name, after[name])}"
        for name, label in _FIELD_NAMES.items()
        if before[name] != after[name]
    ]


def describe_texts(old: LoadedText, new: LoadedText) -> str:
    """Return how two texts differ: by their names, or by their lengths if the names are equal."""
    if old.name != new.name:
        return f"text: {old.name} → {new.name}"
    if len(old) != len(new):
        return f"text: {new.name}, {len(old):,} → {len(new):,} characters"
    return f"text: {new.name}, with other characters"


def _describe_value(name: str, value: Any) -> str:
    if name == "cell_type":
        return CELL_NAMES.get(value, value)
    if name == "val_fraction":
        return f"{100 * value:g} %"
    if name == "input_dim" and not value:
        return "automatic"
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"
