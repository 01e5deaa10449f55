"""Back-propagation in scikit-learn: the steps of a request are one `partial_fit`, whose rows are in order before the clock starts."""

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

from contestant import Problem, blas, serve, settings


class Observed:
    """Starts a multi-layer perceptron from a problem's parameters and keeps the last batch's loss."""

    problem: Problem
    batch_loss: float

    def _initialize(self, *arguments) -> None:
        super()._initialize(*arguments)
        self.coefs_ = [w.copy() for w in self.problem.weights]
        self.intercepts_ = [b.copy() for b in self.problem.biases]

    def _backprop(self, *arguments):
        result = super()._backprop(*arguments)
        self.batch_loss = result[0]
        return result


class ObservedClassifier(Observed, MLPClassifier):
    pass


class ObservedRegressor(Observed, MLPRegressor):
    pass


class ScikitLearnPeer:
    def __init__(self, problem: Problem, threads: int):
        threadpool_limits(threads)
        sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
        self.version = f"scikit-learn {sklearn.__version__}"
        self.kernels = ", ".join(blas() + settings("NPY_DISABLE_CPU_FEATURES"))
        self.problem = problem
        self.step = 0
        kind = ObservedRegressor if problem.output == "identity" else ObservedClassifier
        self.model = kind(
            hidden_layer_sizes=problem.sizes[1:-1],
            activation="logistic" if problem.activation == "sigmoid" else problem.activation,
            solver=problem.optimizer,
            alpha=0,
            batch_size=problem.batch,
            learning_rate_init=problem.learning_rate,
            momentum=0,
            nesterovs_momentum=False,
            shuffle=False,
        )
        self.model.problem = problem
        if problem.output == "softmax":
            self.targets = problem.classes
        elif problem.output == "sigmoid":
            self.targets = problem.targets.astype(int)
        else:
            self.targets = problem.targets.ravel()
        self.classes = {} if problem.output == "identity" else {"classes": np.arange(problem.sizes[-1])}

    def prepare(self, steps: int) -> None:
        batches = np.arange(self.step, self.step + steps) % len(self.problem.batches)
        samples = self.problem.batches[batches].ravel()
        self.segment = self.problem.features[samples], self.targets[samples]

    def run(self, steps: int) -> float:
        self.model.partial_fit(*self.segment, **self.classes)
        self.step += steps
        return float(self.model.batch_loss) * (2 if self.problem.loss == "meanSquaredError" else 1)  # its squared error is halved


if __name__ == "__main__":
    serve(ScikitLearnPeer)
