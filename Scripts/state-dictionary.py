#!/usr/bin/env python3
"""Writes Tests/ModelFilesTests/GoldenStateDictionary.swift: a state dictionary as safetensors.torch.save_file writes it, and its network's outputs.

The network has each kind of module, in orders that do and do not fit one dense layer. Its parameters are random, and its outputs
those of evaluation mode.

    python3 Scripts/state-dictionary.py > Tests/ModelFilesTests/GoldenStateDictionary.swift     (needs torch and safetensors)
"""

import base64

import safetensors.torch
import torch
from torch import nn

torch.manual_seed(2)
network = nn.Sequential(
  nn.BatchNorm1d(3),
  nn.Linear(3, 4),
  nn.BatchNorm1d(4),
  nn.ReLU(),
  nn.Dropout(0.25),
  nn.Linear(4, 3, bias=False),
  nn.LayerNorm(3, elementwise_affine=False),
  nn.Tanh(),
  nn.BatchNorm1d(3, affine=False),
  nn.Linear(3, 3),
  nn.GELU(),
  nn.LayerNorm(3),
  nn.Linear(3, 2),
).eval()
with torch.no_grad():
  for name, tensor in network.state_dict().items():
    if tensor.dtype == torch.float32:
      tensor.copy_(torch.rand(tensor.shape) + 0.5 if name.endswith("var") else torch.randn(tensor.shape))
  inputs = torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.25, -3.0]])
  outputs = torch.softmax(network(inputs), dim=1)

data = safetensors.torch.save({"net." + name: tensor for name, tensor in network.state_dict().items()})
text = base64.b64encode(data).decode()

print(f"// Made by Scripts/state-dictionary.py with PyTorch {torch.__version__.split('+')[0]}; not to be edited.\n")
print("let goldenStateDictionary =")
lines = [text[start : start + 112] for start in range(0, len(text), 112)]
print("\n".join(f"  {'+ ' if index else ''}\"{line}\"" for index, line in enumerate(lines)))
print("\nlet goldenInputs: [[Float]] = " + str(inputs.tolist()))
print("let goldenOutputs: [[Float]] = " + str(outputs.tolist()))
