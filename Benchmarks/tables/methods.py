"""The methods that the contest compares. Each trains, in a process of its own, on the files of a directory, and leaves `model` and `predictions.csv` there."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from peer import PEERS, TARGET, timed

PEER = Path(__file__).with_name("peer.py")


LEVEL = 0.9  # of the intervals


class MethodError(Exception):
    """A method that failed or was stopped; one line."""


@dataclass(frozen=True)
class Peer:
    name: str

    @property
    def version(self) -> dict[str, str]:
        """All that its results depend on besides the rows, the seed and the machine."""
        return {"package": PEERS[self.name].version, "code": checksum(PEER), "requirements": checksum(PEER.with_name("requirements.txt"))}

    def run(self, directory: Path, seed: int, threads: int, limit: float) -> dict:
        """The time of fitting alone, in a process that has imported its library and read the files, and that of predictions there."""
        environment = {variable: str(threads) for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        output = run([sys.executable, "-B", str(PEER), self.name, str(directory), str(seed), str(threads)], limit, environment)
        return json.loads(output.splitlines()[-1])


@dataclass(frozen=True)
class Perceptron:
    name: str
    binary: Path
    options: tuple[str, ...] = ()

    @property
    def version(self) -> dict[str, str]:
        return {"binary": checksum(self.binary), "options": " ".join(self.options)}

    def run(self, directory: Path, seed: int, threads: int, limit: float) -> dict:
        """The time of whole processes, from start to exit, which read and write the files."""
        model, validation = str(directory / "model"), directory / "validation.csv"
        task = json.loads((directory / "columns.json").read_text())["task"]
        train = [str(self.binary), "train", str(directory / "train.csv"), "--target", TARGET, "--task", task, "--seed", str(seed), "--threads", str(threads), *self.options]
        if validation.exists():
            train += ["--validation", str(validation)]
            train += ["--interval", str(LEVEL)] if task == "regression" else []  # which changes nothing else
        start, start_cpu = time.perf_counter(), cpu_of_children()
        output = run([*train, "--json", "--quiet", "-o", model], limit)
        seconds, cpu_seconds = time.perf_counter() - start, cpu_of_children() - start_cpu

        def predict(name: str, to: str) -> None:
            run([str(self.binary), "predict", model, str(directory / f"{name}.csv"), "-o", str(directory / to)], limit)

        predict("test", "predictions.csv")
        evaluated = json.loads(run([str(self.binary), "evaluate", model, str(directory / "test.csv"), "--json"], limit))
        return {
            "calibrationError": evaluated.get("calibration_error"),
            "coverage": evaluated["intervals"][0]["coverage"] if "intervals" in evaluated else None,
            "seconds": seconds,
            "cpuSeconds": cpu_seconds,
            "oneSeconds": timed(lambda: predict("one", "timed.csv")),
            "manySeconds": timed(lambda: predict("many", "timed.csv")),
            "said": json.loads(output.splitlines()[-1]),
        }


def run(command: list[str], limit: float, environment: dict[str, str] = {}) -> str:
    """Standard output of a process that may take so many seconds."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=limit, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        raise MethodError(f"stopped after {limit:g} s") from None
    except OSError as error:
        raise MethodError(f"cannot start {command[0]}: {error}") from None
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or ["no message"]
        raise MethodError(next((line for line in lines if line.startswith("error: ")), lines[-1]) + f" (status {process.returncode})")
    return process.stdout.strip()


def cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
