"""PYTHONPATH=src python benchmarks/extraction.py --device cuda: the extraction engine against plain generation.

Needs torch and transformers alone. Without --model the weights are random, of the shape of Llama 3.2 1B; the ads
are invented, their lengths log-normal (mean about 970 tokens), the same for a seed. Writes its figures as JSON.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import transformers
from random_llama import make_ads, make_model, make_tokenizer
from transformers import GenerationConfig, LlamaConfig

from nextjob.extraction.engines.prompts import PromptBuilder
from nextjob.extraction.engines.transformers_engine import DTYPES, TransformersExtractor
from nextjob.extraction.extractor import Answer
from nextjob.extraction.features import Feature
from nextjob.extraction.sections import compact

QUESTIONS = {
    "title": "What is the title of the job that this ad offers, without the company, the place or the contract?",
    "company": "Which company or organisation is hiring, by the name that the ad gives to the employer itself?",
    "location": "In which city is the job, as the ad writes it, without the region, the country or the postcode?",
    "industry": "In which industry does the company that is hiring work, in two or three words of your own?",
    "seniority": "Which level of experience does the job ask for, from the words and the years that the ad gives?",
}
LEVELS = ("Internship", "Junior", "Mid", "Senior", "Lead", "Executive", "Unknown")
GENERATED = 8


def main() -> None:
    arguments = _arguments()
    device = arguments.device
    if device == "cuda" and arguments.memory_gb:
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(arguments.memory_gb * 2**30 / whole)
    engine = make_engine(arguments)
    features = make_features(closed=arguments.model is not None)
    ads = read_ads(arguments.ads_file) if arguments.ads_file else make_ads(max([*arguments.ads, arguments.naive_ads]))
    figures: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if device == "cuda" else f"cpu, {torch.get_num_threads()} threads",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "settings": {key: str(value) for key, value in vars(arguments).items()},
        "matmul_tflops": matmul_rate(device, DTYPES[arguments.dtype]),
    }

    started = time.perf_counter()
    few = 64 if device == "cuda" else 1
    warm = ads[:: max(len(ads) // few, 1)][:few]
    for _ in range(2 if arguments.compiled else 1):
        list(engine.answer(warm, features))
    figures["compile_and_warm_up_s"] = time.perf_counter() - started

    # Written after every step: a run that is stopped keeps what it has measured.
    figures["runs"] = []
    for count in arguments.ads:
        figures["runs"].append(measure(engine, ads[:count], features, figures["matmul_tflops"]))
        write(figures, arguments.out)
    if arguments.naive_ads:
        step = max(len(ads) // arguments.naive_ads, 1)
        figures["naive"] = compare(engine, ads[::step][: arguments.naive_ads], features)
        write(figures, arguments.out)
    if arguments.profile:
        profile(engine, warm, features, Path(arguments.profile))
    print(json.dumps(figures, indent=2))


def write(figures: dict[str, Any], out: str | None) -> None:
    if out:
        Path(out).write_text(json.dumps(figures, indent=2) + "\n")


def measure(engine: TransformersExtractor, ads: Sequence[str], features: Sequence[Feature], peak: float) -> dict:
    """Seconds of the model, the tokeniser, the store and all, and the share of the matmul rate."""
    if engine.device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    store, kept = _store()
    with _timed(PromptBuilder, "build_all") as tokenising, _timed(engine, "_answer_wave") as model:
        writing, answers, started = 0.0, 0, time.perf_counter()
        for wave, rows in engine.answer(ads, features):
            before = time.perf_counter()
            store({f"{position}/{f}": answer for position, row in zip(wave, rows, strict=True)
                   for f, answer in enumerate(row)})  # fmt: skip
            writing += time.perf_counter() - before
            answers += sum(map(len, rows))
        total = time.perf_counter() - started
    lengths = model.lengths
    flop = sum(count_flop(engine.model.config, *length) for length in lengths)
    tokens = sum(prefix + sum(suffixes) for prefix, _, suffixes in lengths)
    return {
        "ads": len(ads),
        "answers": answers,
        "tokens": tokens,
        "mean_prefix_tokens": sum(prefix for prefix, _, _ in lengths) / len(lengths),
        "tokenising_s (beside the model)": tokenising.seconds,
        "model_s": model.seconds,
        f"writing_s ({kept})": writing,
        "total_s": total,
        "tokens_per_model_s": tokens / model.seconds,
        "ms_per_ad": 1000 * model.seconds / len(ads),
        "pflop": flop / 1e15,
        "tflops": flop / model.seconds / 1e12,
        "share_of_matmul_rate": flop / model.seconds / 1e12 / peak,
        "peak_memory_gb": torch.cuda.max_memory_allocated() / 2**30 if engine.device == "cuda" else None,
    }


def compare(engine: TransformersExtractor, ads: Sequence[str], features: Sequence[Feature]) -> dict:
    """The engine beside one whole prompt per feature through `generate`, on the same ads."""
    started = time.perf_counter()
    found = {p: row for wave, rows in engine.answer(ads, features) for p, row in zip(wave, rows, strict=True)}
    shared = time.perf_counter() - started
    started = time.perf_counter()
    plain = [plain_answers(engine, ads, feature) for feature in features]
    seconds = time.perf_counter() - started
    pairs = [(f, p, found[p][f].raw, plain[f][p]) for p in range(len(ads)) for f in range(len(features))]
    figures = {
        "ads": len(ads),
        "engine_s": shared,
        "naive_s": seconds,
        "times_faster": seconds / shared,
        "equal_answers": sum(one == other for _, _, one, other in pairs) / len(pairs),
    }
    value = _value()
    if value is not None:
        made = [(value(features[f], one, ads[p]), value(features[f], other, ads[p])) for f, p, one, other in pairs]
        figures["equal_values"] = sum(one == other for one, other in made) / len(made)
        figures["values"] = sum(one is not None for one, _ in made)
    return figures


@torch.inference_mode()
def plain_answers(engine: TransformersExtractor, ads: Sequence[str], feature: Feature) -> list[str]:
    """Raw answers by whole prompts, padded on the left, in batches of the engine's tokens, nothing shared."""
    builder = PromptBuilder(engine.tokenizer, [feature], engine.max_prompt_tokens)
    prompts = [builder.whole(compact(ad), feature) for ad in ads]
    order = sorted(range(len(ads)), key=lambda position: len(prompts[position]), reverse=True)
    answers = [""] * len(ads)
    while order:
        size = max(engine.prefill_tokens // len(prompts[order[0]]), 1)
        batch, order = order[:size], order[size:]
        width = len(prompts[batch[0]])
        ids = torch.tensor([[0] * (width - len(prompts[p])) + prompts[p] for p in batch], device=engine.device)
        given = torch.tensor([len(prompts[p]) for p in batch], device=engine.device)
        mask = torch.arange(width, device=engine.device) >= width - given[:, None]
        if feature.choices is not None:
            first = [tokens[0] for tokens in builder.choice_tokens(feature)]
            places = (mask.cumsum(1) - 1).clamp(min=0)
            logits = engine.model(ids, attention_mask=mask.long(), position_ids=places, logits_to_keep=1).logits
            for position, best in zip(batch, logits[:, -1, first].argmax(-1).tolist(), strict=True):
                answers[position] = feature.choices[best]
            continue
        made = engine.model.generate(
            ids,
            attention_mask=mask.long(),
            do_sample=False,
            max_new_tokens=feature.max_new_tokens,
            eos_token_id=engine.stop_tokens,
            pad_token_id=0,
        )[:, width:].tolist()
        stops = set(engine.stop_tokens)
        for position, tokens in zip(batch, made, strict=True):
            end = next((i for i, token in enumerate(tokens) if token in stops), len(tokens))
            answers[position] = engine.tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
    return answers


def count_flop(config: LlamaConfig, prefix: int, generated: int, suffixes: Sequence[int]) -> float:
    """Operations that an ad needs, padding not counted: prefix once, suffixes and answers over its cache.

    Args:
        config: of the model.
        prefix: tokens of the prefix, whose last layer needs keys and values only.
        generated: tokens of each open answer, the first of which comes from the suffix.
        suffixes: tokens of each question.
    """
    layers, width, inner = config.num_hidden_layers, config.hidden_size, config.intermediate_size
    head = getattr(config, "head_dim", None) or width // config.num_attention_heads
    queries, keys = config.num_attention_heads * head, (config.num_key_value_heads or 1) * head
    linear = 2 * (width * (queries + 2 * keys) + queries * width + 3 * width * inner)
    per_key = 4 * queries
    flop: float = prefix * ((layers - 1) * linear + 2 * width * 2 * keys)
    flop += (layers - 1) * per_key * prefix * (prefix + 1) / 2
    for suffix in suffixes:
        new = suffix + max(generated - 1, 0)
        flop += layers * (new * linear + per_key * (new * prefix + new * (new + 1) / 2))
        flop += max(generated, 1) * 2 * width * config.vocab_size
    return flop


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """TFLOP/s of a large matrix product of random numbers, median of several."""
    size = 8192 if device == "cuda" else 2048
    left, right = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    seconds = []
    for _ in range(13):
        started = time.perf_counter()
        left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / sorted(seconds[3:])[5] / 1e12


def profile(engine: TransformersExtractor, ads: Sequence[str], features: Sequence[Feature], path: Path) -> None:
    """Write the operators that take longest."""
    kinds = [torch.profiler.ProfilerActivity.CPU]
    if engine.device == "cuda":
        kinds.append(torch.profiler.ProfilerActivity.CUDA)
    with torch.profiler.profile(activities=kinds) as recorded:
        list(engine.answer(ads, features))
    key = "self_cuda_time_total" if engine.device == "cuda" else "self_cpu_time_total"
    path.write_text(recorded.key_averages().table(sort_by=key, row_limit=40, max_name_column_width=80))


def make_features(closed: bool) -> list[Feature]:
    """Five questions of about 40 tokens with up to 8 new ones each; the level by its choices if closed."""
    return [
        Feature(
            name,
            question,
            max_new_tokens=GENERATED,
            choices=LEVELS if closed and name == "seniority" else None,
            grounded=name in ("company", "location"),
        )
        for name, question in QUESTIONS.items()
    ]


def make_engine(arguments: argparse.Namespace) -> TransformersExtractor:
    engine = TransformersExtractor(
        arguments.model or "random Llama 3.2 1B",
        Path("~/.cache/nextjob"),
        device=arguments.device,
        dtype=arguments.dtype,
        wave_ads=arguments.wave_ads,
        wave_tokens=arguments.wave_tokens,
        prefill_tokens=arguments.prefill_tokens,
        compiled=arguments.compiled,
        adapter=arguments.adapter,
    )
    if arguments.model is None:
        model, tokenizer = make_model(DTYPES[arguments.dtype], arguments.device), make_tokenizer(QUESTIONS.values())
        model.generation_config = GenerationConfig(eos_token_id=tokenizer.eos_token_id)
        engine.__dict__ |= {"model": model, "tokenizer": tokenizer}
    return engine


def read_ads(path: str) -> list[str]:
    """The `text` of a file of JSON lines."""
    return [json.loads(line)["text"] for line in Path(path).read_text(encoding="utf-8").splitlines()]


@dataclass
class _Timed:
    seconds: float = 0.0
    lengths: list[tuple[int, int, list[int]]] = field(default_factory=list)


@contextmanager
def _timed(owner: Any, name: str) -> Iterator[_Timed]:
    """Add up the seconds of a method, and note the lengths of the prompts that it is given."""
    method: Callable = getattr(owner, name)
    timed = _Timed()

    def run(*given: Any) -> Any:
        started = time.perf_counter()
        made = method(*given)
        timed.seconds += time.perf_counter() - started
        if name == "_answer_wave":
            for prompt, row in zip(given[-1], made, strict=True):
                longest = max(answer.answer_tokens for answer in row)
                timed.lengths.append((len(prompt.prefix), longest, list(map(len, prompt.suffixes))))
        return made

    had = name in vars(owner)
    setattr(owner, name, run)
    try:
        yield timed
    finally:
        setattr(owner, name, method) if had else delattr(owner, name)


def _store() -> tuple[Callable[[dict[str, Answer]], None], str]:
    """Where answers are written, and what that is; nothing where pyarrow is missing."""
    try:
        from tempfile import mkdtemp

        from nextjob.extraction.store import AnswerStore
    except ImportError:
        return lambda answers: None, "no pyarrow, nothing written"
    return AnswerStore(Path(mkdtemp())).add, "Parquet shards"


def _value() -> Callable[[Feature, str, str], str | None] | None:
    """What a table says for a raw answer about an ad; nothing where what reads values is missing."""
    try:
        from nextjob.extraction.table import judge
    except ImportError:
        return None
    return lambda feature, raw, ad: judge(feature, Answer(raw), ad)[0]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--dtype", default="float32", choices=list(DTYPES))
    parser.add_argument("--model", help="smollm2, a folder or a hub id; random weights without")
    parser.add_argument("--adapter", help="of the model, by LoRA: smollm2 or a folder")
    parser.add_argument("--ads", type=int, nargs="+", default=[32], help="numbers of ads, a run each")
    parser.add_argument("--ads-file", help="JSON lines with a text each, instead of invented ads")
    parser.add_argument("--naive-ads", type=int, default=0, help="ads on which plain generation is timed too")
    parser.add_argument("--wave-ads", type=int, default=16)
    parser.add_argument("--wave-tokens", type=int, default=65_536)
    parser.add_argument("--prefill-tokens", type=int, default=8192)
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--memory-gb", type=float, help="most GPU memory, such as 16")
    parser.add_argument("--profile", help="file for the operators that take longest")
    parser.add_argument("--out", help="file for the figures")
    return parser.parse_args()


if __name__ == "__main__":
    main()
