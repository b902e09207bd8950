"""Trainings by PyTorch, which must be installed: its recurrent layers, and a small GPT.

Their classes satisfy ``budget.Trainee``.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.minutes.norm_lstm import NormLSTM
from benchmarks.minutes.ours import UNKNOWN_LENGTH
from benchmarks.minutes.recipe import Recipe
from rnncore import Vocab
from rnncore.batches import Batches, split, split_into_streams
from rnncore.network import default_input_dim
from rnncore.schedules import Schedule

# Validation as rnncore does it: 32 streams side by side, 50 characters at a time.
STREAMS, STEPS, SHORTEST = 32, 50, 500


class TorchRNN(nn.Module):
    """Embedding, nn.LSTM or another cell, and a linear layer, with PyTorch's initial values.

    The batches are those of rnncore: parallel streams, whose state is carried on.
    """

    def __init__(self, text: str, recipe: Recipe, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        vocab, self.recipe = Vocab.from_text(text), recipe
        V, H = len(vocab), recipe.hidden_dim
        train, self.val_ids = split(vocab.encode(text), 0.1)
        self.batches = Batches(train, recipe.batch_size, recipe.seq_length)
        D = recipe.input_dim or default_input_dim(V)
        between = recipe.dropout if recipe.num_layers > 1 else 0.0
        self.embed, self.dropout = nn.Embedding(V, D), nn.Dropout(recipe.dropout)
        layers = {"lstm": nn.LSTM, "gru": nn.GRU, "vanilla": nn.RNN, "norm-lstm": NormLSTM}
        self.recurrent = layers[recipe.cell](D, H, recipe.num_layers, dropout=between)
        self.out = nn.Linear(H, V)
        self.optimizer = torch.optim.Adam(
            self.parameters(), recipe.lr, betas=(0.9, recipe.beta2), fused=True
        )
        self.num_params = sum(p.numel() for p in self.parameters())
        self.iteration, self.state = 0, None
        self.set_length(UNKNOWN_LENGTH)

    def set_length(self, iterations: int) -> None:
        """Spread the schedule over so many iterations."""
        self.schedule = Schedule(self.recipe.schedule, iterations, self.recipe.warmup)

    def step(self) -> None:
        """Train on one batch."""
        batch = self.batches.next()
        if batch.wrapped:
            self.state = None
        loss, self.state = self._loss(batch.inputs, batch.targets, self.state)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters(), self.recipe.clip)
        self.optimizer.param_groups[0]["lr"] = self.recipe.lr * self.schedule.factor(self.iteration)
        self.optimizer.step()
        self.state = _detach(self.state)
        self.iteration += 1

    def _loss(self, inputs: Any, targets: Any, state: Any) -> tuple[Tensor, Any]:
        h, state = self.recurrent(self.embed(_to_torch(inputs.T)), state)
        logits = self.out(self.dropout(h)).flatten(0, 1)
        return functional.cross_entropy(logits, _to_torch(targets.T).flatten()), state

    def finish(self) -> None:
        """Do nothing."""

    @torch.inference_mode()
    def evaluate(self) -> float:
        """Return the loss on all validation text, in nats per character."""
        self.eval()
        N = max(1, min(STREAMS, (len(self.val_ids) - 1) // SHORTEST))
        inputs, targets = split_into_streams(self.val_ids, N)
        state, total = None, 0.0
        for start in range(0, inputs.shape[1], STEPS):
            x, y = inputs[:, start : start + STEPS], targets[:, start : start + STEPS]
            loss, state = self._loss(x, y, state)
            total += loss.item() * x.size
        self.train()
        return total / inputs.size


class GPT(nn.Module):
    """The character-level GPT that nanoGPT's README suggests for a CPU, written anew.

    4 layers of 4 heads, 128 wide, blocks of 64, batches of 12, AdamW at 1e-3 with 100 iterations of
    warm-up and a cosine to 1e-4, betas 0.9 and 0.99, decay 0.1 for matrices, gradients clipped to
    1, no dropout, no biases. Source: Karpathy (2022), nanoGPT, README.md and train.py.
    """

    LAYERS, HEADS, WIDTH, BLOCK, BATCH = 4, 4, 128, 64, 12
    LR, MIN_LR, WARMUP, DECAY, BETAS, CLIP = 1e-3, 1e-4, 100, 0.1, (0.9, 0.99), 1.0

    def __init__(self, text: str, recipe: Recipe, seed: int):
        super().__init__()
        torch.manual_seed(seed)
        vocab = Vocab.from_text(text)
        train, val = split(vocab.encode(text), 0.1)
        self.train_ids, self.val_ids = _to_torch(train), _to_torch(val)
        self.embed = nn.Embedding(len(vocab), self.WIDTH)
        self.positions = nn.Embedding(self.BLOCK, self.WIDTH)
        self.blocks = nn.Sequential(*(Block(self.WIDTH, self.HEADS) for _ in range(self.LAYERS)))
        self.norm = nn.LayerNorm(self.WIDTH, bias=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                residual = name.endswith("project.weight")
                nn.init.normal_(p, 0.0, 0.02 / math.sqrt(2 * self.LAYERS) if residual else 0.02)
        matrices = [p for p in self.parameters() if p.dim() == 2]
        vectors = [p for p in self.parameters() if p.dim() < 2]
        groups = [
            {"params": matrices, "weight_decay": self.DECAY},
            {"params": vectors, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, self.LR, self.BETAS, fused=True)
        self.num_params = sum(p.numel() for p in self.parameters())
        self.iteration, self.length = 0, UNKNOWN_LENGTH

    def set_length(self, iterations: int) -> None:
        """Spread the schedule over so many iterations."""
        self.length = iterations

    def rate(self) -> float:
        """Return the learning rate of the next iteration."""
        if self.iteration < self.WARMUP:
            return self.LR * (self.iteration + 1) / (self.WARMUP + 1)
        share = (self.iteration - self.WARMUP) / max(1, self.length - self.WARMUP)
        share = min(1.0, share)
        return self.MIN_LR + 0.5 * (1 + math.cos(math.pi * share)) * (self.LR - self.MIN_LR)

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        h = self.embed(x) + self.positions.weight[: x.shape[1]]
        logits = functional.linear(self.norm(self.blocks(h)), self.embed.weight)
        return functional.cross_entropy(logits.flatten(0, 1), y.flatten())

    def step(self) -> None:
        """Train on blocks from random places."""
        starts = torch.randint(len(self.train_ids) - self.BLOCK - 1, (self.BATCH,))
        x = torch.stack([self.train_ids[i : i + self.BLOCK] for i in starts])
        y = torch.stack([self.train_ids[i + 1 : i + 1 + self.BLOCK] for i in starts])
        loss = self._loss(x, y)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters(), self.CLIP)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.step()
        self.iteration += 1

    def finish(self) -> None:
        """Do nothing."""

    @torch.inference_mode()
    def evaluate(self) -> float:
        """Return the loss over all blocks of the validation text, side by side.

        nanoGPT averages over blocks from random places, so this is its figure without chance.
        """
        count = (len(self.val_ids) - 1) // self.BLOCK
        x = self.val_ids[: count * self.BLOCK].view(count, self.BLOCK)
        y = self.val_ids[1 : count * self.BLOCK + 1].view(count, self.BLOCK)
        pairs = zip(x.split(256), y.split(256), strict=True)
        return sum(self._loss(a, b).item() * a.numel() for a, b in pairs) / x.numel()


class Block(nn.Module):
    """Attention to earlier characters, then two linear layers; each is added to its input."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, bias=False) for _ in range(2))
        self.attend = nn.Linear(width, 3 * width, bias=False)
        self.attend_project = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, 4 * width, bias=False)
        self.widen_project = nn.Linear(4 * width, width, bias=False)

    def forward(self, h: Tensor) -> Tensor:
        """Return the block's output; ``h`` is (batch, time, width)."""
        N, T, W = h.shape
        parts = self.attend(self.norms[0](h)).view(N, T, 3, self.heads, W // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + self.attend_project(found.transpose(1, 2).reshape(N, T, W))
        return h + self.widen_project(functional.gelu(self.widen(self.norms[1](h))))


def _detach(state: Any) -> Any:
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


def _to_torch(ids: Any) -> Tensor:
    return torch.from_numpy(ids.astype("int64"))
