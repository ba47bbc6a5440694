"""The key=value arguments of a command."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from nextjob.errors import InputError


def key_values(arguments: Sequence[str], defaults: Mapping[str, str | None], usage: str) -> dict[str, str]:
    """The values of a command's keys; a key whose default is None has to be given.

    Raises:
        InputError: a key that is unknown, repeated, empty or missing.
    """
    given: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not value:
            raise InputError(f"{argument!r} is not key=value; usage: {usage}")
        if key not in defaults:
            raise InputError(f"unknown key {key!r}{nearest(key, defaults)}; usage: {usage}")
        if key in given:
            raise InputError(f"{key} is given twice; usage: {usage}")
        given[key] = value
    missing = [key for key, default in defaults.items() if default is None and key not in given]
    if missing:
        raise InputError(f"{missing[0]}=... is missing; usage: {usage}")
    return {key: given.get(key, default or "") for key, default in defaults.items()}


def switch(keys: Mapping[str, str], key: str) -> bool:
    """A value that has to be true or false.

    Raises:
        InputError: it is neither.
    """
    if keys[key] not in ("true", "false"):
        raise InputError(f"{key}={keys[key]}: it must be true or false")
    return keys[key] == "true"


def nearest(name: str, known: Iterable[str]) -> str:
    """A suggestion to put behind an unknown name, empty when nothing is near."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
