"""pandas as a reader of CSV files: `csv_pandas.py FILE THREADS` reads the file as often as a line asks; Benchmarks/README.md tells the protocol."""

import json
import resource
import sys
import time

import pandas

path = sys.argv[1]
print(json.dumps({"version": f"pandas {pandas.__version__}"}), flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    for _ in range(int(line)):
        table = None
        table = pandas.read_csv(path, engine="c")
    seconds = time.perf_counter() - start
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "loss": float(table.to_numpy().sum()), "peakBytes": peak}), flush=True)
