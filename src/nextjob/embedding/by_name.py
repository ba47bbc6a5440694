"""Encoders by the name that a manifest gives them."""

import re

from nextjob.embedding.encoders import MINILM, Encoder, HashingEncoder, SentenceEncoder
from nextjob.embedding.remote import OpenAIEncoder


def encoder_by_name(name: str) -> Encoder:
    """The encoder of this name; of a model that lay in a local folder, the name does not say where.

    Raises:
        InputError: it cannot be made here.
    """
    if hashing := re.fullmatch(r"hashing-(\d+)", name):
        return HashingEncoder(int(hashing[1]))
    if openai := re.fullmatch(r"openai/(.+)-(\d+)", name):
        return OpenAIEncoder(openai[1], int(openai[2]))
    return SentenceEncoder("minilm" if name == MINILM else name)
