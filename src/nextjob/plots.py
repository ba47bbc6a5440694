"""Plots as inline SVG that takes the page's text colour, light or dark."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

PAGE_COLOUR = "#010203"  # stands for the page's own colour until the SVG is written
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.parse_math": False,
    "axes.prop_cycle": "cycler('color', ['#4c8dd6', '#e08a3c', '#3fa66b', '#c65b8f', '#8d78d1'])",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), PAGE_COLOUR),
}


def curves(values: Mapping[str, Sequence[float]], label: str) -> str:
    """Lines over epochs 1, 2, ..., one a name, under a y axis named ``label``."""
    with rc_context({**STYLE, "svg.hashsalt": label}):
        figure, axes = _axes()
        for name, line in values.items():
            axes.plot(range(1, len(line) + 1), line, label=name, marker="o", markersize=3)
        axes.set(xlabel="epoch", ylabel=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend()
        return _svg(figure, f"{label} by epoch")


def histogram(values: Sequence[float], label: str) -> str:
    """Counts of values between 0 and 1."""
    with rc_context({**STYLE, "svg.hashsalt": label}):
        figure, axes = _axes()
        axes.hist(values, bins=20, range=(0, 1))
        axes.set(xlabel=label, ylabel="sessions")
        return _svg(figure, f"distribution of {label}")


def _axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5, 2.6), layout="constrained")
    return figure, figure.add_subplot()


def _svg(figure: Figure, name: str) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(PAGE_COLOUR, "currentColor")
    return text.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
