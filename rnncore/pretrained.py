"""Trained models that come with rnncore, to sample from at once.

Each is a model pickle, ``data/<name>.pkl``, opened by the safe reader like any other file.
``docs/pretrained-<name>.md`` describes its training text, its losses and how to train it
again.
"""

from __future__ import annotations

from pathlib import Path

from rnncore import checks
from rnncore.model import RNN
from rnncore.storage.model_pickle import read_model

FOLDER = Path(__file__).with_name("data")

# Names, and a description of each for lists.
PRETRAINED = {"pride": "Jane Austen, Pride and Prejudice (1813): one LSTM layer of 200 units"}


def pretrained(name: str) -> RNN:
    """Return a new copy of the model with this name.

    SettingError: the name is unknown; the message lists the known names.
    """
    checks.check_choice("name", name, PRETRAINED)
    return read_model((FOLDER / f"{name}.pkl").read_bytes())
