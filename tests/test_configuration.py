"""docs/configuration.md is what conf/ says."""

import re

import pytest
import yaml

from nextjob.cli.config_reference import LEFT_OUT, Entry, entries, reference
from tests.paths import CONF, ROOT

PAGE = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_command_makes_now():
    assert reference(CONF) == PAGE, "docs/configuration.md is stale: make docs"


def test_keys_defaults_and_comments_of_a_file():
    text = """\
# what it is for
defaults: [base]
a: 1      # first: with "#" and a | in it
b:
  c: "# no comment"
  d: [x, y]
  e:           # a part
    f: 3e-3    #   spaced
g:        # a list
  - name: one
    h: 2  # of an item
  - two
"""
    assert list(entries(text)) == [
        Entry("a", "1", 'first: with "#" and a | in it'),
        Entry("b.c", '"# no comment"', ""),
        Entry("b.d", "[x, y]", ""),
        Entry("b.e", "", "a part"),
        Entry("b.e.f", "3e-3", "spaced"),
        Entry("g", "one, two", "a list"),
    ]


def leaves(node, prefix=""):
    """The dotted keys of a file, without what the page leaves out."""
    for name, value in node.items():
        if name not in LEFT_OUT:
            yield from leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else [f"{prefix}{name}"]


FILES = [path for path in CONF.rglob("*.yaml") if path.name != "wandb_sweep.yaml" and path.parent.name != "help"]


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_key_of_every_file_is_there(path):
    text = path.read_text(encoding="utf-8")
    group = path.parent.relative_to(CONF).as_posix()
    heading = rf"## {path.stem}\.py" if path.parent == CONF else rf"### `\+?{group}={path.stem}`"
    section = re.split(r"^##", re.split(rf"^{heading}$", PAGE, flags=re.MULTILINE)[1], flags=re.MULTILINE)[0]
    listed = set(re.findall(r"^\| `([\w.]+)` \| ", section, re.MULTILINE))
    prefix = "" if path.parent == CONF or "# @package _global_" in text else f"{group.replace('/', '.')}."
    for key in leaves(yaml.safe_load(text), prefix):
        assert any(f"{key}.".startswith(f"{known}.") for known in listed), key  # {a: 1} is one entry
