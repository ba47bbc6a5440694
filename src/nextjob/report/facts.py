"""What a run was made of: board, split, features, versions."""

import platform
from importlib.metadata import version
from pathlib import Path

from nextjob.datamodule import SessionDataModule

PACKAGES = ("nextjob", "torch", "lightning", "transformers", "sentence-transformers", "numpy")


def facts(datamodule: SessionDataModule, run: Path) -> dict[str, str]:
    """The facts by name, in order."""
    catalogue, split = datamodule.catalogue, datamodule.split
    return {
        "run folder": str(run),
        "board": f"{datamodule.root}, {len(catalogue.vocabulary):,} jobs",
        "split": f"fold {datamodule.fold} of {datamodule.folds}: {len(split.train):,} train rows "
        f"({len(datamodule.examples):,} prefixes), {len(split.tune):,} tune rows, {len(split.val):,} val rows",
        "features": catalogue.extractor,
        "embeddings": catalogue.encoder,
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{package} {version(package)}" for package in PACKAGES)]
        ),
    }
