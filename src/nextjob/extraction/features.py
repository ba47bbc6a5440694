"""Features: what is asked of every ad, declared as data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nextjob.errors import InputError
from nextjob.extraction.values.folding import fold_words

RULES = ("title_block",)
WEIGHED = ("title", "seniority")


@dataclass(frozen=True)
class Feature:
    """One question asked of every ad.

    Attributes:
        name: lower-case identifier, the key in every table.
        question: asked after the ad, in one sentence.
        answer_prefix: how the answer begins, such as "Company:"; the model goes on from there.
        max_new_tokens: cap on a generated answer.
        choices: the only answers allowed (a closed feature), or None for free text. "Permanent / CDI" is one answer
            that goes by two names.
        grounded: the ad must support the value, see `ground`, otherwise it is null.
        rule: "title_block" reads the TITLE block, and only ads without one are asked; None always asks.
        weigh_rules: the rules extractor reads the ad beside a model, and whichever is surer gives the answer, the
            rules where both are as sure; for titles and seniorities, of which alone the rules have a confidence.

    Raises:
        InputError: the declaration cannot be used.
    """

    name: str
    question: str
    answer_prefix: str = ""
    max_new_tokens: int = 16
    choices: tuple[str, ...] | None = None
    grounded: bool = False
    rule: str | None = None
    weigh_rules: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise InputError(f"feature {self.name!r}: a name is lower-case letters, digits and _")
        if not self.question.strip():
            raise InputError(f"feature {self.name}: the question is empty")
        if self.max_new_tokens < 1:
            raise InputError(f"feature {self.name}: max_new_tokens is {self.max_new_tokens}, at least 1 is needed")
        if self.rule is not None and self.rule not in RULES:
            raise InputError(f"feature {self.name}: unknown rule {self.rule!r}, known: {', '.join(RULES)}")
        if self.weigh_rules and self.name not in WEIGHED:
            known = ", ".join(WEIGHED)
            raise InputError(f"feature {self.name}: weigh_rules is for {known}, the rules are sure of no other")
        if self.choices is not None:
            distinct = {choice.strip().casefold() for choice in self.choices} - {""}
            if len(distinct) < max(2, len(self.choices)):
                raise InputError(f"feature {self.name}: choices need two or more different answers, none empty")
        if not self.answer_prefix.strip():
            object.__setattr__(self, "answer_prefix", f"{self.name.replace('_', ' ').capitalize()}:")

    def choice_names(self) -> dict[tuple[str, ...], str]:
        """Folded words of every choice, and of each of its names -> the choice."""
        names = [(name, choice) for choice in self.choices or () for name in (choice, *choice.split(" / "))]
        return {tuple(fold_words(name)): choice for name, choice in reversed(names)}


def declare_features(
    declarations: Iterable[Mapping[str, Any]], only: str | Sequence[str] | None = None
) -> tuple[Feature, ...]:
    """Features from plain mappings (the entries of `conf/features/*.yaml`), in order; some of them with `only`.

    Raises:
        InputError: an unknown or missing key, a wrong type, a name given twice, an unknown name in `only`, or none.
    """
    features: list[Feature] = []
    for number, declared in enumerate(declarations, start=1):
        fields = dict(declared)
        if fields.get("choices") is not None:
            fields["choices"] = tuple(str(choice) for choice in fields["choices"])
        try:
            feature = Feature(**fields)
        except (TypeError, AttributeError) as error:
            raise InputError(f"feature number {number} ({fields.get('name', 'no name')}): {error}") from None
        if any(feature.name == other.name for other in features):
            raise InputError(f"feature {feature.name} is declared twice")
        features.append(feature)
    if not features:
        raise InputError("no features are declared: give a list such as conf/features/default.yaml")
    only = [only] if isinstance(only, str) else only
    if only is not None and not only:
        raise InputError("only=[] leaves nothing to ask: name one or more of the features, or leave it out")
    unknown = [name for name in only or () if all(name != feature.name for feature in features)]
    if unknown:
        known = ", ".join(feature.name for feature in features)
        raise InputError(f"only={unknown[0]}: no such feature; declared are {known}")
    return tuple(feature for feature in features if only is None or feature.name in only)
