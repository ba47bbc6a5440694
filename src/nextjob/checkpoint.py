"""Checkpoints that come from outside."""

from pathlib import Path

import torch

from nextjob.errors import InputError


def check_checkpoint(path: str | Path) -> None:
    """Refuse a file that is not there, that torch cannot read without unpickling, or that is of another program.

    Raises:
        InputError: naming the file and the cause.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: no such checkpoint; a finished run has one under checkpoints/")
    try:
        content = torch.load(path, map_location="meta", weights_only=True)
    except Exception as error:  # whatever the unpickler, the archive or the file system raises
        raise InputError(f"{path}: not a readable checkpoint ({type(error).__name__})") from error
    if not isinstance(content, dict) or "catalogue" not in content:
        raise InputError(f"{path}: not a checkpoint of nextjob: it holds no catalogue")
