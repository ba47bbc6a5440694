"""Text features as vectors: the encoders, the embedding table (ids and vectors together) and the cache."""

from nextjob.embedding.build import embed
from nextjob.embedding.by_name import encoder_by_name
from nextjob.embedding.encoders import Encoder, HashingEncoder, SentenceEncoder
from nextjob.embedding.remote import OpenAIEncoder
from nextjob.embedding.table import EmbeddingTable

__all__ = [
    "EmbeddingTable",
    "Encoder",
    "HashingEncoder",
    "OpenAIEncoder",
    "SentenceEncoder",
    "embed",
    "encoder_by_name",
]
