"""rnncore: character-level recurrent networks in NumPy.

A network learns a text:

>>> from rnncore import RNN, Solver, Vocab
>>> text = "the cat sat on the mat. " * 50
>>> vocab = Vocab.from_text(text)
>>> model = RNN(len(vocab), vocab.idx_to_char, hidden_dim=24, cell_type="gru", seed=0)
>>> solver = Solver(vocab.encode(text), model, seq_length=20, batch_size=4, num_iters=200)
>>> history = solver.train(progress=False)
>>> model.sample("the ", T=20, temperature=0)
'cat sat on the mat. '

The network is saved and read again, by a reader that runs nothing in the file:

>>> import pickle, rnncore
>>> copy = rnncore.load(pickle.dumps(model))
>>> copy.num_params == model.num_params
True

It becomes one web page, a NumPy program or a file for PyTorch:

>>> page = rnncore.to_html(model, rnncore.Card(name="The cat"))
>>> program = rnncore.to_numpy(model)

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
