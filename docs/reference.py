"""Build the API reference from the docstrings: ``python -m docs.reference [folder]``.

It needs the package pdoc. A warning, such as for a name that does not exist, is an error.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "build" / "reference"

# The public names are on the page of rnncore; these modules have pages of their own.
MODULES = (
    *("rnncore", "rnncore.cells", "rnncore.sampling", "rnncore.optim", "rnncore.schedules"),
    *("rnncore.history", "rnncore.errors", "rnncore.teaching"),
)


def build(folder: Path) -> None:
    """Write the reference as HTML pages."""
    import pdoc
    import pdoc.render

    pdoc.render.configure(docformat="restructuredtext", search=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.pdoc(*MODULES, output_directory=folder)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    build(target)
    print(f"Open {target / 'index.html'}.")
