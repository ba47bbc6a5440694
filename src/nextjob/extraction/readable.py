"""The ad as a person sees it: without markup, invisible characters and what is no text."""

import html
import re
import unicodedata

from nextjob.extraction.values.folding import word_set

_BLOCKS = word_set(
    "address article aside blockquote body br dd div dl dt footer form h1 h2 h3 h4 h5 h6 head header hr html li main "
    "nav ol option p pre section select table tbody td textarea tfoot th thead title tr ul"
)
_INLINE = word_set(
    "a abbr b code em font i iframe img input label mark noscript script small span strong style sub sup svg u"
)
_UNSEEN = ("script", "style", "noscript")
# Every pattern stops at the next "<", so that the time stays linear in what is not closed.
_INSIDE = r"""(?:[\s/](?:[^<>"']|"[^<"]*"|'[^<']*')*)?>"""
_HTML = re.compile(rf"</?(?:{'|'.join(sorted(_BLOCKS | _INLINE))}){_INSIDE}", re.IGNORECASE)
_MARKUP = re.compile(rf"<!--|<[!?][a-z][^<>]*>|<(?P<end>/?)(?P<name>[a-z][\w:-]*){_INSIDE}", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_SHEET = re.compile(r"_x00([01][0-9a-f])_", re.IGNORECASE)  # controls as spreadsheets write them (ECMA-376, ST_Xstring)

_BULLETS = re.compile("[\ue000-\uf8ff]")  # of symbol fonts, in text from a word processor
_BREAKS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Controls, soft hyphen, zero-width and direction marks, blank letters, halves of surrogate pairs, noncharacters, tags.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\uffff\U000e0000-\U000e0fff]"
    r"|(?<=\w)[\u200d\ufe00-\ufe0f]+"  # joiners and variants belong to emoji
)


def readable(text: str) -> str:
    """Text of an ad without HTML (scripts, attributes and comments included) and invisible characters, as NFC.

    What a spreadsheet has written as `_x000D_` is a line break, and a character of a symbol font a bullet.
    Everything that reads an ad reads this, so that a value which only markup holds is not in the ad. A text
    without any of that stays as it is.
    """
    if _HTML.search(text):
        text = _strip_markup(text)
    text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
    text = _SHEET.sub(lambda control: chr(int(control.group(1), 16)), text)
    return visible(_BULLETS.sub("•", text))


def visible(text: str) -> str:
    """The text as NFC, without characters that cannot be seen; every kind of line break is a newline."""
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _BREAKS.sub("\n", text)))


def _strip_markup(text: str) -> str:
    """What stands between the tags; blocks are lines of their own, entries of a list begin with a dash."""
    parts, position, unclosed = [], 0, set()
    while markup := _MARKUP.search(text, position):
        parts.append(text[position : markup.start()])
        position = markup.end()
        name = (markup["name"] or "").lower()
        if name in _BLOCKS:
            parts.append("\n- " if name == "li" and not markup["end"] else "\n")
        closing = "-->" if markup.group() == "<!--" else f"</{name}" if name in _UNSEEN and not markup["end"] else ""
        if closing and closing not in unclosed:
            end = re.compile(re.escape(closing), re.IGNORECASE).search(text, position)
            if end:
                position = end.end() if closing == "-->" else end.start()
            else:
                unclosed.add(closing)
    lines = [" ".join(line.split()) for line in "".join([*parts, text[position:]]).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
