"""vLLM as an engine, with a stand-in that runs the tiny model: the answers of the transformers engine."""

import sys
from importlib.machinery import ModuleSpec
from itertools import pairwise

import pytest
import torch

from nextjob.errors import InputError
from nextjob.extraction.engines.transformers_engine import TransformersExtractor
from nextjob.extraction.engines.vllm_engine import VLLMExtractor

from . import vllm_stand_in
from .conftest import random_ad
from .test_engine import answers_by_ad


@pytest.fixture
def stand_in(monkeypatch) -> None:
    monkeypatch.setattr(vllm_stand_in, "__spec__", ModuleSpec("vllm", None))
    monkeypatch.setitem(sys.modules, "vllm", vllm_stand_in)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


@pytest.mark.parametrize("folder", ["tiny_folder", "alternating_folder"])
def test_answers_equal_those_of_the_transformers_engine(stand_in, folder, features, request, tmp_path) -> None:
    model = str(request.getfixturevalue(folder))
    ads = [*map(random_ad, (18, 35, 49)), "Acme recrute à Paris. " * 400]
    engine = VLLMExtractor(model, tmp_path, dtype="float32", wave_ads=5, max_prompt_tokens=600)
    expected = answers_by_ad(TransformersExtractor(model, tmp_path, max_prompt_tokens=600), ads, features)
    seen = set()
    for row, other in zip(answers_by_ad(engine, ads, features), expected, strict=True):
        for answer, plain in zip(row, other, strict=True):
            assert (answer.raw, answer.answer_tokens, answer.truncated, answer.prompt_tokens) == (
                plain.raw,
                plain.answer_tokens,
                plain.truncated,
                plain.prompt_tokens,
            )
            assert answer.confidence == pytest.approx(plain.confidence, abs=1e-4)
            seen.add((plain.answer_tokens > 0, plain.truncated))
    assert seen == {(False, False), (True, False), (True, True)}


def test_prompts_of_an_ad_follow_one_another(stand_in, tiny_folder, features, tmp_path) -> None:
    """Then the prefix cache serves all but the first: only prompts of different ads share little."""
    engine = VLLMExtractor(str(tiny_folder), tmp_path, dtype="float32", wave_ads=3)
    list(engine.answer([f"{name} recrute. " + random_ad(seed) for seed, name in enumerate("ABC")], features))
    starts = [sum(1 for _ in shared(*pair)) for pair in pairwise(engine.llm.asked)]
    template = min(starts)
    assert sum(start < template + 8 for start in starts) == 2


def shared(first: list[int], second: list[int]):
    for one, other in zip(first, second, strict=False):
        if one != other:
            return
        yield one


def test_its_answers_are_kept_apart_from_those_of_transformers(tmp_path) -> None:
    engines = VLLMExtractor("smollm2", tmp_path), TransformersExtractor("smollm2", tmp_path, dtype="bfloat16")
    assert engines[0].settings != engines[1].settings


@pytest.mark.parametrize(("installed", "message"), [(False, "pip install -r requirements/vllm.txt"), (True, "a GPU")])
def test_what_is_missing_is_one_clear_line(installed: bool, message: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(
        "nextjob.extraction.engines.vllm_engine.find_spec", lambda name: object() if installed else None
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=message) as caught:
        _ = VLLMExtractor("smollm2", tmp_path).revision
    assert "\n" not in str(caught.value)
