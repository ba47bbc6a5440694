"""What every entry point shares: errors on one line, and keys that exist."""

import functools
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from nextjob.cli.arguments import nearest
from nextjob.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")


def one_line_errors(main: Callable[P, R]) -> Callable[P, R]:
    """Print what is wrong with the input as one line and exit with code 1; other errors keep their traceback.

    Around a main of Hydra it goes twice: outside for the errors of composing, and inside because Hydra prints a
    line of its own before it passes on the errors of a job.
    """

    @functools.wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra passes its errors on
        try:
            return main(*args, **kwargs)
        except (InputError, HydraException, OmegaConfBaseException) as error:
            line = _one_line(error)
            if line is None:
                raise
        Console(stderr=True, soft_wrap=True).print("error:", line, style="red", markup=False, highlight=False)
        sys.exit(1)

    return wrapped


def refuse_unknown_keys(cfg: DictConfig) -> None:
    """Refuse top-level keys that the plain config lacks: +trainr.max_epochs=1 composes without complaint.

    Raises:
        InputError: naming the first such key and the nearest known one.
    """
    known = [str(key) for key in compose(HydraConfig.get().job.config_name)]
    for key in cfg:
        if key not in known:
            raise InputError(f"unknown key {key!r}{nearest(str(key), known)}; known: {', '.join(known)}")


def _one_line(error: Exception) -> str | None:
    """The line for an error that the input caused, None for any other."""
    lines = str(error).splitlines()
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, InstantiationException):
        return _instantiation_line(error)
    if isinstance(error, OverrideParseException):
        return f"{error.override}: {lines[0]}"
    if isinstance(error, MissingConfigException):
        return lines[0] + (f"; available: {', '.join(error.options)}" if error.options else "")
    if isinstance(error, ConfigCompositionException) and isinstance(error.__cause__, OmegaConfBaseException):
        return f"{lines[0]} {str(error.__cause__).splitlines()[0]}; list the keys with --cfg job"
    return lines[0]


def _instantiation_line(error: InstantiationException) -> str | None:
    cause = error.__cause__
    if isinstance(cause, InputError):
        return str(cause)
    text, key = str(cause), str(error).rpartition("full_key: ")[2]
    if "backend found" in text or "accelerator" in text:  # of Lightning's Trainer
        return f"{key}: {text.splitlines()[0]} Choose what this machine has, such as trainer=cpu"
    if isinstance(cause, TypeError) and "unexpected keyword argument" in text:
        return f"{key}: {text.rpartition('.')[2]}"
    return None
