#!/usr/bin/env python3
"""Prints the ONNX files and answers in Tests/ModelFilesTests/ONNXFixtures.swift: PyTorch's, and one as tf2onnx writes them.

PyTorch 2.13, onnx 1.23, ONNX Runtime 1.32.
"""

import base64
import io

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

X = np.array([[0.5, -1, 2], [1.5, 0.25, -0.75]], np.float32)


def show(name, data):
    answers = onnxruntime.InferenceSession(data).run(None, {onnx.load_from_string(data).graph.input[0].name: X})[0]
    print(f"// {name}, {len(data)} bytes; {answers.tolist()}")
    print(base64.b64encode(data).decode())


def from_torch():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Linear(3, 3), nn.BatchNorm1d(3), nn.GELU(), nn.Dropout(0.5), nn.Linear(3, 4), nn.LayerNorm(4), nn.SiLU(),
        nn.Linear(4, 2), nn.Softmax(1)).eval()
    network[1].running_mean[:] = torch.tensor([0.1, -0.2, 0.3])
    network[1].running_var[:] = torch.tensor([0.5, 2.0, 1.5])
    data = io.BytesIO()
    torch.onnx.export(network, (torch.tensor(X),), data, dynamo=False, dynamic_axes={"x": {0: "n"}}, input_names=["x"])
    return data.getvalue()


def from_tf2onnx():
    random = np.random.default_rng(0)
    names = [f"sequential/{name}" for name in ("dense/MatMul", "dense/BiasAdd", "bn/mul", "bn/add", "out/MatMul", "out/BiasAdd")]
    shapes = [(3, 2), (2,), (2,), (2,), (2, 1), (1,)]
    weights = [
        numpy_helper.from_array(random.normal(size=shape).astype(np.float32), name + "/ReadVariableOp:0")
        for name, shape in zip(names, shapes)]
    nodes, value = [], "input_1"
    for name, weight, operation in zip(names, weights, ["MatMul", "Add", "Mul", "Add", "MatMul", "Add"]):
        nodes.append(helper.make_node(operation, [value, weight.name], [name + ":0"], name))
        value = name + ":0"
        if name.endswith("dense/BiasAdd"):
            nodes.append(helper.make_node("Relu", [value], ["relu:0"], "relu"))
            value = "relu:0"
    graph = helper.make_graph(
        nodes, "tf2onnx", [helper.make_tensor_value_info("input_1", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["n", 1])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


show("PyTorch", from_torch())
show("tf2onnx", from_tf2onnx())
