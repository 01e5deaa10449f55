"""MNIST's four files, and made-up ones of the same shape and format."""

import gzip
from pathlib import Path

import numpy as np

PARTS = {"train": 60_000, "t10k": 10_000}  # samples of 28×28 bytes


def read(directory: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Images, samples × 784 in 0…1 in single precision, and their classes."""
    images = gzip.decompress((directory / f"{part}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((directory / f"{part}-labels-idx1-ubyte.gz").read_bytes())
    pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784)
    return np.multiply(pixels, np.float32(1 / 255)), np.frombuffer(labels, np.uint8, offset=8)


def write_synthetic(directory: Path, seed: int = 0) -> None:
    """Ten shapes, each drawn with a random brightness and a quarter of its pixels missing, among a few stray pixels."""
    random = np.random.default_rng(seed)
    shapes = random.random((10, 784)) < 0.2
    for part, count in PARTS.items():
        labels = random.integers(10, size=count, dtype=np.uint8)
        drawn = random.random((count, 784), dtype=np.float32)
        brightness = random.integers(64, 256, size=(count, 1), dtype=np.uint8)
        images = np.where(np.where(shapes[labels], drawn < 0.75, drawn < 0.05), brightness, np.uint8(0))
        labels = np.where(random.random(count) < 0.03, random.integers(10, size=count), labels).astype(np.uint8)  # mistakes
        for name, kind, array in (("images", 3, images.reshape(-1, 28, 28)), ("labels", 1, labels)):
            header = np.array([0x0800 + kind, *array.shape], dtype=">i4").tobytes()
            (directory / f"{part}-{name}-idx{kind}-ubyte.gz").write_bytes(gzip.compress(header + array.tobytes(), 1))
