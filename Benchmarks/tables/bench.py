"""Trains `perceptron` and its peers on tables, each with its defaults, and compares their errors on rows that none of them saw.

Benchmarks/README.md tells the method. A finished run is kept in a file under a key of all that it depends on, so what was interrupted goes on if it is started
again, and only what has changed is run anew.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean, geometric_mean, stdev

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.append(str(HERE.parent / "peers"))

import plot
import processor
from datasets import TARGET, Parts, Table, packaged, tables
from methods import LEVEL, MethodError, Peer, Perceptron
from peer import PATIENCE, PEERS, TREES
from report import Report, duration, machine, slug

AUTO = "perceptron --auto"
SHARED = ROOT.parent / "shared" / "data"
BATCH = 1000  # rows of the second timed prediction

METHOD = f"""Every method gets the same files: rows to train on, rows for validation, and rows for the test, which it sees only to predict them once it has trained. The
figure is computed from these predictions, for all methods in the same way. Where a table comes with its split, each run has another seed; otherwise each run
has another random split, too. `perceptron` has no options except the target, the task, the validation file, the seed, the number of threads and, for numbers
with given validation rows, intervals, which change nothing else. The peers have their libraries' defaults, except: XGBoost and LightGBM may grow {TREES} trees,
and they and CatBoost stop after {PATIENCE} without a better validation score and keep the best; scikit-learn's network gets standardised numbers and targets,
and validation rows as further rows to train on, because it has no other use for them. RealMLP chooses its best epoch by the validation rows. Text, and columns
that the collection names as categories, are pandas categoricals or one-hot; `perceptron` reads the file as it is. Missing numbers are filled with the mean for
scikit-learn and RealMLP, and left to the others."""

OWN_METHOD = """The validation rows were added to the training rows, and each method that needs some for validation chose them itself; the trees grew as many as is the default."""

TIMES = f"""± is the standard deviation over the runs, of which each has another seed or split. Times are means over the runs. For `perceptron`, training and predictions are
whole processes, which start, read the CSV file, compute and write; for the peers, they are the fit and the prediction alone, in a process that has imported the library
and read the file. One row and {BATCH} are timed. A model's size is its file's, or that of the pickled object with its preparation."""

SUMMARY = """Relative error: RMSE, or the share of wrong classes (half a row at least), divided by the best peer's on the same table; the geometric mean over the tables that all
methods finished. Rank: 1 is the least error. Training: the sum over these tables of a run's mean time."""


@dataclass(frozen=True)
class Standing:
    """What a method did on a table: its finished runs, and why others are missing."""

    table: Table
    method: str
    runs: list[dict]
    failures: list[str]

    @property
    def finished(self) -> bool:
        return bool(self.runs) and not self.failures

    def mean(self, name: str) -> float:
        return fmean(run[name] for run in self.runs)

    @property
    def error(self) -> float:
        """The mean RMSE, or share of wrong classes; at least half a row of all, so that a ratio is always defined."""
        if self.table.task == "regression":
            return self.mean("value")
        return max(1 - self.mean("value"), 0.5 / sum(run["testRows"] for run in self.runs))

    @property
    def certainty(self) -> str | None:
        """How far the method's statements on its own certainty are right; None without such."""
        if self.runs and all(run.get("coverage") is not None for run in self.runs):
            return f"{self.method}: {100 * self.mean('coverage'):.1f} % of the test values are within the intervals of {100 * LEVEL:.0f} %."
        if self.runs and all(run.get("calibrationError") is not None for run in self.runs):
            return f"{self.method}: the expected calibration error of the probabilities is {self.mean('calibrationError'):.4f}."
        return None

    def cells(self) -> list[str]:
        if not self.runs:
            return [self.method, *["–"] * 7]
        values = [run["value"] for run in self.runs]
        deviation = stdev(values) if len(values) > 1 else None
        in_percent = self.table.task == "classification"
        return [
            self.method + (f" ({len(values)} of {len(values) + len(self.failures)} runs)" if self.failures else ""),
            figure(fmean(values), in_percent),
            "–" if deviation is None else figure(deviation, in_percent, 2),
            *(duration(self.mean(name)) for name in ("seconds", "cpuSeconds")),
            f"{self.mean('modelBytes') / 1000:.3g} kB" if self.mean("modelBytes") < 1e6 else f"{self.mean('modelBytes') / 1e6:.3g} MB",
            *(duration(self.mean(name)) for name in ("oneSeconds", "manySeconds")),
        ]


def figure(value: float, in_percent: bool, digits: int = 4) -> str:
    return f"{100 * value:.2f} %" if in_percent else f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


class Runs:
    """The finished runs, in a file with a line of JSON for each."""

    def __init__(self, path: Path, retry: bool):
        self.path = path
        self.results: dict[str, dict] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else []:
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                continue  # cut off as it was written
            self.results[self.text(entry["key"])] = entry["result"]
        if retry:
            self.results = {key: result for key, result in self.results.items() if "failure" not in result}

    def get(self, key: dict) -> dict | None:
        return self.results.get(self.text(key))

    def add(self, key: dict, result: dict) -> None:
        self.results[self.text(key)] = result
        with open(self.path, "a") as file:
            file.write(json.dumps({"key": key, "result": result}) + "\n")

    @staticmethod
    def text(key: dict) -> str:
        return json.dumps(key, sort_keys=True)


def write(table: Table, parts: Parts, own_validation: bool, directory: Path) -> str:
    """Writes the files of a split and returns their checksum."""
    train = pd.concat([parts.train, parts.validation]) if own_validation else parts.train
    files = {"train": train, "test": parts.test, "one": parts.test[:1], "many": parts.test.iloc[np.arange(BATCH) % len(parts.test)]}
    if not own_validation:
        files["validation"] = parts.validation
    categories = [name for name in train.select_dtypes(exclude="number") if name != TARGET]
    (directory / "columns.json").write_text(json.dumps({"task": table.task, "categories": categories}))
    for name, rows in files.items():
        rows.to_csv(directory / f"{name}.csv", index=False)
    return hashlib.sha256(b"".join((directory / name).read_bytes() for name in sorted(os.listdir(directory)))).hexdigest()


def tested(table: Table, test: pd.DataFrame, path: Path) -> float:
    """The test figure of the predictions in a file."""
    if table.task == "regression":
        predictions = pd.read_csv(path).iloc[:, 0].to_numpy(float)
        return float(np.sqrt(np.mean((predictions - test[TARGET].to_numpy(float)) ** 2)))
    predictions = pd.read_csv(path, dtype=str, keep_default_na=False).iloc[:, 0]
    return float(np.mean(predictions.to_numpy() == test[TARGET].astype(str).to_numpy()))


def standings(table: Table, methods: list[Peer | Perceptron], options: argparse.Namespace, runs: Runs) -> tuple[list[Standing], str]:
    """Runs what is missing for a table. Returns what each method did, and the table's size in words."""
    results: dict[str, list[dict]] = {method.name: [] for method in methods}
    for split in options.seeds if options.quick or table.splits is None else range(1, table.splits + 1):
        parts = table.split(split)
        with tempfile.TemporaryDirectory(prefix="tables-") as scratch:
            rows = write(table, parts, options.validation == "own", Path(scratch))
            for method in methods:
                key = {"table": table.name, "split": split, "method": method.name, "rows": rows, "threads": options.threads, "processor": processor.description(), **method.version}
                result = runs.get(key)
                if result is None:
                    progress(f"{table.name} {split}: {method.name}")
                    try:
                        result = method.run(Path(scratch), split, options.threads, options.limit)
                        result |= {"value": tested(table, parts.test, Path(scratch, "predictions.csv")), "testRows": len(parts.test), "modelBytes": Path(scratch, "model").stat().st_size}
                        progress(f"  {table.metric} {result['value']:.5g}, {duration(result['seconds'])}")
                    except MethodError as error:
                        result = {"failure": str(error)}
                        progress(f"  {error}")
                    runs.add(key, result)
                    for name in ("model", "predictions.csv"):  # no method may leave its own to the next
                        Path(scratch, name).unlink(missing_ok=True)
                results[method.name].append(result)
    size = f"{table.task}, {len(parts.train)} rows to train on, {len(parts.validation)} for validation, {len(parts.test)} for the test, {parts.train.shape[1] - 1} columns"
    return [Standing(table, name, [r for r in of if "failure" not in r], [r["failure"] for r in of if "failure" in r]) for name, of in results.items()], size


def summarise(report: Report, all_standings: list[list[Standing]]) -> list[plot.Row]:
    """Adds the table over all tables to the report. Returns the relative errors, for the picture."""
    names = [standing.method for standing in all_standings[0]]
    names = [name for name in names if any(s.runs for of_table in all_standings for s in of_table if s.method == name)]  # without one that never works
    ratios: list[plot.Row] = []
    for of_table in all_standings:
        best = min((s.error for s in of_table if s.method in PEERS and s.runs), default=None)
        if best is not None:
            ratios.append(plot.Row(of_table[0].table.name, {s.method: s.error / best for s in of_table if s.runs}))
    complete = [of_table for of_table in ([s for s in of_table if s.method in names] for of_table in all_standings) if all(s.finished for s in of_table)]
    compared = [row for row in ratios if any(row.name == of_table[0].table.name for of_table in complete)]
    if compared:
        lines = []
        for index, name in enumerate(names):
            ranks = [1 + sum(s.error < of_table[index].error for s in of_table) for of_table in complete]
            relative, seconds = geometric_mean(row.values[name] for row in compared), sum(of_table[index].mean("seconds") for of_table in complete)
            lines.append([name, f"{relative:.3f}", f"{fmean(ranks):.2f}", str(ranks.count(1)), duration(seconds)])
        report.add(f"## Over {counted(len(compared), 'table')}\n\n{SUMMARY}")
        report.table(["method", "relative error", "mean rank", "tables on which it is first", "training"], lines)
    return ratios


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    def names(text: str) -> list[str]:
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--perceptron", type=Path, default=ROOT / ".build/release/perceptron", metavar="FILE", help="the command (.build/release/perceptron)")
    parser.add_argument("--output", type=Path, default=HERE.parent / "results", metavar="DIRECTORY", help="where the report and the picture go (Benchmarks/results)")
    parser.add_argument("--runs", type=Path, default=ROOT / ".build/tables/runs.jsonl", metavar="FILE", help="where finished runs are kept (.build/tables/runs.jsonl)")
    parser.add_argument("--shared", type=Path, default=SHARED, metavar="DIRECTORY", help="tables that no package ships (../shared/data); left out if it is not there")
    parser.add_argument("--only", type=names, metavar="NAMES", help="only these tables")
    parser.add_argument("--methods", type=names, metavar="NAMES", help=f"only these of perceptron,{','.join(PEERS)}")
    parser.add_argument("--seeds", type=lambda text: [int(seed) for seed in text.split(",")], default=[1, 2, 3], metavar="NUMBERS", help="a run for each (1,2,3)")
    parser.add_argument("--minutes", type=float, metavar="N", help=f"also `{AUTO} --minutes N`")
    parser.add_argument("--validation", choices=["given", "own"], default="given", help="whether all methods get the same validation rows, or choose their own (given)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N", help="threads of each method (all processors)")
    parser.add_argument("--limit", type=float, default=3600, metavar="SECONDS", help="a process that takes longer is stopped (3600)")
    parser.add_argument("--retry", action="store_true", help="run again what failed or was stopped")
    parser.add_argument("--quick", action="store_true", help="the seeds' splits alone of tables that come with more")
    options = parser.parse_args()
    options.perceptron = options.perceptron.resolve()
    known = {"only": [table.name for table in tables(options.shared)], "methods": ["perceptron", *PEERS]}
    for name, choices in known.items():
        if unknown := set(getattr(options, name) or []) - set(choices):
            parser.error(f"nothing is named {', '.join(sorted(unknown))}; there are {', '.join(choices)}")
    return options


def main() -> int:
    options = parse_arguments()
    methods: list[Peer | Perceptron] = [Perceptron("perceptron", options.perceptron), *map(Peer, PEERS)]
    methods = [method for method in methods if not options.methods or method.name in options.methods]
    if options.minutes:
        methods.insert(1, Perceptron(AUTO, options.perceptron, ("--auto", "--minutes", f"{options.minutes:g}")))
    runs = Runs(options.runs, options.retry)
    chosen = [table for table in tables(options.shared) if not options.only or table.name in options.only]
    if not options.shared.is_dir():
        progress(f"{options.shared} is not there: without its tables")
    measured = [standings(table, methods, options, runs) for table in chosen]

    day, report = date.today().isoformat(), Report()
    title = "-".join([day, slug(processor.label()), "tables", *(options.only or []), *(["quick"] if options.quick else [])])  # so that a part never takes the place of the whole
    report.add(f"# Tables, {day}")
    report.add(f"{machine()}. Each method has {counted(options.threads, 'thread')}.")
    if not options.shared.is_dir():
        report.add(f"Only the {len(packaged())} tables that packages ship: the folder with the others was not there.")
    report.add(METHOD + (f"\n\n{OWN_METHOD}" if options.validation == "own" else "") + f"\n\n{TIMES}")
    ratios = summarise(report, [of_table for of_table, _ in measured])
    options.output.mkdir(parents=True, exist_ok=True)
    if ratios:
        (options.output / f"{title}.svg").write_text(plot.draw(ratios, [method.name for method in methods]))
        report.add(f"![Errors relative to the best peer's]({title}.svg)")
    for of_table, size in measured:
        table = of_table[0].table
        report.add(f"## {table.name}\n\n{size[0].upper()}{size[1:]}; {counted(len(of_table[0].runs) + len(of_table[0].failures), 'run')}.")
        report.table(["method", table.metric, "±", "training", "processor time", "model", "one row", f"{BATCH} rows"], [standing.cells() for standing in of_table])
        for standing in of_table:
            if standing.certainty:
                report.add(standing.certainty)
            if standing.failures:
                report.add(f"{standing.method}: {'; '.join(sorted(set(standing.failures)))}.")
    versions = {method.version.get("package") or f"perceptron with the SHA-256 checksum {method.version['binary']}" for method in methods}
    report.add("## Versions\n\n" + "\n".join(f"- {version}" for version in sorted(versions)))
    (options.output / f"{title}.md").write_text(report.markdown)
    progress(f"wrote {options.output / title}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
