import json
import re
import shlex

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir

from tests.conftest import in_process, python
from tests.paths import CONF
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


def sweep(overrides, folder, *more, call=in_process):
    """train.py -m; what it said and the folders of its jobs, in order."""
    kept = [override for override in overrides if not override.startswith(("logger=", "callbacks."))]
    done = call("train.py", "-m", "+experiment=hybrid", *kept, f"hydra.sweep.dir={folder}", *more)
    return done, sorted(path for path in folder.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def multirun(environment, tiny_overrides, tmp_path_factory):
    folder = tmp_path_factory.mktemp("multirun")
    short = "+trainer.limit_train_batches=10"
    return sweep(tiny_overrides, folder, short, "model.svd.rank=4,8", call=python)


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
        for key in (
            *losses,
            "tune/score",
            "tune/best",
            "tune/alpha",
            "weights/title",
            "lr-AdamW/mixing",
            "results.path",
        ):
            assert run.logged[key]


def test_no_file_of_a_run_holds_a_key(multirun):
    _, jobs = multirun
    files = [path for job in jobs for path in job.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 20
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


def test_terminal_says_what_is_news(multirun):
    done, jobs = multirun
    said = done.stdout.splitlines()
    starts = [number for number, line in enumerate(said) if line.startswith(("fold 0 of 5", "Best tune/score first"))]
    assert len(starts) == 3
    run, summary = said[starts[1] : starts[2]], said[starts[2] :]
    table = [line for line in run + summary if not re.match(r"run folder|report|recommend|upload|best|sweep", line)]
    assert max(map(len, table)) <= 80
    assert run[1].rstrip() == "features: title from the ads by a fixed rule"
    assert run[2].rstrip() == "embeddings: by the encoder hashing-256"
    assert [line.split()[0] for line in run[-5:-1]] == ["run", "report", "recommend", "upload"]
    assert run[-5] == f"run folder  {jobs[-1]}"
    assert [line.split()[0] for line in summary[-2:]] == ["best", "sweep"]
    assert summary[-1] == f"sweep       {jobs[0].parent}/sweep.html"
    assert done.stderr.count("no API key") == 1
    for noise in ("Tip", "available:", "treespec", "Restoring", "Loading weights", "wandb:", "\x1b"):
        assert noise not in done.stdout + done.stderr


def test_multirun_ends_with_its_runs_best_first(multirun):
    done, jobs = multirun
    table = pd.read_csv(jobs[0].parent / "sweep.csv")
    assert table["tune/score"].is_monotonic_decreasing
    for row in table.to_dict("records"):
        run = jobs[row["run"]]
        assert row["model.svd.rank"] == (4, 8)[row["run"]]
        assert row["tune/score"] == pytest.approx(max(read_offline_run(run).logged["tune/score"]))
        assert row["val/score"] == pytest.approx(json.loads((run / "metrics.json").read_text())["val/score"])
    best = re.search(r"^best +python train.py (.+)$", done.stdout, re.MULTILINE)[1]
    assert f"model.svd.rank={table['model.svd.rank'][0]}" in best
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert compose("train", shlex.split(best)).model.svd.rank == table["model.svd.rank"][0]
    page = (jobs[0].parent / "sweep.html").read_text(encoding="utf-8")
    assert f"{table['tune/score'][0]:.4f}" in page
    assert "tune/score by model.svd.rank" in page


FAILING = {
    "basic": ["model.alpha=2,3"],
    "optuna": ["+hparams_search=optuna", "hydra.sweeper.n_trials=2", "model.alpha=choice(2,3)"],
}


@pytest.mark.parametrize("sweeper", ["basic", pytest.param("optuna", marks=pytest.mark.slow)])
def test_a_run_that_fails_does_not_end_the_others(environment, tiny_overrides, tmp_path, sweeper):
    done, jobs = sweep(tiny_overrides, tmp_path, *FAILING[sweeper], "logger=csv", "hydra=quiet")
    assert done.returncode == 1
    assert len(jobs) == 2
    errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert [re.match(r"error: model.alpha=[23]: it must lie", line) is not None for line in errors] == [True, True]
    assert "Traceback" not in done.stderr
    assert re.search(r"^run 0 failed: model.alpha=[23]: it must lie between", done.stdout, re.MULTILINE)
    assert pd.read_csv(tmp_path / "sweep.csv")["state"].tolist() == ["failed", "failed"]


@pytest.mark.slow
def test_optuna_maximises_what_train_returns_and_prunes(environment, tiny_overrides, tmp_path):
    """One run fails and does not end the search; a pruned one is whole, and can go on."""
    overrides = [override for override in tiny_overrides if not override.startswith("trainer.max_epochs")]
    more = ["hydra.sweeper.n_trials=10", "callbacks.pruning.startup_runs=1", "trainer.max_epochs=4", "logger=csv"]
    ranks = ["model.svd.rank=choice(32,1,many)", "model.alpha=1.0", "model.terms=[]", "model.rerank=null"]
    done, jobs = sweep(overrides, tmp_path, "+hparams_search=optuna", *more, *ranks)
    assert len(jobs) == 10
    table = pd.read_csv(tmp_path / "sweep.csv").set_index("run")
    assert set(table["state"]) == {"finished", "failed", "pruned"}
    assert done.returncode == 1
    assert "rank=many: it must be a number" in table["note"][table["state"] == "failed"].iloc[0]
    best = re.search(r"^best_value: (.+)$", (tmp_path / "optimization_results.yaml").read_text(), re.MULTILINE)
    for number, row in table[table["state"] != "failed"].iterrows():
        epochs = pd.read_csv(jobs[number] / "metrics.csv")["tune/score"].dropna()
        assert row["tune/score"] == pytest.approx(epochs.max(), abs=1e-6)
        assert len(epochs) < 3 or row["state"] == "finished"
        assert {"metrics.json", "report.html", "submission.csv"} <= {path.name for path in jobs[number].iterdir()}
    assert float(best[1]) == pytest.approx(table["tune/score"].max(), abs=1e-6)
    assert table["state"][table["tune/score"].idxmax()] == "finished"

    pruned = table.index[table["state"] == "pruned"][0]
    last = jobs[pruned] / "checkpoints" / "last.ckpt"
    command = json.loads((jobs[pruned] / "outcome.json").read_text())["command"]
    same = [part for part in command[1:] if not part.startswith(("+hparams_search=", "callbacks."))]
    resumed = in_process(*same, f"ckpt_path={last}", f"hydra.run.dir={tmp_path / 'resumed'}")
    assert resumed.returncode == 0, resumed.stderr
    epochs = pd.read_csv(tmp_path / "resumed" / "metrics.csv").dropna(subset="tune/score")["epoch"]
    assert epochs.tolist() == [2, 3]


@pytest.mark.slow
def test_search_over_ranks_and_alpha(environment, tiny_overrides, tmp_path):
    done, jobs = sweep(tiny_overrides, tmp_path, "logger=csv", "model.alpha=2,0.3,null", "model.svd.rank=4,8")
    assert done.returncode == 1
    assert [(job / "metrics.json").is_file() for job in jobs] == 2 * [False] + 4 * [True]
    table = pd.read_csv(tmp_path / "sweep.csv")
    assert table["state"].tolist() == 4 * ["finished"] + 2 * ["failed"]
    assert table["tune/score"][:4].is_monotonic_decreasing


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local"])
def test_runs_side_by_side(environment, tiny_overrides, tmp_path, launcher):
    """Runs in processes of their own, one of which fails; submitit is what sends them to Slurm."""
    done, _ = sweep(tiny_overrides, tmp_path, f"hydra/launcher={launcher}", "model.alpha=2,0.3", call=python)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert read_offline_run(tmp_path / "1").name.endswith("model.alpha=0.3")
    assert [(tmp_path / number / "report.html").is_file() for number in "01"] == [False, True]
    assert pd.read_csv(tmp_path / "sweep.csv").set_index("run")["state"].to_dict() == {0: "failed", 1: "finished"}


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
