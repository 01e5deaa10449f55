"""Prints how long MPI_Allreduce takes for the gradient of each network that processes share, in ms: again and again on the same memory, which stays in the caches, and
on a gradient that has just been written, after parameters and moments were, as in a step. Run by mpirun."""

from statistics import median
from time import perf_counter

import numpy as np
from mpi4py import MPI

from workloads import WORKLOADS

ROUNDS = 200
NETWORKS = ("mnist512", "deep", "wide")


def main() -> None:
    world = MPI.COMM_WORLD
    for workload in WORKLOADS:
        if workload.name not in NETWORKS:
            continue
        gradient, total = np.ones(workload.parameters, np.float32), np.empty(workload.parameters, np.float32)
        others = np.ones(3 * workload.parameters, np.float32)
        medians = []
        for is_fresh in (False, True):
            times = []
            for _ in range(max(ROUNDS * 600_000 // workload.parameters, 10)):
                if is_fresh:
                    others += 1
                    gradient[:] = others[: gradient.size]
                world.Barrier()
                start = perf_counter()
                world.Allreduce(gradient, total)
                times.append(perf_counter() - start)
            medians.append(1e3 * median(times))
        if world.rank == 0:
            print(workload.name, *(f"{time:.3f}" for time in medians), flush=True)


if __name__ == "__main__":
    main()
