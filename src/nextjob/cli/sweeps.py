"""A multirun: what each of its runs leaves, and the one summary at its end, whichever way it ends."""

import json
import logging
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from nextjob.cli.messages import one_line, say_error
from nextjob.files import write_atomically
from nextjob.sweep import (
    FAILED,
    FINISHED,
    OUTCOME_FILE,
    PRUNED,
    PRUNING_FILE,
    RUNNING,
    Run,
    as_csv,
    best_command,
    how_sorted,
    notes,
    read_runs,
    terminal_table,
    why_pruned,
)

R = TypeVar("R")
log = logging.getLogger(__name__)

NO_TRIAL = "No trials are completed yet."  # what Optuna says at the end of a search whose every run failed


class RunFailed(Exception):
    """A run of a multirun has failed and has said why."""


class Multirun(Callback):
    """Hydra's callback, configured in conf/hydra: knows where the multirun of this process puts its runs."""

    folder: ClassVar[Path | None] = None

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Note the folder, whose runs of an earlier multirun no longer count."""
        Multirun.folder = Path(config.hydra.sweep.dir)
        for name in (OUTCOME_FILE, PRUNING_FILE):
            for path in Multirun.folder.glob(f"*/{name}"):
                path.unlink()


@contextmanager
def end_of_multirun() -> Iterator[None]:
    """When this process was a multirun, write and print its summary, also after a failure or Ctrl-C.

    Raises:
        SystemExit: with code 1 when a run failed.
    """
    failed = False
    try:
        yield
    except RunFailed:
        failed = True
    except ValueError as error:
        if str(error) != NO_TRIAL:
            raise
        failed = True
    finally:
        folder, Multirun.folder = Multirun.folder, None
        runs = read_runs(folder) if folder else []
        if folder and runs:
            _summarise(folder, runs)
    if failed or any(run.state == FAILED for run in runs):
        sys.exit(1)


def in_a_multirun() -> bool:
    """Whether the present run is one of several."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


def record(main: Callable[[DictConfig], R], cfg: DictConfig) -> R:
    """Run ``main`` and leave OUTCOME_FILE in the run folder.

    Raises:
        RunFailed: whatever went wrong, so that Hydra goes on with the other runs.
    """
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    started = time.monotonic()

    def keep(state: str, value: float | None = None, note: str = "", seconds: float | None = None) -> None:
        outcome = {
            "number": hydra.job.num,
            "command": ["python", f"{hydra.job.name}.py", *hydra.overrides.task],
            "monitor": OmegaConf.select(cfg, "model.monitor"),
            "state": state,
            "value": value,
            "note": note,
            "seconds": seconds,
        }
        write_atomically(folder / OUTCOME_FILE, json.dumps(outcome, indent=2).encode())

    keep(RUNNING)
    try:
        returned = main(cfg)
    except Exception as error:
        line = one_line(error)
        if line is None:
            log.exception("run %s failed", hydra.job.num)
            line = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        else:
            say_error(line)
        keep(FAILED, note=line, seconds=time.monotonic() - started)
        raise RunFailed(line) from None
    value = float(returned) if isinstance(returned, int | float) and math.isfinite(returned) else None
    pruned = why_pruned(folder)
    keep(PRUNED if pruned else FINISHED, value, pruned or "", time.monotonic() - started)
    return returned


def _summarise(folder: Path, runs: list[Run]) -> None:
    """Write sweep.html and sweep.csv, and print the table and the command of the best run.

    Runs that end without a value, as parts of an extraction do, are only counted.
    """
    if all(run.state == FINISHED and run.value is None for run in runs):
        Console(highlight=False).print(f"{len(runs)} runs are finished")
        return
    from nextjob.report.sweep import sweep_page  # with matplotlib, which nothing else here needs

    write_atomically(folder / "sweep.csv", as_csv(runs).encode())
    write_atomically(folder / "sweep.html", sweep_page(folder, runs).encode())
    console = Console(highlight=False, markup=False)
    console.print("", how_sorted(runs), terminal_table(runs, console.width), sep="\n")
    lines = notes(runs, [FAILED])
    if best := best_command(runs):
        lines.append(f"best        {best}")
    shown = folder.resolve().relative_to(Path.cwd()) if folder.resolve().is_relative_to(Path.cwd()) else folder
    lines.append(f"sweep       {shown}/sweep.html")
    console.print("\n".join(lines), soft_wrap=True)
