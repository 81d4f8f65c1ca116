"""How lists and tables of values are written in shipmate.toml: components, headers, shared paths."""

import re
from typing import Any

from bot.settings.words import shown


def components(value: Any) -> dict[str, str]:
    """Return the parts of an application that have a health route of their own, with their paths."""
    if isinstance(value, list) and all(isinstance(each, str) and re.fullmatch(r"[\w-]+", each) for each in value):
        return dict.fromkeys(value, "")
    if isinstance(value, dict) and all(isinstance(path, str) and path.startswith("/") for path in value.values()):
        return value
    raise ValueError(
        f'{shown(value)} are not components. Write a list of names such as `["database"]`,'
        ' or a table with their paths such as `{ database = "/health/db" }`'
    )


def headers(value: Any) -> dict[str, str]:
    """Return the headers of health questions; a secret in one is named, never written."""
    if not isinstance(value, dict) or not all(isinstance(text, str) and text.isprintable() for text in value.values()):
        raise ValueError(f'{shown(value)} are not headers. Write `{{ Authorization = "env:HEALTH_TOKEN" }}`')
    for name, text in value.items():
        if re.search("auth|token|key|cookie|secret", name, re.IGNORECASE) and not re.fullmatch(
            r"env:[A-Z][A-Z0-9_]*", text
        ):
            raise ValueError(f'`{name}` holds a secret. Write `{name} = "env:HEALTH_TOKEN"` and set that variable')
    return value


def shared(value: Any) -> list[str | dict[str, str]]:
    """Return what outlives releases."""
    if isinstance(value, list) and all(_inside(each) for each in value):
        return value
    raise ValueError(
        f"{shown(value)} are not shared paths. Write paths inside the release such as"
        ' `["storage", { from = ".env.{environment}", to = ".env" }]`'
    )


def _inside(entry: Any) -> bool:
    ends = (
        [entry] if isinstance(entry, str) else [entry.get("from"), entry.get("to")] if isinstance(entry, dict) else []
    )
    known = not isinstance(entry, dict) or set(entry) == {"from", "to"}
    return bool(ends) and known and all(isinstance(end, str) and _relative(end) for end in ends)


def _relative(path: str) -> bool:
    return (
        bool(path.strip("./"))
        and path.isprintable()
        and not path.startswith(("/", "~"))
        and ".." not in path.split("/")
    )
