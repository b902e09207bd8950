"""A character-level network of rnncore in PyTorch; needs torch and safetensors.

    from network import load
    network = load("model.safetensors")
    print(network.write("The ", length=300, temperature=0.7))

To train it further, use ``network(ids)`` like any nn.Module: ids (N, T) to logits (N, T, V). To
save it: ``safetensors.torch.save_file(network.state_dict(), "model.safetensors")``. In rnncore,
``rnncore.from_torch`` opens that file.
"""

import torch
from safetensors.torch import load_file
from torch import nn

CELLS = {4: nn.LSTM, 3: nn.GRU, 1: nn.RNN}  # by the number of gates


class CharacterNetwork(nn.Module):
    def __init__(self, gates, symbols, inputs, hidden, layers, dropout=0.0):
        super().__init__()
        between = dropout if layers > 1 else 0.0
        self.embed = nn.Embedding(symbols, inputs)
        self.rnn = CELLS[gates](inputs, hidden, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, symbols)
        # The characters' code points; -1 in a network that was trained on numbers.
        self.register_buffer("vocab", torch.full((symbols,), -1, dtype=torch.int32))
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("bias_hh"):  # rnncore has one bias a gate: bias_ih
                nn.init.zeros_(parameter).requires_grad_(False)

    def forward(self, ids, state=None):
        h, state = self.rnn(self.embed(ids), state)
        return self.out(self.dropout(h)), state

    @torch.no_grad()
    def write(self, seed_text, length, temperature=1.0):
        chars = [chr(code) for code in self.vocab]
        ids, state = [chars.index(char) for char in seed_text], None
        read = torch.tensor([ids])
        for _ in range(length):
            logits, state = self(read, state)
            read = torch.multinomial(torch.softmax(logits[:, -1] / temperature, -1), 1)
            ids.append(int(read))
        return "".join(chars[i] for i in ids)


def load(path, dropout=0.0):
    tensors = load_file(path)
    symbols, inputs = tensors["embed.weight"].shape
    rows, hidden = tensors["rnn.weight_hh_l0"].shape
    layers = sum(name.startswith("rnn.weight_hh") for name in tensors)
    network = CharacterNetwork(rows // hidden, symbols, inputs, hidden, layers, dropout)
    network.to(tensors["embed.weight"].dtype).load_state_dict(tensors)
    return network.eval()
