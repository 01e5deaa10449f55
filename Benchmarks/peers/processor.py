"""The processor as the kernel describes it, and the instructions that the Swift program uses of it."""

import os
import platform
from functools import cache
from pathlib import Path

IDENTITY = ("vendor_id", "cpu family", "model", "stepping", "CPU implementer", "CPU variant", "CPU part", "CPU revision")  # the last four on ARM
NOTABLE = ("avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_bf16", "amx_bf16", "asimd", "sve")  # by these, libraries choose kernels
AVX2 = {"avx2", "fma", "bmi1"}
AVX512 = AVX2 | {"avx512f", "avx512dq", "avx512bw", "avx512vl"}
NAMES = {"baseline": "baseline", "avx2": "AVX2", "avx512": "AVX-512"}


@cache
def entries() -> list[dict[str, str]]:
    """What /proc/cpuinfo says of each processor."""
    blocks = Path("/proc/cpuinfo").read_text().strip().split("\n\n")
    return [{name.strip(): value.strip() for name, _, value in (line.partition(":") for line in block.splitlines())} for block in blocks]


def model() -> str:
    return entries()[0].get("model name", platform.machine())


def label() -> str:
    """A name for files: the model with its family and number, because processors of several generations may share a name."""
    first = entries()[0]
    return " ".join([model(), *(first[name] for name in ("cpu family", "model") if name in first)])


def flags() -> set[str]:
    return set((entries()[0].get("flags") or entries()[0].get("Features", "")).split())


def description() -> str:
    """Model, vendor, family, model number, stepping, notable flags and number of cores."""
    first = entries()[0]
    identity = ", ".join(f"{name} {first[name]}" for name in IDENTITY if name in first)
    cores = {(entry.get("physical id"), entry["core id"]) for entry in entries() if "core id" in entry}
    notable = " ".join(flag for flag in NOTABLE if flag in flags())
    return f"{model()} ({identity}; {notable or 'no notable flags'}), {len(cores or entries())} cores"


def multiplies_bfloat16() -> bool:
    return bool(flags() & {"avx512_bf16", "amx_bf16"})


def instruction_set() -> str:
    """The one in force for the Swift program: the best, unless PERCEPTRON_INSTRUCTIONS names another."""
    best = "avx512" if AVX512 <= flags() else "avx2" if AVX2 <= flags() else "baseline"
    return NAMES.get(os.environ.get("PERCEPTRON_INSTRUCTIONS", best), NAMES[best])
