"""What every test stands on: no network, one thread, a tiny board and a run trained on it."""

import os

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}

import io
import logging
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import torch

from nextjob.data.synthetic import write_board
from tests.paths import ROOT

torch.set_num_threads(1)

LEAN = ["encoder=hashing", "logger=csv", "trainer.max_epochs=2", "model.expert_epochs=1"]


def python(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run this Python in a folder and capture what it says."""
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300)


@contextmanager
def logging_as_before() -> Iterator[None]:
    """Undo what Hydra sets in logging."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    kept = [(logger, logger.level, logger.propagate, logger.handlers[:]) for logger in loggers]
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for logger, level, propagate, handlers in kept:
            for handler in set(logger.handlers) - set(handlers):
                handler.close()
            logger.setLevel(level)
            logger.propagate, logger.handlers[:] = propagate, handlers


def in_process(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported everything already; for scripts and `-m nextjob`."""
    if arguments[:2] == ("-m", "nextjob"):
        path, given = ROOT / "src" / "nextjob" / "__main__.py", arguments[1:]
    else:
        path, given = folder / arguments[0], arguments
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, logging_as_before(), redirect_stdout(out), redirect_stderr(err):
        patch.chdir(folder)
        patch.setattr("sys.argv", list(given))
        try:
            runpy.run_path(str(path), run_name="__main__")
        except SystemExit as stopped:
            code = int(stopped.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def tiny_board(tmp_path_factory) -> Path:
    """A board of 80 jobs in the challenge's format."""
    root = tmp_path_factory.mktemp("board")
    write_board(root, n_jobs=80, n_candidates=120, n_test=20)
    return root


@pytest.fixture
def board_copy(tiny_board, tmp_path) -> Path:
    """A copy of the tiny board to spoil."""
    return Path(shutil.copytree(tiny_board, tmp_path / "board"))


@pytest.fixture(scope="session")
def tiny_overrides(tiny_board, tmp_path_factory) -> list[str]:
    """What makes train.py take seconds."""
    return ["data=challenge", f"data.root={tiny_board}", f"paths.cache={tmp_path_factory.mktemp('cache')}", *LEAN]


@pytest.fixture(scope="session")
def tiny_run(tiny_overrides, tmp_path_factory) -> Path:
    """Run folder of two epochs of train.py on the tiny board, fold 0 of 2."""
    run = tmp_path_factory.mktemp("runs") / "tiny"
    done = in_process("train.py", "+experiment=hybrid", *tiny_overrides, "data.folds=2", f"hydra.run.dir={run}")
    assert done.returncode == 0, done.stderr
    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real boards."""
    folder = os.environ.get("NEXTJOB_REAL_DATA")
    if not folder:
        pytest.skip("NEXTJOB_REAL_DATA is not set: it names the folder that holds challenge/ and views/")
    return Path(folder)


def one_line(capture: str) -> str:
    """The only line of a captured stderr, without its "error: "."""
    lines: Sequence[str] = [line for line in capture.splitlines() if line.strip()]
    assert len(lines) == 1, capture
    assert lines[0].startswith("error: "), lines[0]
    return lines[0].removeprefix("error: ")
