"""The peers, each with the defaults of its library, and the process that trains one.

`peer.py METHOD DIRECTORY SEED THREADS` trains a peer on the CSV files of a directory, `train.csv` and, if there is one, `validation.csv`. It writes
its model to the directory, predicts `test.csv` into `predictions.csv`, and prints one line of JSON. `columns.json` says which columns are categories.
"""

import json
import pickle
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Callable

import numpy as np
import pandas as pd

TARGET = "y"
TREES, PATIENCE = 2000, 100  # the most trees, and after how many without a better validation score to stop, if there is a validation part
REPETITIONS, SECONDS = 20, 2.0  # a prediction is timed at most as often and about as long


@dataclass(frozen=True)
class Problem:
    """What a peer is given: features and targets (numbers of the classes for a classification), and how to compute.

    Categories are pandas categoricals whose values are those of the training part; a value that it lacks is missing.
    """

    features: pd.DataFrame
    targets: np.ndarray
    validation: tuple[pd.DataFrame, np.ndarray] | None
    is_regression: bool
    seed: int
    threads: int

    @property
    def categories(self) -> list[str]:
        return list(self.features.select_dtypes("category"))

    @property
    def numbers(self) -> list[str]:
        return list(self.features.select_dtypes("number"))


def fit_scikit_learn(problem: Problem):
    """Numbers and a regression's targets standardised, because the defaults are made for that. It cannot use validation rows, so it trains on them, too."""
    from sklearn.compose import TransformedTargetRegressor, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    features, targets = problem.features, problem.targets
    if problem.validation:
        features, targets = pd.concat([features, problem.validation[0]]), np.concatenate([targets, problem.validation[1]])
    preparation = make_column_transformer(
        (make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), problem.numbers),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2), problem.categories),
    )
    if problem.is_regression:
        network = TransformedTargetRegressor(MLPRegressor(random_state=problem.seed), transformer=StandardScaler())
    else:
        network = MLPClassifier(random_state=problem.seed)
    return make_pipeline(preparation, network).fit(features, targets)


def fit_xgboost(problem: Problem):
    from xgboost import XGBClassifier, XGBRegressor

    settings = {"n_estimators": TREES, "early_stopping_rounds": PATIENCE} if problem.validation else {}
    kind = XGBRegressor if problem.is_regression else XGBClassifier
    model = kind(random_state=problem.seed, n_jobs=problem.threads, enable_categorical=True, **settings)
    return model.fit(problem.features, problem.targets, eval_set=[problem.validation] if problem.validation else None, verbose=False)


def fit_lightgbm(problem: Problem):
    from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping

    settings = {"n_estimators": TREES} if problem.validation else {}
    kind = LGBMRegressor if problem.is_regression else LGBMClassifier
    model = kind(random_state=problem.seed, n_jobs=problem.threads, verbose=-1, **settings)
    if not problem.validation:
        return model.fit(problem.features, problem.targets)
    return model.fit(problem.features, problem.targets, eval_set=[problem.validation], callbacks=[early_stopping(PATIENCE, verbose=False)])


class CatBoost:
    """CatBoost takes categories as strings, and a missing one as a string of its own."""

    def __init__(self, problem: Problem):
        from catboost import CatBoostClassifier, CatBoostRegressor

        kind = CatBoostRegressor if problem.is_regression else CatBoostClassifier
        self.categories = problem.categories
        self.model = kind(random_seed=problem.seed, thread_count=problem.threads, verbose=False, allow_writing_files=False)
        settings = {}
        if problem.validation:
            settings = {"eval_set": (self.as_strings(problem.validation[0]), problem.validation[1]), "early_stopping_rounds": PATIENCE}
        self.model.fit(self.as_strings(problem.features), problem.targets, cat_features=self.categories, **settings)

    def as_strings(self, features: pd.DataFrame) -> pd.DataFrame:
        return features.assign(**{name: features[name].astype(object).fillna("(missing)").astype(str) for name in self.categories})

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        return self.model.predict(self.as_strings(features))


class RealMLP:
    """RealMLP-TD or TD-S (Holzmüller et al., arXiv 2407.04491) of pytabkit, which wants missing numbers filled in. Without a validation part it chooses one itself."""

    def __init__(self, problem: Problem, variant: str):
        import pytabkit
        from sklearn.impute import SimpleImputer

        self.numbers = problem.numbers
        self.means = SimpleImputer(keep_empty_features=True).set_output(transform="pandas").fit(problem.features[self.numbers])
        kind = getattr(pytabkit, f"RealMLP_{variant}_{'Regressor' if problem.is_regression else 'Classifier'}")
        self.model = kind(device="cpu", random_state=problem.seed, n_threads=problem.threads, verbosity=0)
        features, targets = problem.validation or (None, None)
        self.model.fit(self.filled(problem.features), problem.targets, None if features is None else self.filled(features), targets)

    def filled(self, features: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([self.means.transform(features[self.numbers]), features.drop(columns=self.numbers)], axis=1)

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        return self.model.predict(self.filled(features))


@dataclass(frozen=True)
class Peer:
    """A library and what fits a model of it; the model answers with `predict`."""

    package: str
    fit: Callable[[Problem], object]

    @property
    def version(self) -> str:
        return f"{self.package} {version(self.package)}"


PEERS = {
    "scikit-learn MLP": Peer("scikit-learn", fit_scikit_learn),
    "XGBoost": Peer("xgboost-cpu", fit_xgboost),
    "LightGBM": Peer("lightgbm", fit_lightgbm),
    "CatBoost": Peer("catboost", CatBoost),
    "RealMLP-TD-S": Peer("pytabkit", lambda problem: RealMLP(problem, "TD_S")),
    "RealMLP-TD": Peer("pytabkit", lambda problem: RealMLP(problem, "TD")),
}


def train_peer(name: str, directory: Path, seed: int, threads: int) -> dict:
    """Trains a peer on the files of a directory, predicts, and returns what it took. The files' reading is not timed."""
    columns = json.loads((directory / "columns.json").read_text())
    is_regression, categories = columns["task"] == "regression", columns["categories"]

    def read(path: Path) -> tuple[pd.DataFrame, pd.Series]:
        rows = pd.read_csv(path, dtype={name: str for name in categories} | ({} if is_regression else {TARGET: str}))
        return rows.drop(columns=TARGET), rows[TARGET]

    features, targets = read(directory / "train.csv")
    kinds = {name: pd.CategoricalDtype(features[name].dropna().unique()) for name in categories}
    classes = None if is_regression else np.unique(targets)

    def prepared(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
        features, targets = read(path)
        features = features.astype({name: kinds.get(name, float) for name in features})
        return features, targets.to_numpy(float) if is_regression else np.searchsorted(classes, targets)

    path = directory / "validation.csv"
    problem = Problem(*prepared(directory / "train.csv"), prepared(path) if path.exists() else None, is_regression, seed, threads)
    start, start_cpu = time.perf_counter(), time.process_time()
    model = PEERS[name].fit(problem)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
    (directory / "model").write_bytes(pickle.dumps(model))
    rows, _ = prepared(directory / "test.csv")
    predictions = np.ravel(model.predict(rows))
    pd.DataFrame({TARGET: predictions if is_regression else classes[predictions.astype(int)]}).to_csv(directory / "predictions.csv", index=False)
    one, many = (prepared(directory / f"{name}.csv")[0] for name in ("one", "many"))
    return {
        "seconds": seconds,
        "cpuSeconds": cpu_seconds,
        "oneSeconds": timed(lambda: model.predict(one)),
        "manySeconds": timed(lambda: model.predict(many)),
    }


def timed(action: Callable[[], object]) -> float:
    """The median time of an action, after once untimed."""
    action()
    times: list[float] = []
    while len(times) < REPETITIONS and sum(times) < SECONDS:
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    print(json.dumps(train_peer(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
