import logging
from types import SimpleNamespace

import pytest
import wandb

from nextjob import tracking
from nextjob.errors import InputError
from nextjob.progress import ProgressBar
from nextjob.quiet import NO_NEWS, NoNews
from nextjob.report.plots import histogram
from tests.wandb_files import read_offline_run

KEY = 40 * "5e"


@pytest.fixture
def fresh_wandb(monkeypatch, tmp_path):
    """A W&B that knows neither key nor login nor mode, and forgets afterwards what it learned."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no_netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    wandb.teardown()
    tracking._mode.cache_clear()
    yield monkeypatch
    wandb.teardown()
    tracking._mode.cache_clear()


def logger(run, sweep, *overrides):
    return tracking.wandb_logger("nextjob", str(run), str(sweep), "hybrid", ["+experiment=hybrid", *overrides])


def test_offline_without_a_key_said_once_and_runs_kept_apart(fresh_wandb, tmp_path, caplog):
    sweep = tmp_path / "2030-01-01"
    with caplog.at_level(logging.INFO):
        first = logger(sweep / "0", sweep, "model.alpha=0.5", "seed=1")
        first.log_metrics({"val/score": 0.4}, step=1)
        second = logger(sweep / "1", sweep)  # the first was left open, as by a job that failed
        second.log_metrics({"val/score": 0.6}, step=1)
        line = tracking.finish_tracking(second)
    fresh_wandb.chdir(sweep)
    assert tracking.finish_tracking(second) == f"upload      wandb sync {line.partition(f'{sweep}/')[2]}"
    assert line == f"upload      wandb sync {next((sweep / '1').glob('wandb/offline-run-*'))}"
    assert [record.getMessage() for record in caplog.records].count(
        "W&B: no API key and no stored login, logging offline to the run folder"
    ) == 1
    runs = [read_offline_run(sweep / number) for number in "01"]
    assert [run.name for run in runs] == ["model.alpha=0.5 seed=1", "hybrid"]
    assert {run.group for run in runs} == {"hybrid/2030-01-01"}
    assert [run.logged["val/score"] for run in runs] == [[0.4], [0.6]]


def test_plots_of_a_report_are_logged_as_images(fresh_wandb, tmp_path):
    kept = logger(tmp_path / "run", tmp_path / "run")
    tracking.log_plots(kept, {"alpha": histogram("<alpha>", [0.2, 0.4], "alpha", "sessions", [0, 0.5, 1])})
    tracking.finish_tracking(kept)
    logged = read_offline_run(tmp_path / "run").logged
    assert logged["report/alpha._type"] == ["image-file"]
    (file,) = (tmp_path / "run").glob(f"wandb/offline-run-*/files/{logged['report/alpha.path'][0]}")
    assert 1_000 < file.stat().st_size < 30_000


def test_single_run_has_the_group_of_its_experiment(fresh_wandb, tmp_path):
    tracking.finish_tracking(
        logger(tmp_path / "run", tmp_path / "run", "data.root=/board", f"encoder.model={200 * 'x'}")
    )
    run = read_offline_run(tmp_path / "run")
    assert run.group == "hybrid"
    assert run.name == "encoder.model=" + 114 * "x"


def test_mode_is_wandbs_own_where_there_is_a_choice(fresh_wandb, caplog):
    fresh_wandb.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    fresh_wandb.setenv("WANDB_SILENT", "true")
    fresh_wandb.setenv("WANDB_API_KEY", KEY)
    assert tracking._mode() is None
    fresh_wandb.delenv("WANDB_API_KEY")
    fresh_wandb.setenv("WANDB_MODE", "offline")
    wandb.teardown()
    tracking._mode.cache_clear()
    assert tracking._mode() is None
    assert "no API key" not in caplog.text


def test_malformed_key_is_one_line(fresh_wandb, tmp_path):
    fresh_wandb.setenv("WANDB_API_KEY", "short")
    with pytest.raises(InputError, match="WANDB_API_KEY invalid") as caught:
        logger(tmp_path, tmp_path)
    assert "\n" not in str(caught.value)


def test_no_news_is_dropped_and_the_rest_passes():
    def passes(message):
        return NoNews().filter(logging.makeLogRecord({"msg": message}))

    assert not any(passes(f"before {words} after") for words in NO_NEWS)
    assert passes("The number of training batches (4) is smaller than the logging interval")
    assert passes("GPU available: True (cuda), used: False")


def test_progress_bar_shows_the_loss_alone():
    trainer = SimpleNamespace(progress_bar_metrics={"train/loss": 2.0}, loggers=[SimpleNamespace(version="abcd")])
    assert ProgressBar().get_metrics(trainer, None) == {"loss": 2.0}
