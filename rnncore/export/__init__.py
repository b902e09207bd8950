"""Files in which a network runs without rnncore: a web page, a NumPy program, PyTorch, ONNX.

Each module makes one kind of file from a model. The scripts and programs that the files carry
are in ``page`` and ``programs``; Python never imports them. Files that rnncore itself opens again
belong in ``rnncore.storage``.
"""
