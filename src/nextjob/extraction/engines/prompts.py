"""Chat prompts: one prefix per ad (system + ad) shared by one suffix per question, as token ids."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from jinja2 import TemplateError

from nextjob.errors import InputError
from nextjob.extraction.features import Feature

PROMPT_VERSION = "3"
SYSTEM = (
    "You read job ads in French or English and answer one question about each. "
    "Answer with the value only, copied from the ad where possible. If the ad does not say, answer Unknown."
)

QUESTION_TOKENS = 512
"""What an ad leaves of a prompt for a question and its answer; the same whatever else is asked."""

_DATE = "1 Jan 2025"
"""Templates that print the date get this one, so that a prompt never changes overnight."""
_AD, _QUESTION = "\ue000", "\ue001"
_PROBES = ("A", "Développeur·se H/F\n\n- Paris 15e\n", "Title: a <b>\n\n\tend. ", "1 2 3…\n'quoted' x")


def find_stops(tokenizer: Any, declared: int | Sequence[int] | None) -> list[int]:
    """Tokens that end an answer, ascending: special ones, those a model declares, all that hold a newline."""
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    ends = {declared} if isinstance(declared, int) else set(declared or ())
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    newlines = {token for token, text in enumerate(texts) if "\n" in text}
    return sorted(special | set(tokenizer.all_special_ids) | ends | newlines)


@dataclass(frozen=True)
class Prompt:
    """Token ids of one ad: prefix + suffixes[f] is the whole prompt of feature f."""

    prefix: list[int]
    suffixes: list[list[int]]


class PromptBuilder:
    """Renders ads and questions through the tokenizer's own chat template.

    The ad is a turn of its own, cut right after the control token that closes it, and the question a second user
    turn, so that suffixes are constant. Templates that want roles to alternate get both in one turn, cut at the
    longest common prefix of the tokens. Either way prefix + suffix is the tokenisation of the whole prompt.

    Args:
        tokenizer: a fast tokenizer with a chat template.
        features: the questions, in order.
        max_prompt_tokens: longest prompt with its answer. An ad is cut to leave QUESTION_TOKENS, or half of a shorter
            prompt; a question never is.

    Raises:
        InputError: no chat template, or no room for an ad or for a question with its answer.
    """

    def __init__(self, tokenizer: Any, features: Sequence[Feature], max_prompt_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.features = features
        special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
        special |= set(tokenizer.all_special_tokens)
        self._special = re.compile("|".join(re.escape(token) for token in sorted(special, key=len, reverse=True)))
        self._before, self._between, self._after = self._read_template()
        control = self._special.match(self._between)
        self._cut = len(control.group()) if control else None
        self._suffixes = [self._encode(self._tail(feature)[self._cut or 0 :]) for feature in features]
        if self._cut is not None and not self._is_exact():
            self._cut = None
        room = min(QUESTION_TOKENS, max_prompt_tokens // 2)
        self._longest_prefix = max_prompt_tokens - room
        before = len(self._encode(self._before))
        if before >= self._longest_prefix:
            raise InputError(f"max_prompt_tokens={max_prompt_tokens} leaves no room for an ad beside the questions")
        for feature in features:
            question = len(self.whole("", feature)) - before
            answer = max(map(len, self.choice_tokens(feature))) if feature.choices else feature.max_new_tokens
            if question + answer > room:
                raise InputError(
                    f"feature {feature.name}: question and answer take {question + answer} tokens, and "
                    f"max_prompt_tokens={max_prompt_tokens} leaves {room} for them; shorten the question"
                )

    def build(self, ad: str) -> Prompt:
        """Prompt of one ad, see `build_all`."""
        return self.build_all([ad])[0]

    def build_all(self, ads: Sequence[str]) -> list[Prompt]:
        """Prompts of ads; their special tokens are broken up, and ends are cut where they do not fit."""
        clean = [self.neutralise(ad).strip() for ad in ads]
        return [self._cut_to_fit(ad, prompt) for ad, prompt in zip(clean, self._split(clean), strict=True)]

    def _cut_to_fit(self, ad: str, prompt: Prompt) -> Prompt:
        if (excess := self._excess(ad, prompt)) > 0:
            encoded = self.tokenizer(ad, add_special_tokens=False, return_offsets_mapping=True)
            starts = [start for start, _ in encoded["offset_mapping"]]
            kept = len(starts)
            while excess > 0:
                kept = max(kept - excess, 0)
                part = ad[: starts[kept]].rstrip()
                [prompt] = self._split([part])
                excess = self._excess(part, prompt)
        return prompt

    def whole(self, ad: str, feature: Feature) -> list[int]:
        """Token ids of one full prompt in one piece: what `build` has cut, for an ad that fits."""
        return self._encode(self._before + self.neutralise(ad).strip() + self._tail(feature))

    def choice_tokens(self, feature: Feature) -> list[list[int]]:
        """Token ids of every choice as they follow the answer prefix.

        Raises:
            InputError: the tokenizer merges the answer prefix with a choice.
        """
        tail = self._after + feature.answer_prefix
        stem = self._encode(tail)
        tokens = [self._encode(f"{tail} {choice}") for choice in feature.choices or ()]
        if any(choice[: len(stem)] != stem or len(choice) == len(stem) for choice in tokens):
            raise InputError(
                f"feature {feature.name}: this tokenizer merges {feature.answer_prefix!r} with its choices; "
                "end answer_prefix with a colon"
            )
        return [choice[len(stem) :] for choice in tokens]

    def neutralise(self, text: str) -> str:
        """The text with a space inside everything that the tokenizer would read as a special token."""
        while found := self._special.search(text):
            token = found.group()
            text = text.replace(token, f"{token[0]} {token[1:]}" if len(token) > 1 else " ")
        return text

    def _excess(self, ad: str, prompt: Prompt) -> int:
        read = prompt.prefix if self._cut is not None else self._encode(self._before + ad)
        return len(read) - self._longest_prefix

    def _split(self, ads: Sequence[str]) -> list[Prompt]:
        if self._cut is None:
            return [self._split_turn(ad) for ad in ads]
        texts = [self._before + ad + self._between[: self._cut] for ad in ads]
        prefixes = self.tokenizer(texts, add_special_tokens=False, return_attention_mask=False)["input_ids"]
        return [Prompt(prefix, self._suffixes) for prefix in prefixes]

    def _split_turn(self, ad: str) -> Prompt:
        whole = [self._encode(self._before + ad + self._tail(feature)) for feature in self.features]
        columns = zip(*(tokens[:-1] for tokens in whole), strict=False)
        shared = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
        return Prompt(whole[0][:shared], [tokens[shared:] for tokens in whole])

    def _is_exact(self) -> bool:
        return all(
            prompt.prefix + suffix == self.whole(ad, feature)
            for ad, prompt in zip(_PROBES, self._split([self.neutralise(ad).strip() for ad in _PROBES]), strict=True)
            for feature, suffix in zip(self.features, self._suffixes, strict=True)
        )

    def _tail(self, feature: Feature) -> str:
        question = feature.question.strip()
        if feature.choices is not None:
            question += f" Answer with one of: {', '.join(feature.choices)}."
        return self._between + question + self._after + feature.answer_prefix

    def _encode(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _read_template(self) -> tuple[str, str, str]:
        """What the template puts before the ad, between ad and question, and after the question."""
        if not self.tokenizer.chat_template:
            raise InputError("the model's tokenizer has no chat template: give an instruction-tuned (chat) model")
        system, joined = {"role": "system", "content": SYSTEM}, f"{_AD}\n\n{_QUESTION}"
        conversations = (
            [system, {"role": "user", "content": _AD}, {"role": "user", "content": _QUESTION}],
            [system, {"role": "user", "content": joined}],
            [{"role": "user", "content": f"{SYSTEM}\n\n{joined}"}],
        )
        for conversation in conversations:
            try:
                text = self.tokenizer.apply_chat_template(
                    conversation, tokenize=False, add_generation_prompt=True, date_string=_DATE
                )
            except TemplateError:
                continue
            parts = re.split(f"{_AD}|{_QUESTION}", text)
            if len(parts) == 3 and SYSTEM in parts[0]:
                return parts[0], parts[1], parts[2]
        raise InputError("the chat template of the model fits none of the known turn orders")
