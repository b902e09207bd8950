"""An LSTM with layer normalisation, in PyTorch: would it earn a cell of rnncore?

Source: Ba, Kiros and Hinton (2016), "Layer normalization", equations 20 to 22. It is a loop over
the steps of time, so its iterations are compared with those of nn.LSTM, not its time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class NormLSTM(nn.Module):
    """One layer, with the arguments and results of nn.LSTM (time first)."""

    def __init__(self, D: int, H: int, num_layers: int = 1, dropout: float = 0.0):
        super().__init__()
        if num_layers != 1:
            raise ValueError(f"num_layers is {num_layers}; layer normalisation has one layer.")
        end = H**-0.5
        self.H = H
        self.Wx = nn.Parameter(torch.empty(D, 4 * H).uniform_(-end, end))
        self.Wh = nn.Parameter(torch.empty(H, 4 * H).uniform_(-end, end))
        self.norm_x, self.norm_h = nn.LayerNorm(4 * H), nn.LayerNorm(4 * H, bias=False)
        self.norm_c = nn.LayerNorm(H)

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the outputs (T, N, H) for inputs (T, N, D), and the state after them."""
        zeros = x.new_zeros(x.shape[1], self.H)
        h, c = (zeros, zeros) if state is None else state
        inputs, outputs = self.norm_x(x @ self.Wx), []
        for step in inputs:
            i, f, o, g = (step + self.norm_h(h @ self.Wh)).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(self.norm_c(c))
            outputs.append(h)
        return torch.stack(outputs), (h, c)
