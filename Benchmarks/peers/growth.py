"""How the time of a step grows with width, batch, depth and threads."""

import shutil
from pathlib import Path
from statistics import median

from chart import Panel, draw
from race import progress, trial
from session import Contestant, thread_counts
from workloads import WORKLOADS, Workload, write

WIDE = next(w for w in WORKLOADS if w.name == "wide")
MNIST512 = next(w for w in WORKLOADS if w.name == "mnist512")


def network(hidden: list[int], batch: int = 128) -> Workload:
    name = f"784-{'-'.join(map(str, hidden))}-10, batch {batch}"
    return Workload(name, (784, *hidden, 10), batch, "relu", "softmax", "crossEntropy", "adam", 0.001, max(4096, batch))


def grow(contestants: list[Contestant], directory: Path, quick: bool) -> str:
    """Measures all and returns the picture, an SVG."""
    counts = thread_counts()
    widths = [2**power for power in range(6, 10 if quick else 14)]
    batches = [8**power for power in range(3 if quick else 5)]
    depths = [2**power for power in range(3 if quick else 5)]

    def against(xs: list[int], workloads: list[Workload]) -> dict[str, list[tuple[float, float]]]:
        """For each contestant, the step time with the best number of threads at every x."""
        times = [{c.name: min(step.values()) for c, step in zip(contestants, measure(contestants, w, directory))} for w in workloads]
        return {c.name: [(x, time[c.name]) for x, time in zip(xs, times)] for c in contestants}

    panels = [
        Panel("Width", "hidden units in each of two layers, batch 128", widths, against(widths, [network([w, w]) for w in widths])),
        Panel("Batch", "samples, 784-512-512-10", batches, against(batches, [network([512, 512], b) for b in batches])),
        Panel("Depth", "hidden layers of 512, batch 128", depths, against(depths, [network([512] * d) for d in depths])),
    ]
    if len(counts) > 1:
        curves = {}
        for workload in [MNIST512] if quick else [MNIST512, WIDE]:
            for contestant, times in zip(contestants, measure(contestants, workload, directory)):
                curves[f"{contestant.name}, {workload.name}"] = list(times.items())
        panels.append(Panel("Threads", "threads, on as many processors; mnist512 below, wide above", counts, curves))
    return draw(panels, [c.name for c in contestants])


def measure(contestants: list[Contestant], workload: Workload, directory: Path) -> list[dict[int, float]]:
    """For each contestant, seconds of a step by number of threads."""
    write(workload, directory)
    result = []
    for contestant in contestants:
        times = {threads: median(trial(contestant, directory, threads)) for threads in thread_counts()}
        progress(f"{workload.name}: {contestant.name} " + ", ".join(f"{1e6 * t:.1f} µs with {n}" for n, t in times.items()))
        result.append(times)
    shutil.rmtree(directory)
    return result
