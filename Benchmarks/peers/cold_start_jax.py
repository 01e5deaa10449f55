"""Trains 784-512-512-10 for an epoch of MNIST in JAX and prints its accuracy on the test set: `cold_start_jax.py DIRECTORY`."""

import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

import mnist

SIZES, BATCH = (784, 512, 512, 10), 128


def logits(parameters, x):
    for weights, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weights + bias)
    return x @ parameters[-1][0] + parameters[-1][1]


def loss(parameters, x, y):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits(parameters, x)), y[:, None], axis=1))


@jax.jit
def epoch(parameters, images, labels, batches):
    """Adam (Kingma and Ba, 2015), one step for each row of `batches`."""

    def step(state, samples):
        count, parameters, mean, square = state
        gradient = jax.grad(loss)(parameters, images[samples], labels[samples])
        count = count + 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
        size, root = 0.001 / (1 - 0.9**count), jnp.sqrt(-jnp.expm1(count * math.log(0.999)))
        return (count, jax.tree.map(lambda p, m, v: p - size * m / (jnp.sqrt(v) / root + 1e-8), parameters, mean, square), mean, square), None

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return jax.lax.scan(step, (0, parameters, zeros, zeros), batches)[0][1]


@jax.jit
def accuracy(parameters, images, labels):
    return jnp.mean(jnp.argmax(logits(parameters, images), axis=1) == labels)


directory = Path(sys.argv[1])
random = np.random.default_rng(0)
parameters = [
    (random.standard_normal((inputs, outputs), np.float32) * np.float32(math.sqrt(2 / inputs)), np.zeros(outputs, np.float32))
    for inputs, outputs in zip(SIZES, SIZES[1:])
]
images, labels = mnist.read(directory, "train")
order = random.permutation(len(images))
batches = order[: len(order) // BATCH * BATCH].reshape(-1, BATCH).astype(np.int32)
parameters = epoch(parameters, images, labels.astype(np.int32), batches)
print(float(accuracy(parameters, *mnist.read(directory, "t10k"))))
