"""The networks that the contest trains, and the files that hand one to a contestant."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Workload:
    """A network, its loss and optimizer, and how many samples there are to train on."""

    name: str
    sizes: tuple[int, ...]  # inputs, hidden layers, outputs
    batch: int
    activation: str  # of the hidden layers: sigmoid, relu or tanh
    output: str  # activation of the outputs: sigmoid, identity or softmax
    loss: str  # meanSquaredError, binaryCrossEntropy or crossEntropy
    optimizer: str  # sgd (plain) or adam (decay rates 0.9 and 0.999, epsilon 1e-8)
    learningRate: float
    samples: int  # a multiple of the batch
    precision: str = "float"  # or double
    bins: int = 0  # of each input, which becomes as many pieces before the first layer (Gorishniy, Rubachev and Babenko 2022); 0 for none

    @property
    def layers(self) -> str:
        return "-".join(map(str, self.sizes))

    @property
    def parameters(self) -> int:
        return sum((inputs + 1) * outputs for inputs, outputs in zip(self.sizes, self.sizes[1:]))

    @property
    def flops(self) -> int:
        """Of a step's matrix products. Forward, weight gradient and back-propagated error cost the same; the first layer has no error to pass on."""
        products = [inputs * outputs for inputs, outputs in zip(self.sizes, self.sizes[1:])]
        return 2 * self.batch * (3 * sum(products) - products[0])

    @property
    def bytes(self) -> int:
        """That training in single precision has to hold: parameters, gradient and Adam's two moments, activations and errors, data."""
        workspace = self.batch * (2 * sum(self.sizes) + self.sizes[-1])
        return 4 * (4 * self.parameters + workspace + self.samples * (self.sizes[0] + self.sizes[-1]))

    def double(self) -> "Workload":
        return replace(self, precision="double")

    def describe(self, directory: Path) -> None:
        """Writes `workload.json`."""
        (directory / "workload.json").write_text(json.dumps(asdict(self)))


WORKLOADS = (
    Workload("nielsen30", (784, 30, 10), 10, "sigmoid", "sigmoid", "meanSquaredError", "sgd", 0.5, 60_000),
    Workload("nielsen100", (784, 100, 10), 10, "sigmoid", "sigmoid", "binaryCrossEntropy", "sgd", 0.1, 60_000),
    Workload("tab64", (8, 64, 64, 1), 32, "relu", "identity", "meanSquaredError", "adam", 0.001, 20_000),
    Workload("mnist512", (784, 512, 512, 10), 128, "relu", "softmax", "crossEntropy", "adam", 0.0001, 59_904),
    Workload("deep", (784, 2500, 2000, 1500, 1000, 500, 10), 256, "tanh", "softmax", "crossEntropy", "sgd", 0.01, 25_600),
    Workload("wide", (1024, 4096, 4096, 4096, 10), 512, "relu", "softmax", "crossEntropy", "adam", 0.0001, 10_240),
)


def write(workload: Workload, directory: Path, seed: int = 0) -> None:
    """Writes what a contestant reads: `workload.json` and raw little-endian arrays, row by row.

    Features are uniform in 0…1. A class is the largest output of a random linear teacher, but random for a fifth of the samples; a regression's
    target is smooth in the features, with noise. The noise keeps every loss away from zero, where a relative difference would mean little.
    """
    random = np.random.default_rng(seed)
    samples, inputs, outputs = workload.samples, workload.sizes[0], workload.sizes[-1]
    features = random.random((samples, inputs), dtype=np.float32)
    centred = features - np.float32(0.5)
    if workload.output == "identity":
        directions = random.standard_normal((inputs, outputs), dtype=np.float32)
        targets = np.sin(3 * centred @ directions) + 0.5 * random.standard_normal((samples, outputs), dtype=np.float32)
    else:
        classes = np.argmax(centred @ random.standard_normal((inputs, outputs), dtype=np.float32), axis=1)
        guessed = random.random(samples) < 0.2
        classes[guessed] = random.integers(outputs, size=guessed.sum())
        targets = np.eye(outputs, dtype=np.float32)[classes]
    order = random.permutation(samples)
    parameters = []
    for fan_in, fan_out in zip(workload.sizes, workload.sizes[1:]):
        limit = np.sqrt(6 / (fan_in + fan_out))  # Glorot and Bengio (2010)
        parameters.append((random.uniform(-limit, limit, (fan_in, fan_out)), np.zeros(fan_out)))
    write_arrays(workload, directory, features, targets, order, parameters)


def write_arrays(
    workload: Workload, directory: Path, features: np.ndarray, targets: np.ndarray, order: np.ndarray, parameters: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Writes the files of a workload; the parameters are weights, inputs × outputs, and bias of each layer."""
    arrays = {"features.f32": features, "targets.f32": targets, "order.i32": order}
    for layer, (weights, bias) in enumerate(parameters, start=1):
        arrays |= {f"weights{layer}.f32": weights, f"bias{layer}.f32": bias}
    directory.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        array.astype("<i4" if name.endswith("i32") else "<f4", copy=False).tofile(directory / name)
    workload.describe(directory)
