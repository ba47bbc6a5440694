"""Where the configuration is, and composing it outside of a main of Hydra."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

import nextjob
from nextjob.errors import InputError


def conf_folder(name: str) -> Path:
    """The folder ``conf`` that holds NAME.yaml: of the current folder, else of the package's checkout.

    Raises:
        InputError: neither has it.
    """
    places = [Path.cwd() / "conf", Path(nextjob.__file__).parents[2] / "conf"]
    for place in places:
        if (place / f"{name}.yaml").is_file():
            return place
    raise InputError(
        f"no conf/{name}.yaml in {places[0].parent} or {places[1].parent}; run this in a checkout of nextjob, "
        "or install it from one with pip install -e ."
    )


def option_names(group: str) -> list[str]:
    """What can be chosen in a group of conf, empty where there is no such group."""
    return sorted(path.stem for path in (conf_folder("train") / group).glob("*.yaml"))


def compose_config(name: str, overrides: Sequence[str]) -> DictConfig:
    """The config NAME with the overrides."""
    with initialize_config_dir(config_dir=str(conf_folder(name)), version_base="1.3"):
        return compose(name, overrides=list(overrides))
