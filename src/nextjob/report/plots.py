"""Plots, drawn as inline SVG that takes the page's text colour, light or dark, or as pixels on white."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, StrMethodFormatter

BLUE, ORANGE, GREEN, PINK, PURPLE, GREY = "#4c8dd6", "#e08a3c", "#3fa66b", "#c65b8f", "#8d78d1", "#98a2b3"
PAGE_COLOUR = "#010203"  # stands for the page's own colour until the SVG is written
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "text.parse_math": False,
    "axes.prop_cycle": f"cycler('color', {[BLUE, ORANGE, GREEN, PINK, PURPLE]})",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "grid.color": GREY,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), PAGE_COLOUR),
}
WIDTH, HEIGHT = 4.2, 2.4  # inches
LEFT, RIGHT, BOTTOM, TOP = 0.64, 0.12, 0.42, 0.22  # margins: a layout engine would draw everything twice
LETTER = 0.062  # width of one, about
TITLE = 0.25
PIXELS_PER_INCH = 110
RASTER = 220  # pixels an inch of what is too much for SVG
POINTS = 200


class Plot(NamedTuple):
    """What is drawn, and what it shows, in words; sizes in inches."""

    label: str
    draw: Callable[[Axes], object]
    height: float = HEIGHT
    left: float = LEFT
    bottom: float = BOTTOM
    width: float = WIDTH


class Span(NamedTuple):
    """A value between two bounds, or alone where they are NaN."""

    value: float
    low: float
    high: float


def svg(plot: Plot) -> Markup:
    """Inline SVG."""
    file = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": plot.label}):
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        _figure(plot).savefig(file, format="svg", dpi=RASTER, metadata=metadata)
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(PAGE_COLOUR, "currentColor")
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{escape(plot.label)}"', 1))


def pixels(plot: Plot) -> np.ndarray:
    """(H, W, 4) uint8, black on white, under its label."""
    with rc_context({**STYLE, "figure.facecolor": "white", "figure.dpi": PIXELS_PER_INCH}):
        figure = _figure(plot, TITLE)
        figure.suptitle(plot.label, fontsize=9)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.array(canvas.buffer_rgba())


def curves(label: str, lines: Mapping[str, Sequence[float]], marks: Mapping[str, float]) -> Plot:
    """Lines over epochs 1, 2, ..., and named vertical ``marks``."""

    def draw(axes: Axes) -> None:
        for name, line in lines.items():
            axes.plot(range(1, len(line) + 1), line, label=name, marker="o", markersize=3)
        for name, place in marks.items():
            axes.axvline(place, color=GREY, linestyle="--", linewidth=1)
            axes.annotate(
                name, (place, 0.97), (-3, 0), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                rotation=90, ha="right", va="top", fontsize=7, color=GREY,
            )  # fmt: skip
        axes.set(xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        _legend_above(axes)

    return Plot(label, draw)


def histogram(
    label: str, values: Sequence[float] | np.ndarray, xlabel: str, ylabel: str, bins: Sequence[float] | np.ndarray
) -> Plot:
    """Counts of values; what lies beyond the outer bins is counted in them."""

    def draw(axes: Axes) -> None:
        axes.hist(np.clip(values, bins[0], bins[-1]), bins=bins, rwidth=0.92)  # type: ignore[arg-type]
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid(axis="y")

    return Plot(label, draw)


def columns(label: str, names: Sequence[str], heights: np.ndarray, xlabel: str, ylabel: str) -> Plot:
    """A bar for every name."""

    def draw(axes: Axes) -> None:
        axes.bar(range(len(names)), heights, width=0.85)
        axes.set_xticks(range(len(names)), names)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid(axis="y")

    return Plot(label, draw)


def falling(label: str, counts: np.ndarray, xlabel: str, ylabel: str) -> Plot:
    """Falling counts by their rank, both on logarithmic scales."""

    def draw(axes: Axes) -> None:
        rank = _spread(len(counts))
        axes.plot(rank, counts[rank - 1])
        axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axis.set_minor_formatter(NullFormatter())
        axes.grid()

    return Plot(label, draw)


def concentration(label: str, counts: Mapping[str, np.ndarray], xlabel: str, ylabel: str) -> Plot:
    """Cumulative share of falling counts, one line a name, beside the diagonal of equal ones."""

    def draw(axes: Axes) -> None:
        for name, values in counts.items():
            rank = np.append(0, _spread(len(values)))
            axes.plot(rank / len(values), np.append(0, np.cumsum(values))[rank] / values.sum(), label=name)
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="all equal")
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid()
        _legend_above(axes)

    return Plot(label, draw)


def points(label: str, parts: Mapping[str, np.ndarray], xlabel: str, ylabel: str) -> Plot:
    """Points in the plane, (N, 2) a part; the first part is grey and below the others."""

    def draw(axes: Axes) -> None:
        for number, (name, place) in enumerate(parts.items()):
            colour, alpha = (f"C{number - 1}", 0.8) if number else (GREY, 0.4)
            x, y = place.T
            axes.scatter(
                x, y, s=7, color=colour, alpha=alpha, zorder=2 + number, linewidths=0, label=name, rasterized=True
            )
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.tick_params(labelbottom=False, labelleft=False, length=0)
        axes.legend(
            ncols=2, loc="upper left", bbox_to_anchor=(0, -0.08), borderpad=0, fontsize=7.5,
            handlelength=1.0, handletextpad=0.4, columnspacing=1.0, markerscale=2,
        )  # fmt: skip

    return Plot(label, draw, height=4.0, left=0.3, bottom=0.85)


def spans_by_group(label: str, groups: Sequence[str], series: Mapping[str, Sequence[Span]], xlabel: str) -> Plot:
    """A dot with its bounds for every group, one below the other, beside those of the other series."""

    def draw(axes: Axes) -> None:
        offset = 0.3 / max(len(series) - 1, 1)
        for number, (name, spans) in enumerate(series.items()):
            place = np.arange(len(groups)) + offset * (number - (len(series) - 1) / 2)
            value, low, high = np.array(spans).T
            axes.hlines(place, low, high, color=f"C{number}", linewidth=1.6, alpha=0.6)
            axes.plot(value, place, "o", color=f"C{number}", markersize=4.5, label=name)
        axes.set_yticks(range(len(groups)), groups)
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set(xlabel=xlabel)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        if len(series) > 1:
            _legend_above(axes)

    left = 0.15 + LETTER * max(map(len, groups), default=0)
    return Plot(label, draw, height=BOTTOM + TOP + 0.15 + 0.28 * len(groups), left=left)


def reliability(label: str, predicted: Sequence[float], observed: Sequence[Span], shares: Sequence[float]) -> Plot:
    """Observed against predicted shares, beside the diagonal of a calibrated forecast; dots grow with their rows."""

    def draw(axes: Axes) -> None:
        value, low, high = np.array(observed).T
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
        axes.vlines(predicted, low, high, color="C0", linewidth=1.6, alpha=0.6)
        axes.scatter(predicted, value, s=14 + 160 * np.array(shares), color="C0", zorder=3)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="predicted share of apply", ylabel="observed share")
        axes.grid()

    return Plot(label, draw, height=3.2)


def _legend_above(axes: Axes) -> None:
    entries = axes.get_legend_handles_labels()[1]
    axes.legend(
        ncols=len(entries), loc="lower right", bbox_to_anchor=(1, 1), borderpad=0, borderaxespad=0.2, fontsize=7,
        handlelength=1.2, handletextpad=0.4, columnspacing=1.0,
    )  # fmt: skip


def _spread(n: int) -> np.ndarray:
    """At most POINTS ranks of 1 to n, closer together at the front."""
    return np.unique(np.geomspace(1, n, min(n, POINTS)).round().astype(np.int64))


def _figure(plot: Plot, title: float = 0.0) -> Figure:
    height = plot.height + title
    figure = Figure(figsize=(plot.width, height))
    top, bottom = 1 - (TOP + title) / height, plot.bottom / height
    figure.subplots_adjust(left=plot.left / plot.width, right=1 - RIGHT / plot.width, bottom=bottom, top=top)
    plot.draw(figure.add_subplot())
    return figure
