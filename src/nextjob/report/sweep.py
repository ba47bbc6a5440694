"""sweep.html: one page without outside resources that shows what a multirun tried and what came of it."""

from collections.abc import Sequence
from pathlib import Path

from nextjob.report.page import render
from nextjob.report.sweep_plots import axis, parallel_coordinates, value_against
from nextjob.sweep import FAILED, FINISHED, PRUNED, Run, best_command, cells, how_sorted, notes, value_name, varied


def sweep_page(folder: Path, runs: Sequence[Run]) -> str:
    """The page as HTML; every text that is given is escaped. ``runs`` are in the order of read_runs."""
    keys, name = varied(runs), value_name(runs)
    valued = [run for run in runs if run.value is not None]
    values = [run.value for run in valued if run.value is not None]
    axes = [axis(key, [run.settings.get(key) for run in valued]) for key in varied(valued)]
    contents = {"runs": "Runs"}
    contents |= {"settings": "Settings and value"} if axes else {}
    contents |= {"same": "The same in every run"} if len(keys) < len(runs[0].settings) else {}
    return render(
        "sweep.html.j2",
        title="/".join(folder.resolve().parts[-2:]),
        how_sorted=how_sorted(runs),
        best=best_command(runs),
        rows=cells(runs),
        varied=keys,
        reports={
            str(run.number): f"{run.folder.name}/report.html" for run in runs if (run.folder / "report.html").is_file()
        },
        notes=notes(runs, (FAILED, PRUNED)),
        fixed={key: value for key, value in runs[0].settings.items() if key not in keys},
        contents=contents,
        lines=parallel_coordinates(axes, values, name) if len(axes) > 1 else None,
        dots=[value_against(setting, values, name) for setting in axes],
        minutes=sum(run.seconds or 0 for run in runs) / 60,
        finished=sum(run.state == FINISHED for run in runs),
    )
