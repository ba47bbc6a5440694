"""The commands, examples, names and folders of README and docs/ are what the project has."""

import io
import itertools
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from inspect import signature

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from lightning import Trainer
from packaging.requirements import Requirement

from nextjob import Recommender
from nextjob.__main__ import COMMANDS, main
from nextjob.cli import evaluate
from nextjob.data import read_board, read_sessions
from nextjob.schema import ACTION_NUMBERS, TOP_K
from tests.conftest import in_process, python
from tests.paths import CONF, ROOT

PAGES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))}
README = PAGES[ROOT / "README.md"]
BLOCK = re.compile(r"^(?:<!-- (?P<note>.+?) -->\n)?```(?P<kind>.+)\n(?P<text>[\s\S]+?)^```$", re.MULTILINE)
BLOCKS = [block for page in PAGES.values() for block in BLOCK.findall(page)]
COMMAND_LINES = [(note, line) for note, kind, text in BLOCKS if kind == "bash" for line in text.splitlines()]
CALLS = [
    (note, line.rpartition("&& ")[2]) for note, line in COMMAND_LINES if line.rpartition("&& ")[2].startswith("python ")
]
TRAININGS = [line for note, line in CALLS if "nextjob recommend" not in line and note != "a finished run"]
OFFLINE = [line for note, line in CALLS if not note]
IN_ORDER = {
    path.stem: [(kind, text) for note, kind, text in BLOCK.findall(page) if note == "in order"]
    for path, page in PAGES.items()
    if "<!-- in order -->" in page
}
TUTORIAL_CODE = [text for kind, text in IN_ORDER["tutorial"] if kind == "python"]
SHORT = ["trainer.max_epochs=2", "model.expert_epochs=1", "+trainer.limit_train_batches=5", "logger=csv"]


def block(kind):
    return next(text for _, found, text in BLOCKS if found == kind)


def each_job(overrides):
    """The overrides of every job of a multirun, in the way of Hydra's own sweeper."""
    choices = []
    for override in OverridesParser.create().parse_overrides(overrides):
        if override.is_sweep_override():
            choices.append([f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([override.input_line])
    return [list(job) for job in itertools.product(*choices)]


@cache
def known_keys(config):
    return set(compose(config))


@pytest.mark.parametrize("line", TRAININGS)
def test_every_command_composes(line):
    _, script, *arguments = shlex.split(line)
    config = {"train.py": "train", "extract.py": "extract", "-m": "train"}[script]
    if script == "-m":
        module, command, *arguments = arguments
        assert module == "nextjob"
        if command == "data-report":
            jobs = [[argument for argument in arguments if not argument.startswith("out=")]]
        else:
            assert command == "evaluate"
            jobs = [run.overrides for run in evaluate.plan(arguments)[0] if run.fold == 0]
    else:
        jobs = each_job([argument for argument in arguments if argument != "-m"])
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for job in jobs:
            assert set(compose(config, job)) == known_keys(config)


def test_ci_runs_the_main_job_and_the_tests_as_the_readme_does():
    _, start = COMMAND_LINES[0]
    (tests,) = (line for _, line in COMMAND_LINES if line.endswith("pytest"))
    set_up, _, pytest_alone = tests.partition(" && ")
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert start.startswith("pip install -e . && ")
    assert pytest_alone == "pytest"
    assert lines.index(start) < lines.index(set_up)
    assert lines[-1].startswith("pytest ")


def test_commands_and_folders_that_are_named_exist():
    for name in re.findall(r"python -m nextjob ([a-z][\w-]+)", "".join(PAGES.values())):
        assert name in COMMANDS
    paths = [line.split()[0] for line in README.partition("## Folders")[2].split("```")[1].splitlines()[1:]]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", PAGES[page]):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", ["README", "docs/method", "docs/tutorial"])
def test_keys_and_names_that_are_mentioned_exist(page):
    """LOG.md keeps the names of its day."""
    text, keys = PAGES[ROOT / f"{page}.md"], PAGES[ROOT / "docs" / "configuration.md"]
    for key in re.findall(r"`(?:[^`]* )?((?:model|data|trainer|encoder|extractor|callbacks)\.[a-z_.]+)[`= ]", text):
        lightnings = key.removeprefix("trainer.") in signature(Trainer).parameters  # takes what its library takes
        assert lightnings or re.search(rf"`{re.escape(key)}[.`]", keys), key
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    for name in re.findall(r"`([A-Z]\w+[a-z]|[a-z]+_\w+)`", text) if page == "docs/method" else ():
        assert re.search(rf"\b{name}\b", source), name


def test_example_tables_are_a_board(tmp_path):
    for name in ("interactions.csv", "jobs.csv"):
        (tmp_path / name).write_text(block(f"csv {name}"), encoding="utf-8")
    board = read_board(tmp_path, "interactions")
    assert board.train.lengths.tolist() == [2, 1]
    assert board.vocabulary.ids(board.train.target_job) == ["J08", "J17"]
    described = README.partition("```csv interactions.csv")[2].partition("Two commands")[0]
    for name in [*pd.read_csv(tmp_path / "interactions.csv"), *pd.read_csv(tmp_path / "jobs.csv"), "position"]:
        assert re.search(rf"^\|.*`{name}`.*\|", described, re.MULTILINE), name


def test_constraints_allow_what_pyproject_asks_for():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {
        requirement.name.lower().replace("_", "-"): requirement.specifier
        for requirement in map(Requirement, (line for line in lines if not line.startswith("#")))
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    for requirement in map(Requirement, asked):
        if requirement.name != "nextjob":
            (pin,) = pinned[requirement.name]
            assert pin.operator == "=="
            assert requirement.specifier.contains(pin.version), requirement
    (torch,) = (requirement for requirement in map(Requirement, asked) if requirement.name == "torch")
    assert set(re.findall(r"torch==[\d.]+", README)) == {str(torch)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """What the commands need of a checkout, in a folder to write into."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("conf", "data"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("train.py", "extract.py"):
        shutil.copy(ROOT / name, folder)
    return folder


def run(line, folder, **places):
    """Run a command with its placeholders filled in, cut short: a few batches, two folds, two ads at most."""
    for name, place in places.items():
        line = line.replace(name, str(place))
    arguments = shlex.split(line.replace("folds=5", "folds=2").replace("limit=10", "limit=2"))[1:]
    trains = arguments[0] == "train.py" or "evaluate" in arguments
    done = in_process(*arguments, *(SHORT if trains else []), folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("line", OFFLINE)
def test_offline_commands_run(line, checkout):
    ends = {
        "extract.py -m": "4 runs are finished",
        "extract.py": "next: ",
        "train.py": "recommend ",
        "data-report": "report ",
    }
    assert next(end for part, end in ends.items() if part in line) in run(line, checkout)


@pytest.mark.slow
def test_own_data_becomes_recommendations(checkout, tmp_path):
    """The sample as a long table with the README's columns."""
    sample = read_board(checkout / "data" / "sample", "challenge")
    features = pd.read_parquet(checkout / "data" / "sample" / "features.parquet")
    jobs = features.pivot(index="job_id", columns="feature", values="value").reset_index()
    columns = block("csv jobs.csv").splitlines()[0].split(",")
    jobs.assign(text="").reindex(columns=columns).to_csv(tmp_path / "jobs.csv", index=False)
    for name, sessions in {"interactions": sample.train, "sessions": sample.test}.items():
        table = pd.DataFrame({"session_id": sessions.ids, "length": sessions.lengths})
        table = table.loc[table.index.repeat(table["length"])].drop(columns="length")
        table["job_id"] = sample.vocabulary.ids(sessions.jobs)
        table["action"] = (
            pd.Series(sessions.actions).map({number: action for action, number in ACTION_NUMBERS.items()}).to_numpy()
        )
        table["position"] = table.groupby("session_id").cumcount()
        table.to_csv(tmp_path / f"{name}.csv", index=False)

    train, recommend = (line for note, line in CALLS if note == "own data")
    shown = run(train, checkout, DIR=tmp_path)
    folder = re.search(r"^run folder  (.+)$", shown, re.MULTILINE)[1]
    run(recommend, checkout, RUN_DIR=folder, FILE=tmp_path / "sessions.csv")
    lists = pd.read_csv(checkout / "submission.csv")
    read = read_sessions(tmp_path / "sessions.csv", Recommender.load(checkout / folder).vocabulary)
    assert lists["session_id"].astype(str).tolist() == read.ids.tolist()
    assert all(len(set(re.findall(r"\d+", row))) == TOP_K for row in lists["job_id"])

    before = (checkout / "submission.csv").read_bytes()
    (explain,) = (line for note, line in CALLS if note == "a finished run" and "explain" in line)
    run(explain, checkout, RUN_DIR=folder, FILE=tmp_path / "sessions.csv")
    assert (checkout / "submission.csv").read_bytes() == before
    explained = pd.read_csv(checkout / "submission.explained.csv")
    assert len(explained) == TOP_K * len(lists)
    described = README.partition("### Why these jobs")[2].partition("```text")[0]
    assert list(explained.columns[:6]) == [n for n in re.findall(r"`(\w+)`", described) if n in explained]

    (app,) = (line for note, line in CALLS if note == "a finished run" and "nextjob app" in line)
    arguments = [*shlex.split(app.replace("RUN_DIR", folder))[1:], f"sessions={tmp_path / 'sessions.csv'}", "port=7899"]
    with subprocess.Popen([sys.executable, *arguments], cwd=checkout, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == "http://127.0.0.1:7899  (Ctrl-C ends it)\n"
        server.terminate()

    (export,) = (line for note, line in CALLS if note == "a finished run" and "nextjob export" in line)
    run(export, checkout, RUN_DIR=folder)
    serving = [text for note, kind, text in BLOCKS if note == "a finished run" and kind == "python"]
    assert len(serving) == 2
    for snippet in (block("python"), *serving):
        done = python("-c", snippet.replace("RUN_DIR", folder), folder=checkout)
        assert done.stdout.startswith("["), done.stderr


def test_tables_and_figures_of_the_tutorial_are_what_its_code_makes(tmp_path, monkeypatch, capsys):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    exec(TUTORIAL_CODE[0], {})
    for name in ("interactions", "jobs"):
        shown, made = (
            pd.read_csv(table, dtype=str, keep_default_na=False)
            for table in (io.StringIO(block(f"csv board/{name}.csv")), f"board/{name}.csv")
        )
        assert list(shown) == list(made)
        for cell, whole in zip(shown.to_numpy().ravel(), made[: len(shown)].to_numpy().ravel(), strict=True):
            assert whole.startswith(cell.removesuffix(" ...")) if cell.endswith(" ...") else whole == cell
    (line,) = (line for _, text in IN_ORDER["tutorial"] for line in text.splitlines() if "data-report" in line)
    main(shlex.split(line)[3:])
    title, *figures, _ = capsys.readouterr().out.splitlines()
    assert title.strip() == "board"
    tutorial = PAGES[ROOT / "docs" / "tutorial.md"]
    assert "\n".join(figure.rstrip() for figure in figures) == tutorial.partition("```text\n")[2].partition("\n```")[0]


def test_code_of_the_tutorial_runs_on_any_run(tiny_run, capsys):
    exec(TUTORIAL_CODE[1].replace("RUN_DIR", str(tiny_run)), {})
    best, *explained = capsys.readouterr().out.splitlines()
    assert len(best.split(",")) == 5
    assert len(explained) == 2


@pytest.mark.slow
@pytest.mark.parametrize("page", IN_ORDER)
def test_blocks_in_order_run(page, checkout):
    """From top to bottom of a page, in one folder; RUN_DIR is the latest run."""
    run_folder, following = "", []
    for kind, text in IN_ORDER[page]:
        if kind == "python":
            done = python("-c", text.replace("RUN_DIR", run_folder), folder=checkout)
            assert done.returncode == 0, done.stderr
            continue
        for line in text.splitlines():
            shown = run(line.rpartition("&& ")[2], checkout, RUN_DIR=run_folder)
            run_folder = next(reversed(re.findall(r"^run folder  (.+)$", shown, re.MULTILINE)), run_folder)
            following += re.findall(r"^next: (.+)$", shown, re.MULTILINE)
    known = [line for _, line in CALLS]
    assert [line for line in following if f"{line} refit=true" not in known] == []
