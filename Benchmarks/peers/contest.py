"""Measures training steps and predictions of the Swift package and of its peers in Python, each at its best; Benchmarks/README.md tells the method."""

import argparse
import json
import platform
import shlex
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median

import numpy

import endpoints
import held
import mnist
import processor
from growth import grow
from race import BFLOAT16_FIRST_TOLERANCE, BFLOAT16_LAST_TOLERANCE, FIRST_STEPS, FIRST_TOLERANCE, HIGHEST_SHARE, LAST_TOLERANCE, Pace, Race
from race import differ, first_steps, hold_race, kernels, progress, take_turn, take_turns
from report import Report, duration, machine, slug
from serving import Serving
from session import HERE, Contestant, ContestError, Session, output, processors, python
from shared_steps import compare
from workloads import WORKLOADS, Workload, write

PARTS = ("prescott", "tables", "processes", "http", "serving")  # what is measured besides the workloads
AVX512_TARGETS = {"nielsen30": 2.5, "nielsen100": 2.5, "tab64": 1.8, "mnist512": 1.6, "deep": 1.2, "wide": 1.15}  # against the best peer
AVX2_TARGETS = AVX512_TARGETS | {"mnist512": 1.4, "deep": 1.1, "wide": 1.05}  # the same without AVX-512
DOUBLE_TARGETS = {"nielsen30": 2.5, "nielsen100": 2.5, "tab64": 2.5, "mnist512": 1.9}  # against NumPy
LIMIT_TARGETS = {"mnist512": 0.75, "deep": 0.85, "wide": 0.85}  # share of the processor's highest rate
THREADS_TARGETS = {"deep": 1.85, "wide": 1.85}  # two threads against one
PRESCOTT_TARGET = 1.1  # a step with OpenBLAS's kernels for Prescott against one with those that suit the processor
CORES = {"AVX-512": "SkylakeX", "AVX2": "Haswell"}  # the latter, by instruction set, as OpenBLAS names them
NAIVE_TARGET, MEMORY_TARGET, COLD_START_TARGET, TABLE_TARGET = 60.0, 1.15, 2.0, 1.0
ACCURACY_TOLERANCE = 0.02

METHOD = f"""Every contestant is a process of its own that trains on the same batches from the same parameters, with the number of threads that suits it best
(tried first; a process may use as many processors as it has threads). A step gathers its batch, goes forward and back, and updates the parameters; compilation
is not timed. All processes of a workload are alive at once and take turns, in an order that rotates from round to round, after a few untimed steps each; all take
the same number of steps. A time is the median over the rounds, with the lowest and the highest. A ratio is the median over the rounds of the peer's time divided
by the Swift program's in the same round. Losses must agree with the Swift program's within {FIRST_TOLERANCE:g} (relative) after the first steps and {LAST_TOLERANCE:g} in the
mean over the rounds; a contestant whose losses do not is not compared. MLX's wheel brings the reference BLAS, so the system's OpenBLAS is loaded
in its place. scikit-learn's rows are in order before the clock starts; it has no sigmoid output with squared error (nielsen30)."""

LIMIT_METHOD = f"""The limit is the rate of multiply-adds from registers, without loads and stores, on as many threads as the step was raced with: no program can be faster. OpenBLAS's
best product is a large one on the same threads; how close it comes depends on whether this OpenBLAS has kernels for the processor. A step's rate is that of its products,
as if it did nothing else. Limit and product are measured before the race and after it, and the higher counts. A share above {HIGHEST_SHARE:g} ends the contest."""

PRESCOTT_METHOD = """OpenBLAS falls back on its kernels for Prescott, a processor of 2004 with SSE3, if it does not know the processor. `OPENBLAS_CORETYPE` makes
it take them on any. A step should not depend on it. The Swift program trains with these kernels and with those for a processor of this instruction set, in turns;
the ratio is the time with Prescott's divided by the other."""

BFLOAT16_METHOD = f"""PyTorch bf16 multiplies in bfloat16, which this processor has instructions for, under `torch.autocast`. It computes something less exact,
so it stands in the tables and is not counted as the best peer; its losses may differ by {BFLOAT16_FIRST_TOLERANCE:g} and {BFLOAT16_LAST_TOLERANCE:g}, because a number in bfloat16 has 8 bits."""


NUMPY = python("NumPy", "numpy_peer.py")
EAGER = python("PyTorch", "torch_peer.py", "eager")
JAX = python("JAX", "jax_peer.py")
BFLOAT16 = python("PyTorch bf16", "torch_peer.py", "bf16", exact=False)
PEERS = (
    NUMPY,
    EAGER,
    python("torch.compile", "torch_peer.py", "compile"),
    JAX,
    python("MLX", "mlx_peer.py", environment={"LD_PRELOAD": "libopenblas.so.0"}),
    python("scikit-learn", "sklearn_peer.py", can_train=lambda workload: workload.name != "nielsen30"),
)


class Contest:
    """All measurements, each of which adds a section to the report."""

    def __init__(self, options: argparse.Namespace, scratch: Path):
        self.options = options
        self.scratch = scratch
        self.swift = Contestant("Swift", tuple(shlex.split(options.perceptron)))
        self.multiplies_bfloat16 = processor.multiplies_bfloat16() and not options.instructions
        self.kernels: dict[str, str | None] = {}  # by version
        self.pace = Pace(rounds=3, turn=0.05, limit=10) if options.quick else Pace()
        self.workloads = {w.name: w for w in WORKLOADS if not options.only or w.name in options.only}
        self.report = Report()

    def run(self) -> None:
        report, day = self.report, date.today().isoformat()
        if self.options.instructions:
            held.hold_to_avx2()
        parts = [self.options.instructions, *(self.options.only or [])]
        title = "-".join([day, slug(processor.label()), *filter(None, parts)])  # so that a part never takes the place of the whole
        report.add(f"# {', '.join(self.options.only or ['Training steps and predictions'])}, {day}")
        report.add(machine() + "." + (" **A quick run, not a measurement.**" if self.options.quick else ""))
        if self.options.instructions:
            report.add(held.METHOD)
        if self.workloads:
            report.add(METHOD)
        if self.workloads and self.multiplies_bfloat16:
            report.add(BFLOAT16_METHOD)
        for workload in self.workloads.values():
            write(workload, self.scratch / workload.name)
        peers = (*PEERS, BFLOAT16) if self.multiplies_bfloat16 else PEERS
        targets = AVX512_TARGETS if processor.instruction_set() == "AVX-512" else AVX2_TARGETS
        single = self.races("Single precision", list(self.workloads.values()), peers, targets)
        self.races("Double precision", [w.double() for name, w in self.workloads.items() if name in DOUBLE_TARGETS], (NUMPY,), DOUBLE_TARGETS)
        self.shares(single)
        self.two_threads()
        self.memory(single)
        if "mnist512" in self.workloads:
            self.naive_loops()
            self.cold_start()
        if self.measures("prescott"):
            self.prescott()
        if self.measures("tables"):
            self.tables()
        if self.measures("processes"):
            compare(tuple(shlex.split(self.options.command)), report, self.options.quick)
        if self.measures("http"):
            endpoints.compare(tuple(shlex.split(self.options.command)), report, self.scratch, self.options.quick)
        if self.measures("serving"):
            self.kernels |= Serving(tuple(shlex.split(self.options.serving)), tuple(shlex.split(self.options.static)), report, self.scratch, self.options.quick).run()
        self.versions()
        self.options.output.mkdir(parents=True, exist_ok=True)
        self.write(title)  # the picture takes as long again
        if self.workloads and not self.options.no_growth:
            picture = grow([self.swift, EAGER, JAX, NUMPY], self.scratch / "growth", self.options.quick)
            (self.options.output / f"{title}-growth.svg").write_text(picture)
            report.add("## Growth")
            report.add(f"Median of three repetitions (one where a step takes over a second), with the number of threads that suits each best.\n\n![Time of a step]({title}-growth.svg)")
            self.write(title)

    def measures(self, part: str) -> bool:
        return not self.options.only or part in self.options.only

    def write(self, title: str) -> None:
        (self.options.output / f"{title}.md").write_text(self.report.markdown)
        progress(f"wrote {self.options.output / title}.md")

    def races(self, title: str, workloads: list[Workload], peers: tuple[Contestant, ...], targets: dict[str, float]) -> list[Race]:
        if not workloads:
            return []
        self.report.add(f"## {title}")
        races, verdicts = [], []
        for w in workloads:
            directory = self.scratch / w.name
            w.describe(directory)
            race = hold_race(w, [self.swift, *(peer for peer in peers if peer.can_train(w))], directory, self.pace)
            races.append(race)
            self.kernels |= kernels([race])
            self.report.add(f"### {w.name}: {w.layers}, batch {w.batch}, {w.optimizer}, {race.swift.steps} steps a round")
            self.report.table(["contestant", "threads", "step", "lowest – highest", "ratio", "loss"], self.report.rows(race))
            best = race.best_peer
            ratio = best.ratio_to(race.swift) if best else float("nan")
            verdicts.append((f"{w.name}, against {best.name if best else 'no peer'}:", ratio, "≥", targets[w.name]))
        self.report.targets(verdicts)
        return races

    def shares(self, races: list[Race]) -> None:
        """The rate of the Swift program's steps beside what the processor and OpenBLAS reach."""
        if not races:
            return
        self.report.add(f"## Share of the limit\n\n{LIMIT_METHOD}")
        shares = {race.workload.name: race.rate / race.limit for race in races if race.limit}
        rows = []
        for race in races:
            name, rates = race.workload.name, [f"{rate / 1e9:.3g}" if rate else "–" for rate in (race.rate, race.limit, race.product_rate)]
            share = f"{shares[name]:.1%}" if name in shares else "limit not known"
            rows.append([name, str(race.swift.threads), *rates, share, f"{race.rate / race.product_rate:.1%}"])
        self.report.table(["Gflop/s", "threads", "step", "limit", "OpenBLAS's best product", "share of the limit", "share of OpenBLAS's best product"], rows)
        self.report.targets((f"{name}, share of the limit:", shares[name], "≥", target) for name, target in LIMIT_TARGETS.items() if name in shares)

    def two_threads(self) -> None:
        workloads = [self.workloads[name] for name in THREADS_TARGETS if name in self.workloads]
        if not workloads or len(processors()) < 2:
            return
        self.report.add("## Two threads")
        rows, verdicts = [], []
        for w in workloads:
            progress(f"{w.name}: one thread and two")
            directory = self.scratch / w.name
            with Session(self.swift, directory, 2) as two, Session(self.swift, directory, 1) as one:
                both, alone = take_turns([two, one], warm=2, steps=2, rounds=self.pace.rounds)
            speedup = alone.ratio_to(both)
            rows.append([w.name, duration(alone.median), duration(both.median), f"{speedup:.2f}"])
            verdicts.append((f"{w.name}, two threads against one:", speedup, "≥", THREADS_TARGETS[w.name]))
        self.report.table(["workload", "one thread", "two threads", "speedup"], rows)
        self.report.targets(verdicts)

    def memory(self, races: list[Race]) -> None:
        race = next((race for race in races if race.workload.name == "wide"), None)
        if race is None:
            return
        self.report.add("## Memory")
        needed = race.workload.bytes
        peaks = [(entry.name, entry.runs[-1].peak_bytes) for entry in race.entries]
        rows = [["needed: parameters, gradient, moments, activations, errors, data", f"{needed / 2**20:.0f}", "1.00"]]
        rows += [[name, f"{peak / 2**20:.0f}", f"{peak / needed:.2f}"] for name, peak in peaks]
        self.report.table(["wide, highest resident", "MiB", "ratio"], rows)
        self.report.targets([("wide, resident against needed:", peaks[0][1] / needed, "≤", MEMORY_TARGET)])

    def naive_loops(self) -> None:
        """A step of loops takes as long as dozens of the package's, which takes dozens meanwhile: its threads would hardly be awake after fewer."""
        progress("mnist512: naive loops")
        workload, directory = self.workloads["mnist512"], self.scratch / "mnist512"
        workload.describe(directory)
        naive = Contestant("naive loops", (*self.swift.command, "naive"))
        with Session(self.swift, directory, len(processors())) as fast, Session(naive, directory, 1) as slow:
            ours, loops = [first_steps(session) for session in (fast, slow)]
            for _ in range(self.pace.rounds):
                take_turn(fast, ours, warm=50, steps=50)
                take_turn(slow, loops, warm=1, steps=3)
        agree = differ(loops.first_loss, ours.first_loss) <= FIRST_TOLERANCE
        self.report.add("## Naive loops")
        ratio = loops.ratio_to(ours)
        rows = [[e.name, str(e.threads), duration(e.median), f"{e.first_loss:.5g}"] for e in (ours, loops)]
        self.report.table(["mnist512", "threads", "step", f"loss after {FIRST_STEPS} steps"], rows)
        self.report.wrong += not agree
        self.report.targets([("mnist512, against naive loops:", ratio if agree else float("nan"), "≥", NAIVE_TARGET)])

    def prescott(self) -> None:
        """Steps with the kernels that OpenBLAS takes on a processor that it does not know, and with those that suit this one, in turns."""
        core = CORES.get(processor.instruction_set())
        if core is None:
            return
        contestants = [replace(self.swift, name=f"Swift, {name}", environment={"OPENBLAS_CORETYPE": name}) for name in (core, "Prescott")]
        rows, verdicts = [], []
        for w in list(self.workloads.values()) or WORKLOADS:
            directory = self.scratch / w.name
            if not directory.exists():
                write(w, directory)
            w.describe(directory)  # the double precision of a race before may be there
            race = hold_race(w, contestants, directory, self.pace, with_rates=False)
            suitable, prescott = race.entries
            ratio = prescott.ratio_to(suitable) if prescott.agrees else float("nan")
            threads = f"{suitable.threads}, {prescott.threads}"
            rows.append([w.name, threads, duration(suitable.median), duration(prescott.median), f"{ratio:.2f}" if prescott.agrees else "differs"])
            verdicts.append((f"{w.name}, OpenBLAS's kernels for Prescott against those for {core}:", ratio, "≤", PRESCOTT_TARGET))
            self.report.wrong += not prescott.agrees
        named = f" The program names its kernels: {suitable.kernels}, and {prescott.kernels}." if suitable.kernels else ""
        self.report.add(f"## OpenBLAS's kernels for Prescott\n\n{PRESCOTT_METHOD}{named}")
        self.report.table(["workload", "threads", f"step with {core}", "with Prescott", "ratio"], rows)
        self.report.targets(verdicts)

    def cold_start(self) -> None:
        """Whole processes, from start to exit: read MNIST, train 784-512-512-10 for an epoch, test."""
        files = self.options.mnist or self.scratch / "mnist"
        if not self.options.mnist:
            progress("cold start: making images up")
            files.mkdir()
            mnist.write_synthetic(files)
        train = ["train", f"mnist:{files}", "--hidden", "512,512", "--epochs", "1", "--batch-size", "128", "--test", f"mnist:{files}"]
        commands = {
            "Swift": [*shlex.split(self.options.command), *train, "--no-baseline", "--json", "--quiet"],
            "PyTorch": [sys.executable, "-B", str(HERE / "cold_start_torch.py"), str(files)],
            "JAX": [sys.executable, "-B", str(HERE / "cold_start_jax.py"), str(files)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        accuracy: dict[str, float] = {}
        for number in range(2 if self.options.quick else 5):
            progress(f"cold start: round {number + 1}")
            for name, command in list(commands.items())[:: 1 if number % 2 else -1]:
                start = time.perf_counter()
                accuracy[name] = accuracy_of(name, command)
                seconds[name].append(time.perf_counter() - start)
        self.report.add(f"## Cold start\n\n{'MNIST' if self.options.mnist else 'Made-up images in the format of MNIST'}, one epoch of mnist512, whole processes.")
        ratios = {name: median(t / s for t, s in zip(times, seconds["Swift"])) for name, times in seconds.items()}
        rows = [[name, duration(median(times)), f"{duration(min(times))} – {duration(max(times))}", f"{ratios[name]:.2f}", f"{accuracy[name]:.2%}"] for name, times in seconds.items()]
        self.report.table(["process", "time", "lowest – highest", "ratio", "test accuracy"], rows)
        best = min((name for name in ratios if name != "Swift"), key=ratios.__getitem__)
        self.report.targets([(f"cold start, against {best}:", ratios[best], "≥", COLD_START_TARGET)])
        if max(accuracy.values()) - min(accuracy.values()) > ACCURACY_TOLERANCE or min(accuracy.values()) < 0.8:
            self.report.add("**The accuracies differ or are too low: the processes did not do the same work.**")
            self.report.wrong += 1

    def tables(self) -> None:
        """A CSV file of 20 columns of numbers, read by both in turns."""
        progress("a table: Swift and pandas")
        path = self.scratch / "table.csv"
        write_table(path, (5 if self.options.quick else 200) * 1_000_000)
        swift = Contestant("Swift", (*self.swift.command, "csv"))
        threads = len(processors())
        with Session(swift, path, threads) as ours, Session(python("pandas", "csv_pandas.py"), path, threads) as peer:
            runs = [[session.train(1) for session in ((ours, peer) if turn % 2 else (peer, ours))][:: 1 if turn % 2 else -1] for turn in range(8)][1:]
            version = peer.version
            self.kernels |= {session.version: session.kernels for session in (ours, peer)}
        size = path.stat().st_size
        rows = [
            [name, duration(median(run[i].seconds for run in runs)), f"{size / median(run[i].seconds for run in runs) / 1e6:.0f} MB/s", f"{runs[-1][i].peak_bytes / size:.2f}"]
            for i, name in enumerate(["Swift", version])
        ]
        self.report.add(f"## Tables\n\nA CSV file of {size / 1e6:.0f} MB, 20 columns of numbers with 6 digits after the point, read {len(runs)} times by each in turns, after once untimed.")
        self.report.table(["reader", "time", "rate", "memory, in sizes of the file"], rows)
        self.report.targets([("table, against pandas:", median(peer.seconds / ours.seconds for ours, peer in runs), "≥", TABLE_TARGET)])
        if any(abs(ours.loss - peer.loss) > 1e-6 for ours, peer in runs):
            self.report.add("**The sums of the numbers differ: the readers did not read the same.**")
            self.report.wrong += 1

    def versions(self) -> None:
        if not self.kernels:
            return
        lines = [f"- {version}: {names or 'names no kernels'}" for version, names in sorted(self.kernels.items(), key=lambda item: item[0].lower())]
        self.report.add("\n".join([f"## Versions and kernels\n\nAs each program names them, in Python {platform.python_version()}.\n", *lines]))


def write_table(path: Path, size: int) -> None:
    """A CSV file of random numbers of at least so many bytes."""
    generator = numpy.random.default_rng(0)
    with open(path, "w") as file:
        file.write(",".join(f"x{column}" for column in range(20)) + "\n")
        while file.tell() < size:
            numpy.savetxt(file, generator.normal(size=(10_000, 20)), fmt="%.6f", delimiter=",")


def accuracy_of(name: str, command: list[str]) -> float:
    """Runs a process whose last line is its accuracy on the test set, or an object that holds it."""
    printed = output(name, command).strip()
    try:
        answer = json.loads(printed.splitlines()[-1])
        return answer if isinstance(answer, float) else answer["test"]["accuracy"]
    except (IndexError, KeyError, TypeError, json.JSONDecodeError):
        raise ContestError(f"{name} printed no accuracy: {printed[-200:]!r}") from None


def parse_arguments() -> argparse.Namespace:
    names = [*(w.name for w in WORKLOADS), *PARTS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--perceptron", required=True, metavar="COMMAND", help="the Swift contestant")
    parser.add_argument("--serving", required=True, metavar="COMMAND", help="the Swift contestant that predicts")
    parser.add_argument("--static", required=True, metavar="COMMAND", help="the same, linked statically, for the first prediction of a process")
    parser.add_argument("--command", required=True, metavar="COMMAND", help="the perceptron command, for the cold start and for steps that processes share")
    parser.add_argument("--output", required=True, type=Path, metavar="DIRECTORY", help="where the report and the picture go")
    parser.add_argument("--only", type=lambda text: text.split(","), metavar="NAMES", help=f"only some of {','.join(names)}")
    parser.add_argument("--instructions", choices=["avx2"], help="hold all contestants to these, if the processor has more")
    parser.add_argument("--mnist", type=Path, metavar="DIRECTORY", help="MNIST's four gzipped files, for the cold start; made up otherwise")
    parser.add_argument("--no-growth", action="store_true", help="without the picture of step times")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds, to see that all works")
    options = parser.parse_args()
    if unknown := set(options.only or []) - set(names):
        parser.error(f"nothing is named {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def main() -> int:
    options = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="contest-") as scratch:
        contest = Contest(options, Path(scratch))
        try:
            contest.run()
        except ContestError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    return 1 if contest.report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
