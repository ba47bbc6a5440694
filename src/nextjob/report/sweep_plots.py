"""How the returned value of a multirun's runs goes with what varied between them."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from nextjob.report.plots import BLUE, ORANGE, PAGE_COLOUR, Plot

LOG_FROM = 10
"""Numbers whose largest is at least so many times the smallest lie on a logarithmic scale."""
MOST_TICKS = 5


class Axis(NamedTuple):
    """A key and where its values lie on a line from 0 to 1."""

    name: str
    places: list[float]
    ticks: dict[str, float]


def axis(name: str, values: Sequence[str | None]) -> Axis:
    """Numbers at their distance, linear or logarithmic; evenly spaced choices where any value is no number."""
    numbers = [_number(value) for value in values]
    found = [number for number in numbers if number is not None]
    if len(found) == len(values):
        return _number_axis(name, found)
    order = sorted(set(zip(values, numbers, strict=True)), key=lambda pair: (pair[1] is None, pair[1], str(pair[0])))
    place = {value: row / max(1, len(order) - 1) for row, (value, _) in enumerate(order)}
    ticks = {value if value is not None else "-": where for value, where in place.items()}
    return Axis(name, [place[value] for value in values], ticks)


def parallel_coordinates(axes: Sequence[Axis], values: Sequence[float], value_name: str) -> Plot:
    """A line for every run through its settings to its value, the best one, which comes first, in front."""
    columns = [*axes, _number_axis(value_name, values)]
    strength = columns[-1].places

    def draw(plot: Axes) -> None:
        for run in reversed(range(len(values))):
            colour, width = (ORANGE, 2.2) if run == 0 else (BLUE, 1.2)
            line = [column.places[run] for column in columns]
            plot.plot(range(len(columns)), line, color=colour, linewidth=width, alpha=0.3 + 0.7 * strength[run])
        for position, column in enumerate(columns):
            plot.axvline(position, color=PAGE_COLOUR, linewidth=0.8)
            for text, place in column.ticks.items():
                plot.text(position - 0.04, place, text, ha="right", va="center", fontsize=8)
        plot.set_xticks(range(len(columns)), [column.name.replace(".", ".\n") for column in columns])
        plot.set_yticks([])
        plot.set(xlim=(-0.5, len(columns) - 0.9), ylim=(-0.06, 1.06))
        plot.spines[:].set_visible(False)
        plot.tick_params(length=0)

    lines = max(column.name.count(".") for column in columns) + 1
    return Plot(
        "settings and value of every run",
        draw,
        height=3,
        left=0.1,
        bottom=0.2 + 0.15 * lines,
        width=1 + 1.6 * len(axes),
    )


def value_against(setting: Axis, values: Sequence[float], value_name: str) -> Plot:
    """A dot for every run over its setting, the best one, which comes first, in front."""

    def draw(plot: Axes) -> None:
        plot.scatter(setting.places[1:], values[1:], color=BLUE, alpha=0.8)
        plot.scatter(setting.places[:1], values[:1], color=ORANGE, s=60)
        plot.set(xlabel=setting.name, ylabel=value_name, xlim=(-0.08, 1.08))
        plot.set_xticks(list(setting.ticks.values()), list(setting.ticks))
        plot.grid(axis="y")

    return Plot(f"{value_name} by {setting.name}", draw, left=0.78)


def _number_axis(name: str, numbers: Sequence[float]) -> Axis:
    low, high = min(numbers), max(numbers)
    scale: Callable[[float], float] = math.log if low > 0 and high >= LOG_FROM * low else float
    span = scale(high) - scale(low)

    def place(number: float) -> float:
        return (scale(number) - scale(low)) / span if span else 0.5

    distinct = sorted(set(numbers))
    if len(distinct) > MOST_TICKS:
        middle = math.sqrt(low * high) if scale is math.log else (low + high) / 2
        distinct = [low, middle, high]
    return Axis(name, [place(number) for number in numbers], {f"{number:.3g}": place(number) for number in distinct})


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
