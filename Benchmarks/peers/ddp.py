"""PyTorch's DistributedDataParallel over gloo: the time of a step that several processes share.

    python ddp.py [--processes 2] [--threads 1] [--quick]

The same networks, batches and optimizers as `mpirun -np 2 perceptron benchmark --shards 2 --threads 1`.
"""

import argparse
import os
import statistics
import time
from dataclasses import replace

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
from torch import nn

from workloads import WORKLOADS

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
BATCHES = (("mnist512", 128), ("mnist512", 1024), ("deep", 256), ("deep", 1024), ("wide", 512))


def network(workload):
    """The layers without the softmax, which is part of the loss."""
    layers = []
    for inputs, outputs in zip(workload.sizes, workload.sizes[1:]):
        layers += [nn.Linear(inputs, outputs), ACTIVATIONS[workload.activation]()]
    return nn.Sequential(*layers[:-1])


def measure(workload, processes, rounds, seconds):
    """The median time of a step, of the slowest process in each."""
    torch.manual_seed(1)
    module = nn.parallel.DistributedDataParallel(network(workload))
    optimizer = (
        torch.optim.Adam(module.parameters(), lr=workload.learningRate)
        if workload.optimizer == "adam"
        else torch.optim.SGD(module.parameters(), lr=workload.learningRate)
    )
    loss = nn.CrossEntropyLoss()
    share = workload.batch // processes
    inputs, targets = torch.rand(share, workload.sizes[0]), torch.randint(workload.sizes[-1], (share,))

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss(module(inputs), targets).backward()
        optimizer.step()

    def timed():
        start = time.perf_counter()
        step()
        return time.perf_counter() - start

    for _ in range(3):
        step()
    count = torch.tensor(max(1.0, seconds / timed()))
    distributed.broadcast(count, 0)
    times = torch.tensor([[timed() for _ in range(int(count))] for _ in range(rounds)]).flatten()
    distributed.all_reduce(times, distributed.ReduceOp.MAX)
    return statistics.median(times.tolist())


def run(rank, arguments):
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", str(arguments.port))
    torch.set_num_threads(arguments.threads)
    distributed.init_process_group("gloo", rank=rank, world_size=arguments.processes)
    known = {workload.name: workload for workload in WORKLOADS}
    for name, batch in BATCHES[: 2 if arguments.quick else None]:
        workload = replace(known[name], batch=batch)
        seconds = measure(workload, arguments.processes, 3 if arguments.quick else 7, 0.1 if arguments.quick else 0.5)
        if rank == 0:
            print(f"{name} {batch}: {1000 * seconds:.2f} ms", flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--port", type=int, default=29511)
    parser.add_argument("--quick", action="store_true", help="the two smallest, fewer rounds")
    arguments = parser.parse_args()
    multiprocessing.spawn(run, (arguments,), nprocs=arguments.processes)
