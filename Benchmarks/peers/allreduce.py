"""Prints how long MPI_Allreduce takes for the gradient of each network that processes share; run by mpirun."""

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
        times = []
        for _ in range(max(ROUNDS * 600_000 // workload.parameters, 10)):
            world.Barrier()
            start = perf_counter()
            world.Allreduce(gradient, total)
            times.append(perf_counter() - start)
        if world.rank == 0:
            print(f"{workload.name}: {1e3 * median(times):.3f} ms", flush=True)


if __name__ == "__main__":
    main()
