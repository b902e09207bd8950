"""The properties of a run that never change, as run.json and each save hold them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.runs.json_record import DamagedRecordError
from dashboard.settings import ModelSettings
from dashboard.text.loading import LoadedText
from rnncore.errors import FileFormatError, RnnCoreError
from rnncore.storage import checkpoint

UNKNOWN_NAME = "Recovered text"  # the name of a text whose own name is lost


@dataclass(frozen=True)
class Facts:
    """Properties of a run that never change. ``text`` has the small fields of its LoadedText."""

    id: str
    created: float  # seconds since 1970
    settings: ModelSettings
    text: Mapping[str, Any]
    itemsize: int = 4  # bytes of one parameter
    began_as: str = ""  # what its first network is, if that was trained before
    made_by: str = ""  # "race" or "sweep", if one of these started it

    @classmethod
    def about(
        cls,
        id: str,
        created: float,
        settings: ModelSettings,
        text: LoadedText,
        itemsize: int,
        began_as: str = "",
        made_by: str = "",
    ) -> Facts:
        """Return the facts of a run on this text."""
        fields = ("name", "size", "encoding", "notes", "digest")
        small = {name: getattr(text, name) for name in fields}
        return cls(id, created, settings, small, itemsize, began_as, made_by)

    @classmethod
    def from_values(cls, values: Mapping[str, Any], run_id: str) -> Facts:
        """Return the facts in a record of the run with this id.

        DamagedRecordError: the record is of another run. FileFormatError: it cannot be used.
        """
        try:
            if values["id"] != run_id:
                raise DamagedRecordError("The folder's name is not the id of the run in it.")
            settings = ModelSettings(**values["settings"])
            created, itemsize = float(values["created"]), int(values.get("itemsize", 4))
            # Older records lack these.
            began_as, made_by = str(values.get("began_as", "")), str(values.get("made_by", ""))
            text = dict(values["text"])
            return cls(run_id, created, settings, text, itemsize, began_as, made_by)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, RnnCoreError):
                raise
            raise FileFormatError(f"The run's record is damaged: {error!r}.") from None

    @classmethod
    def from_network(cls, path: Path, run_id: str, digest: str, length: int) -> Facts:
        """Return what a saved network shows of the facts of its run.

        digest, length: those of the run's text. FileFormatError: the network is damaged.
        """
        model, solver = checkpoint.load_without_text(path)
        try:
            settings = ModelSettings.from_model(
                model, solver["seq_length"], solver["batch_size"], solver["val_fraction"]
            )
        except KeyError as error:
            raise FileFormatError(f"The save lacks the setting {error}.") from None
        text = {
            "name": UNKNOWN_NAME, "size": length, "encoding": "unknown", "notes": (),
            "digest": digest,
        }  # fmt: skip
        return cls(run_id, os.stat(path).st_mtime, settings, text, model.dtype.itemsize)
