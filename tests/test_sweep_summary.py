"""What a multirun's summary says of runs that finished, failed, were pruned, stopped, or returned nothing."""

import io
import json
import re
import shlex

import pandas as pd
import pytest
from omegaconf import OmegaConf
from rich.console import Console

from nextjob.cli.sweeps import Multirun
from nextjob.report.sweep import sweep_page
from nextjob.report.sweep_plots import axis
from nextjob.sweep import as_csv, best_command, cells, how_sorted, notes, read_runs, terminal_table, varied
from tests.paths import CONF
from tests.report.pages import PLANTED, Page

METRICS = {"val/mrr@10": 0.2, "val/action_acc": 0.8, "val/score": 0.38, "val/action_auc": None}
FIXED = ["+experiment=hybrid", "data.root=/a folder/it's"]


@pytest.fixture
def sweep(tmp_path):
    """Writes what runs leave: each is (overrides, state, value), with its error or reason behind."""

    def write(*runs, monitor="tune/score"):
        for number, (overrides, state, value, *note) in enumerate(runs):
            folder = tmp_path / str(number)
            folder.mkdir()
            outcome = {
                "number": number,
                "command": ["python", "train.py", *FIXED, *overrides],
                "monitor": monitor,
                "state": state,
                "value": value,
                "note": "".join(note),
                "seconds": None if state == "running" else 60.0,
            }
            (folder / "outcome.json").write_text(json.dumps(outcome))
            (folder / "metrics.json").write_text(json.dumps(METRICS))  # of a failed run: of an earlier one
            if state in ("finished", "pruned"):
                (folder / "report.html").write_text("")
        return tmp_path

    return write


RUNS = (
    (["model.svd.rank=64", "encoder=minilm"], "finished", 0.31),
    (["model.svd.rank=-1", "encoder=minilm"], "failed", None, f"rank -1: {PLANTED}"),
    (["model.svd.rank=256", "encoder=hashing"], "pruned", 0.12345, "after 4 epochs"),
    (["model.svd.rank=128", "encoder=hashing"], "finished", 0.33),
    (["model.svd.rank=8", "encoder=hashing"], "running", None),
)


def test_best_first_by_the_returned_value_and_every_run_is_a_row(sweep):
    runs = read_runs(sweep(*RUNS))
    assert [run.number for run in runs] == [3, 0, 2, 1, 4]
    rows = cells(runs)
    assert list(rows[0]) == [
        "run", "state", "tune/score", "model.svd.rank", "encoder", "val MRR@10", "val accuracy", "val score",
    ]  # fmt: skip
    assert list(rows[0].values()) == ["3", "finished", "0.3300", "128", "hashing", "0.200", "0.800", "0.380"]
    assert list(rows[3].values()) == ["1", "failed", "-", "-1", "minilm", "-", "-", "-"]
    assert list(rows[4].values())[:3] == ["4", "stopped", "-"]
    assert notes(runs, ["failed"]) == [f"run 1 failed: rank -1: {PLANTED}"]
    assert "val figures decide nothing" in how_sorted(runs)


def test_best_command_can_be_pasted(sweep):
    command = best_command(read_runs(sweep(*RUNS)))
    assert shlex.split(command) == ["python", "train.py", *FIXED, "model.svd.rank=128", "encoder=hashing"]


def test_runs_that_return_nothing(sweep):
    folder = sweep((["limit=1"], "finished", None), (["limit=2"], "finished", None), monitor=None)
    runs = read_runs(folder)
    assert [run.number for run in runs] == [0, 1]
    assert best_command(runs) is None
    assert list(cells(runs)[0])[:3] == ["run", "value", "limit"]
    page = sweep_page(folder, runs)
    assert "<svg" not in page
    assert "No run returned a value" in page


def test_runs_of_an_earlier_multirun_in_the_folder_do_not_count(sweep):
    folder = sweep(*RUNS)
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Multirun, "folder", None)
        Multirun().on_multirun_start(config)
        assert Multirun.folder == folder
    assert read_runs(folder) == []
    assert (folder / "0" / "metrics.json").is_file()


def test_csv_has_every_override_and_figure(sweep):
    runs = read_runs(sweep(*RUNS))
    table = pd.read_csv(io.StringIO(as_csv(runs)))
    assert table["run"].tolist() == [3, 0, 2, 1, 4]
    assert table["tune/score"].tolist()[:3] == [0.33, 0.31, 0.12345]
    assert set(table["data.root"]) == {"/a folder/it's"}
    assert table["val/score"].isna().tolist() == [False, False, False, True, True]
    assert table["note"][3].endswith(PLANTED)


SEARCHED = OmegaConf.load(CONF / "hparams_search" / "optuna.yaml").hydra.sweeper.params


@pytest.mark.parametrize(("n_keys", "val"), [(4, ["MRR@10", "accuracy", "score"]), (len(SEARCHED), [])])
def test_terminal_table_fits_80_columns(n_keys, val, sweep):
    """A number stays in one piece; what decides nothing goes where there is no room."""
    keys = list(SEARCHED)[-n_keys:]
    runs = [
        ([f"{key}={0.0012345678 * (row + 1)}" for key in keys], state, 0.4) for row, (_, state, *_) in enumerate(RUNS)
    ]
    console = Console(width=80)
    with console.capture() as captured:
        console.print(terminal_table(read_runs(sweep(*runs)), console.width))
    lines = captured.get().splitlines()
    assert len(lines) == 1 + bool(val) + len(runs)
    assert max(map(len, lines)) <= 80
    assert lines[bool(val)].split()[2:] == ["tune/score", *(key.rpartition(".")[2] for key in keys), *val]


def test_page_is_whole_escaped_and_loads_nothing(sweep):
    folder = sweep(*RUNS)
    page = sweep_page(folder, read_runs(folder))
    parsed = Page(page)
    assert "<script" not in page
    assert PLANTED in "".join(parsed.text)
    assert not {"script", "link", "iframe", "img"} & {tag for tag, _ in parsed.tags}
    assert not re.findall(r"@import|url\((?!#)", page)
    links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a" and attributes["href"][0] != "#"]
    assert links == ["3/report.html", "0/report.html", "2/report.html"]
    assert all((folder / link).is_file() for link in links)
    assert re.findall(r'role="img" aria-label="([^"]+)"', page) == [
        "settings and value of every run", "tune/score by model.svd.rank", "tune/score by encoder",
    ]  # fmt: skip
    identifiers = re.findall(r'<clipPath id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert {"hashing", "minilm", "64", "256"} <= set(parsed.text)
    assert "prefers-color-scheme: dark" in page


def test_one_key_has_a_plot_and_one_run_has_none(sweep):
    folder = sweep(*((overrides[:1], state, value) for overrides, state, value, *_ in RUNS))
    runs = read_runs(folder)
    assert varied(runs) == ["model.svd.rank"]
    assert sweep_page(folder, runs).count("<svg") == 1
    assert sweep_page(folder, runs[:1]).count("<svg") == 0


def test_axes_of_numbers_and_choices():
    assert axis("a", ["0", "5", "10"]).places == [0, 0.5, 1]
    assert axis("a", ["1e-3", "1e-2", "1e-1"]).places == pytest.approx([0, 0.5, 1])
    assert axis("a", ["3", "3.0"]).places == [0.5, 0.5]
    assert axis("a", ["null", "0.9", "0.3"]) == ("a", [1, 0.5, 0], {"0.3": 0, "0.9": 0.5, "null": 1})
    assert axis("a", [None, "b", "b"]) == ("a", [0, 1, 1], {"-": 0, "b": 1})
    many = axis("a", [str(number) for number in range(1, 101)])
    assert many.ticks == pytest.approx({"1": 0, "10": 0.5, "100": 1})
