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
library (mpi4py), which also adds them; in our step, that is a part of the update. As in a step, its gradient has just been written, after parameters and moments were; *in caches* is the time for
the same memory again and again. *Alone* is a step of one Swift process with {PROCESSES} threads and without shards, measured in turns with the shared one; *in it* is the time of the shared step divided by it."""

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
    reduced: dict[str, list[tuple[float, float]]] = {}  # in caches and written before, in ms
    for number in range(1 if quick else 3):
        progress(f"shared steps: run {number + 1}")
        turns = (lambda: ours(swift, steps), lambda: theirs(torch, peers), lambda: sums(reduce, reduced))
        for turn in turns[:: 1 if number % 2 else -1]:
            turn()
    report.add(f"## Steps shared by processes\n\n{METHOD}")
    rows, verdicts = [], []
    for name, times in steps.items():
        shared, ratio = median(time for time, *_ in times), median(time / alone for time, alone, _ in times)
        peer, exchange = median(peers[name]), median(time for *_, time in times)
        cached, fresh = (median(times) for times in zip(*reduced[name.split()[0]]))
        cells = [shared, median(alone for _, alone, _ in times), f"{ratio:.2f}", peer, f"{peer / shared:.2f}", exchange, fresh, cached]
        rows.append([name, *(cell if isinstance(cell, str) else f"{cell:.3g} ms" for cell in cells)])
        verdicts += [
            (f"{name}, shared, in one process's:", ratio, "≤", TARGETS[name]),
            (f"{name}, shared, against gloo:", peer / shared, "≥", 1.0),
            (f"{name}, exchange, in MPI_Allreduce's:", exchange / fresh, "≤", 1.1),
        ]
    report.table(["workload and batch", "shared", "alone", "in it", "DDP, gloo", "ratio", "exchange", "allreduce", "in caches"], rows)
    report.targets(verdicts)


def ours(command: list[str], steps: dict[str, list[tuple[float, float, float]]]) -> None:
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


def theirs(command: list[str], peers: dict[str, list[float]]) -> None:
    for name, batch, time in re.findall(r"(\w+) (\d+): ([\d.]+) ms", output("PyTorch DDP", command, limit=LIMIT)):
        peers.setdefault(f"{name} {batch}", []).append(float(time))


def sums(command: list[str], reduced: dict[str, list[tuple[float, float]]]) -> None:
    for line in output("MPI_Allreduce", command, ENVIRONMENT, LIMIT).splitlines():
        name, cached, fresh = line.split()
        reduced.setdefault(name, []).append((float(cached), float(fresh)))
