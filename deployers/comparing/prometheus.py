"""Questions to Prometheus: PromQL with placeholders that are filled safely, and what the answers say."""

import re
from collections.abc import Mapping
from datetime import timedelta
from math import isfinite
from typing import Any

from deployers.comparing.exposition import Unreadable

PLACEHOLDERS = ("side", "colour", "hosts", "release", "sha", "environment", "window")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_SAFE = re.compile(r"[A-Za-z0-9._|\\-]*")


def unknown(query: str) -> list[str]:
    """Return what stands in braces and is no placeholder; in PromQL alone it would mean nothing."""
    return [name for name in _PLACEHOLDER.findall(query) if name not in PLACEHOLDERS]


def filled(query: str, values: Mapping[str, str]) -> str:
    """Return the query with its placeholders replaced; other braces stay as they are.

    Raises:
        ValueError: a value holds what could end the string that it stands in.
    """
    for name, value in values.items():
        if not _SAFE.fullmatch(value):
            raise ValueError(f"{name} is {value[:60]!r}, which may not stand in a query")
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), query)


def hosts(names: tuple[str, ...]) -> str:
    """Return names as a regular expression that stands in a PromQL string: `web1|web2`."""
    return "|".join(name.replace(".", r"\\.") for name in names)


def seconds(window: timedelta) -> str:
    """Return a duration as PromQL writes it."""
    return f"{max(1, round(window.total_seconds()))}s"


def number(answer: Any) -> float:
    """Return the one number that an answer of `/api/v1/query` holds.

    Raises:
        Unreadable: there is none, or several, or it is not finite.
    """
    try:
        kind, result = answer["data"]["resultType"], answer["data"]["result"]
        if kind == "vector" and not result:
            raise Unreadable("the answer is empty; `or vector(0)` at the end of the query says that nothing is none")
        if kind == "vector" and len(result) > 1:
            raise Unreadable(f"the answer holds {len(result)} series; `sum(…)` around the query makes them one")
        value = float(result[1] if kind == "scalar" else result[0]["value"][1])
    except (KeyError, IndexError, TypeError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("the answer is none of Prometheus'") from error
    if not isfinite(value):
        raise Unreadable(f"the answer is {value}")
    return value
