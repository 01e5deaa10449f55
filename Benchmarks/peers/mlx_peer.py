"""Back-propagation in MLX on the CPU: the whole step is one compiled function."""

from importlib.metadata import version

import mlx.core as mx

from contestant import Problem, blas, serve

ACTIVATIONS = {"sigmoid": mx.sigmoid, "relu": lambda x: mx.maximum(x, 0), "tanh": mx.tanh}


def loss_of(problem: Problem):
    """The mean loss of a batch as a function of parameters, features and targets."""
    activate = ACTIVATIONS[problem.activation]

    def loss(parameters: list[mx.array], x: mx.array, y: mx.array) -> mx.array:
        for weights, bias in zip(parameters[:-2:2], parameters[1:-2:2]):
            x = activate(mx.addmm(bias, x, weights))
        logits = mx.addmm(parameters[-1], x, parameters[-2])
        if problem.loss == "crossEntropy":
            return mx.mean(mx.logsumexp(logits, axis=1) - mx.sum(y * logits, axis=1))
        if problem.loss == "binaryCrossEntropy":
            return mx.mean(mx.sum(mx.logaddexp(logits, 0) - y * logits, axis=1))
        return mx.mean(mx.square((mx.sigmoid(logits) if problem.output == "sigmoid" else logits) - y))

    return loss


class MLXPeer:
    """The BLAS takes its number of threads from the environment; all else is one thread beside Python's."""

    def __init__(self, problem: Problem, threads: int):
        mx.set_default_device(mx.cpu)
        self.version = f"MLX {version('mlx')}"
        self.kernels = ", ".join(blas(besides_numpy=True))
        self.step = 0
        self.features, self.targets = mx.array(problem.features), mx.array(problem.targets)
        self.batches = [mx.array(samples) for samples in problem.batches]
        parameters = [mx.array(a) for w, b in zip(problem.weights, problem.biases) for a in (w, b)]
        moments = [[mx.zeros_like(p) for p in parameters] for _ in range(2)] if problem.optimizer == "adam" else []
        self.state = [parameters, *moments]
        gradient_of, rate = mx.value_and_grad(loss_of(problem)), problem.learning_rate

        def train(features, targets, samples, size, epsilon, parameters, *moments):
            loss, gradient = gradient_of(parameters, features[samples], targets[samples])
            if not moments:
                return loss, [[p - rate * g for p, g in zip(parameters, gradient)]]
            mean = [0.9 * m + 0.1 * g for m, g in zip(moments[0], gradient)]
            square = [0.999 * v + 0.001 * mx.square(g) for v, g in zip(moments[1], gradient)]
            parameters = [p - size * m / (mx.sqrt(v) + epsilon) for p, m, v in zip(parameters, mean, square)]
            return loss, [parameters, mean, square]

        self.rate = rate
        self.train = mx.compile(train)
        mx.eval(self.features, self.targets, self.batches, self.state)
        mx.eval(self.next(0))  # compiles

    def next(self, step: int) -> tuple[mx.array, list[list[mx.array]]]:
        """The loss and the state after a step."""
        root = (1 - 0.999 ** (step + 1)) ** 0.5
        size = self.rate * root / (1 - 0.9 ** (step + 1))
        samples = self.batches[step % len(self.batches)]
        return self.train(self.features, self.targets, samples, mx.array(size), mx.array(1e-8 * root), *self.state)

    def prepare(self, steps: int) -> None:
        pass

    def run(self, steps: int) -> float:
        for step in range(self.step, self.step + steps):
            loss, self.state = self.next(step)
            mx.async_eval(loss, self.state)
        mx.eval(loss, self.state)
        self.step += steps
        return loss.item()


if __name__ == "__main__":
    serve(MLXPeer)
