"""A workload's network as an ONNX graph from `x` to `y`."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from contestant import Problem
from served import LAST_EDGE, in_package_order

OPERATORS = {"relu": "Relu", "softmax": "Softmax"}


def graph(problem: Problem, batch: int) -> onnx.ModelProto:
    """Weights are outputs × inputs, as the exporter of PyTorch writes them; the batch is fixed, which leaves the runtime the most to plan."""
    nodes, constants, name = [], [], "x"
    if problem.bins:
        nodes, constants, name = encoding(problem, batch)
    for layer, (weights, bias) in enumerate(zip(problem.weights, problem.biases), start=1):
        last = layer == len(problem.weights)
        if layer == 1 and problem.bins:
            weights = weights[in_package_order(np.arange(len(weights)).reshape(-1, problem.bins)).argsort()]
        constants += [numpy_helper.from_array(weights.T.copy(), f"weights{layer}"), numpy_helper.from_array(bias, f"bias{layer}")]
        activation = OPERATORS.get(problem.output if last else problem.activation)  # none for the identity
        sum_name = "y" if last and not activation else f"z{layer}"
        nodes.append(helper.make_node("Gemm", [name, f"weights{layer}", f"bias{layer}"], [sum_name], transB=1))
        name = sum_name
        if activation:
            name = "y" if last else f"a{layer}"
            nodes.append(helper.make_node(activation, [sum_name], [name]))
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, [batch, size]) for end, size in (("x", problem.sizes[0]), ("y", problem.sizes[-1]))]
    model = helper.make_model(helper.make_graph(nodes, problem.name, ends[:1], ends[1:], constants), opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def encoding(problem: Problem, batch: int) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto], str]:
    """The pieces of all inputs, batch × (inputs · bins)."""
    bins, edges = problem.bins, np.linspace(-LAST_EDGE, LAST_EDGE, problem.bins + 1)
    limits = np.full((2, bins), [[0], [1]], np.float32)
    limits[0, 0], limits[1, -1] = np.finfo(np.float32).min, np.finfo(np.float32).max
    constants = {"axis": np.array([2]), "lower": edges[:-1].astype(np.float32), "factor": (1 / np.diff(edges)).astype(np.float32)}
    constants |= {"least": limits[0], "most": limits[1], "shape": np.array([batch, problem.sizes[0] * bins])}
    steps = [("Unsqueeze", "axis"), ("Sub", "lower"), ("Mul", "factor"), ("Max", "least"), ("Min", "most"), ("Reshape", "shape")]
    names = ["x", *(f"piece{step}" for step in range(len(steps)))]
    nodes = [helper.make_node(operator, [source, constant], [result]) for (operator, constant), source, result in zip(steps, names, names[1:])]
    return nodes, [numpy_helper.from_array(array, name) for name, array in constants.items()], names[-1]


def write_graph(directory: Path, path: Path) -> None:
    """Writes the graph of the workload in the directory for single samples."""
    onnx.save(graph(Problem.load(directory), batch=1), path)
