"""The methods' errors on each table, relative to the best peer's, as an SVG picture that is readable on light and dark pages."""

import math
from dataclasses import dataclass
from html import escape

import chart

LIGHT = ("#d1431c", "#bf8700", "#57606a", "#1f6feb", "#1a7f37", "#0f8b8d", "#bf3989", "#8250df")
DARK = ("#ff8a65", "#e3b341", "#9198a1", "#6cb0ff", "#56d364", "#4dd0c8", "#ff80c8", "#c297ff")
STYLE = f"{chart.STYLE} {chart.colours(LIGHT)} @media (prefers-color-scheme: dark) {{ {chart.colours(DARK)} }} .beyond {{ fill-opacity: 0.35; }}"
WIDTH, ROW, NAMES, MARGIN = 920, 26, 110, 30
LEGEND, AXIS = 60, 46  # heights above and below the rows
AXIS_TITLE = "error on the test part, divided by the best peer’s (less is better; pale dots lie beyond the edge)"
HIGHEST = 3.0  # a larger ratio is drawn there, pale


@dataclass(frozen=True)
class Row:
    name: str  # of a table
    values: dict[str, float]  # ratio, by method


def draw(rows: list[Row], methods: list[str]) -> str:
    """A line for each table and a dot for each method; the first method's dots are the largest, and on top."""
    height = LEGEND + ROW * len(rows) + AXIS
    values = [value for row in rows for value in row.values.values()]
    low, high = min(0.8, *values), min(max(1.5, *values), HIGHEST)

    def across(ratio: float) -> float:
        return NAMES + (WIDTH - NAMES - MARGIN) * math.log(min(ratio, high) / low) / math.log(high / low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">', f"<style>{STYLE}</style>", '<rect class="page" width="100%" height="100%"/>']
    x, y = 20, 20
    for index, name in enumerate(methods):
        parts.append(f'<g class="c{index}"><circle class="dot" cx="{x}" cy="{y}" r="{6 if index == 0 else 4.5}"/></g><text x="{x + 10}" y="{y + 4}">{escape(name)}</text>')
        x += 34 + 7 * len(name)
        if x > WIDTH - 150:
            x, y = 20, y + 20
    bottom = LEGEND + ROW * len(rows)
    for ratio in [tick for tick in (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 2.0, 2.5, 3.0) if low <= tick <= high]:
        parts.append(f'<path class="grid" d="M{across(ratio):.1f} {LEGEND - 8}V{bottom}" stroke-width="{2 if ratio == 1 else 1}"/>')
        parts.append(f'<text class="minor" x="{across(ratio):.1f}" y="{bottom + 16}" text-anchor="middle">{ratio:g}</text>')
    parts.append(f'<text class="minor" x="{(NAMES + WIDTH - MARGIN) / 2}" y="{bottom + 36}" text-anchor="middle">{AXIS_TITLE}</text>')
    for number, row in enumerate(rows):
        y = LEGEND + ROW * number + ROW / 2
        parts.append(f'<text x="{NAMES - 14}" y="{y + 4:.1f}" text-anchor="end">{escape(row.name)}</text><path class="grid" d="M{NAMES} {y:.1f}H{WIDTH - MARGIN}"/>')
        for index, name in reversed(list(enumerate(methods))):
            if name in row.values:
                beyond = " beyond" if row.values[name] > high else ""
                parts.append(f'<g class="c{index}"><circle class="dot{beyond}" cx="{across(row.values[name]):.1f}" cy="{y:.1f}" r="{6 if index == 0 else 4.5}"/></g>')
    return "\n".join([*parts, "</svg>"]) + "\n"
