"""python -m nextjob evaluate +experiment=NAME[,NAME...] [folds=5] [seeds=1] [out=DIR] [keys of train.py ...]

Cross-validation over profile chains: every experiment is trained and tested by train.py on every fold and seed,
each in OUT/EXPERIMENT/seedS-foldF/. Finished folds are skipped, so a command that was stopped goes on when it is
given again. At the end all rows are pooled, with 95 % intervals over profile chains and paired differences
against the first experiment and the baselines, also written to OUT/evaluate.json and OUT/evaluate.csv. A last table
has the MRR by kind of session: length, popularity of the target, cold targets, end of the profile chain.

  folds  number of folds, all of them are run
  seeds  number of seeds, 0 to seeds - 1; a row's figures are averaged over them
  out    where the runs are; by default a folder of outputs/evaluate/ named after the other keys

Examples
  python -m nextjob evaluate +experiment=hybrid
  python -m nextjob evaluate +experiment=hybrid,slides data=challenge data.root=DIR folds=5 seeds=3
  python -m nextjob evaluate +experiment=hybrid model.alpha=0.5 folds=2 out=half
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from typing import IO, NamedTuple

import pandas as pd
from omegaconf import OmegaConf
from rich import box
from rich.console import Console
from rich.table import Table

from nextjob.cli.arguments import key_values
from nextjob.cli.conf import compose_config, conf_folder
from nextjob.errors import InputError
from nextjob.files import write_atomically
from nextjob.pooling import COMPARED, Estimate, differences, estimates, pool
from nextjob.report.slices import BASELINE, Group, mrr_by_slice
from nextjob.results import COLUMNS
from nextjob.rows import MEASURES, ROWS_FILE
from nextjob.schema import TOP_K

USAGE = "python -m nextjob evaluate +experiment=hybrid data=challenge data.root=DIR folds=5 seeds=1"
OWN_KEYS = {"experiment": None, "folds": "5", "seeds": "1", "out": "outputs/evaluate"}
SET_HERE = ("seed", "data.fold", "data.folds", "name", "hydra.run.dir", "paths.run")
OUTPUT_FILE = "output.txt"


class Run(NamedTuple):
    """One training: its folder and the overrides that train.py gets."""

    experiment: str
    seed: int
    fold: int
    folder: Path
    overrides: list[str]


def main(arguments: Sequence[str]) -> None:
    """Train what is missing, pool the rows, print and write the figures."""
    runs, out = plan(arguments)
    console = Console(soft_wrap=True, highlight=False)
    with _one_at_a_time(out, console) as lock:
        missing = [run for run in runs if not is_finished(run)]
        console.print(f"{out}: {len(runs) - len(missing)} of {len(runs)} runs are there")
        for run in missing:
            started = time.monotonic()
            what = f"{run.experiment} seed {run.seed} fold {run.fold}"
            with console.status(what):
                _train(run, lock)
            score = json.loads((run.folder / "metrics.json").read_text())["val/score"]
            console.print(f"{what}: score {score:.4f} in {time.monotonic() - started:.0f} s")
        report(runs, out, console)


def plan(arguments: Sequence[str]) -> tuple[list[Run], Path]:
    """The runs that the arguments ask for, in order, and the folder they go to.

    Raises:
        InputError: no experiment, a number that is none, or a key that evaluate sets itself.
    """
    own = [a.lstrip("+") for a in arguments if a.partition("=")[0].lstrip("+") in OWN_KEYS]
    passed = [a for a in arguments if a.partition("=")[0].lstrip("+") not in OWN_KEYS]
    keys = key_values(own, OWN_KEYS, USAGE)
    folds, seeds = (_number(keys, key, least) for key, least in (("folds", 2), ("seeds", 1)))
    for argument in passed:
        if argument.partition("=")[0].lstrip("+") in SET_HERE:
            raise InputError(f"{argument}: evaluate sets this itself; usage: {USAGE}")
    out = Path(keys["out"])
    if keys["out"] == OWN_KEYS["out"]:
        digest = hashlib.sha256("\n".join([str(folds), *sorted(passed)]).encode()).hexdigest()[:8]
        out /= f"folds{folds}-{digest}"
    runs = []
    for experiment in keys["experiment"].split(","):
        for seed in range(seeds):
            for fold in range(folds):
                folder = out / experiment / f"seed{seed}-fold{fold}"
                chosen = [f"+experiment={experiment}", *passed, f"seed={seed}"]
                chosen += [f"data.fold={fold}", f"data.folds={folds}"]
                runs.append(Run(experiment, seed, fold, folder, chosen))
    return runs, out


def is_finished(run: Run) -> bool:
    """Whether the run's folder holds its results.

    Raises:
        InputError: the overrides do not compose, or the folder's results are of another configuration.
    """
    cfg = compose_config("train", run.overrides)
    if not all((run.folder / name).is_file() for name in (ROWS_FILE, "metrics.json")):
        return False
    if OmegaConf.load(run.folder / ".hydra" / "config.yaml") != cfg:
        raise InputError(f"{run.folder}: holds a run of another configuration; delete it or choose another out")
    return True


def report(runs: Sequence[Run], out: Path, console: Console) -> None:
    """Pool the rows of all runs; print three tables and write evaluate.json and evaluate.csv."""
    experiments = list(dict.fromkeys(run.experiment for run in runs))
    rows = {
        name: pd.concat([pd.read_parquet(run.folder / ROWS_FILE) for run in runs if run.experiment == name])
        for name in experiments
    }
    pooled = pool(rows)
    absolute, paired = estimates(pooled), differences(pooled, experiments)
    counts = {
        "rows": len(pooled[experiments[0]]),
        "chains": int(pooled[experiments[0]]["chain"].nunique()),
        "folds": 1 + max(run.fold for run in runs),
        "seeds": 1 + max(run.seed for run in runs),
    }
    title = "{rows:,} rows in {chains:,} profile chains, folds {folds}, seeds {seeds}; ± half of the 95 % interval"
    console.print(_table(absolute, MEASURES, title.format(**counts)))
    console.print(_table(paired, COMPARED, "paired differences, below each its 95 % interval"))
    ranks = ["rank", f"rank_{BASELINE}"]
    console.print(_slices_table({name: mrr_by_slice(table, ranks) for name, table in rows.items()}, counts["seeds"]))
    flat: dict[str, float] = dict(counts)
    for found in (*absolute, *paired):
        key = f"{found.label}/{found.metric}"
        flat |= {key: found.value, f"{key}_lo": found.lo, f"{key}_hi": found.hi}
    table = pd.DataFrame([*absolute, *paired])
    write_atomically(out / "evaluate.json", json.dumps(flat, indent=2).encode())
    write_atomically(out / "evaluate.csv", table.to_csv(index=False, lineterminator="\n").encode())
    console.print(f"figures  {out / 'evaluate.json'}, {out / 'evaluate.csv'}")


def _table(figures: Sequence[Estimate], metrics: Sequence[str], title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    headers = {key: header for header, key in COLUMNS.items()}
    for metric in metrics:
        table.add_column(headers[metric], justify="right", no_wrap=True)
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    for found in figures:
        if found.against:
            cell = f"{found.value:+.4f}\n{found.lo:+.4f} {found.hi:+.4f}"
        else:
            cell = f"{found.value:.3f}\n±{(found.hi - found.lo) / 2:.3f}"
        rows[found.label][found.metric] = cell
    for label, cells in rows.items():
        table.add_row(label, *(cells.get(metric, "-") for metric in metrics))
    return table


def _slices_table(found: Mapping[str, Mapping[str, Sequence[Group]]], seeds: int) -> Table:
    """MRR by slice of every experiment and of the baseline, which is the same beside each of them."""
    title = f"MRR@{TOP_K} by kind of session; ± half of the 95 % interval"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", min_width=16)
    for header in ("rows", *found, BASELINE):
        table.add_column(header, justify="right", no_wrap=True)
    for name, groups in next(iter(found.values())).items():
        table.add_row(name)
        for place, group in enumerate(groups):
            spans = [slices[name][place].mrr[0] for slices in found.values()]
            cells = [
                f"{span.value:.3f}\n" + ("" if isnan(span.low) else f"±{(span.high - span.low) / 2:.3f}")
                for span in (*spans, group.mrr[1])
            ]
            table.add_row(f"  {group.label}", f"{group.rows // seeds:,}", *cells)
    return table


def _train(run: Run, lock: IO[str]) -> None:
    """Run train.py in a process of its own, from the start, with its output beside its results."""
    script = conf_folder("train").parent / "train.py"
    shutil.rmtree(run.folder, ignore_errors=True)
    run.folder.mkdir(parents=True)
    quoted = str(run.folder).replace("\\", "\\\\").replace("'", "\\'")
    command = [sys.executable, str(script), *run.overrides, f"hydra.run.dir='{quoted}'"]
    with (run.folder / OUTPUT_FILE).open("w+", encoding="utf-8") as output:
        try:
            done = subprocess.run(command, stdout=output, stderr=output, pass_fds=[lock.fileno()])
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here", file=sys.stderr)
            sys.exit(130)
        if done.returncode:
            output.seek(0)
            lines = [line.strip() for line in output if line.strip()] or [f"train.py ended with {done.returncode}"]
            line = next((line for line in reversed(lines) if line.startswith("error: ")), lines[-1])
            raise InputError(f"{line.removeprefix('error: ')} (all output: {output.name})")
    if not (run.folder / ROWS_FILE).is_file():
        raise InputError(f"{run.folder}: no {ROWS_FILE}; evaluate on one device: trainer.devices=1")


@contextmanager
def _one_at_a_time(out: Path, console: Console) -> Iterator[IO[str]]:
    """Hold a lock on the folder, which a training keeps when only its parent was killed."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print(f"{out}: waiting for a training that still runs there")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _number(keys: dict[str, str], key: str, least: int) -> int:
    if not keys[key].isdecimal() or int(keys[key]) < least:
        raise InputError(f"{key}={keys[key]}: it must be a whole number from {least} on")
    return int(keys[key])
