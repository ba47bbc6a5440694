"""One line for every error that the input caused, with the nearest name for a misspelt one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from hydra.errors import (
    ConfigCompositionException,
    HydraException,
    InstantiationException,
    MissingConfigException,
    OverrideParseException,
)
from omegaconf import OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from rich.console import Console

from nextjob.cli.arguments import nearest
from nextjob.cli.conf import option_names
from nextjob.errors import InputError

PLUGINS = {
    "hydra/sweeper/optuna": 'pip install -e ".[sweep]"',
    "hydra/launcher/submitit_slurm": 'pip install -e ".[slurm]"',
    "hydra/launcher/ray": "pip install -r requirements/ray.txt, in an environment of its own",
}
"""What brings an option that Hydra lacks."""


def one_line(error: BaseException) -> str | None:
    """The line for an error that the input caused, None for any other."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, InstantiationException):
        return _instantiation_line(error)
    if not isinstance(error, HydraException | OmegaConfBaseException):
        return None
    lines = str(error).splitlines()
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key}=... is missing: it has no default"
    if isinstance(error, OverrideParseException):
        return f"{error.override}: {lines[0]}"
    if isinstance(error, MissingConfigException):
        return _missing_config_line(error)
    if isinstance(error, ConfigCompositionException):
        return _composition_line(error)
    return lines[0]


def dotted_keys(section: Mapping[Any, Any], prefix: str = "") -> Iterator[str]:
    """The dotted keys of a config as plain mappings, sections among them."""
    for key, value in section.items():
        yield f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from dotted_keys(value, f"{prefix}{key}.")


def _composition_line(error: ConfigCompositionException) -> str:
    line, cause = str(error).splitlines()[0], error.__cause__
    named = re.match(r"Could not override '(.+?)'", line)
    if isinstance(cause, OmegaConfBaseException):
        reason = str(cause).splitlines()[0]
        if named is None or cause.parent_node is None:
            return f"{line} {reason}"
        known = dotted_keys(OmegaConf.to_container(cause.parent_node._get_root()))  # type: ignore[arg-type]
        if "/" in named[1]:  # a group
            known = (key.replace(".", "/") for key in known)
        return f"{line} {reason}{nearest(named[1], known)}; list the keys with --cfg job"
    if named and "No match in the defaults list" in line:
        option, options = str(error).rpartition("=")[2], option_names(named[1])
        guess = "" if option in options else nearest(option, options)
        return f"{line} It takes a plus: +{named[1]}={option}{guess}"
    return line


def _missing_config_line(error: MissingConfigException) -> str:
    line, missing = str(error).splitlines()[0], str(error.missing_cfg_file)
    if missing in PLUGINS:
        return f"{missing} is not installed: {PLUGINS[missing]}"
    options = list(error.options or ())
    guess = nearest(missing.rpartition("/")[2], options)
    return f"{line}{guess}" + (f"; available: {', '.join(options)}" if options else "")


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


def say_error(line: str) -> None:
    """Print the line on stderr, red on a terminal."""
    Console(stderr=True, soft_wrap=True).print("error:", line, style="red", markup=False, highlight=False)
