"""Predictions by the Swift package and by its peers: races, the first prediction of a process, and many tasks at once."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from onnx_graph import write_graph
from race import Entry, Pace, Race, hold_race, kernels, progress
from report import Report, duration
from served import BATCHES, BINNED, BINS, NETWORKS, ZEROS, served, write_served
from session import HERE, Contestant, ContestError, Session, processors, python
from workloads import Workload

SAMPLE_TARGETS = {"8-64-64-1": 5.0, "784-30-10": 3.0, "784-512-512-10": 1.5, "784-2500-2000-1500-1000-500-10": 1.0}  # against the best peer
BATCH_TARGET = 1.1  # against the best peer
FIRST_TARGET, FIRST_RATIO_TARGET, FIRST_MEMORY_TARGET = 0.030, 20.0, 40.0  # seconds; times ONNX Runtime's; MB besides the model
TASKS, TASKS_TARGET, P99_TARGET = 64, 1.8, 5.0  # throughput against one task; in medians
CALLERS, BATCHING_TARGET = 256, 3.0  # throughput against the same without batching
TOLERANCE = 1e-5

METHOD = f"""Contestants as for training: processes of their own on the same samples with the same weights, each with the number of threads that suits it best, in turns.
A prediction answers a batch whose numbers lie in memory, another one each time, of 1024 samples or more; outputs are softmax's probabilities, of 8-64-64-1 the value itself.
Every sample's outputs are compared with NumPy's in double precision before the clock starts, and each turn's last batch after it; a contestant that is
further away than {TOLERANCE:g} is not compared. The Swift program calls `Predictor.predict(_:into:)` with a matrix, of one column for a single sample. ONNX Runtime has all graph
optimizations and a graph of fixed batch; bound, it also has its memory bound before. PyTorch is in `inference_mode`; TorchScript's module is scripted and frozen. Dense numbers are
normal, and the aims are for those; of numbers like images' {ZEROS:.0%} are 0, and the Swift program leaves these out, as it does zeros of hidden layers, which the peers do not."""

PEERS = (
    python("ONNX Runtime", "onnx_peer.py", "plain"),
    python("ONNX Runtime, bound", "onnx_peer.py", "bound"),
    python("PyTorch", "torch_predictions.py", "eager"),
    python("TorchScript", "torch_predictions.py", "script"),
)


@dataclass(frozen=True)
class First:
    """A process that predicts once."""

    seconds: float  # from its start to the line with the answer
    outputs: list[float]
    peak_bytes: int


class Serving:
    """All measurements of predictions, each of which adds a section to the report."""

    def __init__(self, command: tuple[str, ...], static: tuple[str, ...], report: Report, scratch: Path, quick: bool):
        self.command, self.static, self.report, self.scratch, self.quick = command, static, report, scratch, quick
        self.pace = Pace(rounds=3, turn=0.05, limit=1) if quick else Pace(limit=8)

    def run(self) -> dict[str, str | None]:
        """Returns the versions of those who took part, each with its kernels."""
        self.report.add(f"## Predictions\n\n{METHOD}")
        races = self.races(like_images=False) + self.races(like_images=True) + self.binned()
        self.first()
        self.tasks()
        self.batching()
        return kernels(races)

    # Races

    def races(self, like_images: bool) -> list[Race]:
        networks = [sizes for sizes in NETWORKS if sizes[0] == 784 or not like_images]
        if self.quick:
            networks = networks[: 1 if like_images else 3]
        races, verdicts = [], []
        for sizes in networks:
            layers, rows = "-".join(map(str, sizes)), []
            for batch in BATCHES[:1] if self.quick else BATCHES:
                race = self.race(served(sizes, batch), like_images)
                races.append(race)
                rows += [[f"{batch}: {row[0]}", *row[1:]] for row in self.report.rows(race)]
                best, aim = race.best_peer, SAMPLE_TARGETS[layers] if batch == 1 else BATCH_TARGET
                ratio = best.ratio_to(race.swift) if best else float("nan")
                verdicts.append((f"{race.workload.name}, against {best.name if best else 'no peer'}:", ratio, "≥", aim))
            self.report.add(f"### {layers}, {'numbers like images’' if like_images else 'dense numbers'}")
            self.report.table(["batch: contestant", "threads", "time", "lowest – highest", "ratio", "difference"], rows)
        if not like_images:
            self.report.targets(verdicts)
        return races

    def binned(self) -> list[Race]:
        """Inputs that are encoded in bins, against the same in a graph."""
        races, rows = [], []
        for batch in BATCHES[:1] if self.quick else BATCHES:
            races.append(self.race(served(BINNED, batch, BINS), like_images=False))
            rows += [[f"{batch}: {row[0]}", *row[1:]] for row in self.report.rows(races[-1])]
        self.report.add(f"### {'-'.join(map(str, BINNED))}, each input in {BINS} bins")
        self.report.table(["batch: contestant", "threads", "time", "lowest – highest", "ratio", "difference"], rows)
        return races

    def race(self, workload: Workload, like_images: bool) -> Race:
        directory = self.scratch / "served"
        write_served(workload, like_images, directory)
        # PyTorch's contestants have no bins.
        peers = PEERS[:2] if workload.bins else PEERS
        return hold_race(workload, [Contestant("Swift", self.command), *peers], directory, self.pace, outputs_agree, with_rates=False)

    # Model files

    def model(self, sizes: tuple[int, ...]) -> tuple[Path, Path]:
        """The model's file and its graph's."""
        layers = "-".join(map(str, sizes))
        directory, model, graph = (self.scratch / f"{layers}{suffix}" for suffix in ("", ".perceptron", ".onnx"))
        write_served(served(sizes, 1), False, directory)
        write_graph(directory, graph)
        command = [*self.command, "--write", str(directory), str(model)]
        if subprocess.run(command).returncode != 0:
            raise ContestError(f"the Swift program could not write {model}")
        return model, graph

    def first(self) -> None:
        """From exec to the answer of a process that reads a model file."""
        model, graph = self.model(NETWORKS[2])
        commands = {name: [*command, "--first", str(model)] for name, command in (("Swift", self.command), ("Swift, static", self.static))}
        commands |= {"ONNX Runtime": [sys.executable, "-B", str(HERE / "first_onnx.py"), str(graph)]}
        runs: dict[str, list[First]] = {name: [] for name in commands}
        progress("the first prediction of a process")
        for number in range(6 if self.quick else 21):
            for name, command in list(commands.items())[:: 1 if number % 2 else -1]:
                run = first_prediction(name, command)
                if number > 0:  # the first reads the files from the disk
                    runs[name].append(run)
        size = model.stat().st_size
        seconds = {name: [run.seconds for run in those] for name, those in runs.items()}
        peaks = {name: max(run.peak_bytes for run in those) for name, those in runs.items()}
        ratios = {name: median(theirs / ours for ours, theirs in zip(seconds[name], seconds["ONNX Runtime"])) for name in seconds}
        rows = [[name, duration(median(s)), f"{duration(min(s))} – {duration(max(s))}", f"{peaks[name] / 1e6:.1f} MB"] for name, s in seconds.items()]
        self.report.add(
            f"## The first prediction\n\nProcesses that read 784-512-512-10 from a file of {size / 1e6:.1f} MB and predict one sample, from exec to the answer, "
            f"{len(seconds['Swift'])} times each in turns; ONNX Runtime is imported in Python. "
            "The static program is the same one, linked as `make static` does, for which no libraries have to be found and joined."
        )
        self.report.table(["process", "time", "lowest – highest", "highest resident"], rows)
        self.report.targets(
            [
                ("first prediction, milliseconds:", 1e3 * median(seconds["Swift"]), "≤", 1e3 * FIRST_TARGET),
                ("first prediction, against ONNX Runtime:", ratios["Swift"], "≥", FIRST_RATIO_TARGET),
                ("first prediction of the static program, against ONNX Runtime:", ratios["Swift, static"], "≥", FIRST_RATIO_TARGET),
                ("first prediction, resident megabytes besides the model:", (peaks["Swift"] - size) / 1e6, "≤", FIRST_MEMORY_TARGET),
            ]
        )
        pairs = zip(runs["Swift"][0].outputs, runs["ONNX Runtime"][0].outputs, strict=True)
        if not all(abs(ours - theirs) <= TOLERANCE for ours, theirs in pairs):
            self.report.add("**The outputs differ: the processes did not predict the same.**")
            self.report.wrong += 1

    def tasks(self) -> None:
        """One predictor, one task and many."""
        rows, verdicts = [], []
        for sizes in NETWORKS[1:3]:
            layers = "-".join(map(str, sizes))
            model, _ = self.model(sizes)
            progress(f"{layers}: one task and {TASKS}")
            ratios, answers = [], []
            with Session(Contestant("Swift", (*self.command, "--tasks")), model, len(processors())) as session:
                estimate = min(session.ask(f"1 {TASKS * 20}")["seconds"] for _ in range(3)) / (TASKS * 20)
                count = max(100, round((0.1 if self.quick else 1.0) / estimate / TASKS))
                for _ in range(self.pace.rounds):
                    alone, together = session.ask(f"1 {TASKS * count}"), session.ask(f"{TASKS} {count}")
                    ratios.append(alone["seconds"] / together["seconds"])
                    answers.append((alone, together))
            for index, name in enumerate(("one task", f"{TASKS} tasks")):
                rate, half, p99 = (median(values) for values in zip(*((TASKS * count / a[index]["seconds"], a[index]["median"], a[index]["p99"]) for a in answers)))
                rows.append([f"{layers}, {name}", f"{rate:.4g}", duration(half), duration(p99)])
            verdicts.append((f"{layers}, throughput of {TASKS} tasks against one:", median(ratios), "≥", TASKS_TARGET))
            verdicts.append((f"{layers}, p99 against the median with {TASKS} tasks:", median(t["p99"] / t["median"] for _, t in answers), "≤", P99_TARGET))
        self.report.add(
            f"## Many tasks\n\nSingle samples by one `Predictor` on {len(processors())} processors, the same number of predictions in turns by one task and by {TASKS}, each of which gives way "
            "after every 100. Latencies are those of the calls, by the monotonic clock."
        )
        self.report.table(["network, tasks", "predictions a second", "median", "p99"], rows)
        self.report.targets(verdicts)

    def batching(self) -> None:
        """The same callers with and without a front that gathers their requests."""
        model, _ = self.model(NETWORKS[2])
        progress(f"{CALLERS} callers, with and without batching")
        rates: dict[str, list[float]] = {"each by itself": [], "in batches": []}
        with Session(Contestant("Swift", (*self.command, "--tasks")), model, len(processors())) as session:
            count = 20 if self.quick else 300
            for _ in range(self.pace.rounds):
                for name, word in zip(rates, ("", " batching")):
                    rates[name].append(CALLERS * count / session.ask(f"{CALLERS} {count}{word}")["seconds"])
        ratio = median(b / a for a, b in zip(*rates.values()))
        self.report.add(f"## Batching\n\n{CALLERS} tasks that ask for one dense sample after another of 784-512-512-10, of a `Predictor` and of a `BatchingPredictor`, in turns.")
        self.report.table(["answers", "predictions a second"], [[name, f"{median(those):.4g}"] for name, those in rates.items()])
        self.report.targets([(f"{CALLERS} callers in batches against each by itself:", ratio, "≥", BATCHING_TARGET)])


def outputs_agree(entry: Entry, swift: Entry) -> bool:
    return max(entry.first_loss, *(run.loss for run in entry.runs)) <= TOLERANCE


def first_prediction(name: str, command: list[str]) -> First:
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        seconds = time.perf_counter() - start
        memory = process.stdout.readline()
        errors = process.stderr.read().strip().splitlines()
    try:
        answer, peak = json.loads(line), json.loads(memory)
    except json.JSONDecodeError:
        raise ContestError(f"{name} did not predict: {(errors or ['no message'])[-1]}") from None
    return First(seconds, answer["outputs"], peak["peakBytes"])
