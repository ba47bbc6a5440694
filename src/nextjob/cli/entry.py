"""What every entry point shares."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from rich.console import Console

from nextjob.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")


def one_line_errors(main: Callable[P, R]) -> Callable[P, R]:
    """Print an InputError as one line and exit with code 1; other errors keep their traceback."""

    @functools.wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return main(*args, **kwargs)
        except InputError as error:
            Console(stderr=True, soft_wrap=True).print("error:", str(error), style="red", markup=False, highlight=False)
            sys.exit(1)

    return wrapped
