"""Do the features carry through? python benchmarks/features.py OUT [NAME=FOLDER ...]

Cross-validates the content and hybrid experiments on the bundled sample with the true features, the true features
dealt out to the wrong jobs, the bundled ones (rules) and those of every folder made by extract.py, for example
smollm2=FOLDER. Goes on where it stopped when given again.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

SAMPLE = Path("data/sample")
EXPERIMENTS = ("content", "hybrid")


def true_features() -> pd.DataFrame:
    """Features table of what the sample's ads state."""
    truth = pd.read_csv(SAMPLE / "truth.csv", dtype=str)
    return truth[["job_id", "feature", "value"]].assign(engine="truth")


def shuffled(features: pd.DataFrame) -> pd.DataFrame:
    """The same table with every job's features given to another job."""
    jobs = features["job_id"].unique()
    other = dict(zip(jobs, np.random.default_rng(0).permutation(jobs), strict=True))
    return features.assign(job_id=features["job_id"].map(other), engine="shuffled truth")


def main(out: Path, folders: dict[str, Path]) -> None:
    """Write the made tables, evaluate every source, print MRR@10 with its interval."""
    sources = {"true": out / "true", "rules": SAMPLE, **folders, "shuffled": out / "shuffled"}
    for name, table in (("true", true_features()), ("shuffled", shuffled(true_features()))):
        (out / name).mkdir(parents=True, exist_ok=True)
        table.to_parquet(out / name / "features.parquet")
    result = Table("features", *EXPERIMENTS, title="MRR@10 on the sample, all folds pooled, 95 % interval")
    for name, folder in sources.items():
        runs = out / f"{name}-runs"
        keys = [f"+experiment={','.join(EXPERIMENTS)}", f"data.features={folder}", "logger=csv", f"out={runs}"]
        subprocess.run([sys.executable, "-m", "nextjob", "evaluate", *keys], check=True)
        figures = json.loads((runs / "evaluate.json").read_text())
        cells = [[figures[f"{e}/mrr@10{end}"] for end in ("", "_lo", "_hi")] for e in EXPERIMENTS]
        result.add_row(name, *(f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in cells))
    Console().print(result)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not all("=" in pair for pair in sys.argv[2:]):
        sys.exit(__doc__)
    given = dict(pair.split("=", 1) for pair in sys.argv[2:])
    main(Path(sys.argv[1]), {name: Path(folder) for name, folder in given.items()})
