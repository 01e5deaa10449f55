"""A contestant's side of the protocol: reads a workload and takes the training steps that standard input asks for.

    COMMAND DIRECTORY THREADS

prints {"version": …, "kernels": …} when it is ready to train; then every line with a number N on standard input makes it take N steps and print their wall time,
the mean loss of the last step's batch before its update, and the highest resident memory so far.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Protocol

import numpy as np
from threadpoolctl import threadpool_info


@dataclass(frozen=True)
class Problem:
    """A workload in the precision it asks for."""

    name: str
    sizes: list[int]  # inputs, hidden layers, outputs
    activation: str  # of the hidden layers: sigmoid, relu or tanh
    output: str  # activation of the outputs: sigmoid, identity or softmax
    loss: str  # meanSquaredError, binaryCrossEntropy (summed over outputs) or crossEntropy
    optimizer: str  # sgd or adam
    learning_rate: float
    features: np.ndarray  # samples × inputs
    targets: np.ndarray  # samples × outputs
    batches: np.ndarray  # batches × batch: the samples of every step, from the first again after the last
    weights: list[np.ndarray]  # inputs × outputs, for each layer
    biases: list[np.ndarray]  # outputs, for each layer
    bins: int  # of each input; 0 if inputs are not encoded

    @property
    def batch(self) -> int:
        return self.batches.shape[1]

    @property
    def classes(self) -> np.ndarray:
        """The class of each sample, where targets are one-hot."""
        return self.targets.argmax(axis=1)

    @staticmethod
    def load(directory: Path) -> "Problem":
        description = json.loads((directory / "workload.json").read_text())
        sizes = description["sizes"]
        scalar = {"float": np.float32, "double": np.float64}[description["precision"]]

        encoded = [sizes[0] * max(description["bins"], 1), *sizes[1:]]

        def read(name: str, *shape: int) -> np.ndarray:
            return np.fromfile(directory / f"{name}.f32", dtype="<f4").astype(scalar, copy=False).reshape(shape)

        return Problem(
            name=description["name"],
            sizes=sizes,
            activation=description["activation"],
            output=description["output"],
            loss=description["loss"],
            optimizer=description["optimizer"],
            learning_rate=description["learningRate"],
            features=read("features", -1, sizes[0]),
            targets=read("targets", -1, sizes[-1]),
            batches=np.fromfile(directory / "order.i32", dtype="<i4").reshape(-1, description["batch"]),
            weights=[read(f"weights{layer}", *shape) for layer, shape in enumerate(zip(encoded, sizes[1:]), start=1)],
            biases=[read(f"bias{layer}", size) for layer, size in enumerate(sizes[1:], start=1)],
            bins=description["bins"],
        )


class Peer(Protocol):
    version: str
    kernels: str  # the libraries that compute, and which of their kernels

    def prepare(self, steps: int) -> None:
        """Does what `steps` steps need once, such as compiling; not timed."""

    def run(self, steps: int) -> float:
        """Takes the next steps, to the last update, and returns the last one's loss."""


def serve(peer: Callable[[Problem, int], Peer]) -> None:
    """Plays the contestant that `peer` makes of a problem and a number of threads."""
    problem = Problem.load(Path(sys.argv[-2]))
    contestant = peer(problem, int(sys.argv[-1]))
    print(json.dumps({"version": contestant.version, "kernels": contestant.kernels}), flush=True)
    for line in sys.stdin:
        steps = int(line)
        contestant.prepare(steps)
        start = time.perf_counter()
        loss = contestant.run(steps)
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "loss": loss, "peakBytes": peak_bytes()}), flush=True)


def blas(besides_numpy: bool = False) -> list[str]:
    """The BLAS libraries in this process, each with the kernels that it chose. NumPy's is in every process, also where the peer does not compute with it."""
    names = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}
    found = [library for library in threadpool_info() if library["user_api"] == "blas" and not (besides_numpy and "numpy.libs" in library["filepath"])]
    return sorted({f"{names.get(b['internal_api'], b['internal_api'])} {b['version']} {b.get('architecture', '')}".strip() for b in found})


def settings(*names: str) -> list[str]:
    """Those of the environment variables that are set."""
    return [f"{name}={os.environ[name]}" for name in names if os.environ.get(name)]


def peak_bytes() -> int:
    """The highest resident memory of this process so far."""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
