"""From the text of job ads to a table of features."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nextjob.extraction.dry_run import estimate
    from nextjob.extraction.extractor import Answer, Extractor
    from nextjob.extraction.features import Feature, declare_features
    from nextjob.extraction.rules import RulesExtractor
    from nextjob.extraction.shards import AdsMissing, Shard
    from nextjob.extraction.table import extract, summarise

__all__ = [
    "AdsMissing",
    "Answer",
    "Extractor",
    "Feature",
    "RulesExtractor",
    "Shard",
    "declare_features",
    "estimate",
    "extract",
    "summarise",
]

_HOMES = {
    "AdsMissing": "shards",
    "Answer": "extractor",
    "Extractor": "extractor",
    "Feature": "features",
    "RulesExtractor": "rules",
    "Shard": "shards",
    "declare_features": "features",
    "estimate": "dry_run",
    "extract": "table",
    "summarise": "table",
}


def __getattr__(name: str) -> object:
    """Import each name with its own module alone, so that the engine runs without what the table needs."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
