"""Contestants as processes: starting one, having it train, and what it answers."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from workloads import Workload

HERE = Path(__file__).parent


class ContestError(Exception):
    """Ends the contest with one line."""


@dataclass(frozen=True)
class Contestant:
    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    can_train: Callable[[Workload], bool] = lambda workload: True
    exact: bool = True  # whether it computes in the workload's precision


def python(name: str, *arguments: str, **settings) -> Contestant:
    """A contestant that is a script beside this one, with its arguments."""
    return Contestant(name, (sys.executable, "-B", str(HERE / arguments[0]), *arguments[1:]), **settings)


@dataclass(frozen=True)
class Run:
    seconds: float  # of all its steps
    loss: float  # of the last step's batch before its update
    peak_bytes: int  # resident memory, the highest so far


def output(name: str, command: list[str], environment: dict[str, str] | None = None, limit: float | None = None) -> str:
    """What a process prints that runs to its end, in `limit` seconds at most."""
    try:
        process = subprocess.run(command, capture_output=True, text=True, env=os.environ | (environment or {}), timeout=limit)
    except OSError as error:
        raise ContestError(f"cannot start {name}: {error}") from None
    except subprocess.TimeoutExpired:
        raise ContestError(f"{name} took more than {limit:g} s") from None
    if process.returncode != 0:
        raise ContestError(f"{name} ended with status {process.returncode}: {(process.stderr.strip().splitlines() or ['no message'])[-1]}")
    return process.stdout


def processors() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


def thread_counts() -> list[int]:
    """1, 2, 4 … and all processors."""
    count = len(processors())
    return sorted({min(1 << power, count) for power in range(count.bit_length() + 1)})


class Session:
    """A contestant's process, on as many processors as it has threads; use it in a `with` statement, which ends it."""

    def __init__(self, contestant: Contestant, directory: Path, threads: int):
        self.contestant, self.threads = contestant, threads
        self.errors = tempfile.TemporaryFile("w+", errors="replace")
        limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        usable = processors()[:threads]
        try:
            self.process = subprocess.Popen(
                [*contestant.command, str(directory), str(threads)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                text=True,
                env={**os.environ, **limits, **contestant.environment},
                preexec_fn=lambda: os.sched_setaffinity(0, usable),
            )
        except OSError as error:
            raise ContestError(f"cannot start {contestant.name}: {error}") from None
        ready = self.answer()
        self.version: str = ready["version"]
        self.kernels: str | None = ready.get("kernels")  # those that compute, if the contestant names them

    def train(self, steps: int) -> Run:
        answer = self.ask(str(steps))
        return Run(answer["seconds"], answer["loss"], answer["peakBytes"])

    def flops_per_second(self) -> float:
        """The rate of a large matrix product on the session's threads; only the Swift contestant knows it."""
        return 1e9 * self.ask("floor")["gflops"]

    def limit(self) -> float | None:
        """The rate of multiply-adds from registers on the session's threads, in flops per second; None if the answer is an error. Only the Swift contestant knows it."""
        rate = self.ask("limit").get("gflops")
        return None if rate is None else 1e9 * rate

    def ask(self, line: str) -> dict:
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # the answer will be missing
        return self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        try:
            return json.loads(line)
        except json.JSONDecodeError:
            problem = f"printed {line.strip()!r}" if line else f"ended with status {self.process.wait()}: {self.last_error()}"
            raise ContestError(f"{self.contestant.name} {problem}") from None

    def last_error(self) -> str:
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()]
        return lines[-1] if lines else "no message"

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.errors.close()
