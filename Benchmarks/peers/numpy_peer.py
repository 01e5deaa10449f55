"""Back-propagation in NumPy: buffers allocated once, every operation in place, parameters in one vector."""

import math

import numpy as np
from threadpoolctl import threadpool_limits

from contestant import Problem, blas, serve, settings


class NumPyPeer:
    """A batch is samples × features, as the data is."""

    def __init__(self, problem: Problem, threads: int):
        threadpool_limits(threads)
        self.version = f"NumPy {np.__version__}"
        self.kernels = ", ".join(blas() + settings("NPY_DISABLE_CPU_FEATURES"))
        self.problem = problem
        self.step = 0
        self.batches = list(problem.batches.astype(np.intp))
        self.activations = [np.empty((problem.batch, size), problem.features.dtype) for size in problem.sizes]
        self.errors = [np.empty_like(a) for a in self.activations[1:]]
        self.targets = np.empty_like(self.activations[-1])
        self.column = np.empty((problem.batch, 1), problem.features.dtype)
        self.parameters = np.concatenate([a.ravel() for layer in zip(problem.weights, problem.biases) for a in layer])
        self.gradient = np.empty_like(self.parameters)
        self.weights, self.biases = self.layers(self.parameters)
        self.weight_gradients, self.bias_gradients = self.layers(self.gradient)
        self.update = {"sgd": self.descend, "adam": self.adapt}[problem.optimizer]
        if problem.optimizer == "adam":
            vectors = self.parameters, self.gradient, np.zeros_like(self.parameters), np.zeros_like(self.parameters)
            size = 1 << 14  # parts of all four vectors stay in the cache between an update's operations
            self.parts = [tuple(v[start : start + size] for v in vectors) for start in range(0, self.parameters.size, size)]

    def layers(self, vector: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Views of each layer's weights and bias in a vector of all parameters."""
        weights, biases, end = [], [], 0
        for inputs, outputs in zip(self.problem.sizes, self.problem.sizes[1:]):
            start, end = end, end + inputs * outputs
            weights.append(vector[start:end].reshape(inputs, outputs))
            start, end = end, end + outputs
            biases.append(vector[start:end])
        return weights, biases

    def prepare(self, steps: int) -> None:
        pass

    def run(self, steps: int) -> float:
        for remaining in reversed(range(steps)):
            self.forward()
            loss = self.loss() if remaining == 0 else 0.0
            self.backward()
            self.step += 1
            self.update()
        return loss

    def forward(self) -> None:
        samples = self.batches[self.step % len(self.batches)]
        self.problem.features.take(samples, axis=0, out=self.activations[0], mode="clip")  # other modes go through a copy
        self.problem.targets.take(samples, axis=0, out=self.targets, mode="clip")
        hidden = [self.problem.activation] * (len(self.weights) - 1)
        for x, y, weights, bias, g in zip(self.activations, self.activations[1:], self.weights, self.biases, hidden + [self.problem.output]):
            np.dot(x, weights, out=y)
            y += bias
            if g == "relu":
                np.maximum(y, 0, out=y)
            elif g == "tanh":
                np.tanh(y, out=y)
            elif g == "sigmoid":
                np.negative(y, out=y)
                np.exp(y, out=y)
                y += 1
                np.reciprocal(y, out=y)
            elif g == "softmax":
                y -= np.max(y, axis=1, keepdims=True, out=self.column)
                np.exp(y, out=y)
                y /= np.sum(y, axis=1, keepdims=True, out=self.column)

    def loss(self) -> float:
        outputs, targets = self.activations[-1], self.targets
        if self.problem.loss == "meanSquaredError":
            return float(np.mean((outputs - targets) ** 2))
        losses = targets * np.log(outputs)
        if self.problem.loss == "binaryCrossEntropy":
            losses += (1 - targets) * np.log1p(-outputs)
        return -float(losses.sum()) / len(outputs)

    def backward(self) -> None:
        outputs, error = self.activations[-1], self.errors[-1]
        np.subtract(outputs, self.targets, out=error)
        if self.problem.loss == "meanSquaredError":
            error *= 2 / error.size
            self.multiply_by_derivative(error, outputs, self.problem.output)
        else:
            error *= 1 / len(error)
        for layer in reversed(range(len(self.weights))):
            error, inputs = self.errors[layer], self.activations[layer]
            np.dot(inputs.T, error, out=self.weight_gradients[layer])
            np.add.reduce(error, axis=0, out=self.bias_gradients[layer])
            if layer > 0:
                np.dot(error, self.weights[layer].T, out=self.errors[layer - 1])
                self.multiply_by_derivative(self.errors[layer - 1], inputs, self.problem.activation)

    def multiply_by_derivative(self, error: np.ndarray, activation: np.ndarray, g: str) -> None:
        """Multiplies by g′, which is a function of the activation; overwrites a hidden layer's activation where that saves a buffer."""
        if g == "relu":
            error *= activation > 0
        elif g == "tanh":
            error -= error * activation * activation
        elif g == "sigmoid":
            error *= activation
            error -= error * activation
        # the identity's derivative is 1

    def descend(self) -> None:
        self.gradient *= self.problem.learning_rate
        self.parameters -= self.gradient

    def adapt(self) -> None:
        """Adam (Kingma and Ba, 2015). The moments are kept without their factors 1 − β, which go into the step size and ε."""
        first, second = 0.9, 0.999
        root = math.sqrt((1 - second) / (1 - second**self.step))
        rate = self.problem.learning_rate * (1 - first) / (1 - first**self.step) / root
        epsilon = 1e-8 / root
        for parameters, gradient, mean, square in self.parts:
            mean *= first
            mean += gradient
            gradient *= gradient
            square *= second
            square += gradient
            np.sqrt(square, out=gradient)
            gradient += epsilon
            np.divide(mean, gradient, out=gradient)
            gradient *= rate
            parameters -= gradient


if __name__ == "__main__":
    serve(NumPyPeer)
