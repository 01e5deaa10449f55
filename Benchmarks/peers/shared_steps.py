"""Training steps that two processes of one thread share: the Swift package under an MPI launcher, PyTorch's DistributedDataParallel over gloo, and MPI_Allreduce."""

import re
import sys
from statistics import median

from race import progress
from report import Report
from session import HERE, ContestError, output

PROCESSES = 2
COLUMNS = ("step", "shards", "meeting", "travel", "update", "gathering", "one process")  # of what the benchmark prints, after the network and the batch
LIMIT = 1200.0  # seconds for a run
TARGETS = {"mnist512 128": 1.35, "mnist512 1024": 1.05, "deep 256": 1.35, "deep 1024": 1.15, "wide 512": 1.25}  # against one process of two threads

METHOD = f"""A step of {PROCESSES} processes of one thread each, which share the batch, its gradient and the update: `mpirun perceptron benchmark --shards {PROCESSES}`, and PyTorch's
DistributedDataParallel over gloo on the same networks, batches and optimizers. Each is run whole, in turns; a time is the median over the runs of the medians that a run prints.
*Exchange* is the part of our step in which the sums of gradients travel and the updated parameters are gathered, and *allreduce* is `MPI_Allreduce` of as many numbers by the same
library (mpi4py), which also adds them; in our step, that is a part of the update. *Alone* is a step of one Swift process with {PROCESSES} threads and without shards, measured in turns with the shared one; *in it* is the time of the shared step divided by it."""

# Open MPI refuses to run as root otherwise.
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


def compare(command: tuple[str, ...], report: Report, quick: bool) -> None:
    """Adds a section to the report."""
    short = ["--quick"] if quick else []
    launcher = ["mpirun.openmpi", "-q", "--oversubscribe", "--bind-to", "none", "-np", str(PROCESSES)]
    swift = [*launcher, *command, "benchmark", "--shards", str(PROCESSES), "--threads", "1", *short]
    torch = [sys.executable, "-B", str(HERE / "ddp.py"), "--processes", str(PROCESSES), *short]
    reduce = [*launcher, sys.executable, "-B", str(HERE / "allreduce.py")]
    steps: dict[str, list[tuple[float, float, float]]] = {}  # shared, alone and the exchange, in ms
    peers: dict[str, list[float]] = {}
    for number in range(1 if quick else 3):
        for run in (ours, theirs)[:: 1 if number % 2 else -1]:
            run(swift if run is ours else torch, steps if run is ours else peers, number)
    progress("shared steps: MPI_Allreduce")
    reduced = {name: float(time) for name, time in re.findall(r"(\w+): ([\d.]+) ms", output("MPI_Allreduce", reduce, ENVIRONMENT, LIMIT))}
    report.add(f"## Steps shared by processes\n\n{METHOD}")
    rows, verdicts = [], []
    for name, times in steps.items():
        shared, ratio = median(time for time, *_ in times), median(time / alone for time, alone, _ in times)
        peer, exchange, sum_ = median(peers[name]), median(time for *_, time in times), reduced[name.split()[0]]
        rows.append([name, f"{shared:.3g} ms", f"{median(alone for _, alone, _ in times):.3g} ms", f"{ratio:.2f}", f"{peer:.3g} ms", f"{peer / shared:.2f}", f"{exchange:.3g} ms", f"{sum_:.3g} ms"])
        verdicts += [
            (f"{name}, shared, in one process's:", ratio, "≤", TARGETS[name]),
            (f"{name}, shared, against gloo:", peer / shared, "≥", 1.0),
            (f"{name}, exchange, in MPI_Allreduce's:", exchange / sum_, "≤", 1.1),
        ]
    report.table(["workload and batch", "shared", "alone", "in it", "DDP, gloo", "ratio", "exchange", "allreduce"], rows)
    report.targets(verdicts)


def ours(command: list[str], steps: dict[str, list[tuple[float, float, float]]], number: int) -> None:
    progress(f"shared steps: Swift, run {number + 1}")
    for name, times in printed_steps(output("Swift under mpirun", command, ENVIRONMENT, LIMIT)).items():
        steps.setdefault(name, []).append((times["step"], times["one process"], times["travel"] + times["gathering"]))


def printed_steps(text: str) -> dict[str, dict[str, float]]:
    """The times of each workload and batch, in ms, in what `perceptron benchmark --shards` prints."""
    found = {}
    for line in text.splitlines():
        cells = line.split()
        if cells and cells[-1].endswith("×"):
            found[" ".join(cells[:2])] = {column: float(cell) for column, cell in zip(COLUMNS, cells[2:]) if cell != "–"}
    if not found:
        raise ContestError("the benchmark of shared steps printed no step")
    return found


def theirs(command: list[str], peers: dict[str, list[float]], number: int) -> None:
    progress(f"shared steps: PyTorch, run {number + 1}")
    for name, batch, time in re.findall(r"(\w+) (\d+): ([\d.]+) ms", output("PyTorch DDP", command, limit=LIMIT)):
        peers.setdefault(f"{name} {batch}", []).append(float(time))
