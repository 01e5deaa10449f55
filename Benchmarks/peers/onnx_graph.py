"""A workload's network as an ONNX graph from `x` to `y`."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper, numpy_helper

from contestant import Problem

OPERATORS = {"relu": "Relu", "softmax": "Softmax"}


def graph(problem: Problem, batch: int) -> onnx.ModelProto:
    """Weights are outputs × inputs, as the exporter of PyTorch writes them; the batch is fixed, which leaves the runtime the most to plan."""
    nodes, constants, name = [], [], "x"
    for layer, (weights, bias) in enumerate(zip(problem.weights, problem.biases), start=1):
        last = layer == len(problem.weights)
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


def write_graph(directory: Path, path: Path) -> None:
    """Writes the graph of the workload in the directory for single samples."""
    onnx.save(graph(Problem.load(directory), batch=1), path)
