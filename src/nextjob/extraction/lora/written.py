"""Where words stand in a text."""

from functools import lru_cache

from nextjob.extraction.values.folding import WORD, fold_word, fold_words


def find_written(answer: str, text: str) -> list[tuple[int, int]]:
    """Where the words of `answer` stand in the text: starts and ends, in order; accents and case do not count."""
    words, starts, ends = read_words(text)
    wanted = tuple(fold_words(answer))
    size = len(wanted)
    return [
        (starts[first], ends[first + size - 1])
        for first, word in enumerate(words)
        if wanted and word == wanted[0] and words[first : first + size] == wanted
    ]


@lru_cache(maxsize=1024)
def read_words(text: str) -> tuple[tuple[str, ...], list[int], list[int]]:
    """Folded words of a text, where they start and where they end."""
    found = [(fold_word(match.group()), match.start(), match.end()) for match in WORD.finditer(text)]
    return tuple(word for word, _, _ in found), [start for _, start, _ in found], [end for _, _, end in found]


def replace_written(answer: str, name: str, text: str) -> str:
    """The text with `name` wherever `answer` stands."""
    for start, end in reversed(find_written(answer, text)):
        text = text[:start] + name + text[end:]
    return text
