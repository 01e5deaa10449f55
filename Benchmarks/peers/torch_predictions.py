"""Predictions by PyTorch in `inference_mode`: `torch_predictions.py eager DIRECTORY THREADS`, or `script` in place of `eager`."""

import sys
import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional

from contestant import Problem, serve
from predicting import PredictingPeer
from torch_peer import kernels

OUTPUTS = {"identity": nn.Identity, "softmax": lambda: nn.Softmax(dim=1)}


def eager(problem: Problem, threads: int) -> PredictingPeer:
    """Functions in a row, which take less of Python than modules."""
    torch.set_num_threads(threads)
    layers = [(torch.tensor(w.T.copy()), torch.tensor(b)) for w, b in zip(problem.weights, problem.biases)]
    hidden, (weights, bias) = layers[:-1], layers[-1]
    is_softmax = problem.output == "softmax"

    def predict(x: Tensor) -> Tensor:
        for w, b in hidden:
            x = functional.linear(x, w, b).relu_()
        z = functional.linear(x, weights, bias)
        return torch.softmax(z, 1) if is_softmax else z

    return peer(problem, f"PyTorch {torch.__version__}", predict)


def script(problem: Problem, threads: int) -> PredictingPeer:
    """A scripted and frozen module."""
    torch.set_num_threads(threads)
    modules: list[nn.Module] = []
    for w, b in zip(problem.weights, problem.biases):
        linear = nn.Linear(*w.shape)
        linear.weight.data, linear.bias.data = torch.tensor(w.T.copy()), torch.tensor(b)
        modules += [linear, nn.ReLU()]
    modules[-1] = OUTPUTS[problem.output]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scripts are no longer developed
        module = torch.jit.freeze(torch.jit.script(nn.Sequential(*modules).eval()))
    return peer(problem, f"TorchScript {torch.__version__}", module)


def peer(problem: Problem, version: str, predict) -> PredictingPeer:
    return PredictingPeer(problem, version, kernels(), predict, torch.from_numpy, Tensor.numpy)


if __name__ == "__main__":
    with torch.inference_mode():
        serve({"eager": eager, "script": script}[sys.argv[1]])
