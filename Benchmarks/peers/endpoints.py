"""Requests over HTTP: `perceptron serve` beside FastAPI and Starlette with ONNX Runtime, each on one processor, asked by wrk on another."""

import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from statistics import median

from race import progress
from report import Report
from session import HERE, ContestError, output, processors

CONNECTIONS = 32
ROUNDS, SECONDS = 5, 4  # of each, in turns
RATE_TARGET, LATENCY_TARGET, TIME_TARGET = 2.0, 0.5, 1 / 3  # against FastAPI

METHOD = f"""A model of eight numbers and a text column with three classes (two hidden layers of 64 units) answers one record for each request, on {CONNECTIONS} connections that are
kept alive. `perceptron serve` has the model itself, FastAPI (records checked by pydantic) and Starlette (records read by orjson, unchecked) have the exported graph in ONNX Runtime on one
thread, both under uvicorn with uvloop and httptools. Each server has one processor and wrk another. They take turns of {SECONDS} seconds; a figure is the median over {ROUNDS} rounds. *Time* is
the server's processor time, in the kernel too, divided by the requests. The answers are compared first."""


def compare(command: tuple[str, ...], report: Report, scratch: Path, quick: bool) -> None:
    """Adds a section to the report."""
    if not shutil.which("wrk"):
        raise ContestError("wrk is missing; install Debian's package wrk")
    if len(processors()) < 2:
        raise ContestError("the service and wrk need a processor each")
    record = model(command, scratch)
    body = json.dumps(record)
    script = scratch / "post.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['Content-Type'] = 'application/json'\n")
    ports = {name: free_port() for name in ("perceptron serve", "FastAPI", "Starlette")}
    python = (sys.executable, "-B", str(HERE / "http_peer.py"))
    graph = str(scratch / "http.onnx")
    commands = {
        "perceptron serve": (*command, "serve", str(scratch / "http.perceptron"), "--threads", "1", "--port", str(ports["perceptron serve"])),
        "FastAPI": (*python, "fastapi", str(ports["FastAPI"]), graph),
        "Starlette": (*python, "starlette", str(ports["Starlette"]), graph),
    }
    servers: dict[str, subprocess.Popen] = {}
    figures: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in commands}
    try:
        for name, words in commands.items():
            servers[name] = subprocess.Popen(words, stdout=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, processors()[:1]))
        answers = {name: first_answer(port, body, servers[name], name) for name, port in ports.items()}
        for name, answer in answers.items():
            shares = sorted(answer["probabilities"].values())
            if any(abs(a - b) > 1e-4 for a, b in zip(shares, sorted(answers["perceptron serve"]["probabilities"].values()))):
                raise ContestError(f"{name} answers otherwise than perceptron serve: {answer}")
        for number in range(1 if quick else ROUNDS):
            progress(f"HTTP: round {number + 1}")
            for name in commands:
                figures[name].append(load(ports[name], script, servers[name].pid, 1 if quick else SECONDS))
    finally:
        for server in servers.values():
            server.terminate()
            server.wait()
    middle = {name: tuple(median(values) for values in zip(*rounds)) for name, rounds in figures.items()}
    report.add(f"## Requests over HTTP\n\n{METHOD}")
    report.table(
        ["server", "requests/s", "median", "99th percentile", "time a request"],
        [[name, f"{rate:.0f}", f"{half:.0f} µs", f"{last:.0f} µs", f"{used:.1f} µs"] for name, (rate, half, last, used) in middle.items()],
    )
    ours, theirs = middle["perceptron serve"], middle["FastAPI"]
    report.targets(
        [
            ("requests a second, against FastAPI:", ours[0] / theirs[0], "≥", RATE_TARGET),
            ("99th percentile, in FastAPI's:", ours[2] / theirs[2], "≤", LATENCY_TARGET),
            ("time a request, in FastAPI's:", ours[3] / theirs[3], "≤", TIME_TARGET),
        ]
    )


def model(command: tuple[str, ...], scratch: Path) -> dict:
    """Trains and exports a model, and returns a record for it."""
    draw = random.Random(1)
    lines = ["a,b,c,d,e,f,g,h,colour,kind"]
    for _ in range(600):
        numbers = [draw.gauss(0, 1) for _ in range(8)]
        colour = draw.choice(["red", "green", "blue"])
        kind = "xyz"[(numbers[0] + numbers[1] > 0) + (colour == "red")]
        lines.append(",".join([*(f"{number:.4f}" for number in numbers), colour, kind]))
    (scratch / "http.csv").write_text("\n".join(lines) + "\n")
    path = str(scratch / "http.perceptron")
    output("perceptron train", [*command, "train", str(scratch / "http.csv"), "-o", path, "--recipe", "plain", "--hidden", "64,64", "--quiet"])
    output("perceptron export", [*command, "export", path, str(scratch / "http.onnx")])
    return {name: round(draw.gauss(0, 1), 4) for name in "abcdefgh"} | {"colour": "blue"}


def free_port() -> int:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


def first_answer(port: int, body: str, server: subprocess.Popen, name: str) -> dict:
    """Asks until the server listens."""
    end = time.monotonic() + 60
    while True:
        try:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", body.encode(), {"Content-Type": "application/json"})
            return json.load(urllib.request.urlopen(request, timeout=10))
        except OSError as error:
            if server.poll() is not None or time.monotonic() > end:
                raise ContestError(f"{name} does not answer: {error}") from None
            time.sleep(0.1)


def processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(port: int, script: Path, server: int, seconds: int) -> tuple[float, float, float, float]:
    """Requests a second, the median and the 99th percentile of their durations in µs, and the server's processor time for each in µs."""
    before = processor_seconds(server)
    client = ["taskset", "-c", str(processors()[1]), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), f"http://127.0.0.1:{port}/predict"]
    text = output("wrk", client)
    used = processor_seconds(server) - before
    if "Non-2xx" in text or "Socket errors" in text:
        raise ContestError(f"wrk: {text.strip().splitlines()[-1]}")
    found = {name: re.search(pattern, text) for name, pattern in (("half", r"50%\s+([\d.]+)(us|ms|s)"), ("last", r"99%\s+([\d.]+)(us|ms|s)"))}
    half, last = (float(match[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[match[2]] for match in found.values())
    count = int(re.search(r"(\d+) requests in", text)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), half, last, 1e6 * used / count
