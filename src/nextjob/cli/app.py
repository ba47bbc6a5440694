"""python -m nextjob app run=RUN_DIR [sessions=FILE] [port=7860]

Opens a page on this machine: a session in, ten jobs and an action out, with what every score is made of, and sliders
for alpha and the weights of the features. Needs pip install -e ".[app]"; Ctrl-C ends it.

  run       folder of a finished run of train.py
  sessions  whose first sessions are the examples, in the form that recommend reads; without it they are made up
  port      of http://127.0.0.1, which no other machine can reach

Examples
  python -m nextjob app run=RUN_DIR
  python -m nextjob app run=RUN_DIR sessions=x_test.csv port=8080
"""

from collections.abc import Sequence

from nextjob.app.server import build, serve
from nextjob.app.sessions import made_up_sessions, sessions_of_file
from nextjob.cli.arguments import key_values
from nextjob.data import read_sessions
from nextjob.errors import InputError
from nextjob.recommend import Recommender

USAGE = "python -m nextjob app run=RUN_DIR sessions=FILE port=7860"


def main(arguments: Sequence[str]) -> None:
    """Load the run and serve the page."""
    keys = key_values(arguments, {"run": None, "sessions": "", "port": "7860"}, USAGE)
    if not keys["port"].isdecimal() or not 0 < int(keys["port"]) < 65536:
        raise InputError(f"port={keys['port']}: it must be a number from 1 to 65535")
    recommender = Recommender.load(keys["run"])
    examples = {}
    if keys["sessions"]:
        examples = sessions_of_file(recommender, read_sessions(keys["sessions"], recommender.vocabulary))
    serve(build(recommender, examples or made_up_sessions(recommender)), int(keys["port"]))
