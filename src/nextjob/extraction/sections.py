"""Blocks of an ad: TITLE, SUMMARY, SECTION / DESCRIPTION, then lists such as SKILLS."""

import ast
import re
import unicodedata
from dataclasses import dataclass, field

LISTS = ("LANGUAGES", "CERTIFICATIONS", "SKILLS", "COURSES", "TASKS")

_NAMES = "|".join(LISTS)
_TITLE = re.compile(
    r"\A\s*TITLE[ \t]*\n(.*?)(?=\n[ \t]*\n|^SUMMARY[ \t]*$|^SECTION:[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
# A section may name its kind, "TITLE: CANDIDATE_PROFILE", and need not have a text.
_BODY = re.compile(
    r"^(?:SUMMARY[ \t]*$|SECTION:[ \t]*\n(?:TITLE: ?[A-Z]+_[A-Z_]+[ \t]*(?:\nDESCRIPTION:|$)|DESCRIPTION:))",
    re.MULTILINE,
)
# A heading counts only where a list, another heading or the end follows: ads use such words themselves.
_LIST = re.compile(rf"^({_NAMES})[ \t]*$(?=\s*(?:- \{{|\Z|(?:{_NAMES})[ \t]*$))", re.MULTILINE)
_STRING = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_ENTRY_NAME = re.compile(rf"- \{{'name': {_STRING}", re.DOTALL)


@dataclass(frozen=True)
class Sections:
    """The blocks of one ad.

    Attributes:
        title: text of the TITLE block, "" where there is none.
        body: SUMMARY and every DESCRIPTION, in order; the whole text of an ad without blocks.
        lists: names listed under LANGUAGES, CERTIFICATIONS, SKILLS, COURSES and TASKS.
    """

    title: str
    body: tuple[str, ...]
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read_sections(text: str) -> Sections:
    """Split an ad into its blocks; accents are composed (NFC), list entries are parsed, never evaluated."""
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    headings = list(_LIST.finditer(text))
    starts = [heading.start() for heading in headings] + [len(text)]
    lists = {
        heading.group(1): tuple(
            " ".join(_unquote(name).split()) for name in _ENTRY_NAME.findall(text[heading.end() : end])
        )
        for heading, end in zip(headings, starts[1:], strict=True)
    }
    prose = text[: starts[0]]
    title = _TITLE.match(prose)
    body = _BODY.split(prose[title.end() :]) if title else _BODY.split(prose)
    return Sections(
        title=" ".join(title.group(1).split()) if title else "",
        body=tuple(block.strip() for block in body if block.strip()),
        lists=lists,
    )


def read_title(text: str) -> str:
    """Title by rule: the TITLE block of an ad, "" where there is none."""
    title = _TITLE.match(unicodedata.normalize("NFC", text[:2000]).replace("\r\n", "\n"))
    return " ".join(title.group(1).split()) if title else ""


def read_heading(text: str) -> str:
    """The TITLE block of an ad, else its first line."""
    return read_title(text) or next((line.strip() for line in text.splitlines() if line.strip()), "")


def compact(text: str) -> str:
    """The ad as a model reads it: every line once, lists as names, tasks only where the body lacks them."""
    sections = read_sections(text)
    lines = [f"Title: {sections.title}"] if sections.title else []
    seen: set[str] = set()
    for block in sections.body:
        for line in block.splitlines():
            key = " ".join(line.casefold().split())
            if key and key not in seen:
                lines.append(line.strip())
            seen.add(key)
    read = " ".join(" ".join(lines).casefold().split())
    for heading, names in sections.lists.items():
        distinct = {name.casefold(): name for name in reversed(names)}
        kept = [name for key, name in reversed(distinct.items()) if heading != "TASKS" or key not in read]
        if kept:
            lines.append(f"{heading.capitalize()}: {', '.join(kept)}")
    return "\n".join(lines)


def _unquote(literal: str) -> str:
    try:
        return str(ast.literal_eval(literal.replace("\n", "\\n").replace("\r", "\\r")))
    except (SyntaxError, ValueError):
        return literal[1:-1]
