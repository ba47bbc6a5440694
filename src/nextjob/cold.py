"""The cold path: from the ad of a new job to what the model sees of it, with the functions that training uses."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from nextjob.catalogue import Catalogue
from nextjob.data.vocabulary import JobId
from nextjob.embedding import EmbeddingTable, Encoder, embed, encoder_by_name
from nextjob.errors import InputError
from nextjob.extraction import Feature, RulesExtractor, declare_features, extract
from nextjob.models.content import Axes, project
from nextjob.schema import FEATURE, JOB_ID, TEXT, VALUE
from nextjob.words import WordList

SAME = 0.999
"""Cosine above which two encoders gave the same vector of a value: machines and number formats differ by less."""


class NewJobs(NamedTuple):
    """N jobs as the model sees them."""

    values: dict[str, list[str]]  # per feature, N; "" = missing
    coordinates: dict[str, Tensor]  # per feature, (N, D)
    words: dict[str, sp.csr_matrix]  # per feature, (N, W)


def cold_recipe(catalogue: Catalogue, declared: tuple[Feature, ...], axes: Mapping[str, Axes | None]) -> dict[str, Any]:
    """All that `read_new_jobs` needs of a training, as plain data for its checkpoint."""
    known = {feature.name: feature for feature in declared}
    return {
        "encoder": catalogue.encoder,
        "features": {
            name: {
                "declared": asdict(known.get(name) or Feature(name, question=f"What is the {name}?")),
                "words": catalogue.word_lists[name].words,
                "idf": torch.from_numpy(catalogue.word_lists[name].idf),
                "axes": None if axes[name] is None else dict(axes[name]._asdict()),  # type: ignore[union-attr]
            }
            for name in axes
        },
    }


def read_new_jobs(
    recipe: Mapping[str, Any],
    jobs: Mapping[JobId, str | Mapping[str, str]],
    encoder: Encoder | None,
    probe: tuple[str, str, Tensor] | None,
) -> NewJobs:
    """Features by rule where they are not given, embedded and projected as the jobs of the training were.

    Args:
        recipe: what `cold_recipe` made.
        jobs: the text of each ad, or its values by feature, "text" among them for the others.
        encoder: None takes that of the training, by its name.
        probe: a feature, a value of it and the (D,) coordinates that it had, to tell whether the encoder is the same.

    Raises:
        InputError: an unknown feature, a job without text and values, or another encoder.
    """
    features = declare_features(entry["declared"] for entry in recipe["features"].values())
    table = extract(_jobs_table(jobs, [feature.name for feature in features]), features, RulesExtractor())
    encoder = encoder or _trained_encoder(recipe["encoder"])
    if probe is not None:
        _check(recipe, encoder, *probe)
    embeddings = embed(table, encoder)
    values, coordinates, words = {}, {}, {}
    for name, entry in recipe["features"].items():
        values[name] = table.loc[table[FEATURE] == name, VALUE].fillna("").tolist()
        coordinates[name] = _coordinates(embeddings, name, entry)
        words[name] = WordList(entry["words"], entry["idf"].numpy()).matrix(values[name])
    return NewJobs(values, coordinates, words)


def _jobs_table(jobs: Mapping[JobId, str | Mapping[str, str]], features: list[str]) -> pd.DataFrame:
    rows = []
    for job, given in jobs.items():
        columns = {TEXT: given} if isinstance(given, str) else dict(given)
        for name in columns:
            if name not in (TEXT, *features):
                raise InputError(f"job {job!r}: unknown feature {name!r}; known: {', '.join((TEXT, *features))}")
        row = {name: unicodedata.normalize("NFC", str(value)).strip() for name, value in columns.items()}
        if not any(row.values()):
            raise InputError(f"job {job!r}: neither a text nor a value of {', '.join(features)}")
        rows.append({JOB_ID: str(job), TEXT: ""} | row)
    return pd.DataFrame(rows).fillna("")


def _trained_encoder(name: str) -> Encoder:
    try:
        return encoder_by_name(name)
    except InputError as error:
        raise InputError(f"the run's encoder {name} is not to be had here; give it as encoder=... ({error})") from error


def _check(recipe: Mapping[str, Any], encoder: Encoder, feature: str, value: str, expected: Tensor) -> None:
    """Refuse an encoder that gives other vectors than that of the training."""
    entry = recipe["features"][feature]
    if encoder.dimension == len(expected if entry["axes"] is None else entry["axes"]["mean"]):
        table = embed(pd.DataFrame({JOB_ID: ["0"], FEATURE: [feature], VALUE: [value]}), encoder)
        found = _coordinates(table, feature, entry)[0].to(expected)
        if cosine_similarity(found, expected, dim=0) > SAME:
            return
    raise InputError(
        f"encoder {encoder.name} gives other vectors than {recipe['encoder']}, which the run was trained with; "
        "give that one as encoder=..."
    )


def _coordinates(table: EmbeddingTable, name: str, entry: Mapping[str, Any]) -> Tensor:
    axes = None if entry["axes"] is None else Axes(**entry["axes"])
    return project(torch.from_numpy(table.vectors[name]), torch.from_numpy(np.array(table.mask(name))), axes)
