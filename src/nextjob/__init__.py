"""Next-job recommendation from anonymous job-board sessions and the text of the ads."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nextjob.recommend import Recommender

__version__ = "0.1.0"
__all__ = ["Recommender"]


def __getattr__(name: str) -> object:
    """Import the recommender, and torch with it, when it is first asked for."""
    if name == "Recommender":
        from nextjob.recommend import Recommender

        return Recommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
