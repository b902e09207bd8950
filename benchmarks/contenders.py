"""The contenders: each function returns a call to time, which trains one step or samples a text.

Each contender runs in a process of its own (``worker.py``), so that the threads and the loaded
libraries of one do not slow down another.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.shapes import Shape

Call = Callable[[], Any]

LR, CLIP = 2e-3, 5.0


def make_ids(shape: Shape, length: int | None = None) -> Any:
    """Return random ids (length,); the speed does not depend on the symbols."""
    import numpy as np

    length = shape.N * (40 * shape.T + 1) + 1 if length is None else length
    return np.random.default_rng(0).integers(0, shape.V, length).astype(np.uint8)


def cycle_windows(shape: Shape) -> Iterator[tuple[Any, Any]]:
    """Yield inputs and targets, (N, T) each, without end."""
    streams = make_ids(shape)[1:].reshape(shape.N, -1)
    for start in itertools.cycle(range(0, streams.shape[1] - shape.T, shape.T)):
        yield (
            streams[:, start : start + shape.T],
            streams[:, start + 1 : start + shape.T + 1],
        )


def rnncore_step(shape: Shape) -> Call:
    """Return ``Solver.step``: batch, forward, backward, clipping, Adam and history."""
    from rnncore import RNN, Solver

    model = RNN(shape.V, None, shape.D, shape.H, shape.cell, shape.layers)
    solver = Solver(
        make_ids(shape), model, shape.T, shape.N, LR,
        update_rule="adam", schedule="constant", clip=CLIP, val_fraction=0.0, num_iters=10**9,
    )  # fmt: skip
    return solver.step


def torch_step(shape: Shape, threads: int) -> Call:
    """Return the same step in PyTorch, with its fused recurrent layers and its fused Adam."""
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
    batches = cycle_windows(shape)
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
    """Return the step of the plain NumPy program, which has one LSTM layer."""
    from benchmarks.plain import PlainLSTM

    model, batches = PlainLSTM(shape.V, shape.D, shape.H, shape.N, LR), cycle_windows(shape)
    return lambda: model.step(*next(batches))


def rnncore_write(shape: Shape, way: str, length: int, count: int = 1) -> Call:
    """Return a call that samples ``length`` characters, or ``count`` such texts as one batch.

    way: "sample", "stream" or "many", the method of ``Sampler``.
    """
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
    """Return a call that samples ``length`` characters from a PyTorch LSTMCell."""
    import torch
    from torch import nn

    torch.set_num_threads(1)  # faster than 2: one step is too small to divide
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
    """Return a float32 product of two (size, size) matrices on all of NumPy's threads."""
    import numpy as np

    a = np.random.default_rng(0).standard_normal((size, size), dtype=np.float32)
    out = np.empty_like(a)
    return lambda: np.matmul(a, a, out=out)
