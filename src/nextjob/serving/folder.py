"""An export: a folder with all that answers sessions without nextjob."""

import hashlib
import io
import json
from pathlib import Path

import torch

from nextjob import __version__
from nextjob.errors import InputError
from nextjob.files import write_atomically
from nextjob.recommend import Recommender
from nextjob.schema import ACTION_NUMBERS, TOP_K
from nextjob.serving.program import exported

PROGRAM, MANIFEST = "scorer.pt2", "manifest.json"


def export(recommender: Recommender, out: str | Path) -> list[Path]:
    """Write the program and then the manifest; the files written.

    Raises:
        InputError: the catalogue has fewer jobs than a ranked list.
    """
    if len(recommender.vocabulary) < TOP_K:
        raise InputError(f"the catalogue has {len(recommender.vocabulary)} jobs, a ranked list {TOP_K}")
    program = io.BytesIO()
    torch.export.save(exported(recommender), program)
    content = program.getvalue()
    manifest = {
        "versions": {"nextjob": __version__, "torch": torch.__version__},
        "sha256": {PROGRAM: hashlib.sha256(content).hexdigest()},
        "catalogue": recommender.vocabulary.digest,
        "actions": ACTION_NUMBERS,
        "job_ids": recommender.vocabulary.job_ids,
    }
    contents = {PROGRAM: content, MANIFEST: json.dumps(manifest, indent=1, ensure_ascii=False).encode()}
    for name, part in contents.items():
        write_atomically(Path(out) / name, part)
    return [Path(out) / name for name in contents]
