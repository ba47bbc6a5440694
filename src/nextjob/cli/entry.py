"""What every entry point shares: errors on one line, exit codes, and keys that exist."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from nextjob.cli.arguments import nearest
from nextjob.cli.messages import dotted_keys, one_line, say_error
from nextjob.cli.sweeps import end_of_multirun, in_a_multirun, record
from nextjob.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")

BAD_INPUT, INTERRUPTED = 1, 130
OPEN_SECTIONS = ("trainer", "callbacks", "logger")  # they take whatever their library takes


def one_line_errors(main: Callable[P, R]) -> Callable[P, R]:
    """Say what is wrong with the input in one line, and exit with 1, or 130 after Ctrl-C; end a multirun.

    Errors that the input did not cause keep their traceback.
    """

    @functools.wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra passes its errors on
        code = BAD_INPUT
        try:
            with end_of_multirun():
                return main(*args, **kwargs)
        except KeyboardInterrupt:
            code = INTERRUPTED
        except SystemExit as stopped:
            if not isinstance(stopped.__context__, KeyboardInterrupt):  # which Lightning turns into an exit with 1
                raise
            code = INTERRUPTED
        except Exception as error:
            line = one_line(error)
            if line is None:
                raise
            say_error(line)
        sys.exit(code)

    return wrapped


def one_run(main: Callable[[DictConfig], R]) -> Callable[[DictConfig], R]:
    """Inside Hydra's main: report an error before Hydra does, and keep a run of a multirun from ending the others."""

    @functools.wraps(main)
    def wrapped(cfg: DictConfig) -> R:
        return record(main, cfg) if in_a_multirun() else one_line_errors(main)(cfg)

    return wrapped


def refuse_unknown_keys(cfg: DictConfig) -> None:
    """Refuse keys that the plain config lacks: +trainr.max_epochs=1 and +model.svd.rnk=3 compose without complaint.

    Words where the plain config has a number, or true or false, are refused too: refit=no would be taken for a yes.

    Raises:
        InputError: naming the first such key, and the nearest known one or what it takes.
    """
    hydra = HydraConfig.get()
    options = [f"{group}={option}" for group, option in hydra.runtime.choices.items() if group in cfg]
    plain = OmegaConf.to_container(compose(hydra.job.config_name, options))
    _compare(OmegaConf.to_container(cfg), plain, "")


def _compare(given: Any, known: Any, prefix: str) -> None:
    if not isinstance(given, dict) or not isinstance(known, dict):
        _refuse_word(given, known, prefix.rstrip("."))
        return
    for key, value in given.items():
        if key in known:
            _compare(value, known[key], f"{prefix}{key}.")
        elif prefix.partition(".")[0] not in OPEN_SECTIONS:
            guess = nearest(f"{prefix}{key}", dotted_keys(known, prefix))
            raise InputError(f"unknown key {prefix + key!r}{guess}; known: {', '.join(known)}")


def _refuse_word(given: Any, known: Any, key: str) -> None:
    if not isinstance(given, str) or "${" in given or not isinstance(known, bool | int | float):
        return
    if given == "auto" and key.startswith(OPEN_SECTIONS):
        return
    wanted = "true or false" if isinstance(known, bool) else f"a number, like the default {known}"
    raise InputError(f"{key}={given}: it must be {wanted}")
