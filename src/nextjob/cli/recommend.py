"""python -m nextjob recommend run=RUN_DIR sessions=FILE [out=submission.csv] [explain=false]

Ranks ten jobs and predicts the action for every session of a file, each on its own.

  run       folder of a finished run of train.py
  sessions  CSV or Parquet: session_id, job_ids, actions (the challenge's form), or one row an interaction with
            session_id, job_id, action and timestamp or position
  out       CSV to write: session_id, action, job_id, the last a list of ten job ids, best first
  explain   true also writes OUT.explained.csv beside it, one row a recommended job: session_id, rank, job_id, title,
            score, reason, the named terms that add up to the score, and the past job that speaks for it by each term

Examples
  python -m nextjob recommend run=outputs/hybrid/2026-11-26_03-45-04 sessions=x_test.csv
  python -m nextjob recommend run=RUN_DIR sessions=today.parquet out=today.csv
"""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from nextjob.cli.arguments import key_values, switch
from nextjob.data import read_sessions
from nextjob.explain import explanation_table
from nextjob.recommend import Recommender, submission_table, write_submission

USAGE = "python -m nextjob recommend run=RUN_DIR sessions=FILE out=submission.csv explain=false"


def main(arguments: Sequence[str]) -> None:
    """Read the model and the sessions, and write the recommendations."""
    keys = key_values(arguments, {"run": None, "sessions": None, "out": "submission.csv", "explain": "false"}, USAGE)
    out, explained = Path(keys["out"]), switch(keys, "explain")
    recommender = Recommender.load(keys["run"])
    sessions = read_sessions(keys["sessions"], recommender.vocabulary)
    answers = list(recommender.recommend_each(sessions, explain=explained))
    files = {out: submission_table(sessions.ids, answers)}
    if explained:
        table = explanation_table(sessions.ids, [answer.explanations or [] for answer in answers])
        files[out.with_suffix(".explained.csv")] = table
    for path, content in files.items():
        write_submission(content, path)
    written = ", ".join(map(str, files))
    Console().print(f"{len(sessions):,} sessions: {written}", soft_wrap=True, highlight=False)
