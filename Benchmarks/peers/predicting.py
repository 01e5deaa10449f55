"""What the contestants that predict have in common."""

from itertools import cycle, islice
from typing import Any, Callable

import numpy as np

from contestant import Problem


class PredictingPeer:
    """Predicts batch after batch of the workload's samples, from the first again after the last; the figure that stands for the loss is the greatest difference
    from the expected outputs that was seen: of every sample before the clock first starts, and of each run's last batch."""

    def __init__(
        self, problem: Problem, version: str, kernels: str, predict: Callable[[Any], Any], inputs: Callable[[np.ndarray], Any], outputs: Callable[[Any], np.ndarray]
    ):
        """`predict` is timed, on what `inputs` makes of each batch; `outputs` makes an array of what it returns."""
        self.version, self.kernels = version, kernels
        self.predict, self.outputs = predict, outputs
        self.batches = cycle([inputs(problem.features[batch]) for batch in problem.batches])
        self.expected = [problem.targets[batch] for batch in problem.batches]
        self.count = 0
        self.difference = 0.0
        for _ in self.expected:
            self.run(1)

    def prepare(self, steps: int) -> None:
        pass

    def run(self, steps: int) -> float:
        predict = self.predict
        for batch in islice(self.batches, steps):
            answers = predict(batch)
        self.count += steps
        expected = self.expected[(self.count - 1) % len(self.expected)]
        self.difference = float(np.maximum(self.difference, np.abs(self.outputs(answers) - expected).max()))
        return self.difference
