"""Predictions by ONNX Runtime: `onnx_peer.py plain DIRECTORY THREADS` gives and takes arrays, `bound` in place of `plain` uses memory that was bound before."""

import sys

import numpy as np
import onnxruntime

from contestant import Problem, serve
from onnx_graph import graph
from predicting import PredictingPeer

VERSION = f"ONNX Runtime {onnxruntime.__version__}"
KERNELS = "MLAS, which takes what the processor has and does not name it"


def session(problem: Problem, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(graph(problem, problem.batch).SerializeToString(), options, providers=["CPUExecutionProvider"])


def plain(problem: Problem, threads: int) -> PredictingPeer:
    runtime = session(problem, threads)
    names = ["y"]
    return PredictingPeer(
        problem, VERSION, KERNELS, lambda batch: runtime.run(names, batch), lambda batch: {"x": batch}, lambda answers: answers[0]
    )


def bound(problem: Problem, threads: int) -> PredictingPeer:
    runtime = session(problem, threads)
    binding = runtime.io_binding()
    outputs = np.empty((problem.batch, problem.sizes[-1]), np.float32)
    binding.bind_output("y", "cpu", 0, np.float32, outputs.shape, outputs.ctypes.data)

    def predict(batch: onnxruntime.OrtValue) -> np.ndarray:
        binding.bind_ortvalue_input("x", batch)
        runtime.run_with_iobinding(binding)
        return outputs

    return PredictingPeer(problem, VERSION, KERNELS, predict, onnxruntime.OrtValue.ortvalue_from_numpy, lambda answers: answers)


if __name__ == "__main__":
    serve({"plain": plain, "bound": bound}[sys.argv[1]])
