"""Shapes: the network and batch sizes that are timed."""

from __future__ import annotations

from dataclasses import dataclass, replace

VOCAB = 88  # symbols, about as many as in a novel


@dataclass(frozen=True)
class Shape:
    """One configuration: embedding size D, hidden size H, N sequences of T steps, V symbols."""

    name: str
    D: int
    H: int
    N: int
    T: int
    cell: str = "lstm"
    layers: int = 1
    V: int = VOCAB

    @property
    def gemm_flops(self) -> float:
        """Floating-point operations of one training step's matrix products.

        The forward pass, the inputs' gradient and the weights' gradient take 2 m n k each.
        """
        gates = {"lstm": 4, "gru": 3, "vanilla": 1}[self.cell]
        widths = [self.D] + [self.H] * (self.layers - 1)
        recurrent = sum((width + self.H) * gates * self.H for width in widths)
        return 6.0 * self.N * self.T * (recurrent + self.H * self.V)


S1 = Shape("S1", D=22, H=200, N=16, T=50)
S2 = Shape("S2", D=64, H=128, N=50, T=50)
S3 = Shape("S3", D=64, H=512, N=64, T=100)
S4 = Shape("S4", D=32, H=100, N=1, T=25)

_ALL = (
    *(S1, S2, S3, S4),
    *(replace(S1, name=f"S1-{cell}", cell=cell) for cell in ("gru", "vanilla")),
    *(replace(S1, name=f"S1-{n}-layers", layers=n) for n in (2, 3)),
)
SHAPES = {shape.name: shape for shape in _ALL}
