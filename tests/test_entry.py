"""Help, exit codes, quiet and colour of train.py, extract.py and the commands."""

import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from importlib import import_module

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from nextjob.__main__ import COMMANDS, main
from nextjob.cli.entry import one_line_errors
from tests.conftest import in_process, python
from tests.paths import CONF, ROOT


@pytest.mark.parametrize("name", ["train", "extract"])
def test_help_names_keys_and_commands_that_exist(name):
    done = in_process(f"{name}.py", "--help")
    assert done.returncode == 0
    said = done.stdout
    assert "$" not in said
    examples = [shlex.split(line, comments=True) for line in said.splitlines() if line.startswith(f"  python {name}")]
    assert len(examples) > 3
    with initialize_config_dir(str(CONF), version_base="1.3"):
        known = set(compose(name))
        for _, _, *arguments in examples:
            overrides = [argument for argument in arguments if argument != "-m" and "," not in argument]
            assert set(compose(name, overrides)) == known
        cfg = compose(name, return_hydra_config=True)
    keys = re.search(r"Keys that are used most\n((?:  .+\n)+)", said)[1].splitlines()
    for key in (line.split()[0] for line in keys):
        assert OmegaConf.select(cfg, key, default=key) != key or key in ("ckpt_path", "data.features"), key


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_examples(name, capsys):
    main([name, "--help"])
    said = capsys.readouterr().out
    assert re.search(rf"\nExamples\n  python -m nextjob {name}\b", said)
    for example in re.findall(rf"^  python -m nextjob {name} (.+)$", said, re.MULTILINE):
        assert all("=" in argument for argument in shlex.split(example))
    assert callable(import_module(f"nextjob.cli.{name.replace('-', '_')}").main)


def lightning_stopped():
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        sys.exit(1)


def stopped():
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("call", "code"), [(stopped, 130), (lightning_stopped, 130), (lambda: sys.exit(2), 2), (lambda: sys.exit(0), 0)]
)
def test_exit_code_after_ctrl_c(call, code):
    with pytest.raises(SystemExit) as exited:
        one_line_errors(call)()
    assert exited.value.code == code


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--help"], 0), ([], 2), (["recommend", "--run=x"], 2), (["recommend", "run=x"], 1)]
)
def test_exit_code_of_a_command(arguments, code, capsys):
    with pytest.raises(SystemExit) as exited:
        main(arguments)
    assert exited.value.code == code
    assert len(capsys.readouterr().err.splitlines()) == (len(arguments) > 1)


def test_exit_code_of_an_unknown_option():
    done = in_process("train.py", "--multirn")
    assert done.returncode == 2
    assert "unrecognized arguments: --multirn" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("multirun", [[], ["-m", "seed=0,1"]], ids=["run", "multirun"])
def test_ctrl_c_ends_with_130_and_a_multirun_with_its_summary(tiny_overrides, tmp_path, multirun):
    places = [f"hydra.run.dir={tmp_path / 'run'}", f"hydra.sweep.dir={tmp_path / 'sweep'}"]
    long = ["trainer.max_epochs=1000", "callbacks.early_stopping.patience=1000"]
    command = [sys.executable, "train.py", *multirun, "+experiment=hybrid", *tiny_overrides, *long, *places]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests may ignore it
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=ROOT, preexec_fn=heard, **pipes)
    try:
        for _ in range(600):
            if list(tmp_path.rglob("last.ckpt")):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    if multirun:
        assert "0 stopped" in out
        assert (tmp_path / "sweep" / "sweep.html").is_file()


def test_quiet_leaves_the_results(tiny_board, tmp_path):
    overrides = ["data=challenge", f"data.root={tiny_board}", "encoder=hashing", f"paths.cache={tmp_path / 'cache'}"]
    places = [f"out={tmp_path / 'features'}", f"hydra.run.dir={tmp_path / 'run'}"]
    done = python("extract.py", "hydra=quiet", *overrides, *places)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "most frequent value" in done.stdout


def test_a_part_of_the_ads_is_followed_by_the_command_for_all(tiny_board, tmp_path):
    board = ["data=challenge", f"data.root={tiny_board}", "encoder=hashing", f"paths.cache={tmp_path / 'cache'}"]
    places = [f"out={tmp_path / 'features'}", f"hydra.run.dir={tmp_path / 'run'}"]
    done = in_process("extract.py", *board, *places, "limit=2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == " ".join(["next: python extract.py", *board, *places[:1]])


@pytest.mark.slow
def test_quiet_training_says_its_results_alone(tiny_overrides, tmp_path):
    done = python("train.py", "+experiment=hybrid", "hydra=quiet", *tiny_overrides, f"hydra.run.dir={tmp_path}")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("fold 0 of 5")


def test_colour_on_a_terminal_only():
    command = [sys.executable, "-m", "nextjob", "recomend"]
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
    subprocess.run(command, stderr=theirs, env=environment, timeout=60)
    os.close(theirs)
    assert b"\x1b[31m" in os.read(ours, 10_000)
    os.close(ours)
    assert "\x1b" not in subprocess.run(command, capture_output=True, text=True, env=environment).stderr
