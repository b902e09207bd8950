"""Recipes: all settings of a training but its length, and the contenders that they stand for."""

from __future__ import annotations

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
# Up to so many seconds of one core, the contender "ours" is this preset.
PRESET_UNTIL = {"taste": 120.0, "evening": 1_200.0, "overnight": float("inf")}


def from_preset(name: str) -> Recipe:
    """Return a preset of the page as a recipe."""
    preset = PRESETS[name]
    known = {field.name for field in fields(Recipe)}
    settings = vars(preset.model) | vars(preset.train)
    shared = {setting: value for setting, value in settings.items() if setting in known}
    return Recipe(cell=preset.model.cell_type, **shared)


def of_contender(contender: str, budget: float) -> Recipe:
    """Return the recipe of a contender for so many seconds; see ``CONTENDERS``."""
    ours = from_preset(next(name for name, end in PRESET_UNTIL.items() if budget <= end))
    return {
        "ours": ours,
        "first": FIRST,
        "gru": from_preset("gru"),
        "book": from_preset("evening"),
        "torch": TORCH,
        "torch-ours": Recipe.from_values(ours.values() | {"kind": "torch"}),
        "gpt": GPT,
        "gpt-2000": Recipe("gpt", iterations=2_000),
    }[contender]


CONTENDERS = {
    "ours": "rnncore, preset of the page for this time",
    "first": "rnncore, first preset before (H128 N16 T50, 0.008)",
    "gru": "rnncore, the preset Quick GRU",
    "book": "rnncore, the preset A good book",
    "torch": "PyTorch nn.LSTM, H200 N16 T50, 0.004",
    "torch-ours": "PyTorch, settings of the preset",
    "gpt": "nanoGPT's CPU setting, as long as the time allows",
    "gpt-2000": "nanoGPT's CPU setting, its 2,000 iterations",
}
