from rich.console import Console

from nextjob.results import COLUMNS, results, terminal_table
from tests.report.test_run_report import metrics


def test_table_fits_a_piped_terminal():
    for name in ("hybrid", "an_experiment_with_a_name_longer_than_any_column"):
        console = Console(width=500, force_terminal=False)
        with console.capture() as captured:
            console.print(terminal_table(results(name, metrics()), "fold 0 of 5\nfeatures: " + 12 * "title by rule; "))
        lines = captured.get().splitlines()
        assert max(map(len, lines)) <= 80
        header = next(line for line in lines if "MRR@10" in line)
        assert all(column in header for column in COLUMNS)
        assert sum("±0.050" in line for line in lines) == 4
        assert "\x1b" not in captured.get()
