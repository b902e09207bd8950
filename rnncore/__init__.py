"""rnncore: character-level recurrent networks in NumPy.

``blas.configure`` comes first, because the BLAS reads its settings when NumPy is imported.
"""

from rnncore.compute import blas

blas.configure()

from rnncore import inspect  # noqa: E402
from rnncore.cells import CELLS  # noqa: E402
from rnncore.errors import RnnCoreError  # noqa: E402
from rnncore.export.card import Card  # noqa: E402
from rnncore.export.html_page import to_html  # noqa: E402
from rnncore.export.numpy_program import to_numpy  # noqa: E402
from rnncore.export.onnx_file import to_onnx  # noqa: E402
from rnncore.export.torch_file import from_torch, to_torch  # noqa: E402
from rnncore.model import RNN  # noqa: E402
from rnncore.optim import UPDATE_RULES  # noqa: E402
from rnncore.pretrained import pretrained  # noqa: E402
from rnncore.reading.text import Text, read_text  # noqa: E402
from rnncore.sampling import Sampler  # noqa: E402
from rnncore.solver import Solver  # noqa: E402
from rnncore.storage.checkpoint import load, save  # noqa: E402
from rnncore.version import __version__  # noqa: E402
from rnncore.vocab import Vocab  # noqa: E402

__all__ = [
    "CELLS",
    "RNN",
    "UPDATE_RULES",
    "Card",
    "RnnCoreError",
    "Sampler",
    "Solver",
    "Text",
    "Vocab",
    "__version__",
    "from_torch",
    "inspect",
    "load",
    "pretrained",
    "read_text",
    "save",
    "to_html",
    "to_numpy",
    "to_onnx",
    "to_torch",
]
