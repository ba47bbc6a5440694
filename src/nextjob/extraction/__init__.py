"""From the text of job ads to a table of features."""

from nextjob.extraction.extractor import Answer, Extractor
from nextjob.extraction.features import Feature, declare_features
from nextjob.extraction.rules import RulesExtractor
from nextjob.extraction.table import extract, summarise

__all__ = ["Answer", "Extractor", "Feature", "RulesExtractor", "declare_features", "extract", "summarise"]
