"""The runs of a multirun side by side, best first by the value that train.py returned."""

import csv
import io
import json
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from rich.console import Console
from rich.table import Table

OUTCOME_FILE, PRUNING_FILE = "outcome.json", "pruning.json"
RUNNING, STOPPED, FINISHED, PRUNED, FAILED = "running", "stopped", "finished", "pruned", "failed"
VAL = "val "
VAL_COLUMNS = {"MRR@10": "val/mrr@10", "accuracy": "val/action_acc", "score": "val/score"}


class Run(NamedTuple):
    """What one run of a multirun came to."""

    number: int
    folder: Path
    command: list[str]
    """What would repeat it alone."""
    monitor: str | None
    """The quantity whose best value it returns; None for a program without one."""
    state: str
    value: float | None
    """What it returned, None for nothing."""
    note: str
    """Why it failed or was pruned."""
    seconds: float | None
    metrics: dict[str, float | None]
    """Its metrics.json, empty for a run that has none."""

    @property
    def settings(self) -> dict[str, str]:
        """Its overrides, key by key."""
        pairs = (override.partition("=") for override in self.command[2:])
        return {key.lstrip("+"): value for key, _, value in pairs}


def read_runs(sweep: Path) -> list[Run]:
    """The runs in the folder of a multirun that is over: best first, without a value last, equals by number."""
    runs = []
    for path in sweep.glob(f"*/{OUTCOME_FILE}"):
        outcome, metrics = json.loads(path.read_bytes()), path.with_name("metrics.json")
        if outcome["state"] == RUNNING:
            outcome["state"] = STOPPED
        through = outcome["state"] in (FINISHED, PRUNED) and metrics.is_file()
        runs.append(Run(**outcome, folder=path.parent, metrics=json.loads(metrics.read_bytes()) if through else {}))
    return sorted(runs, key=lambda run: (math.inf if run.value is None else -run.value, run.number))


def why_pruned(run: Path) -> str | None:
    """The reason that a run was pruned for, None for one that was not."""
    path = run / PRUNING_FILE
    return json.loads(path.read_bytes())["pruned"] if path.is_file() else None


def varied(runs: Sequence[Run]) -> list[str]:
    """The keys that the runs differ in."""
    settings = [run.settings for run in runs]
    keys = dict.fromkeys(key for setting in settings for key in setting)
    return [key for key in keys if len({setting.get(key) for setting in settings}) > 1]


def value_name(runs: Sequence[Run]) -> str:
    """What the returned value is called."""
    names = {run.monitor for run in runs}
    return next(iter(names)) or "value" if len(names) == 1 else "value"


def best_command(runs: Sequence[Run]) -> str | None:
    """The command that repeats the best run, overlays first; None where no run returned a value."""
    if not runs or runs[0].value is None:
        return None
    program, overrides = runs[0].command[:2], runs[0].command[2:]
    return shlex.join([*program, *sorted(overrides, key=lambda override: not override.startswith("+"))])


def how_sorted(runs: Sequence[Run]) -> str:
    """What the order of the runs rests on, and what it does not."""
    if best_command(runs) is None:
        return "No run returned a value, so none is the best."
    return (
        f"Best {value_name(runs)} first: the value that train.py returns, measured on tune chains. "
        "The val figures decide nothing here."
    )


def cells(runs: Sequence[Run]) -> list[dict[str, str]]:
    """A row for every run as text: run, state unless all have finished, value, varied keys, val figures."""
    keys, name = varied(runs), value_name(runs)
    stated = any(run.state != FINISHED for run in runs)
    rows = []
    for run in runs:
        row = {"run": str(run.number)} | ({"state": run.state} if stated else {})
        row[name] = _figure(run.value, 4)
        row |= {key: _setting(run.settings.get(key)) for key in keys}
        if any(other.metrics for other in runs):
            row |= {f"{VAL}{header}": _figure(run.metrics.get(key), 3) for header, key in VAL_COLUMNS.items()}
        rows.append(row)
    return rows


def terminal_table(runs: Sequence[Run], width: int) -> Table:
    """The cells, with keys shortened to the end that tells them apart; val figures where they fit in ``width``."""
    headers = list(cells(runs)[0])
    tables = [_table(runs, headers), _table(runs, [header for header in headers if not header.startswith(VAL)])]
    console = Console(width=10 * width)  # so that it measures what a table would like
    return next((table for table in tables if console.measure(table).maximum <= width), tables[-1])


def _table(runs: Sequence[Run], headers: Sequence[str]) -> Table:
    keys = varied(runs)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for header in headers:
        shown = _ending(header, keys) if header in keys else header.replace(VAL, f"{VAL.strip()}\n")
        justify: Literal["left", "right"] = "left" if header == "state" else "right"
        table.add_column(shown, justify=justify, overflow="fold", no_wrap=header not in keys)
    for row in cells(runs):
        table.add_row(*(row[header] for header in headers))
    return table


def notes(runs: Sequence[Run], states: Sequence[str]) -> list[str]:
    """Why each run failed or was pruned, a line for every one in one of the states."""
    return [f"run {run.number} {run.state}: {run.note}" for run in runs if run.state in states]


def as_csv(runs: Sequence[Run]) -> str:
    """Everything, a row for every run."""
    rows = [
        {"run": run.number, "state": run.state, value_name(runs): run.value, "seconds": run.seconds, "note": run.note}
        | run.settings
        | run.metrics
        for run in runs
    ]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def _ending(key: str, keys: Sequence[str]) -> str:
    parts = key.split(".")
    endings = (".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1))
    return next(end for end in endings if sum(f".{other}".endswith(f".{end}") for other in keys) == 1)


def _figure(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _setting(text: str | None) -> str:
    if text is None:
        return "-"
    try:
        return text if text.lstrip("-").isdecimal() else f"{float(text):.3g}"
    except ValueError:
        return text
