"""Those that are timed: each makes a function that trains one step, or writes characters.

A contender is made in a process of its own (``worker.py``), so that neither the
threads nor the kernels of one can be felt by another.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.shapes import Shape

Call = Callable[[], Any]

LR, CLIP = 2e-3, 5.0


def random_ids(shape: Shape, length: int | None = None) -> Any:
    """Training data: what the symbols are makes no difference to the time."""
    import numpy as np

    length = shape.N * (40 * shape.T + 1) + 1 if length is None else length
    return np.random.default_rng(0).integers(0, shape.V, length).astype(np.uint8)


def windows(shape: Shape) -> Iterator[tuple[Any, Any]]:
    """Inputs and targets (N, T), endlessly."""
    streams = random_ids(shape)[1:].reshape(shape.N, -1)
    for start in itertools.cycle(range(0, streams.shape[1] - shape.T, shape.T)):
        yield (
            streams[:, start : start + shape.T],
            streams[:, start + 1 : start + shape.T + 1],
        )


def rnncore_step(shape: Shape) -> Call:
    """``Solver.step``: batch, forward, backward, clipping, Adam, history."""
    from rnncore import RNN, Solver

    model = RNN(shape.V, None, shape.D, shape.H, shape.cell, shape.layers)
    solver = Solver(
        random_ids(shape), model, shape.T, shape.N, LR,
        update_rule="adam", schedule="constant", clip=CLIP, val_fraction=0.0, num_iters=10**9,
    )  # fmt: skip
    return solver.step


def torch_step(shape: Shape, threads: int) -> Call:
    """The same step in PyTorch: its fused recurrent layers and its fused Adam."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layer = {"lstm": nn.LSTM, "gru": nn.GRU, "vanilla": nn.RNN}[shape.cell]
    embed = nn.Embedding(shape.V, shape.D)
    recurrent = layer(shape.D, shape.H, shape.layers)
    out = nn.Linear(shape.H, shape.V)
    params = [*embed.parameters(), *recurrent.parameters(), *out.parameters()]
    optimizer = torch.optim.Adam(params, LR, fused=True)
    batches = windows(shape)
    state: Any = None

    def step() -> float:
        nonlocal state
        inputs, targets = next(batches)
        x = torch.from_numpy(inputs.T.astype("int64"))
        y = torch.from_numpy(targets.T.astype("int64").reshape(-1))
        h, state = recurrent(embed(x), state)
        state = tuple(s.detach() for s in state) if shape.cell == "lstm" else state.detach()
        loss = nn.functional.cross_entropy(out(h.view(-1, shape.H)), y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(params, CLIP)
        optimizer.step()
        return loss.item()

    return step


def plain_step(shape: Shape) -> Call:
    """The step of the plain NumPy program (one LSTM layer only)."""
    from benchmarks.plain import PlainLSTM

    model, batches = PlainLSTM(shape.V, shape.D, shape.H, shape.N, LR), windows(shape)
    return lambda: model.step(*next(batches))


def rnncore_write(shape: Shape, way: str, length: int, count: int = 1) -> Call:
    """``length`` characters by ``sample`` or ``stream``, or ``count`` texts of it side by side."""
    from rnncore import RNN, Sampler

    chars = [chr(33 + i) for i in range(shape.V)]
    sampler = Sampler(RNN(shape.V, chars, shape.D, shape.H, shape.cell, shape.layers))
    calls: dict[str, Call] = {
        "sample": lambda: sampler.sample(chars[0], length),
        "stream": lambda: sum(1 for _ in sampler.stream(chars[0], length)),
        "many": lambda: sampler.sample_many(chars[0], length, count),
    }
    return calls[way]


def torch_write(shape: Shape, length: int) -> Call:
    """``length`` characters from a PyTorch LSTMCell, the usual loop without gradients."""
    import torch
    from torch import nn

    torch.set_num_threads(1)  # faster than 2: a step is far too small to share
    embed, cell = nn.Embedding(shape.V, shape.D), nn.LSTMCell(shape.D, shape.H)
    out = nn.Linear(shape.H, shape.V)

    @torch.inference_mode()
    def write() -> list[int]:
        ids, state = [0], None
        for _ in range(length):
            state = cell(embed(torch.tensor(ids[-1:])), state)
            p = torch.softmax(out(state[0])[0], 0)
            ids.append(int(torch.multinomial(p, 1)))
        return ids[1:]

    return write


def gemm(size: int) -> Call:
    """A float32 product of two (size, size) matrices on all of NumPy's threads."""
    import numpy as np

    a = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, a, out=out)
