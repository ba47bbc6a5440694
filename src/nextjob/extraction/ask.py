"""Asking an extractor what is not stored yet, wave by wave, with a progress bar, until Ctrl-C."""

import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

from nextjob.extraction.engines.tokens import estimate_sizes
from nextjob.extraction.extractor import Extractor
from nextjob.extraction.features import Feature
from nextjob.extraction.store import AnswerStore
from nextjob.quiet import is_quiet


def ask(
    pending: Mapping[str, tuple[Feature, ...]],
    keys: Mapping[tuple[str, str], str],
    extractor: Extractor,
    store: AnswerStore,
    label: str,
) -> None:
    """Put the answers about pending ads into the store; ads that lack the same features go together.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the wave under way has been stored.
    """
    groups: dict[tuple[Feature, ...], list[str]] = defaultdict(list)
    for text, features in pending.items():
        groups[features].append(text)
    if not groups:
        return
    console = Console(stderr=True)
    hidden = store.folder is None or is_quiet()
    bar = progress_bar(console, hidden)
    sizes = dict.fromkeys(pending, 1.0)
    for features, texts in groups.items() if not hidden else ():
        sizes |= zip(texts, estimate_sizes(extractor, features, texts), strict=True)
    done, tokens = 0, 0
    with bar, _finish_wave_on_interrupt() as interrupted:
        task = bar.add_task(label, total=sum(sizes.values()), ads=0, all_ads=len(pending), rate="")
        for features, texts in groups.items():
            for positions, answers in extractor.answer(texts, features):
                store.add(
                    {
                        keys[texts[position], feature.name]: answer
                        for position, row in zip(positions, answers, strict=True)
                        for feature, answer in zip(features, row, strict=True)
                    }
                )
                done += len(positions)
                tokens += sum(max(a.prompt_tokens for a in row) + sum(a.answer_tokens for a in row) for row in answers)
                seconds = max(bar.tasks[task].elapsed or 0.0, 1e-9)
                rate = f"{tokens / seconds:,.0f} tokens/s" if tokens else f"{done / seconds:,.0f} ads/s"
                bar.update(task, advance=sum(sizes[texts[position]] for position in positions), ads=done, rate=rate)
                if interrupted():
                    bar.stop()
                    kept = f"their answers are in {store.folder}" if store.folder else "nothing is kept without out="
                    console.print(f"Stopped after {done} of {len(pending)} ads; {kept}. Run the same command to go on.")
                    raise KeyboardInterrupt


def progress_bar(console: Console, hidden: bool) -> Progress:
    """A bar on one line of 80 columns: ads, tokens (or ads) a second, and the time left by tokens."""

    def text(template: str, width: int | None = None) -> ProgressColumn:
        return TextColumn(template, table_column=Column(no_wrap=True, overflow="ellipsis", max_width=width))

    columns: Sequence[ProgressColumn] = (
        text("{task.description}", 22),
        BarColumn(bar_width=12),
        text("{task.fields[ads]}/{task.fields[all_ads]} ads"),
        text("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True, table_column=Column(no_wrap=True)),
    )
    return Progress(*columns, console=console, disable=hidden)


@contextmanager
def _finish_wave_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold the first Ctrl-C back and tell of it when asked; a second one interrupts at once."""
    held: list[int] = []

    def hold(number: int, frame: FrameType | None) -> None:
        held.append(number)
        signal.signal(signal.SIGINT, before)

    try:
        before = signal.signal(signal.SIGINT, hold)
    except ValueError:  # not the main thread, which alone receives Ctrl-C
        yield lambda: False
        return
    try:
        yield lambda: bool(held)
    finally:
        signal.signal(signal.SIGINT, before)
