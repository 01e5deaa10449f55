"""The networks that the contest of predictions serves, and the files that hand one to a contestant."""

from pathlib import Path

import numpy as np

from workloads import Workload, write_arrays

NETWORKS = ((8, 64, 64, 1), (784, 30, 10), (784, 512, 512, 10), (784, 2500, 2000, 1500, 1000, 500, 10))
BATCHES = (1, 64, 1024)
BINNED = (8, 64, 64, 1)  # the network whose inputs are encoded in bins
BINS = 48
LAST_EDGE = 2.5  # bins are evenly spaced, from -LAST_EDGE on
ZEROS = 0.8  # of the numbers of samples that resemble images


def served(sizes: tuple[int, ...], batch: int, bins: int = 0) -> Workload:
    """Nobody trains it: the optimizer is there for the format's sake."""
    output, loss = ("identity", "meanSquaredError") if sizes[-1] == 1 else ("softmax", "crossEntropy")
    name = f"{'-'.join(map(str, sizes))}{f', {bins} bins' if bins else ''}, {'one sample' if batch == 1 else f'batch {batch}'}"
    return Workload(name, sizes, batch, "relu", output, loss, "sgd", 0.0, samples=max(1024, 2 * batch), bins=bins)


def pieces(features: np.ndarray, bins: int) -> np.ndarray:
    """The pieces of all features, samples × features × bins."""
    edges = np.linspace(-LAST_EDGE, LAST_EDGE, bins + 1)
    values = (features[:, :, None] - edges[:-1]) / np.diff(edges)
    values[:, :, 1:] = np.maximum(values[:, :, 1:], 0)
    values[:, :, :-1] = np.minimum(values[:, :, :-1], 1)
    return values


def in_package_order(values: np.ndarray) -> np.ndarray:
    """… × features × bins as … × (features · bins): the first pieces of all features, and then the other pieces, feature by feature."""
    return np.concatenate([values[..., 0], values[..., 1:].reshape(*values.shape[:-2], -1)], axis=-1)


def write_served(workload: Workload, like_images: bool, directory: Path, seed: int = 0) -> None:
    """Writes what a contestant reads; the targets are the outputs, computed in double precision.

    Features are normal; like images, most are 0 and the others uniform in 0…1.
    """
    random = np.random.default_rng(seed)
    shape = (workload.samples, workload.sizes[0])
    if like_images:
        features = np.where(random.random(shape) < ZEROS, 0, random.random(shape)).astype(np.float32)
    else:
        features = random.standard_normal(shape, dtype=np.float32)
    parameters = []
    outputs = features.astype(np.float64)
    if workload.bins:
        outputs = in_package_order(pieces(outputs, workload.bins))
    for layer, (fan_in, fan_out) in enumerate(zip((outputs.shape[1], *workload.sizes[1:]), workload.sizes[1:]), start=1):
        limit = np.sqrt(6 / fan_in)  # He et al. (2015)
        weights = random.uniform(-limit, limit, (fan_in, fan_out)).astype(np.float32)
        bias = random.uniform(-0.1, 0.1, fan_out).astype(np.float32)
        parameters.append((weights, bias))
        outputs = outputs @ weights + bias
        if layer < len(workload.sizes) - 1:
            outputs = np.maximum(outputs, 0)
    if workload.output == "softmax":
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        outputs = powers / powers.sum(axis=1, keepdims=True)
    write_arrays(workload, directory, features, outputs.astype(np.float32), np.arange(workload.samples), parameters)
