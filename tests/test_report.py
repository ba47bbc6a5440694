import json
import re
from html.parser import HTMLParser

from rich.console import Console

from nextjob.page import report_page
from nextjob.results import COLUMNS, results, terminal_table

PLANTED = "<script>alert('x')</script>"
EPOCHS = [
    {"train/loss": 12.0, "train/content_loss": 0.6, "tune/mrr@10": 0.1, "tune/score": 0.3, "tune/alpha": 0.5},
    {"train/loss": 11.0, "train/hybrid_loss": 0.5, "tune/mrr@10": 0.2, "tune/score": 0.4, "tune/alpha": 0.6},
]
VOID = {"meta", "br"}


class Nesting(HTMLParser):
    """Collects tags and attributes, and fails on a tag that is closed out of turn."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def metrics():
    flat = {}
    for prefix in ("val", "baseline/popularity", "baseline/transitions", "baseline/last_action"):
        for key in COLUMNS.values():
            flat |= {f"{prefix}/{key}": 0.25, f"{prefix}/{key}_lo": 0.2, f"{prefix}/{key}_hi": 0.3}
    return flat | {f"val/action_auc{end}": None for end in ("", "_lo", "_hi")}


def page(name="hybrid", epochs=EPOCHS, weights=None):
    return report_page(
        title=name,
        rows=results(name, metrics()),
        facts={"embeddings": name, name: "value"},
        weights={name: 5.63, "location": 0.0} if weights is None else weights,
        alphas=[0.1, 0.5, 0.9],
        epochs=epochs,
        config=f"name: {name}",
    )


def test_whatever_is_named_is_escaped():
    made = page(PLANTED)
    assert "<script" not in made
    assert "".join(Nesting(made).text).count(PLANTED) == 7  # title, heading, row, weight, two facts, config


def test_page_is_whole_and_has_no_outside_resource():
    made = page()
    parsed = Nesting(made)
    loading = [value for _, attributes in parsed.tags for key, value in attributes.items() if key in ("src", "href")]
    assert not {"script", "link", "iframe", "img"} & {tag for tag, _ in parsed.tags}
    assert not re.findall(r"@import|url\((?!#)", made)
    inside = [f"xlink:{key}" for key in loading]
    assert not [target for target in inside if "//" in target]
    assert "prefers-color-scheme: dark" in made
    assert 'content="width=device-width' in made


def test_page_shows_figures_curves_and_alpha():
    made = page()
    assert "0.200 to 0.300" in made
    plots = re.findall(r'aria-label="([^"]+)"', made)
    assert plots == ["training loss by epoch", "tune metrics by epoch", "distribution of alpha"]
    assert {"content", "hybrid"} <= set(Nesting(made).text)  # a loss that some epochs lack is drawn all the same
    assert "currentColor" in made
    identifiers = re.findall(r'<clipPath id="([^"]+)"', made)
    assert len(identifiers) == len(set(identifiers)) == 3
    assert page() == made


def test_page_of_a_run_without_history_or_content():
    made = page(epochs=[], weights={})
    assert "Feature weights" not in made
    assert "distribution of alpha" in made


def test_table_fits_a_piped_terminal():
    for name in ("hybrid", "an_experiment_with_a_name_longer_than_any_column"):
        console = Console(width=500, force_terminal=False)
        with console.capture() as captured:
            console.print(terminal_table(results(name, metrics()), "fold 0 of 5, " + 12 * "features by rules, "))
        lines = captured.get().splitlines()
        assert max(map(len, lines)) <= 80
        header = next(line for line in lines if "MRR@10" in line)
        assert all(column in header for column in COLUMNS)
        assert sum("±0.050" in line for line in lines) == 4
        assert "\x1b" not in captured.get()


def test_run_folder_has_a_report_of_its_own_results(tiny_run):
    made = (tiny_run / "report.html").read_text(encoding="utf-8")
    stored = json.loads((tiny_run / "metrics.json").read_text())
    Nesting(made)
    assert f"{stored['val/score']:.3f}" in made
    for words in ("hashing-256", "profile chains", "train rows", "torch 2", "training loss by epoch", "learning_rate"):
        assert words in made
    assert len(made) < 200_000
