"""Log-log line charts as SVG, readable on light and dark pages."""

import math
from dataclasses import dataclass
from html import escape

LIGHT, DARK = ("#d1431c", "#1f6feb", "#1a7f37", "#8250df"), ("#ff8a65", "#6cb0ff", "#56d364", "#c297ff")  # of the contestants


def colours(values: tuple[str, ...]) -> str:
    return " ".join(f".c{i} .line {{ stroke: {c}; }} .c{i} .dot {{ fill: {c}; }}" for i, c in enumerate(values))


STYLE = f"""
  svg {{ font: 12px system-ui, sans-serif; }} .page {{ fill: #ffffff; }}
  text {{ fill: #24292f; }} .minor {{ fill: #57606a; }} .title {{ font-size: 14px; font-weight: 600; }}
  .grid {{ stroke: #d8dee4; }} .line {{ fill: none; stroke-width: 2; stroke-linejoin: round; }}
  {colours(LIGHT)}
  @media (prefers-color-scheme: dark) {{
    .page {{ fill: #0d1117; }}
    text {{ fill: #e6edf3; }} .minor {{ fill: #9198a1; }} .grid {{ stroke: #30363d; }}
    {colours(DARK)}
  }}
"""
WIDTH, HEIGHT = 460, 340  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 64, 20, 44, 40  # its margins
LEGEND = 36  # height above the panels


@dataclass(frozen=True)
class Panel:
    title: str
    label: str  # of the horizontal axis
    ticks: list[int]
    curves: dict[str, list[tuple[float, float]]]  # (x, seconds); a name may go on after the contestant's with a comma


def draw(panels: list[Panel], names: list[str]) -> str:
    """Two panels to a row; a contestant has one colour in all."""
    width, height = 2 * WIDTH, LEGEND + math.ceil(len(panels) / 2) * HEIGHT
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">', f"<style>{STYLE}</style>", '<rect class="page" width="100%" height="100%"/>']
    x = LEFT
    for index, name in enumerate(names):
        parts.append(f'<g class="c{index}"><path class="line" d="M{x} 22h22"/><circle class="dot" cx="{x + 11}" cy="22" r="3"/></g>')
        parts.append(f'<text x="{x + 28}" y="26">{escape(name)}</text>')
        x += 52 + 8 * len(name)
    for index, panel in enumerate(panels):
        parts.append(f'<g transform="translate({index % 2 * WIDTH} {LEGEND + index // 2 * HEIGHT})">')
        parts += panel_parts(panel, names)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>"]) + "\n"


def panel_parts(panel: Panel, names: list[str]) -> list[str]:
    times = [y for curve in panel.curves.values() for _, y in curve]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    first, last = math.log2(panel.ticks[0]), math.log2(panel.ticks[-1])

    def across(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log2(x) - first) / max(last - first, 1)

    def down(seconds: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(seconds)) / max(high - low, 1)

    parts = [f'<text class="title" x="{LEFT}" y="18">{escape(panel.title)}</text>', f'<text class="minor" x="{LEFT}" y="35">time of a step</text>']
    for power in range(low, high + 1):
        y = down(10.0**power)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="minor" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick(power)}</text>')
    for x in panel.ticks:
        parts.append(f'<path class="grid" d="M{across(x):.1f} {HEIGHT - BOTTOM}v4"/>')
        parts.append(f'<text class="minor" x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{x}</text>')
    parts.append(f'<text class="minor" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(panel.label)}</text>')
    for name, curve in reversed(panel.curves.items()):  # the first on top
        points = [(across(x), down(y)) for x, y in curve]
        parts.append(f'<g class="c{names.index(name.split(",")[0])}">')
        parts.append(f'<polyline class="line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>')
        parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points]
        parts.append("</g>")
    return parts


def tick(power: int) -> str:
    """A power of ten of seconds in µs, ms or s."""
    unit, name = (0, "s") if power >= 0 else (-3, "ms") if power >= -3 else (-6, "µs")
    return f"{10.0 ** (power - unit):g} {name}"
