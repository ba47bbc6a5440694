"""Every kind of bad input: one line that names file, row and cause, exit code 1, and nothing half-written."""

import json
import os
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import MissingConfigException
from hydra.utils import instantiate
from omegaconf import open_dict

from nextjob import Recommender
from nextjob.__main__ import main
from nextjob.catalogue import EMBEDDINGS_FILE, FEATURES_FILE
from nextjob.checkpoint import check_checkpoint
from nextjob.cli.entry import one_line_errors, refuse_unknown_keys
from nextjob.cli.extraction import first
from nextjob.cli.messages import PLUGINS
from nextjob.data import read_board, read_jobs, read_sessions
from nextjob.data.synthetic import write_board
from nextjob.data.vocabulary import Vocabulary
from nextjob.embedding import HashingEncoder, SentenceEncoder, embed
from nextjob.errors import InputError
from nextjob.extraction import RulesExtractor, declare_features, extract
from nextjob.extraction.engines.weights import find_weights
from nextjob.models.hybrid import MONITORED
from nextjob.training import check_run
from tests.conftest import in_process, one_line
from tests.paths import CONF

WITHOUT_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


def edit(name, change):
    """Apply `change` to the text of a file of the board."""

    def spoil(root):
        path = root / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return spoil


def row(number, text, header="session_id,job_ids,actions"):
    """A table of the board's form whose row `number` is `text`."""

    def change(content):
        lines = content.splitlines()
        assert lines[0] == header
        lines[number] = text
        return "\n".join(lines) + "\n"

    return change


def add_bytes(name, content):
    def spoil(root):
        with (root / name).open("ab") as file:
            file.write(content)

    return spoil


X, Y = "x_train.csv", "y_train.csv"
TARGET = "session_id,job_id,action"
BOARDS = {
    "missing folder": (shutil.rmtree, r"board: no such folder; set data.root"),
    "missing file": (lambda root: (root / Y).unlink(), r"board: no file y_train\*.csv; set data.root"),
    "two files": (lambda root: shutil.copy(root / X, root / "x_train_2.csv"), r"several files match x_train\*"),
    "missing column": (
        edit(X, lambda s: s.replace("actions", "action", 1)),
        r"x_train.csv: no column 'actions'; found",
    ),
    "unequal lengths": (
        edit(X, row(3, '2,"[1, 2]","[\'view\']"')),
        r"x_train.csv row 3 \(session 2\): 2 job_ids but 1 a",
    ),
    "unknown action": (
        edit(X, row(3, '2,"[JOB]","[\'buy\']"')),
        r"x_train.csv row 3: unknown action 'buy'; it must be v",
    ),
    "unknown job": (edit(X, row(3, '2,"[JOB, 99999]","[view, view]"')), r"x_train.csv row 3: unknown job id '99999'"),
    "empty session": (edit(X, row(3, '2,"[]","[]"')), r"x_train.csv row 3 \(session 2\): empty session"),
    "duplicate session": (edit(X, row(3, '1,"[JOB]","[view]"')), r"x_train.csv row 3: duplicate session_id '1'"),
    "not UTF-8": (
        add_bytes(X, b"9999,\xe9\n"),
        r"x_train.csv line \d+: not UTF-8 \(byte \d+\); save the file as UTF-8",
    ),
    "torn table": (edit(X, lambda s: s + '9999,"[1],"[view]",4,5\n'), r"x_train.csv: cannot be read as a table"),
    "empty table": (edit(X, lambda _: ""), r"x_train.csv: cannot be read as a table"),
    "target without row": (edit(Y, row(1, "77777,JOB,view", TARGET)), r"y_train.csv: no target for session '0'"),
    "unknown target": (edit(Y, row(2, "1,99999,view", TARGET)), r"y_train.csv row 2: unknown job id '99999'"),
    "unknown target action": (edit(Y, row(2, "1,JOB,", TARGET)), r"y_train.csv row 2: unknown action ''"),
    "listings not UTF-8": (add_bytes("job_listings.json", b"\xff"), r"job_listings.json line \d+: not UTF-8"),
    "listings not JSON": (edit("job_listings.json", lambda s: s[:-5]), r"job_listings.json line \d+: not JSON"),
    "listings not a map": (edit("job_listings.json", lambda _: "[]"), r"job_listings.json: expected an object"),
    "listing not text": (edit("job_listings.json", lambda _: '{"5": null}'), r"job_listings.json job 5: the text is a"),
    "listing twice": (
        edit("job_listings.json", lambda _: '{"5": "a", "5": "b"}'),
        r"job_listings.json: duplicate job id 5",
    ),
}


def first_job(root) -> str:
    return next(iter(json.loads((root / "job_listings.json").read_text(encoding="utf-8"))))


@pytest.mark.parametrize("kind", BOARDS)
def test_board(board_copy, kind):
    spoil, message = BOARDS[kind]
    job = first_job(board_copy)
    spoil(board_copy)
    if board_copy.exists():
        for name in (X, Y):
            path = board_copy / name
            if path.exists():
                path.write_bytes(path.read_bytes().replace(b"JOB", job.encode()))
    refused(message, read_board, board_copy, "challenge")


def refused(message, call, *arguments):
    """The call raises an InputError of one line that matches."""
    with pytest.raises(InputError) as raised:
        call(*arguments)
    assert re.search(message, str(raised.value)), raised.value
    assert "\n" not in str(raised.value)


LONG = "session_id,job_id,action,timestamp\n"
LONG_TABLES = {
    "missing column": (
        "session_id,job_id,position\na,1,1\n",
        r"s.csv: no column 'action'; found session_id, job_id, pos",
    ),
    "semicolons": ("session_id;job_id;action\na;1;view\n", r"s.csv: its columns are separated by semicolons"),
    "neither form": ("session,jobs\na,1\n", r"s.csv: neither a column 'job_ids' .* nor 'job_id'"),
    "no order": ("session_id,job_id,action\na,1,view\n", r"s.csv: no column 'timestamp' or 'position'"),
    "bad time": (LONG + "a,1,view,2014-12-01\na,1,view,soon\n", r"s.csv row 2: timestamp 'soon' is not a time"),
    "bad epoch": (
        LONG + "a,1,view,1417392000\na,1,view,1417392001\na,1,view,\n",
        r"s.csv row 3: timestamp '' is not a t",
    ),
    "bad position": ("session_id,job_id,action,position\na,1,view,x\n", r"s.csv row 1: position 'x' is not a number"),
    "unknown action": (
        LONG + "a,1,view,1\nb,1,Apply,2\n",
        r"s.csv row 2: unknown action 'Apply'; it must be view or apply",
    ),
    "unknown job": (
        LONG + "a,1,view,1\nb,11,view,2\n",
        r"s.csv row 2: unknown job id '11': it is not among the 2 jobs",
    ),
    "empty session id": (LONG + "a,1,view,1\n,1,view,2\n", r"s.csv row 2: empty session_id"),
}


@pytest.mark.parametrize("kind", LONG_TABLES)
def test_long_table(tmp_path, kind):
    content, message = LONG_TABLES[kind]
    (tmp_path / "s.csv").write_text(content)
    refused(message, read_sessions, tmp_path / "s.csv", Vocabulary([1, 2]))


def test_files_that_are_no_tables(tmp_path):
    (tmp_path / "s.parquet").write_text("not a parquet file")
    refused(r"s\.parquet: cannot be read as a table", read_sessions, tmp_path / "s.parquet", Vocabulary([1]))
    refused(r"absent\.csv: no such file", read_sessions, tmp_path / "absent.csv", Vocabulary([1]))
    refused(r"cannot be read as a table", read_sessions, tmp_path, Vocabulary([1]))
    refused(r"data\.format=csv: unknown format; it must be challenge or interactions", read_board, tmp_path, "csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,title\n1,A\n", r"jobs\.csv: no column 'job_id'"),
        ("job_id,title\n1,A\n1,B\n", r"jobs\.csv row 2: duplicate job_id '1'"),
        ("job_id,title\n1,A\n,B\n", r"jobs\.csv row 2: empty job_id"),
        ("job_id\n1\n", r"jobs\.csv: only the column job_id"),
    ],
)
def test_jobs_table(tmp_path, content, message):
    (tmp_path / "jobs.csv").write_text(content)
    refused(message, read_jobs, tmp_path, "interactions")


# --- features and embeddings of another catalogue


@pytest.fixture(scope="module")
def config():
    def composed(*overrides):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return compose("train", [*overrides, "encoder=hashing", "paths.cache=null", "paths.run=unused"])

    return composed


@pytest.fixture(scope="module")
def extracted(tiny_board, config, tmp_path_factory):
    """What extract.py makes of the tiny board."""
    folder = tmp_path_factory.mktemp("features")
    declared = declare_features(instantiate(config().features, _convert_="all"))
    table = extract(read_jobs(tiny_board, "challenge"), declared, RulesExtractor(), folder)
    embed(table, HashingEncoder()).save(folder / EMBEDDINGS_FILE)
    return folder


def without_first_job(folder, file):
    table = pd.read_parquet(folder / file)
    table[table["job_id"] != table["job_id"][0]].to_parquet(folder / file)


def cut_embeddings(folder):
    table = pd.read_parquet(folder / FEATURES_FILE)
    embed(table[table["job_id"] != table["job_id"][0]], HashingEncoder()).save(folder / EMBEDDINGS_FILE)


FEATURES = {
    "no folder": (shutil.rmtree, r"features\.parquet: no such file; make it with extract.py out="),
    "no table": (lambda f: (f / FEATURES_FILE).write_text("x"), r"features\.parquet: cannot be read as a table"),
    "features of no engine": (
        lambda f: pd.read_parquet(f / FEATURES_FILE).drop(columns="engine").to_parquet(f / FEATURES_FILE),
        r"features\.parquet: no column 'engine'; found job_id",
    ),
    "features lack a job": (
        lambda f: without_first_job(f, FEATURES_FILE),
        r"features\.parquet: 1 of the catalogue's \d+ jobs have no features, first \d+; run extract.py",
    ),
    "embeddings lack a job": (cut_embeddings, r"embeddings\.parquet: 1 of the catalogue's \d+ jobs have no row, first"),
    "no embeddings": (lambda f: (f / EMBEDDINGS_FILE).write_text("x"), r"embeddings\.parquet: not a readable parquet"),
}


@pytest.mark.parametrize("kind", FEATURES)
def test_features_that_do_not_match(tiny_board, extracted, config, tmp_path, kind):
    spoil, message = FEATURES[kind]
    folder = shutil.copytree(extracted, tmp_path / "features")
    cfg = config("data=challenge", f"data.root={tiny_board}", f"data.features={folder}")
    instantiate(cfg.data, encoder=HashingEncoder()).setup()
    spoil(folder)
    refused(message, instantiate(cfg.data, encoder=HashingEncoder()).setup)


# --- checkpoints, devices, the hub


def test_a_folder_of_runs_names_the_latest(tmp_path):
    for number, age in enumerate((100, 300, 200)):
        best = tmp_path / "hybrid" / str(number) / "checkpoints" / "best.ckpt"
        best.parent.mkdir(parents=True)
        best.touch()
        os.utime(best, (age, age))
    for folder in (tmp_path, tmp_path / "hybrid"):
        refused(f"the latest finished one in it is {tmp_path}/hybrid/1$", Recommender.load, folder)


def test_checkpoints_that_are_none(tmp_path):
    run = tmp_path / "run" / "checkpoints"
    path = run / "best.ckpt"
    refused(r"best\.ckpt: no such checkpoint", Recommender.load, run.parent)
    run.mkdir(parents=True)
    path.write_text("not a checkpoint")
    refused(r"best\.ckpt: not a readable checkpoint", Recommender.load, run.parent)
    torch.save({"state_dict": {}}, path)
    refused(r"best\.ckpt: not a checkpoint of nextjob: it holds no catalogue", check_checkpoint, path)
    torch.save({"state_dict": {"weight": np.float64(1)}}, path)
    refused(r"best\.ckpt: not a readable checkpoint \(UnpicklingError\)", check_checkpoint, path)


@WITHOUT_GPU
def test_no_gpu_where_one_is_asked_for(config, capsys):
    wanted = {
        "trainer=cpu": config("trainer=gpu").trainer,
        "encoder.device": {"_target_": "nextjob.embedding.SentenceEncoder", "device": "cuda"},
    }
    for named, part in wanted.items():
        with pytest.raises(SystemExit) as stopped:
            one_line_errors(instantiate)(part)
        assert stopped.value.code == 1
        line = one_line(capsys.readouterr().err)
        assert named in line
        assert "gpu" in line.lower()


def test_hub_out_of_reach(tmp_path):
    refused("nobody/nothing", SentenceEncoder("nobody/nothing").encode, ["a"])
    refused("nobody/nothing: not in the local cache and the hub cannot be", find_weights, "nobody/nothing", tmp_path)


# --- the commands: one line, exit code 1, no file


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recomend"], r"unknown command 'recomend' \(did you mean 'recommend'\?\); known: recommend"),
        (["recommend", "sessions=x.csv"], r"run=\.\.\. is missing; usage: python -m nextjob recommend run="),
        (["recommend", "run=RUN"], r"sessions=\.\.\. is missing; usage: python -m nextjob recommend run="),
        (["recommend", "run=RUN", "sesions=x.csv"], r"unknown key 'sesions' \(did you mean 'sessions'\?\); usage"),
        (["recommend", "run=RUN", "sessions"], r"'sessions' is not key=value; usage"),
        (["recommend", "run=RUN", "sessions=absent.csv"], r"absent\.csv: no such file"),
        (["recommend", "run=RUN", "sessions=x.csv", "explain=yes"], r"explain=yes: it must be true or false"),
        (
            ["recommend", "run=RUN", "sessions=RUN/.hydra/config.yaml"],
            r"config\.yaml: (cannot be read|neither a column)",
        ),
        (["recommend", "run=absent", "sessions=x.csv"], r"absent/checkpoints/best\.ckpt: no such checkpoint"),
        (["recommend", "run=RUN", "sessions=FOREIGN"], r"x_test\.csv row \d+: unknown job id '\d+': it is not among"),
        (["recommend", "run=RUN", "sessions=BOARD/x_test.csv", "out=."], r"\.: a folder lies where the file is"),
        (["evaluate", "folds=2"], r"experiment=\.\.\. is missing; usage: python -m nextjob evaluate"),
        (["evaluate", "+experiment=hybrid", "folds=1"], r"folds=1: it must be a whole number from 2 on"),
        (["evaluate", "+experiment=hybrid", "seed=3"], r"seed=3: evaluate sets this itself"),
        (
            ["evaluate", "+experiment=hybird"],
            r"Could not find 'experiment/hybird' \(did you mean 'hybrid'\?\); available: .*hybrid",
        ),
        (
            ["evaluate", "+experiment=hybrid", "model.svd.rnk=3"],
            r"Could not override 'model\.svd\.rnk'\. Key 'rnk' is not",
        ),
        (["evaluate", "+experiment=hybrid", "model.svd.rank={"], r"model\.svd\.rank=\{: "),
        (["sample", "outt=x"], r"Could not override 'outt'"),
        (["data-report", "data=challenge"], r"data\.root=\.\.\. is missing: it has no default"),
    ],
)
def test_command(tiny_run, tiny_board, tmp_path, monkeypatch, capsys, arguments, message):
    if "sessions=FOREIGN" in arguments:
        write_board(tmp_path / "foreign", seed=1, n_jobs=200, n_candidates=30, n_test=20)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    places = {"RUN": str(tiny_run), "BOARD": str(tiny_board), "FOREIGN": "foreign/x_test.csv"}
    with pytest.raises(SystemExit) as stopped:
        main([re.sub("RUN|BOARD|FOREIGN", lambda found: places[found[0]], argument) for argument in arguments])
    assert stopped.value.code == 1
    shown = capsys.readouterr()
    assert re.search(message, one_line(shown.err)), shown.err
    left = [path for path in set(tmp_path.rglob("*")) - before if path.is_file() and path.name != ".lock"]
    assert left == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["+trainr.max_epochs=1"], r"unknown key 'trainr' \(did you mean 'trainer'\?\); known: .*trainer"),
        (["trainer.max_epochs=1"], r"trainer.max_epochs=1: the mixing learns in the epochs after .*; allow at least 2"),
        (["trainer.max_epochs=-1"], r"trainer.max_epochs=-1: the learning rates fall until the last epoch"),
        (
            ["ckpt_path=RUN/checkpoints/best.ckpt", "data.root=OTHER"],
            r"the checkpoint was trained on another catalogue",
        ),
    ],
    ids=["top-level key", "no epoch left for the mixing", "no last epoch", "another catalogue"],
)
def test_train(tiny_overrides, tiny_run, tmp_path, arguments, message):
    write_board(tmp_path / "other", seed=1, n_jobs=60, n_candidates=60, n_test=5)
    given = [a.replace("RUN", str(tiny_run)).replace("OTHER", str(tmp_path / "other")) for a in arguments]
    done = in_process("train.py", *tiny_overrides, *given, f"hydra.run.dir={tmp_path / 'run'}")
    assert done.returncode == 1
    assert re.search(message, errors(done.stderr)), done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "run").glob("metrics.json"))
    assert not list((tmp_path / "run").glob("checkpoints/*"))


def check_keys(*overrides):
    """What train.py does first with its config."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", list(overrides), return_hydra_config=True)
        HydraConfig.instance().set_config(cfg)
        try:
            with open_dict(cfg):
                del cfg["hydra"]
            refuse_unknown_keys(cfg)
        finally:
            HydraConfig.instance().cfg = None


def test_keys_that_are_added_and_unknown():
    for argument, key, meant in (
        ("+trainr.max_epochs=1", "trainr", "trainer"),
        ("+model.svd.rnk=3", "model.svd.rnk", "model.svd.rank"),
        ("++data.foldd=1", "data.foldd", "data.fold"),
        ("+encoder.dimensoin=8", "encoder.dimensoin", "encoder.dimension"),
    ):
        refused(rf"unknown key '{key}' \(did you mean '{meant}'\?\); known: ", check_keys, "encoder=hashing", argument)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("refit=no", "refit=no: it must be true or false"),
        ("seed=one", "seed=one: it must be a number, like the default 0"),
        ("model.svd.rank=big", "model.svd.rank=big: it must be a number, like the default 128"),
        ("model.weight_decay=1e-2x", "model.weight_decay=1e-2x: it must be a number, like the default 0.01"),
        ("trainer.max_epochs=zero", "trainer.max_epochs=zero: it must be a number, like the default 5"),
    ],
)
def test_words_where_a_number_or_a_switch_belongs(argument, message):
    refused(re.escape(message), check_keys, argument)


@pytest.mark.parametrize("limit", ["abc", "0", "-3", "1.5"])
def test_a_limit_that_is_no_number_of_ads(limit):
    """Read as Hydra reads it."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("extract", [f"limit={limit}"])
    refused(re.escape(f"limit={limit}: it must be a number of ads"), first, pd.DataFrame({"job_id": [1, 2]}), cfg.limit)


def test_only_a_recommender_is_refitted():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        model = instantiate(compose("train", ["+experiment=extractor_lora"]).model)
    refused("refit=true is for recommenders; an adapter learns from all ads with", check_run, model, 8, True)
    check_run(model, 8, False)


def test_keys_that_are_added_and_known():
    for path in (CONF / "experiment").glob("*.yaml"):
        check_keys(f"+experiment={path.stem}")
    check_keys("+hparams_search=optuna", "data=interactions", "data.root=x", "encoder=openai")
    check_keys("refit=True", "seed=${data.fold}", "data.fold=null", "model.weight_decay=0", "trainer.devices=auto")
    check_keys("+trainer.limit_train_batches=3", "+callbacks.mine._target_=some.Callback", "+logger.log_model=true")


@pytest.mark.parametrize(
    ("argument", "suggested"),
    [
        ("model.svd.rnk=3", "'model.svd.rank'"),
        ("sed=1", "'seed'"),
        ("trainr.max_epochs=1", "'trainer.max_epochs'"),
        ("svd.rank=4", "'model.svd.rank'"),
        ("experiment=hybrd", "'hybrid'"),
        ("+experiment=hybrd", "'hybrid'"),
        ("experiment=hybrid", "It takes a plus: +experiment=hybrid"),
        ("+hparams_search=optna", "'optuna'"),
        ("hydra/launcher=slrm", "'slurm'"),
        ("hydra/sweper=basic", "'hydra/sweeper'"),
    ],
)
def test_misspelt_name_ends_before_anything_starts(tmp_path, argument, suggested):
    done = in_process("train.py", argument, f"hydra.run.dir={tmp_path / 'run'}")
    assert done.returncode == 1
    assert suggested in one_line(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_installed_says_what_brings_it(capsys):
    for option, way_out in PLUGINS.items():
        with pytest.raises(SystemExit):
            one_line_errors(raising)(MissingConfigException(f"Could not find '{option}'", option))
        assert one_line(capsys.readouterr().err) == f"{option} is not installed: {way_out}"


def raising(error):
    raise error


def test_monitor_that_is_never_measured(config, capsys):
    with pytest.raises(SystemExit):
        one_line_errors(instantiate)(config("model.monitor=tune/scor").model)
    line = one_line(capsys.readouterr().err)
    assert line.startswith("model.monitor=tune/scor: ")
    assert line.endswith(f"known: {', '.join(MONITORED)}")


def test_every_known_monitor_is_measured(tiny_run):
    measured = (tiny_run / "metrics.csv").read_text().splitlines()[0].split(",")
    assert set(MONITORED) <= set(measured)


def errors(stderr: str) -> str:
    """The one line that reports an error, whatever Lightning has said before."""
    return one_line("\n".join(line for line in stderr.splitlines() if line.startswith("error: ")))
