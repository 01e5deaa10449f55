"""A model of how a shared training step scales to 64 machines, beside what is measured on network namespaces with a limited bandwidth.

    python scaling.py --perceptron COMMAND --output DIRECTORY

Needs root, iproute2 and Open MPI; takes 25 minutes on an idle machine, and a minute with --quick."""

import argparse
import sys
import tempfile
from datetime import date
from pathlib import Path

from processor import description, label
from race import progress
from report import Report, slug
from session import HERE, ContestError, output, processors
from shared_steps import ENVIRONMENT, LIMIT, printed_steps
from workloads import WORKLOADS

PARAMETERS = {workload.name: workload.parameters for workload in WORKLOADS}
SHARDS = [1, 2, 3, 4, 8, 16, 32, 64]
MACHINES = [2, 3, 4]
RATES = {"250mbit": 0.25e9, "500mbit": 0.5e9}  # of the limit, bit/s: so low that the processors, which carry the bytes between namespaces, too, are not the limit
CARRIED = 0.99  # of these, what TCP carries in frames of 9000 bytes
LATENCY = 50e-6  # seconds for a message
NODES = [1, 2, 4, 8, 16, 32, 64]
STRONG = ["mnist512 1024", "deep 1024", "wide 512"]
WEAK = {"mnist512 128": ("mnist512 1024", 8), "deep 256": ("deep 1024", 4), "wide 256": ("wide 512", 2)}  # a machine's batch, from a larger one in shards

METHOD = f"""A step in S shards takes t(S) in one process. If N machines share it in N shards, each does 1/N of this work, sends (N − 1)/N of its gradient to the others and gets as much,
and does the same with the parameters that it has updated:

    T(N) = t(N) / N + 2 · ((N − 1)/N · 4 P / ({CARRIED} · BW) + (N − 1) · {1e6 * LATENCY:.0f} µs)

with P parameters, BW bytes per second, and one thread on each machine. t is measured, for the S that are compared before and after the others, of which
the lower time counts. The namespaces share the processors of one machine: with more of them than processors, t(N)/N is
multiplied by N / processors."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--perceptron", required=True, help="the perceptron command", metavar="COMMAND")
    parser.add_argument("--quick", action="store_true", help="only mnist512, to see that all works")
    parser.add_argument("--output", required=True, type=Path, help="where the report goes", metavar="DIRECTORY")
    arguments = parser.parse_args()
    command = [str(Path(arguments.perceptron).resolve()), "benchmark", "--threads", "1", *(["--quick"] if arguments.quick else [])]
    report = Report()
    report.add(f"# Scaling, {date.today()}\n\n{description()}")
    report.add(METHOD)
    try:
        alone = steps_alone(command)
        workloads = list(alone[1])
        report.add("## t(S), one process of one thread")
        report.table(["workload and batch", *(f"S = {shards}" for shards in SHARDS)], [[name, *(f"{1e3 * alone[shards][name]:.3g} ms" for shards in SHARDS)] for name in workloads])
        falling = [
            f"{name} at S = {shards}: {100 * (alone[shards][name] / alone[before][name] - 1):.0f} %"
            for before, shards in zip(SHARDS, SHARDS[1:])
            for name in workloads
            if alone[shards][name] < 0.9 * alone[before][name]
        ]
        if falling:
            report.add(f"More shards cost no less, so the machine was not idle while fewer were measured: {', '.join(falling)}.")
        report.add("## Measured on namespaces, and by the model")
        rows, errors = [], []
        for name, machines, limit, measured in apart(command):
            slowness = max(1.0, machines / len(processors()))
            expected = step(alone[machines][name] / machines * slowness, machines, name, RATES[limit])
            errors.append(abs(expected / measured - 1))
            progress(f"{name}: measured {1e3 * measured:.3g} ms, by the model {1e3 * expected:.3g} ms")
            rows.append([name, f"{machines}", f"{RATES[limit] / 1e9:g} Gbit/s", f"{1e3 * measured:.3g} ms", f"{1e3 * expected:.3g} ms", f"{100 * (expected / measured - 1):+.0f} %"])
        report.table(["workload and batch", "machines", "limit", "measured", "model", "difference"], rows)
        report.targets([(f"share of the {len(errors)} cases in which the model is within 20 %:", sum(error <= 0.2 for error in errors) / len(errors), "≥", 1.0)])
        for rate in (10e9, 25e9):
            report.add(f"## The model at {rate / 1e9:g} Gbit/s: times as fast as one machine")
            rows = []
            for name in filter(workloads.__contains__, STRONG):
                whole = alone[1][name]
                rows.append([f"{name} in all", *(cell(whole / step(alone[n][name] / n, n, name, rate)) for n in NODES)])
            for name, (larger, shards) in WEAK.items():
                if larger not in workloads:
                    continue
                own = alone[shards][larger] / shards
                single = alone[1][larger] / shards
                rows.append([f"{name} a machine", *(cell(1.0 if n == 1 else n * single / step(own, n, name, rate)) for n in NODES)])
            report.table(["workload and batch", *(f"{n}" for n in NODES)], rows)
    except ContestError as error:
        sys.exit(f"error: {error}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / f"{date.today()}-{slug(label())}-scaling{'-quick' if arguments.quick else ''}.md"
    path.write_text(report.markdown)
    print(f"wrote {path}")


def step(work: float, machines: int, name: str, rate: float) -> float:
    """Seconds of a step, if each machine works so many seconds, at so many bits per second."""
    if machines == 1:
        return work
    parameters = PARAMETERS[name.split()[0]]
    carried = (machines - 1) / machines * 4 * parameters / (CARRIED * rate / 8)
    return work + 2 * (carried + (machines - 1) * LATENCY)


def cell(ratio: float) -> str:
    return f"{ratio:.1f}"


def steps_alone(command: list[str]) -> dict[int, dict[str, float]]:
    """Seconds of each workload's step in one process, by the number of shards. Those that are compared are measured twice; the lower time counts."""
    alone: dict[int, dict[str, float]] = {}
    for shards in [*SHARDS, *reversed(MACHINES)]:
        progress(f"scaling: {shards} shards in one process")
        for name, seconds in times(output("one process", [*command, "--shards", str(shards)], limit=LIMIT)).items():
            known = alone.setdefault(shards, {})
            known[name] = min(seconds, known.get(name, seconds))
    return alone


def times(text: str) -> dict[str, float]:
    """Seconds of each workload's step in what the benchmark prints."""
    return {name: found["step"] / 1e3 for name, found in printed_steps(text).items()}


def apart(command: list[str]):
    """Measures steps on machines: workload, number of machines, limit, seconds."""
    with tempfile.TemporaryDirectory() as directory:
        for limit in RATES:
            for machines in MACHINES:
                progress(f"scaling: {machines} machines at {limit}")
                script = f"""
                    set -eu
                    cd {directory}
                    . {HERE.parent.parent / "Scripts" / "machines.sh"}
                    trap remove_machines EXIT
                    add_machines {machines}
                    limit_network {limit}
                    LIMIT={LIMIT:.0f} launch_apart openmpi {machines} {" ".join(command)} --shards {machines}
                """
                text = output(f"{machines} machines", ["bash", "-c", script], ENVIRONMENT, LIMIT)
                for name, seconds in times(text).items():
                    yield name, machines, limit, seconds


if __name__ == "__main__":
    main()
