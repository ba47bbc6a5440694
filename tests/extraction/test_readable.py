"""Ads as they are read: markup, invisible characters, and texts that would take minutes."""

import time
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextjob.data import read_jobs
from nextjob.errors import InputError
from nextjob.extraction import RulesExtractor, declare_features, extract
from nextjob.extraction.readable import readable
from nextjob.extraction.sections import compact
from nextjob.extraction.values.grounding import ground

NAMES = ("title", "seniority", "company", "location", "industry")
FEATURES = declare_features([{"name": name, "question": "?", "grounded": True} for name in NAMES])
SIZE = 100_000
HOSTILE = {
    "empty": "",
    "blank": " \t\n" * 1000,
    "NUL bytes": "Dev\x00eloper at Ac\x00me" * 5000,
    "one word": "A" * SIZE,
    "one foreign word": "C" + "а" * SIZE,
    "one accent, one word": "é" + "a" * SIZE,
    "accents": "e" + "\u0301" * SIZE,
    "halves of surrogate pairs": "\ud800" * SIZE,
    "spaces": " " * SIZE + "x",
    "tabs": "\t" * SIZE + "x",
    "brackets": "(" * SIZE,
    "brackets and quotes": "TITLE\n" + "(['" * 5000 + "x",
    "cues": "chez Acme de la " * 6000,
    "openings": "About " * 16_000,
    "titles": "TITLE\n" * 16_000,
    "title without end": "TITLE\n" + " \t\n" * 33_000,
    "list": "SKILLS\n- {'name': '" + "\\" * SIZE,
    "lists": "SKILLS\n" * 15_000,
    "open tags": "<p>" + "<p " * 33_000,
    "open attributes": "<p>" + '<a b="' * 16_000,
    "open comments": "<p>" + "<!--" * 25_000,
    "open scripts": "<p>" + "<script>" * 12_000,
    "open declarations": "<p>" + "<!a" * 33_000,
    "closed scripts": "<p>" + "<script></script>" * 6000,
    "nested": "<div>" * 20_000 + "x" + "</div>" * 20_000,
    "entities": "&a" * 50_000,
}


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Dev\n\n\nat  Acme, a < b > c, List<String>", "Dev\n\n\nat  Acme, a < b > c, List<String>"),
        ("<h1>Dev</h1><p>At <b>Ac</b>me&nbsp;&amp; Co<br/>Lyon</p>", "Dev\n\nAt Acme\xa0& Co\nLyon"),
        ("<ul><li>Java</li><li>C++</li></ul>", "- Java\n\n- C++"),
        ("a<script>var city = 'Paris'</script> <style>b {}</style>b", "a b"),
        ("a <img alt='Paris > Lyon' src=x onerror=\"x('Nice')\"> b<!-- Lille -->", "a b"),
        ("<p>a <script> b", "a b"),
        ("PMO_x000D_ - Lyon_x000d__x0007_, _x0041_ snake_x00_case", "PMO\n - Lyon\n, _x0041_ snake_x00_case"),
        ("\uf0a7 Java\n\uf0d8\tSQL&#xf0b7;", "• Java\n•\tSQL•"),
        ("R&amp;D &#233; &lt;b&gt; AT&T &unknown; &#0;", "R&D é <b> AT&T &unknown; �"),
        ("Pa\u200bris\u202e \ufeffLy\x00on\ud800", "Paris Lyon"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("e\u0301 👨\u200d👩 ⚙\ufe0f", "é 👨\u200d👩 ⚙\ufe0f"),
    ],
)
def test_what_is_seen(text: str, seen: str) -> None:
    assert readable(text) == seen


@given(st.text(st.sampled_from("<>/!-pb a='\"&;#9scriptstyle\n\x00é"), max_size=80))
def test_any_text_is_read_and_stays_text(text: str) -> None:
    seen = readable(text)
    seen.encode()
    assert "\x00" not in seen
    assert unicodedata.is_normalized("NFC", seen)


@pytest.mark.parametrize("name", HOSTILE)
def test_no_ad_takes_long_or_goes_without_a_status(name: str) -> None:
    start = time.process_time()
    jobs = pd.DataFrame({"job_id": [1, 2], "text": [HOSTILE[name], "Dev"]}, dtype=object)
    table = extract(jobs, FEATURES, RulesExtractor())
    seen = readable(HOSTILE[name])
    compact(seen)
    ground("company", "Zenith Banque", seen)
    assert time.process_time() - start < 2
    assert set(table["status"]) <= {"ok", "unknown", "ungrounded", "empty_ad"}
    assert len(table) == 2 * len(FEATURES)


@pytest.mark.parametrize("text", [3, 2.5, b"Dev", ["Dev"], {"text": "Dev"}])
def test_a_text_that_is_no_string_is_named(text) -> None:
    with pytest.raises(InputError, match=rf"row 1: the text of job '8' is a {type(text).__name__}, not a string"):
        extract(pd.DataFrame({"job_id": [7, 8], "text": ["Dev", text]}), FEATURES, RulesExtractor())


def test_half_a_surrogate_pair_of_a_listing_is_no_character(tmp_path) -> None:
    (tmp_path / "job_listings.json").write_text(r'{"1": "Dev\ud800 at Acme \ud83d\ude42"}', encoding="utf-8")
    assert read_jobs(tmp_path, "challenge")["text"].tolist() == ["Dev? at Acme 🙂"]
