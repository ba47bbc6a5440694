from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONF = ROOT / "conf"

RECOMMENDERS = sorted(
    path.stem for path in (CONF / "experiment").glob("*.yaml") if "/model:" not in path.read_text(encoding="utf-8")
)
"""Experiments whose model is the recommender."""
