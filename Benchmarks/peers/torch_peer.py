"""Back-propagation in PyTorch: `torch_peer.py eager DIRECTORY THREADS`, or `compile` or `bf16` in place of `eager`."""

import re
import sys
from typing import Callable

import torch
from torch import Tensor
from torch.nn import functional

from contestant import Problem, blas, serve, settings

ACTIVATIONS = {"sigmoid": torch.sigmoid, "relu": torch.relu, "tanh": torch.tanh}


def kernels() -> str:
    libraries = re.findall(r"(Math Kernel Library|MKL-DNN) (?:Version )?v?([\d.]+)", torch.__config__.show())
    names = {"Math Kernel Library": "MKL", "MKL-DNN": "oneDNN"}
    parts = [f"ATen {torch.backends.cpu.get_cpu_capability()}", *(f"{names[name]} {version}" for name, version in libraries), *blas(besides_numpy=True)]
    return ", ".join(parts + settings("ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS", "ONEDNN_MAX_CPU_ISA", "TORCHINDUCTOR_CPP_MARCH"))


class Data:
    """The training data as tensors; targets of a classification are class numbers."""

    def __init__(self, problem: Problem):
        self.features = torch.from_numpy(problem.features)
        self.targets = torch.from_numpy(problem.classes if problem.loss == "crossEntropy" else problem.targets)
        self.batches = list(torch.from_numpy(problem.batches).long())


def initial_parameters(problem: Problem) -> list[Tensor]:
    """Weights (outputs × inputs, as PyTorch stores them) and bias of every layer in turn."""
    return [torch.tensor(a, requires_grad=True) for w, b in zip(problem.weights, problem.biases) for a in (w.T.copy(), b)]


def loss_of(problem: Problem) -> Callable[[list[Tensor], Tensor, Tensor], Tensor]:
    """The mean loss of a batch as a function of parameters, features and targets."""
    activate = ACTIVATIONS[problem.activation]
    kind, output, batch = problem.loss, problem.output, problem.batch  # a compiled function may not refer to NumPy arrays

    def loss(parameters: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        for weights, bias in zip(parameters[:-2:2], parameters[1:-2:2]):
            x = activate(functional.linear(x, weights, bias))
        logits = functional.linear(x, parameters[-2], parameters[-1])
        if kind == "crossEntropy":
            return functional.cross_entropy(logits, y)
        if kind == "binaryCrossEntropy":
            return functional.binary_cross_entropy_with_logits(logits, y, reduction="sum") / batch
        return functional.mse_loss(torch.sigmoid(logits) if output == "sigmoid" else logits, y)

    return loss


class EagerPeer:
    """Autograd and a fused optimizer."""

    def __init__(self, problem: Problem, threads: int):
        torch.set_num_threads(threads)
        self.version = f"PyTorch {torch.__version__}"
        self.kernels = kernels()
        self.data = Data(problem)
        self.step = 0
        self.parameters = initial_parameters(problem)
        self.loss = loss_of(problem)
        optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[problem.optimizer]
        self.optimizer = optimizer(self.parameters, lr=problem.learning_rate, fused=True)

    def prepare(self, steps: int) -> None:
        pass

    def run(self, steps: int) -> float:
        features, targets, batches = self.data.features, self.data.targets, self.data.batches
        for step in range(self.step, self.step + steps):
            samples = batches[step % len(batches)]
            loss = self.loss(self.parameters, features.index_select(0, samples), targets.index_select(0, samples))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        self.step += steps
        return loss.item()


class BFloat16Peer(EagerPeer):
    """Forward, loss and back-propagated products in bfloat16, as autocast decides; parameters and optimizer stay in single precision."""

    def __init__(self, problem: Problem, threads: int):
        super().__init__(problem, threads)
        self.version = f"PyTorch bf16 {torch.__version__}"
        self.loss = torch.autocast("cpu", dtype=torch.bfloat16)(self.loss)


class CompiledPeer:
    """One compiled function for the whole step, gathering and update included."""

    def __init__(self, problem: Problem, threads: int):
        torch.set_num_threads(threads)
        self.version = f"torch.compile {torch.__version__}"
        self.kernels = kernels()
        self.data = Data(problem)
        self.step = 0
        parameters = [p.detach() for p in initial_parameters(problem)]
        moments = [[torch.zeros_like(p) for p in parameters] for _ in range(2)] if problem.optimizer == "adam" else []
        self.state = [parameters, *moments]
        gradient_of, rate = torch.func.grad_and_value(loss_of(problem)), problem.learning_rate

        def train(features: Tensor, targets: Tensor, samples: Tensor, count: Tensor, parameters: list[Tensor], *moments: list[Tensor]) -> Tensor:
            gradients, loss = gradient_of(parameters, features[samples], targets[samples])
            if not moments:
                for p, g in zip(parameters, gradients):
                    p.sub_(rate * g)
                return loss
            size, root = rate / (1 - 0.9**count), torch.sqrt(1 - 0.999**count)
            for p, g, m, v in zip(parameters, gradients, *moments):
                m.lerp_(g, 0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                p.sub_(size * m / (v.sqrt() / root + 1e-8))
            return loss

        self.train = torch.compile(train, fullgraph=True, dynamic=False)
        scratch = [[t.clone() for t in tensors] for tensors in self.state]
        for _ in range(2):  # compiles, then loads what was compiled
            self.train(self.data.features, self.data.targets, self.data.batches[0], self.count(1), *scratch)

    @staticmethod
    def count(updates: int) -> Tensor:
        """A tensor, since a new number would be compiled again; double, since 1 − 0.999 has only four digits in single precision."""
        return torch.tensor(float(updates), dtype=torch.float64)

    def prepare(self, steps: int) -> None:
        """Not timed: only Adam needs the numbers, and they are the same for everyone."""
        self.counts = [self.count(update) for update in range(self.step + 1, self.step + steps + 1)] if len(self.state) > 1 else [self.count(0)] * steps

    def run(self, steps: int) -> float:
        data, batches = self.data, self.data.batches
        for step, count in enumerate(self.counts, self.step):
            loss = self.train(data.features, data.targets, batches[step % len(batches)], count, *self.state)
        self.step += steps
        return loss.item()


if __name__ == "__main__":
    serve({"eager": EagerPeer, "compile": CompiledPeer, "bf16": BFloat16Peer}[sys.argv[1]])
