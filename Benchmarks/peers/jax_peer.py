"""Back-propagation in JAX: the steps of a request are one compiled scan that owns the parameters."""

import math

import jax
import jax.numpy as jnp
import jaxlib

from contestant import Problem, serve, settings

ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "tanh": jnp.tanh}
Parameters = list[tuple[jax.Array, jax.Array]]  # weights (inputs × outputs) and bias of each layer


def loss_of(problem: Problem):
    """The mean loss of a batch as a function of parameters, features and targets."""
    activate = ACTIVATIONS[problem.activation]

    def loss(parameters: Parameters, x: jax.Array, y: jax.Array) -> jax.Array:
        *hidden, (weights, bias) = parameters
        for w, b in hidden:
            x = activate(x @ w + b)
        logits = x @ weights + bias
        if problem.loss == "crossEntropy":
            return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(logits), axis=1))
        if problem.loss == "binaryCrossEntropy":
            return jnp.mean(jnp.sum(jax.nn.softplus(logits) - y * logits, axis=1))
        return jnp.mean(((jax.nn.sigmoid(logits) if problem.output == "sigmoid" else logits) - y) ** 2)

    return loss


class JAXPeer:
    """XLA starts as many threads as there are processors that the process may use; it has no other setting."""

    def __init__(self, problem: Problem, threads: int):
        jax.config.update("jax_enable_x64", problem.features.dtype == "float64")
        self.version = f"JAX {jax.__version__}"
        self.kernels = ", ".join([f"XLA of jaxlib {jaxlib.__version__}", *settings("XLA_FLAGS", "ONEDNN_MAX_CPU_ISA")])
        self.data = jnp.asarray(problem.features), jnp.asarray(problem.targets), jnp.asarray(problem.batches)
        parameters = [(jnp.asarray(w), jnp.asarray(b)) for w, b in zip(problem.weights, problem.biases)]
        moments = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)] if problem.optimizer == "adam" else []
        self.state = (jnp.int32(0), parameters, *moments)
        self.compiled = {}
        gradient_of, rate = jax.value_and_grad(loss_of(problem)), problem.learning_rate

        def step(data, state):
            features, targets, batches = data
            count, parameters, *moments = state
            samples = batches[count % len(batches)]
            take = lambda matrix: matrix.at[samples].get(mode="promise_in_bounds")  # no handling of indices that are out of range
            loss, gradient = gradient_of(parameters, take(features), take(targets))
            count = count + 1
            if not moments:
                return (count, jax.tree.map(lambda p, g: p - rate * g, parameters, gradient)), loss
            mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradient)
            square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], gradient)
            size, root = rate / (1 - 0.9**count), jnp.sqrt(-jnp.expm1(count * math.log(0.999)))  # 1 − 0.999 would have four digits
            parameters = jax.tree.map(lambda p, m, v: p - size * m / (jnp.sqrt(v) / root + 1e-8), parameters, mean, square)
            return (count, parameters, mean, square), loss

        self.step = step

    def prepare(self, steps: int) -> None:
        if steps not in self.compiled:

            def train(data, state):
                state, losses = jax.lax.scan(lambda state, _: self.step(data, state), state, length=steps)
                return state, losses[-1]

            self.compiled[steps] = jax.jit(train, donate_argnums=1).lower(self.data, self.state).compile()

    def run(self, steps: int) -> float:
        self.state, loss = self.compiled[steps](self.data, self.state)
        jax.block_until_ready(self.state)
        return float(loss)


if __name__ == "__main__":
    serve(JAXPeer)
