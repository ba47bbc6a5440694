"""python -m nextjob recommend run=RUN_DIR sessions=FILE [out=submission.csv]

Ranks ten jobs and predicts the action for every session of a file, each on its own.

  run       folder of a finished run of train.py
  sessions  CSV or Parquet: session_id, job_ids, actions (the challenge's form), or one row an interaction with
            session_id, job_id, action and timestamp or position
  out       CSV to write: session_id, action, job_id, the last a list of ten job ids, best first
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from nextjob.cli.arguments import key_values
from nextjob.data import read_sessions
from nextjob.recommend import Recommender, write_submission

USAGE = "python -m nextjob recommend run=RUN_DIR sessions=FILE out=submission.csv"


def main(arguments: Sequence[str]) -> None:
    """Read the model and the sessions, and write the recommendations."""
    keys = key_values(arguments, {"run": None, "sessions": None, "out": "submission.csv"}, USAGE)
    recommender = Recommender.load(keys["run"])
    sessions = read_sessions(keys["sessions"], recommender.vocabulary)
    write_submission(recommender.recommend_sessions(sessions), Path(keys["out"]))
    Console().print(f"{len(sessions):,} sessions: {keys['out']}", soft_wrap=True, highlight=False)
