"""The report of a contest: Markdown that is also shown as it grows."""

import platform
import re
from pathlib import Path
from typing import Iterable

from processor import description, instruction_set
from race import Race
from session import processors


class Report:
    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.wrong = 0  # contestants whose loss differs

    def add(self, block: str) -> None:
        self.blocks.append(block)
        print(block, end="\n\n", flush=True)

    def table(self, header: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """The first column is text, all others are numbers."""
        header = list(header)
        widths = [len(cell) for cell in header]
        rows = [list(row) for row in rows]
        for row in rows:
            widths = [max(width, len(cell)) for width, cell in zip(widths, row)]

        def line(cells: list[str]) -> str:
            first, *others = (cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths)))
            return "| " + " | ".join([first, *others]) + " |"

        rule = "|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|"
        self.add("\n".join([line(header), rule, *map(line, rows)]))

    def rows(self, race: Race) -> list[list[str]]:
        """A race's contestants: name, threads, time, lowest and highest, ratio, loss. Counts those whose loss differs."""
        rows = []
        for entry in race.entries:
            low, high = min(entry.step_seconds), max(entry.step_seconds)
            ratio = f"{entry.ratio_to(race.swift):.2f}" if entry.agrees else "differs"
            rows.append([entry.name, str(entry.threads), duration(entry.median), f"{duration(low)} – {duration(high)}", ratio, f"{entry.last_loss:.5g}"])
            self.wrong += not entry.agrees
        return rows

    def targets(self, lines: Iterable[tuple[str, float, str, float]]) -> None:
        """Lines of what was measured, its value, `≥` or `≤`, and the target."""
        verdicts = []
        for what, value, relation, target in lines:
            holds = value >= target if relation == "≥" else value <= target
            verdicts.append(f"- {'holds' if holds else '**short**'}: {what} {value:.3g}, target {relation} {target:g}")
        if verdicts:
            self.add("\n".join(verdicts))

    @property
    def markdown(self) -> str:
        return "\n\n".join(self.blocks) + "\n"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def machine() -> str:
    """Processor, what of it may be used, the operating system, and the instructions in force."""
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 2**20
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    usable = f"{len(processors())} usable processors, {memory:.0f} GiB"
    return f"{description()}, {usable}; {system}, Linux {platform.release()}. The Swift program's instruction set is {instruction_set()}"


def duration(seconds: float) -> str:
    """With three digits and the unit that suits."""
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit:
            break
    return f"{seconds / unit:.3g} {name}" if seconds < 1000 * unit else f"{seconds / unit:.0f} {name}"
