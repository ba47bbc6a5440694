"""Declarations of features."""

import pytest

from nextjob.errors import InputError
from nextjob.extraction import declare_features

GOOD = {"name": "contract_type", "question": "Which contract?"}


def test_a_declaration_needs_a_name_and_a_question() -> None:
    [feature] = declare_features([GOOD | {"choices": ["CDI", "CDD"]}])
    assert feature.answer_prefix == "Contract type:"
    assert feature.choices == ("CDI", "CDD")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([], "no features"),
        ([GOOD, GOOD], "declared twice"),
        ([{"name": "Contract", "question": "?"}], "a name is"),
        ([{"name": "", "question": "?"}], "a name is"),
        ([{"name": "contract", "question": " "}], "question is empty"),
        ([{"question": "?"}], "number 1"),
        ([GOOD | {"chocies": ["a", "b"]}], "chocies"),
        ([GOOD | {"choices": []}], "two or more"),
        ([GOOD | {"choices": ["CDI"]}], "two or more"),
        ([GOOD | {"choices": ["CDI", "cdi "]}], "two or more"),
        ([GOOD | {"choices": ["CDI", ""]}], "two or more"),
        ([GOOD | {"max_new_tokens": 0}], "at least 1"),
        ([GOOD | {"rule": "guess"}], "unknown rule"),
        ([{"name": 3, "question": "?"}], "number 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(declared, message) -> None:
    with pytest.raises(InputError, match=message):
        declare_features(declared)


def test_some_of_the_features_by_name() -> None:
    declared = [{"name": name, "question": "?"} for name in ("title", "company", "location")]
    names = [feature.name for feature in declare_features(declared, only=["location", "title"])]
    assert names == ["title", "location"]
    with pytest.raises(InputError, match=r"only=locatoin: no such feature; declared are title, company, location"):
        declare_features(declared, only=["title", "locatoin"])
    with pytest.raises(InputError, match="leaves nothing to ask"):
        declare_features(declared, only=[])
