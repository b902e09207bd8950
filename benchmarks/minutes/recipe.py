"""Recipes: all settings of a training but its length, and the contenders that they stand for."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from dashboard.settings import PRESETS


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained.

    kind: "rnncore", "torch" (nn.LSTM, nn.GRU) or "gpt", which has settings of its own.
    cell: a name in rnncore.CELLS; for PyTorch also "norm-lstm" (``norm_lstm.NormLSTM``).
    input_dim: D; 0 means the default of rnncore, a quarter of the vocabulary.
    beta2: of Adam and AdamW. ideas: names in ``ideas.IDEAS``; for rnncore only.
    iterations: the length of the training; 0 means as many as fit into the time.
    """

    kind: str = "rnncore"
    cell: str = "lstm"
    hidden_dim: int = 128
    num_layers: int = 1
    batch_size: int = 16
    seq_length: int = 50
    lr: float = 8e-3
    input_dim: int = 0
    dropout: float = 0.0
    schedule: str = "cosine"
    warmup: int = 0
    clip: float = 5.0
    update_rule: str = "adam"
    beta2: float = 0.999
    ideas: tuple[str, ...] = ()
    iterations: int = 0

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Recipe:
        """Return the recipe that ``values`` wrote to JSON."""
        return cls(**values | {"ideas": tuple(values["ideas"])})

    def values(self) -> dict[str, Any]:
        """Return the settings as plain values for JSON."""
        return asdict(self) | {"ideas": list(self.ideas)}

    def __str__(self) -> str:
        """Return the shape and the rate, then what differs from the default."""
        if self.kind == "gpt":
            return f"gpt {self.iterations}" if self.iterations else "gpt"
        name = "" if self.cell == "lstm" else f"{self.cell} "
        name += f"H{self.hidden_dim} N{self.batch_size} T{self.seq_length} {self.lr:g}"
        shown = {"cell", "hidden_dim", "batch_size", "seq_length", "lr"}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in shown and value != field.default:
                name += f" {field.name}={'+'.join(value) if field.name == 'ideas' else value}"
        return name


# What the first preset was before the presets and initial values were chosen by this benchmark.
FIRST = Recipe(ideas=("bias=1",))
# PyTorch's best recipe of docs/quality.md.
TORCH = Recipe("torch", hidden_dim=200, lr=4e-3, input_dim=22)
GPT = Recipe("gpt")


def from_preset(name: str) -> Recipe:
    """Return a preset of the page as a recipe."""
    preset = PRESETS[name]
    known = {field.name for field in fields(Recipe)}
    settings = vars(preset.model) | vars(preset.train)
    shared = {setting: value for setting, value in settings.items() if setting in known}
    return Recipe(cell=preset.model.cell_type, **shared)


@dataclass(frozen=True)
class Contender:
    """What is compared: a recipe, in words, and the times for which it is worth the measuring.

    shortest, longest: seconds; a figure for another time is measured only if it is asked for.
    """

    words: str
    recipe: Recipe
    shortest: float = 0.0
    longest: float = math.inf


def _with_torch(recipe: Recipe) -> Recipe:
    return Recipe.from_values(recipe.values() | {"kind": "torch"})


_DEMO, _BOOK = from_preset("taste"), from_preset("evening")
CONTENDERS = {
    "demo": Contender("rnncore, the preset Quick demo", _DEMO, longest=120),
    "gru": Contender("rnncore, the preset Quick GRU", from_preset("gru"), longest=300),
    "book": Contender("rnncore, the preset A good book", _BOOK, shortest=60),
    "overnight": Contender("rnncore, the preset Overnight", from_preset("overnight"), 1_200),
    "first": Contender("rnncore, first preset before (H128 N16 T50, 0.008)", FIRST, longest=60),
    "torch": Contender("PyTorch nn.LSTM, H200 N16 T50, 0.004", TORCH),
    "torch-demo": Contender("PyTorch, settings of Quick demo", _with_torch(_DEMO), longest=120),
    "torch-book": Contender("PyTorch, settings of A good book", _with_torch(_BOOK), shortest=120),
    "gpt": Contender("nanoGPT's CPU setting, as long as the time allows", GPT),
    "gpt-2000": Contender(
        "nanoGPT's CPU setting, its 2,000 iterations", Recipe("gpt", iterations=2_000)
    ),
}
