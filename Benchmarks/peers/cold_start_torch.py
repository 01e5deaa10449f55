"""Trains 784-512-512-10 for an epoch of MNIST in PyTorch and prints its accuracy on the test set: `cold_start_torch.py DIRECTORY`."""

import sys
from pathlib import Path

import torch
from torch import nn

import mnist

directory = Path(sys.argv[1])


def read(part: str) -> tuple[torch.Tensor, torch.Tensor]:
    images, labels = mnist.read(directory, part)
    return torch.from_numpy(images), torch.from_numpy(labels.astype("int64"))


images, labels = read("train")
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10))
optimizer = torch.optim.Adam(model.parameters(), fused=True)
for samples in torch.randperm(len(images)).split(128):
    loss = nn.functional.cross_entropy(model(images.index_select(0, samples)), labels[samples])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.inference_mode():
    images, labels = read("t10k")
    print((model(images).argmax(1) == labels).float().mean().item())
