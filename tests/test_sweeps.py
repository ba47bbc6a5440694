import json
import re

import pytest

from tests.conftest import python
from tests.wandb_files import read_offline_run

SECRET = "sk-planted-" + 40 * "7"
KEYS = ("OPENAI_API_KEY", "WANDB_API_KEY", "WANDB_MODE")


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A machine with an OpenAI key and without a W&B login."""
    with pytest.MonkeyPatch.context() as patch:
        for name in KEYS:
            patch.delenv(name, raising=False)
        patch.setenv("NETRC", str(tmp_path_factory.mktemp("home") / "no_netrc"))
        patch.setenv("OPENAI_API_KEY", SECRET)
        patch.setenv("COLUMNS", "80")
        yield patch


def sweep(overrides, folder, *more):
    """train.py -m; the finished process and the folders of its jobs, in order."""
    kept = [override for override in overrides if not override.startswith(("logger=", "callbacks."))]
    done = python("train.py", "-m", "+experiment=hybrid", *kept, f"hydra.sweep.dir={folder}", *more)
    return done, sorted(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def multirun(environment, tiny_overrides, tmp_path_factory):
    folder = tmp_path_factory.mktemp("multirun")
    return sweep(tiny_overrides, folder, "model.svd.rank=4,8")


def test_multirun_gives_whole_run_folders(multirun):
    done, jobs = multirun
    assert done.returncode == 0, done.stderr
    assert [job.name for job in jobs] == ["0", "1"]
    for job in jobs:
        assert {"metrics.json", "feature_weights.json", "report.html", "submission.csv", ".hydra", "wandb"} <= {
            path.name for path in job.iterdir()
        }
        assert {path.name for path in (job / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
        assert "=" not in "".join(path.name for path in job.rglob("*"))


def test_one_wandb_run_a_job_in_one_group(multirun):
    _, jobs = multirun
    runs = [read_offline_run(job) for job in jobs]
    assert {run.group for run in runs} == {f"hybrid/{jobs[0].parent.name}"}
    assert [run.name.rpartition(" ")[2] for run in runs] == ["model.svd.rank=4", "model.svd.rank=8"]
    assert not any("+experiment" in run.name for run in runs)
    assert [run.config["model"]["svd"]["rank"] for run in runs] == [4, 8]
    for job, run in zip(jobs, runs, strict=True):
        assert run.logged["val/score"] == pytest.approx([json.loads((job / "metrics.json").read_text())["val/score"]])
        losses = [f"train/{task}_loss" for task in ("collaborative", "content", "hybrid", "action")]
        for key in (*losses, "tune/score", "tune/alpha", "weights/title", "lr-AdamW/mixing", "results.path"):
            assert run.logged[key]


def test_no_file_of_a_run_holds_a_key(multirun):
    _, jobs = multirun
    files = [path for job in jobs for path in job.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 20
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_terminal_says_what_is_news(multirun):
    done, jobs = multirun
    last = done.stdout.splitlines()
    start = max(number for number, line in enumerate(last) if line.startswith("fold 0 of 5"))
    table = [line for line in last[start:] if not re.match(r"run folder|report|recommend|upload", line)]
    assert max(map(len, table)) <= 80
    assert [line.split()[0] for line in last[-4:]] == ["run", "report", "recommend", "upload"]
    assert last[-4] == f"run folder  {jobs[-1]}"
    assert done.stderr.count("no API key") == 1
    for noise in ("Tip", "available:", "treespec", "Restoring", "Loading weights", "wandb:", "\x1b"):
        assert noise not in done.stdout + done.stderr


@pytest.mark.slow
def test_optuna_maximises_what_train_returns(environment, tiny_overrides, tmp_path):
    done, jobs = sweep(tiny_overrides, tmp_path, "+hparams_search=optuna", "hydra.sweeper.n_trials=4", "logger=csv")
    assert done.returncode == 0, done.stderr
    assert len(jobs) == 4
    best = re.search(r"^best_value: (.+)$", (tmp_path / "optimization_results.yaml").read_text(), re.MULTILINE)
    returned = []
    for job in jobs:
        header, *rows = [line.split(",") for line in (job / "metrics.csv").read_text().splitlines()]
        column = header.index("tune/score")
        returned.append(max(float(row[column]) for row in rows if row[column]))
    assert float(best[1]) == pytest.approx(max(returned), abs=1e-6)
    assert len({(job / "metrics.json").read_text() for job in jobs}) == 4


@pytest.mark.slow
def test_search_over_ranks_and_alpha(environment, tiny_overrides, tmp_path):
    done, jobs = sweep(tiny_overrides, tmp_path, "logger=csv", "model.alpha=0.3,null", "model.svd.rank=4,8")
    assert done.returncode == 0, done.stderr
    assert [(job / "metrics.json").is_file() for job in jobs] == 4 * [True]


@pytest.mark.slow
def test_joblib_runs_jobs_side_by_side(environment, tiny_overrides, tmp_path):
    done, jobs = sweep(tiny_overrides, tmp_path, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "seed=0,1")
    assert done.returncode == 0, done.stderr
    assert {read_offline_run(job).name.rpartition(" ")[2] for job in jobs} == {"seed=0", "seed=1"}
    assert all((job / "report.html").is_file() for job in jobs)


@pytest.mark.slow
def test_encoder_comparison_without_a_key_keeps_the_other_result(environment, tiny_overrides, tmp_path):
    environment.delenv("OPENAI_API_KEY")
    overrides = [override for override in tiny_overrides if not override.startswith("encoder=")]
    done, jobs = sweep(overrides, tmp_path, "+hparams_search=encoder", "logger=csv")
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if line.startswith("error")] == [
        "error: encoder=openai: OPENAI_API_KEY is not set; set it, or use encoder=minilm"
    ]
    assert [(job / "metrics.json").is_file() for job in jobs] == [True, False]
