"""python -m nextjob config-reference [out=docs/configuration.md]

Writes every key of the configuration with its default, the choices of every group and the comments behind them, read
from the files in conf/. So a comment there is all that a new key or choice needs to be documented.

  out  the Markdown page to write

Examples
  python -m nextjob config-reference
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml
from rich.console import Console

from nextjob.cli.arguments import key_values
from nextjob.cli.conf import conf_folder
from nextjob.files import write_atomically

USAGE = "python -m nextjob config-reference out=docs/configuration.md"
ENTRY_POINTS = ("train", "extract")
OVERLAYS = ("experiment", "hparams_search")
LAUNCHERS = "hydra/launcher"
LEFT_OUT = ("defaults", "_convert_", "hydra_logging", "job_logging")
INTRODUCTION = """\
# Configuration

Made by `python -m nextjob config-reference` from the files in `conf/` and the comments in them. Change those, not this.

Any key is given on the command line as `key=value`, a group as `group=choice`, an overlay as `+experiment=hybrid`.
`null` is no value, `???` has to be given, `${key}` is the value of another key. A key that does not exist is refused.
`python train.py --cfg job` prints what a command would run with.
"""


class Entry(NamedTuple):
    """One key of a file."""

    key: str
    default: str
    comment: str


def main(arguments: Sequence[str]) -> None:
    """Write the page."""
    out = Path(key_values(arguments, {"out": "docs/configuration.md"}, USAGE)["out"])
    write_atomically(out, reference(conf_folder("train")).encode())
    Console().print(f"reference  {out}", soft_wrap=True, highlight=False)


def reference(conf: Path) -> str:
    """The page for a folder of configs, in Markdown."""
    chosen = {name: _defaults(conf / f"{name}.yaml") for name in ENTRY_POINTS}
    files = {group: sorted((conf / group).glob("*.yaml")) for named in chosen.values() for group in named}
    files |= {group: sorted((conf / group).glob("*.yaml")) for group in (*OVERLAYS, LAUNCHERS)}
    parts = [INTRODUCTION]
    for name in ENTRY_POINTS:
        rows = [
            [f"`{group}`", f"`{choice}`", ", ".join(f"`{path.stem}`" for path in files[group] if not _is_base(path))]
            for group, choice in chosen[name].items()
        ]
        parts += [f"## {name}.py", _table(["group", "default", "choices"], rows)]
        parts.append(_keys(conf / f"{name}.yaml", ""))
    for group, paths in files.items():
        parts.append(f"## {group}")
        for path in paths:
            parts += _choice(path, group, [name for name in ENTRY_POINTS if chosen[name].get(group) == path.stem])
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def entries(text: str) -> Iterator[Entry]:
    """The keys of a YAML file in order, dotted, each with its value as written and the comment on its line."""
    yield from _walk(yaml.compose(text), "", text)


def _walk(node: yaml.MappingNode, prefix: str, text: str) -> Iterator[Entry]:
    for name, value in node.value:
        key = f"{prefix}{name.value}"
        if key in LEFT_OUT:
            continue
        block = isinstance(value, yaml.CollectionNode) and not value.flow_style
        end = name.end_mark if block else value.end_mark
        line = text[end.index :].partition("\n")[0]
        comment = re.fullmatch(r":?\s*#\s*(.*?)\s*", line)
        said = comment[1] if comment else ""
        if not block:
            yield Entry(key, text[value.start_mark.index : value.end_mark.index], said)
        elif isinstance(value, yaml.SequenceNode):
            yield Entry(key, ", ".join(_named(item) for item in value.value), said)
        else:
            if said:
                yield Entry(key, "", said)
            yield from _walk(value, f"{key}.", text)


def _named(item: yaml.Node) -> str:
    """An item of a list, by its name where it has one."""
    names = {name.value: value.value for name, value in item.value} if isinstance(item, yaml.MappingNode) else {}
    return str(names.get("name", item.value))


def _choice(path: Path, group: str, default_of: list[str]) -> list[str]:
    """What one file of a group says and sets."""
    header = [line.removeprefix("#").strip() for line in _header(path)]
    prefix = "" if "@package _global_" in header else f"{group.replace('/', '.')}."
    said = [f"`{line}`" if line.startswith("python ") else line for line in header if not line.startswith("@package")]
    notes = [f"Default of {' and '.join(f'{name}.py' for name in default_of)}."] if default_of else []
    notes += [f"Built on `{group}={name}`." for name in _built_on(path)]
    notes += ["Not to be chosen itself."] if _is_base(path) else []
    plus = "+" if group in OVERLAYS else ""
    return [f"### `{plus}{group}={path.stem}`", " ".join(notes), "\n".join(said), _keys(path, prefix)]


def _keys(path: Path, prefix: str) -> str:
    rows = [
        [f"`{prefix}{key}`", f"`{default}`" if default else "", comment or (key.endswith("_target_") * "what is made")]
        for key, default, comment in entries(path.read_text(encoding="utf-8"))
    ]
    return _table(["key", "default", "meaning"], rows) if rows else ""


def _header(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[: next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))]


def _defaults(path: Path) -> dict[str, str]:
    """Choice of every group that a config's defaults list names."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))["defaults"]
    named = {group: choice for item in listed if isinstance(item, dict) for group, choice in item.items()}
    return {group: choice for group, choice in named.items() if not group.startswith("override ")}


def _built_on(path: Path) -> list[str]:
    """The files of its own group that a file is built on."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [item for item in content.get("defaults", []) if isinstance(item, str)]


def _is_base(path: Path) -> bool:
    return path.stem == "base"


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)
