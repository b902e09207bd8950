"""One figure (text, time, recipe, seed), how it is measured, and the file that keeps it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.minutes.recipe import Recipe
from rnncore.storage.atomic_write import replace_file


@dataclass(frozen=True)
class Figure:
    """A training that is to be measured.

    name: of the contender. seconds: of processor time on one core, or of the clock on all cores if
    ``all_cores``. The recipe's own number of iterations, if it has one, counts instead.
    """

    text: str
    name: str
    recipe: Recipe
    seconds: float
    seed: int
    all_cores: bool = False

    @property
    def file_name(self) -> str:
        """Name of the file in the folder of figures."""
        name = "".join(c if c.isalnum() or c in ".-=" else "_" for c in self.name)
        cores = "all" if self.all_cores else "one"
        return f"{self.text}-{name}-{self.seconds:g}s-{cores}-{self.seed}.json"

    def values(self) -> dict[str, Any]:
        """Return the figure as plain values for JSON."""
        return vars(self) | {"recipe": self.recipe.values()}

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Figure:
        """Return the figure that ``values`` wrote to JSON."""
        return cls(**values | {"recipe": Recipe.from_values(values["recipe"])})

    def measured(self, folder: Path) -> dict[str, Any] | None:
        """Return what the folder has of this figure, or None.

        A file with another recipe does not count: the contender has changed since.
        """
        path = folder / self.file_name
        if not path.is_file():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if found["recipe"] == self.recipe.values() else None

    def measure(self, folder: Path, books: Path) -> dict[str, Any]:
        """Train in a process of its own, write the result to the folder and return it."""
        # The variables count only before the libraries are loaded.
        one_core = {"RNNCORE_THREADS": "1", "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.minutes.worker"],
            input=json.dumps({"figure": self.values(), "books": str(books.resolve())}),
            stdout=subprocess.PIPE, text=True, check=True,
            env=os.environ | ({} if self.all_cores else one_core),
        )  # fmt: skip
        found = json.loads(done.stdout)
        data = (json.dumps(found, indent=1) + "\n").encode()
        replace_file(folder / self.file_name, lambda file: file.write(data))
        return found


def read_all(folder: Path) -> list[dict[str, Any]]:
    """Return all figures of a folder, in the order of their names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
