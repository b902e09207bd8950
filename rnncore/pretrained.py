"""Models that come with rnncore: trained already, so that one can sample at once.

Each is ``data/<name>.pkl``, a model's pickle as anyone downloads it, and is opened by the
safe reader like a stranger's. What it learned from, how well, and how it is made again is
told in ``docs/pretrained-<name>.md``.
"""

from __future__ import annotations

from pathlib import Path

from rnncore import checks
from rnncore.model import RNN
from rnncore.storage.model_pickle import read_model

FOLDER = Path(__file__).with_name("data")

# Name and what to say of it in a list.
PRETRAINED = {"pride": "Jane Austen, Pride and Prejudice (1813): one LSTM layer of 200 units"}


def pretrained(name: str) -> RNN:
    """A fresh copy of the model of this name; a SettingError lists the names there are."""
    checks.check_choice("name", name, PRETRAINED)
    return read_model((FOLDER / f"{name}.pkl").read_bytes())
